"""Functions that are called with a module once it is imported."""

import importlib
import sys

import pytest

from boxmask.compat.hook import ImportHook


@pytest.fixture
def hook(tmp_path, monkeypatch):
    """A hook of its own, a folder for modules that is searched, and no trace of either afterwards."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    one = ImportHook()
    one.install()
    yield one
    sys.meta_path.remove(one)
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_a_function_is_called_after_the_import_and_before_anyone_has_the_module(hook, tmp_path):
    (tmp_path / "hooked.py").write_text("value = 1\n")
    (tmp_path / "user_of_hooked.py").write_text("from hooked import value\n")
    hook.after("hooked", lambda module: setattr(module, "value", module.value + 1))
    assert importlib.import_module("user_of_hooked").value == 2
    assert sys.modules["hooked"].__spec__.loader.get_source("hooked") == "value = 1\n"


def test_a_module_that_is_imported_already_is_passed_at_once(hook, tmp_path):
    (tmp_path / "early.py").write_text("")
    module, seen = importlib.import_module("early"), []
    hook.after("early", seen.append)
    assert seen == [module]


def test_several_functions_are_called_in_their_order(hook, tmp_path):
    (tmp_path / "several.py").write_text("")
    seen = []
    for number in range(3):
        hook.after("several", lambda module, number=number: seen.append(number))
    importlib.import_module("several")
    assert seen == [0, 1, 2]


def test_a_served_file_gives_way_to_one_that_is_found(hook, tmp_path):
    (tmp_path / "elsewhere.txt.py").write_text("origin = 'served'\n")
    hook.serve("only_served", tmp_path / "elsewhere.txt.py")
    hook.serve("found_too", tmp_path / "elsewhere.txt.py")
    (tmp_path / "found_too.py").write_text("origin = 'found'\n")
    assert importlib.import_module("only_served").origin == "served"
    assert importlib.import_module("found_too").origin == "found"


@pytest.mark.parametrize("rescued", [True, False])
def test_an_import_that_fails_may_be_rescued(hook, tmp_path, rescued):
    (tmp_path / "failing.py").write_text("raise RuntimeError('an operator is missing')\n")

    def rescue(module, error, execute):
        module.reason = str(error)
        return rescued

    hook.rescue("failing", rescue)
    if rescued:
        assert importlib.import_module("failing").reason == "an operator is missing"
    else:
        with pytest.raises(RuntimeError, match="operator"):
            importlib.import_module("failing")
        assert "failing" not in sys.modules


def test_modules_that_nobody_asked_about_are_left_alone(hook):
    assert hook.find_spec("json", None) is None
    hook.after("there_is_no_such_module", lambda module: None)
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("there_is_no_such_module")
