"""boxmask inside a pytracking checkout, as links or copies, so that pytracking's own `run_training.py` finds it.

What is made is written down before it is made, in `.boxmask-link.json` in the checkout: what stands there is ours, and
nothing else is ever covered or removed. git ignores all of it, through the clone's own `info/exclude`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from boxmask import git, host

RECORD = ".boxmask-link.json"
THIS, ANOTHER, NOWHERE = "this", "another", "nowhere"  # whose a place of a checkout is
# What Python leaves in folders, and what a checkout's copy does not need: the overlay, which is copied to its places.
_SKIPPED = ("__pycache__", "overlay")


class LinkError(ValueError):
    """Something that boxmask did not make, or that was changed since, is in the way."""


@dataclass
class _Record:
    """links: place in the checkout -> where the link points; files: place of a copied file -> its SHA-256."""

    links: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)


def places() -> dict[str, Path]:
    """Every place in a checkout, `ltr/models/boxmask` for one, and what of ours belongs there."""
    found = {"boxmask": Path(host.__file__).resolve().parent}
    for package in host.PACKAGES:
        folder = host.overlay_root().joinpath(*package.split("."))
        if folder.is_dir():
            found |= {f"{package.replace('.', '/')}/{path.name}": path for path in sorted(folder.glob("boxmask*"))}
    return found


def link(checkout: str | os.PathLike[str], *, copy: bool = False, force: bool = False) -> list[str]:
    """Puts boxmask into a checkout, and returns the places. Links or copies of an earlier call are replaced.

    copy: copies of the files in the place of symbolic links. force: also replace copies that were edited since.
    Raises LinkError, before anything is changed, if something else is in one of the places, HostError for a folder
    that is no checkout, OSError where it cannot be written.
    """
    root = _checkout(checkout)
    wanted = places()
    old = _read_record(root)
    _refuse_foreign(root, wanted, old, copy=copy)
    _refuse_edited(root, old, force=force)
    _remove(root, old)
    new = _Record()
    for place, source in wanted.items():
        _drop_link_to(root / place, source)
        if copy:
            new.files |= {path: _digest(origin) for path, origin in _files(place, source)}
        else:
            new.links[place] = str(source)
    git.hide(root, [*wanted, RECORD])
    _write_record(root, new)
    for place, source in wanted.items():
        _make(root, place, source, copy=copy)
    return list(wanted)


def unlink(checkout: str | os.PathLike[str], *, force: bool = False) -> tuple[list[str], list[str]]:
    """Takes boxmask out of a checkout; returns the places that were removed, and what stays: files in copied folders
    that are not copies. force: also remove copies that were edited since; without it they are a LinkError, and
    nothing is removed.
    """
    root = _checkout(checkout)
    old = _read_record(root)
    _refuse_edited(root, old, force=force)
    removed = [place for place in places() if os.path.lexists(root / place)]
    _remove(root, old)
    for place, source in places().items():
        _drop_link_to(root / place, source)
    git.unhide(root)
    (root / RECORD).unlink(missing_ok=True)
    left = [place for place in removed if os.path.lexists(root / place)]
    return [place for place in removed if place not in left], left


def linked(root: Path) -> list[str]:
    """The places of a checkout that hold something of ours, whether or not all of it."""
    record = _read_record(root)
    return [place for place, source in places().items()
            if _is_ours(root, place, source, record)]


def standing(root: Path) -> dict[str, str]:
    """What is in the places of a checkout where there is something: THIS boxmask's, ANOTHER's, or a link to NOWHERE."""
    return {place: _state(root / place, source) for place, source in places().items() if os.path.lexists(root / place)}


def _state(path: Path, source: Path) -> str:
    if not path.exists():
        return NOWHERE
    if path.resolve() == source:
        return THIS
    ours = {name: _digest(origin) for name, origin in _files("", source)}
    return THIS if ours == {name: _digest(copy) for name, copy in _files("", path) if name in ours} else ANOTHER


def _checkout(path: str | os.PathLike[str]) -> Path:
    root = host.find_checkout(path)
    if root in (host.STANDALONE, host.overlay_root()):
        raise LinkError(f"{root} is where this boxmask itself lies; name a clone of visionml/pytracking, and start the "
                        "boxmask that is installed or cloned elsewhere")
    return root


def _refuse_foreign(root: Path, wanted: dict[str, Path], record: _Record, *, copy: bool) -> None:
    homeless = [place for place in wanted if not (root / place).parent.is_dir()]
    if homeless:
        raise LinkError(f"{root} has no folder {os.path.dirname(homeless[0])}: the checkout is not whole. Nothing was "
                        "changed")
    foreign = []
    for place, source in wanted.items():
        if not os.path.lexists(root / place):
            continue
        if not _is_ours(root, place, source, record):
            foreign.append(place)
        elif not (root / place).is_symlink():
            # A link needs the whole place, a copy only the names of its files.
            needed = {name for name, _ in _files(place, source)} if copy else None
            foreign += [name for name, _ in _files(place, root / place)
                        if name not in record.files and (needed is None or name in needed)]
    if foreign:
        raise LinkError(f"in {root} there is already {', '.join(foreign)}, which boxmask did not make; move it away. "
                        "Nothing was changed")


def _is_ours(root: Path, place: str, source: Path, record: _Record) -> bool:
    path = root / place
    if path.is_symlink():
        return os.readlink(path) == record.links.get(place) or path.resolve() == source
    if path.is_dir():
        return any(name.startswith(f"{place}/") for name in record.files)
    return place in record.files


def _stands(path: Path) -> bool:
    """Whether a copied file is there itself: through a link to our own folder it would be its original."""
    return path.is_file() and path.resolve() == path


def _refuse_edited(root: Path, record: _Record, *, force: bool) -> None:
    edited = [name for name, digest in record.files.items()
              if _stands(root / name) and _digest(root / name) != digest]
    if edited and not force:
        raise LinkError(f"in {root} these copies were edited since: {', '.join(edited)}. Save your changes elsewhere, "
                        "then use --force. Nothing was changed")


def _remove(root: Path, record: _Record) -> None:
    """Removes what the record says, and folders that are then empty; files of the user's stay."""
    for place, target in record.links.items():
        path = root / place
        if path.is_symlink() and os.readlink(path) == target:
            path.unlink()
    folders = set()
    for name in record.files:
        path = root / name
        _temporary(path).unlink(missing_ok=True)
        if _stands(path):
            path.unlink()
        folders |= {folder for folder in path.parents if _is_copied(root, folder)}
    for folder in sorted(folders, key=lambda folder: len(folder.parts), reverse=True):
        shutil.rmtree(folder / "__pycache__", ignore_errors=True)
        if not any(folder.iterdir()):
            folder.rmdir()


