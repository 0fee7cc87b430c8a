"""What boxmask asks of git: which commit a checkout is at, and the file of names that this clone alone ignores."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

# Around our lines in the list, with the folder: the worktrees of a clone share it.
_FIRST, _LAST = "# >>> boxmask link ", "# <<< boxmask link "
_PATIENCE = 10  # seconds; `git status` of a checkout on a slow network disk may take longer than a user waits


class GitError(RuntimeError):
    """git cannot be asked: not installed, no repository, or it refuses."""


@dataclass(frozen=True)
class Commit:
    """id: 40 hexadecimal digits. is_dirty: files that git tracks were changed."""

    id: str
    is_dirty: bool


def commit(root: Path) -> Commit:
    """The commit that a checkout is at. Raises GitError."""
    if repository(root) is None:
        raise GitError("not a git clone")
    return Commit(_ask(root, "rev-parse", "HEAD"), bool(_ask(root, "status", "--porcelain", "--untracked-files=no")))


def repository(folder: Path) -> Path | None:
    """The folder at or above this one that has a `.git`; None where there is none."""
    return next((place for place in (folder, *folder.parents) if (place / ".git").exists()), None)


def exclude_file(repository_root: Path) -> Path:
    """`info/exclude` of a clone, a worktree (which shares its main clone's) or a submodule; it need not exist yet."""
    place = repository_root / ".git"
    if place.is_file():
        told = re.match(r"gitdir: (.*)", place.read_text(encoding="utf-8"))
        if told is None:
            raise GitError(f"{place} is a file and names no git folder")
        place = repository_root / told[1].strip()
        common = place / "commondir"
        if common.is_file():
            place = place / common.read_text(encoding="utf-8").strip()
    return place.resolve() / "info" / "exclude"


def _ask(root: Path, *words: str) -> str:
    # Variables such as GIT_DIR, set where git runs a hook, would name another repository.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    # Without it `git status` writes into the checkout's index.
    environment["GIT_OPTIONAL_LOCKS"] = "0"
    try:
        done = subprocess.run(["git", "-C", str(root), *words], env=environment, capture_output=True, text=True,
                              timeout=_PATIENCE, errors="replace")
    except (OSError, subprocess.TimeoutExpired) as error:
        raise GitError("git is not installed" if isinstance(error, FileNotFoundError) else str(error)) from error
    if done.returncode:
        raise GitError((done.stderr.strip().splitlines() or [f"git {words[0]} failed"])[0])
    return done.stdout.strip()


def hide(root: Path, places: Sequence[str]) -> None:
    """Lets git ignore these places of a checkout, in its clone's own list; `unhide` takes them out of it again."""
    home = repository(root)
    if home is None:
        return
    prefix = "" if home == root else re.sub(r"([*?[\]\\])", r"\\\1", root.relative_to(home).as_posix()) + "/"
    lines = [f"{_FIRST}{root}", *(f"/{prefix}{place}" for place in places), f"{_LAST}{root}"]
    # In front, so that a last line without an end stays what it was.
    _rewrite(exclude_file(home), lambda rest: "".join(f"{line}\n" for line in lines) + rest, root)


def unhide(root: Path) -> None:
    """Takes out of a repository's `.git/info/exclude` what `boxmask link` put there, also for folders that are gone."""
    home = repository(root)
    if home is not None and exclude_file(home).is_file():
        _rewrite(exclude_file(home), lambda rest: rest, root)


def _rewrite(path: Path, change: Callable[[str], str], root: Path) -> None:
    """Writes the list anew, from what it is without our lines: those for `root`, and those for folders that are gone,
    such as the one where this clone was before it was moved.
    """
    def without(found: re.Match[str]) -> str:
        return "" if found[1] == str(root) or not os.path.lexists(found[1]) else found[0]

    text = path.read_text(encoding="utf-8", errors="surrogateescape") if path.is_file() else ""
    changed = change(re.sub(rf"^{_FIRST}(.*)\n(?:/.*\n)*{_LAST}\1\n", without, text, flags=re.MULTILINE))
    if changed == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.boxmask")
    temporary.write_text(changed, encoding="utf-8", errors="surrogateescape")
    os.replace(temporary, path)
