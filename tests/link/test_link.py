"""`boxmask link` and `unlink`: what they make, what they never touch, and that git sees nothing of it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from boxmask import host, link
from boxmask.cli import main


def tree(root):
    """Every file and link of a checkout, but not git's own, with its content."""
    found = {}
    for path in sorted(root.rglob("*")):
        if ".git" not in path.parts and (path.is_symlink() or path.is_file()):
            found[path.relative_to(root).as_posix()] = os.readlink(path) if path.is_symlink() else path.read_bytes()
    return found


def python(code, folder):
    inherited = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", host.ROOT_VARIABLE)}
    return subprocess.run([sys.executable, "-c", code], cwd=folder, text=True, capture_output=True,
                          env={**inherited, "OMP_NUM_THREADS": "1"})


@pytest.mark.parametrize("copy", [False, True])
def test_git_sees_neither_the_link_nor_its_end(checkout, status, copy):
    before = tree(checkout)
    exclude = checkout / ".git" / "info" / "exclude"
    excluded = exclude.read_bytes()
    link.link(checkout, copy=copy)
    assert tree(checkout) != before and status(checkout) == ""
    removed, left = link.unlink(checkout)
    assert len(removed) == len(link.places()) and left == []
    assert tree(checkout) == before and status(checkout) == "" and exclude.read_bytes() == excluded
    assert not (checkout / "ltr" / "models" / "boxmask").exists()


def test_every_overlay_file_and_the_package_itself_have_a_place():
    places = link.places()
    overlay = host.overlay_root()
    for path in [*overlay.glob("ltr/*/boxmask*"), *overlay.glob("pytracking/*/boxmask*")]:
        assert places[path.relative_to(overlay).as_posix()] == path
    assert places["boxmask"] == Path(host.__file__).parent
    assert {"ltr/models/boxmask", "ltr/actors/boxmask.py", "ltr/train_settings/boxmask"} <= set(places)


def test_links_lead_to_the_project_and_copies_do_not(checkout):
    link.link(checkout)
    path = checkout / "ltr" / "models" / "boxmask"
    assert path.is_symlink() and path.resolve() == link.places()["ltr/models/boxmask"]
    link.link(checkout, copy=True)
    assert path.is_dir() and not path.is_symlink()
    original = link.places()["ltr/models/boxmask"] / "backbone.py"
    assert (path / "backbone.py").read_bytes() == original.read_bytes()
    assert not list(checkout.rglob("boxmask/**/__pycache__"))
    link.link(checkout)
    assert path.is_symlink()


@pytest.mark.parametrize("copy", [False, True])
def test_the_linked_overlay_is_imported_from_the_checkout(checkout, copy):
    link.link(checkout, copy=copy)
    done = python("import sys; sys.path.append('..'); import boxmask.crops, ltr.models.boxmask.config as c;"
                  "print(boxmask.__file__); print(c.__file__)", checkout / "ltr")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[1] == f"{checkout / 'ltr'}/../ltr/models/boxmask/config.py" or lines[1].startswith(str(checkout))


def test_linking_again_finishes_what_was_left_half_made(checkout, status):
    link.link(checkout)
    whole = tree(checkout)
    for place in ("ltr/models/boxmask", "boxmask"):
        (checkout / place).unlink()
    assert set(link.linked(checkout)) == set(link.places()) - {"ltr/models/boxmask", "boxmask"}
    link.link(checkout)
    assert tree(checkout) == whole and status(checkout) == ""


def test_copying_that_was_interrupted_is_finished_by_copying_again(checkout, status, monkeypatch):
    copies = []

    def interrupted(origin, target):
        if len(copies) == 20:
            Path(target).write_bytes(b"half a fi")
            raise KeyboardInterrupt
        copies.append(Path(target).write_bytes(Path(origin).read_bytes()))

    monkeypatch.setattr(shutil, "copyfile", interrupted)
    with pytest.raises(KeyboardInterrupt):
        link.link(checkout, copy=True)
    monkeypatch.undo()
    link.link(checkout, copy=True)
    assert not list(checkout.rglob("*.boxmask")) and status(checkout) == ""
    link.unlink(checkout)
    assert link.linked(checkout) == [] and status(checkout) == ""