def _is_copied(root: Path, folder: Path) -> bool:
    """Whether a folder is one that copying made, not one of the checkout's: `boxmask` or below one."""
    return (folder.is_dir() and folder.resolve() == folder and folder.is_relative_to(root)
            and any(part.startswith("boxmask") for part in folder.relative_to(root).parts))


def _drop_link_to(path: Path, source: Path) -> None:
    """Removes a link to our file that is in no record, such as one that the user made by hand."""
    if path.is_symlink() and path.resolve() == source:
        path.unlink()


def _make(root: Path, place: str, source: Path, *, copy: bool) -> None:
    if not copy:
        try:
            (root / place).symlink_to(source, target_is_directory=source.is_dir())
        except (OSError, NotImplementedError) as error:
            raise LinkError(f"no symbolic link can be made at {root / place} ({error}); use --copy") from error
        return
    for name, origin in _files(place, source):
        target = root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(origin, _temporary(target))
        os.replace(_temporary(target), target)


def _files(place: str, source: Path) -> Iterator[tuple[str, Path]]:
    """The files of a place: where each goes in the checkout, and where it comes from."""
    if source.is_file():
        yield place, source
        return
    for path in sorted(source.rglob("*")):
        inside = path.relative_to(source)
        if path.is_file() and not any(part in _SKIPPED for part in inside.parts):
            yield f"{place}/{inside.as_posix()}", path


def _temporary(path: Path) -> Path:
    return path.with_name(f"{path.name}.boxmask")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read_record(root: Path) -> _Record:
    path = root / RECORD
    if not path.is_file():
        return _Record()
    try:
        return _Record(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise LinkError(f"{path} is not the record that boxmask wrote ({error}); delete the links of boxmask in this "
                        "checkout by hand, and this file") from error


def _write_record(root: Path, record: _Record) -> None:
    path = root / RECORD
    _temporary(path).write_text(json.dumps(vars(record), indent=1) + "\n", encoding="utf-8")
    os.replace(_temporary(path), path)
