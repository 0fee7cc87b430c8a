"""Docstrings: that they are there, that their examples run, and that the API pages build."""

from __future__ import annotations

import doctest
import importlib.util
import inspect
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]


def _load_script(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


build_api = _load_script(PROJECT / "docs" / "build_api.py")


@pytest.fixture(scope="module")
def modules():
    found = build_api.modules()
    assert len(found) > 100
    return found


def _public(owner, prefix):
    """(name, object) of what a module or class defines itself, and of the methods of its classes."""
    for name, value in vars(owner).items():
        if name.startswith("_"):
            continue
        if isinstance(value, property):
            yield f"{prefix}.{name}", value
        value = inspect.unwrap(getattr(value, "__func__", value))
        is_own = getattr(value, "__module__", None) == (owner.__module__ if inspect.isclass(owner) else owner.__name__)
        if is_own and (inspect.isfunction(value) or inspect.isclass(value)):
            yield f"{prefix}.{name}", value if not inspect.isclass(owner) else getattr(owner, name)
            if inspect.isclass(value):
                yield from _public(value, f"{prefix}.{name}")


def test_every_public_name_has_a_docstring(modules):
    silent = [module.__name__ for module in modules if not module.__doc__]
    silent += [name for module in modules for name, value in _public(module, module.__name__)
               if not inspect.getdoc(value)]
    assert silent == []


def test_the_examples_in_docstrings_run(modules):
    results = {module.__name__: doctest.testmod(module) for module in modules}
    assert {name: found.failed for name, found in results.items() if found.failed} == {}
    assert sum(found.attempted for found in results.values()) > 20


def test_the_api_pages_build_without_a_warning(tmp_path):
    build_api.build(tmp_path)
    page = (tmp_path / "boxmask" / "boxes.html").read_text(encoding="utf-8")
    assert "xywh" in page
    assert (tmp_path / "ltr" / "models" / "boxmask" / "boxmasknet.html").is_file()