@pytest.mark.parametrize("copy", [False, True])
@pytest.mark.parametrize(("place", "is_folder"), [("ltr/models/boxmask", True), ("ltr/actors/boxmask.py", False),
                                                  ("boxmask", True)])
def test_what_boxmask_did_not_make_is_neither_covered_nor_removed(checkout, place, is_folder, copy):
    path = checkout / place / "mine.py" if is_folder else checkout / place
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine")
    before = tree(checkout)
    with pytest.raises(link.LinkError, match=place):
        link.link(checkout, copy=copy)
    assert tree(checkout) == before
    assert link.unlink(checkout) == ([], [place]) and tree(checkout) == before


def test_a_link_of_the_users_to_somewhere_else_stays(checkout, tmp_path):
    (checkout / "boxmask").symlink_to(tmp_path)
    with pytest.raises(link.LinkError, match="boxmask did not make"):
        link.link(checkout)
    link.unlink(checkout)
    assert os.readlink(checkout / "boxmask") == str(tmp_path)


def test_an_edited_copy_is_kept_unless_forced(checkout):
    link.link(checkout, copy=True)
    edited = checkout / "ltr" / "train_settings" / "boxmask" / "default.py"
    edited.write_text("edited")
    before = tree(checkout)
    for act in (link.link, link.unlink):
        with pytest.raises(link.LinkError, match="ltr/train_settings/boxmask/default.py"):
            act(checkout)
        assert tree(checkout) == before
    link.unlink(checkout, force=True)
    assert not edited.exists() and link.linked(checkout) == []


def test_files_of_the_users_own_among_the_copies_stay(checkout, status):
    link.link(checkout, copy=True)
    own = checkout / "ltr" / "train_settings" / "boxmask" / "mine.py"
    own.write_text("mine")
    link.link(checkout, copy=True)
    with pytest.raises(link.LinkError, match="mine.py"):
        link.link(checkout)  # a link would take the place of the whole folder
    removed, left = link.unlink(checkout)
    assert left == ["ltr/train_settings/boxmask"] and own.read_text() == "mine"
    assert [path.name for path in own.parent.iterdir()] == ["mine.py"]
    assert status(checkout) == "?? ltr/train_settings/boxmask/mine.py\n"


def test_a_new_file_of_boxmask_does_not_cover_one_of_the_users(checkout, monkeypatch):
    link.link(checkout, copy=True)
    place = "ltr/models/boxmask/backbone.py"
    record = json.loads((checkout / link.RECORD).read_text())
    del record["files"][place]  # as if an older boxmask without this file had been linked
    (checkout / link.RECORD).write_text(json.dumps(record))
    (checkout / place).write_text("mine")
    with pytest.raises(link.LinkError, match=place):
        link.link(checkout, copy=True, force=True)
    assert (checkout / place).read_text() == "mine"


def test_through_a_link_of_the_users_no_original_is_removed(checkout, tmp_path):
    link.link(checkout, copy=True)
    shutil.rmtree(checkout / "ltr" / "models" / "boxmask")
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(link.places()["ltr/models/boxmask"], elsewhere, ignore=shutil.ignore_patterns("__pycache__"))
    (checkout / "ltr" / "models" / "boxmask").symlink_to(elsewhere)
    before = tree(elsewhere)
    link.unlink(checkout)
    assert tree(elsewhere) == before


def test_a_link_to_a_project_that_has_moved_is_made_anew(checkout):
    link.link(checkout)
    record = json.loads((checkout / link.RECORD).read_text())
    (checkout / "boxmask").unlink()
    (checkout / "boxmask").symlink_to("/moved/boxmask")
    record["links"]["boxmask"] = "/moved/boxmask"
    (checkout / link.RECORD).write_text(json.dumps(record))
    link.link(checkout)
    assert (checkout / "boxmask").resolve() == link.places()["boxmask"]


@pytest.mark.parametrize("act", [link.link, link.unlink])
def test_a_checkout_that_was_moved_keeps_no_lines_of_where_it_was(checkout, status, act):
    exclude = checkout / ".git" / "info" / "exclude"
    excluded = exclude.read_bytes()
    link.link(checkout)
    moved = checkout.rename(checkout.with_name("moved"))
    act(moved)
    assert status(moved) == "" and str(checkout).encode() not in (moved / ".git" / "info" / "exclude").read_bytes()
    link.unlink(moved)
    assert (moved / ".git" / "info" / "exclude").read_bytes() == excluded


def test_what_stands_in_a_place_is_this_boxmask_another_or_leads_nowhere(checkout, tmp_path):
    assert link.standing(checkout) == {}
    link.link(checkout, copy=True)
    assert set(link.standing(checkout).values()) == {link.THIS}
    place = "ltr/models/boxmask"
    (checkout / place / "__init__.py").write_text("older")
    assert [name for name, state in link.standing(checkout).items() if state == link.ANOTHER] == [place]
    link.link(checkout, force=True)
    assert set(link.standing(checkout)) == set(link.places()) and set(link.standing(checkout).values()) == {link.THIS}
    for place, leads in (("boxmask", tmp_path / "gone"), ("ltr/models/boxmask", tmp_path)):
        (checkout / place).unlink()
        (checkout / place).symlink_to(leads)
    states = link.standing(checkout)
    assert (states["boxmask"], states["ltr/models/boxmask"]) == (link.NOWHERE, link.ANOTHER)


def test_a_worktree_and_its_clone_are_linked_apart_from_each_other(checkout, status, tmp_path):
    other = tmp_path / "worktree"
    subprocess.run(["git", "-C", str(checkout), "worktree", "add", "-q", str(other)], check=True, capture_output=True)
    assert (other / ".git").is_file()
    link.link(checkout)
    link.link(other)
    assert status(checkout) == status(other) == ""
    link.unlink(other)
    assert status(checkout) == status(other) == "" and link.linked(checkout)


def test_a_checkout_inside_another_repository_is_hidden_there(checkout, status, tmp_path):
    shutil.rmtree(checkout / ".git")
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    before = status(tmp_path)
    link.link(checkout)
    assert status(tmp_path) == before
    link.unlink(checkout)
    assert status(tmp_path) == before


def test_a_checkout_without_git_can_be_linked(checkout):
    shutil.rmtree(checkout / ".git")
    before = tree(checkout)
    link.link(checkout)
    link.unlink(checkout)
    assert tree(checkout) == before


def test_lines_of_the_users_in_the_exclude_file_stay(checkout):
    exclude = checkout / ".git" / "info" / "exclude"
    exclude.write_bytes(b"# mine\nnotes.txt\n/\xff\nlast line without an end")
    link.link(checkout)
    link.link(checkout)
    assert exclude.read_bytes().count(b"/ltr/models/boxmask\n") == 1
    link.unlink(checkout)
    assert exclude.read_bytes() == b"# mine\nnotes.txt\n/\xff\nlast line without an end"


@pytest.mark.parametrize(("folder", "words"), [("nowhere", "not a pytracking checkout"), ("", "not a pytracking")])
def test_a_folder_that_is_no_checkout_is_an_error_that_says_so(tmp_path, folder, words, capsys):
    assert main(["link", str(tmp_path / folder)]) == 1
    assert words in capsys.readouterr().err


def test_the_host_that_comes_with_boxmask_is_not_linked(capsys):
    assert main(["link", str(host.STANDALONE)]) == 1
    assert "where this boxmask itself lies" in capsys.readouterr().err


def test_a_damaged_record_is_an_error_that_names_it(checkout):
    (checkout / link.RECORD).write_text("{")
    with pytest.raises(link.LinkError, match=link.RECORD):
        link.unlink(checkout)


def test_the_command_says_what_to_type_next(checkout, capsys):
    assert main(["link", str(checkout)]) == 0
    assert f"cd '{checkout / 'ltr'}' && python run_training.py boxmask default" in capsys.readouterr().out
    assert main(["unlink", str(checkout)]) == 0
    assert f"removed {len(link.places())}" in capsys.readouterr().out
    assert main(["unlink", str(checkout)]) == 0
    assert "nothing to remove" in capsys.readouterr().out
