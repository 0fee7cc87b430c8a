"""One import tree from two: the pytracking host in use and this project's folders over it.

pytracking is a checkout without a package, and every folder in it is a regular package, so a second
`ltr/models/boxmask` elsewhere on `sys.path` is never found. `activate` puts the host first on `sys.path`, imports it,
and puts our folders, which hold nothing but `boxmask*`, first on the `__path__` of the host's packages: what another
boxmask has linked or copied into a checkout is not imported. No file of the host changes. `boxmask.compat` keeps a
checkout working on a current Python.

A program that starts worker processes by spawning calls `activate` at module level, so that each worker does too.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

ROOT_VARIABLE = "PYTRACKING_ROOT"
PACKAGES = ("ltr.models", "ltr.actors", "ltr.data", "ltr.dataset", "ltr.train_settings",
            "pytracking.parameter", "pytracking.tracker")
_HERE = Path(__file__).resolve().parent
STANDALONE = _HERE / "standalone"
# A file of pytracking that its namesakes on package indexes do not have.
_LANDMARKS = ("ltr/admin/settings.py", "pytracking/evaluation/tracker.py")


class HostError(RuntimeError):
    """The host cannot be used: not a pytracking checkout, or other packages of the same names are in its place."""


@dataclass(frozen=True)
class Host:
    """The pytracking tree in use."""

    root: Path
    is_standalone: bool


_active: Host | None = None


def activate(pytracking: str | os.PathLike[str] | None = None) -> Host:
    """Makes `ltr` and `pytracking` importable, our folders included, and returns the host.

    pytracking: a checkout; without it `PYTRACKING_ROOT`, and without that the small host that comes with us.
    Calling it again is free; asking for another host in the same process is a `HostError`.
    """
    global _active
    host = _choose(pytracking)
    if _active is not None:
        if host != _active and pytracking is not None:
            raise HostError(f"this process already uses the host {_active.root}; start another process for {host.root}")
        return _active
    _drop_overlay_namespaces()
    _refuse_namesakes(host)
    _put_on_path(host.root)
    if not host.is_standalone:
        _extend_when_imported(host.root)
    try:
        importlib.import_module("ltr")
        if host.is_standalone:
            for package in PACKAGES:
                _extend(importlib.import_module(package))
    except ImportError:
        sys.path.remove(str(host.root))
        raise
    _refuse_namesakes(host)
    _active = host
    return host


def activate_linked() -> Host | None:
    """Activates the checkout that `ltr` was imported from, for a program that pytracking itself started.

    Returns None, and does nothing, if the host is the one that comes with us. Calling it again is free.
    """
    root = Path(importlib.import_module("ltr").__file__).resolve().parents[1]
    if _active is not None or root == STANDALONE:
        return _active
    return activate(root)


def find_checkout(path: str | os.PathLike[str]) -> Path:
    """The full path of a pytracking checkout. Raises HostError if the folder is none."""
    root = Path(path).expanduser().resolve()
    missing = [name for name in _LANDMARKS if not (root / name).is_file()]
    if missing:
        raise HostError(f"{root} is not a pytracking checkout: it has no {missing[0]}; name the folder of a clone of "
                        "visionml/pytracking")
    return root


def overlay_root() -> Path:
    """The folder that holds our `ltr/` and `pytracking/`: inside an installed package, or the project's own."""
    installed = _HERE / "overlay"
    return installed if installed.is_dir() else _HERE.parent


def _choose(pytracking: str | os.PathLike[str] | None) -> Host:
    named = pytracking if pytracking is not None else os.environ.get(ROOT_VARIABLE) or None
    if named is None:
        return Host(STANDALONE, is_standalone=True)
    try:
        return Host(find_checkout(named), is_standalone=False)
    except HostError as error:
        raise HostError(f"{error}, with --pytracking or {ROOT_VARIABLE}, or none to use the host that comes with "
                        "boxmask") from None


def _put_on_path(root: Path) -> None:
    """Puts the host first on `sys.path`, but behind us where it has another boxmask: processes that are spawned get
    the list before they import anything.
    """
    place, linked, ours = 0, root / _HERE.name, str(_HERE.parent)
    if linked.is_dir() and linked.resolve() != _HERE:
        if ours not in sys.path:
            sys.path.insert(0, ours)
        place = sys.path.index(ours) + 1
    if str(root) not in sys.path[place:place + 1]:
        sys.path.insert(place, str(root))


def _extend_when_imported(root: Path) -> None:
    """A checkout's packages import much: each gets our folder when somebody needs it."""
    # Here, because it imports torch, and the host that comes with us needs none of it.
    from boxmask import compat
    hook = compat.apply(root)
    for package in PACKAGES:
        hook.after(package, _extend)


def _refuse_namesakes(host: Host) -> None:
    """Raises if `ltr` or `pytracking` were imported from elsewhere: PyPI has other projects under both names."""
    for name in ("ltr", "pytracking"):
        module = sys.modules.get(name)
        if module is None:
            continue
        origin = Path(module.__file__).resolve().parent if getattr(module, "__file__", None) else None
        if origin != host.root / name:
            raise HostError(
                f"the package {name!r} is already imported from {origin or list(module.__path__)}, not from the host "
                f"{host.root}. The PyPI projects named 'ltr' and 'pytracking' are other people's and not the tracking "
                f"framework: pip uninstall {name}; or call boxmask.host.activate() before importing {name}")


def _drop_overlay_namespaces() -> None:
    """Forgets `ltr`, `ltr.models`, ... where they are namespace packages over our folders.

    From a folder that holds the project, `import ltr.models.boxmask` works before any host is there. The modules it
    loaded stay; the namespaces over them give way to the host's packages.
    """
    ours = overlay_root()
    # All found before any is dropped: the path of a namespace is worked out from its parent's each time.
    found = [name for name in ("ltr", "pytracking", *PACKAGES) if _is_namespace_in(sys.modules.get(name), ours)]
    for name in found:
        del sys.modules[name]


def _is_namespace_in(module: ModuleType | None, folder: Path) -> bool:
    is_namespace = module is not None and getattr(module, "__file__", None) is None
    return is_namespace and all(Path(path).is_relative_to(folder) for path in module.__path__)


def _extend(package: ModuleType) -> None:
    """Puts our folder first in a package, and hangs up in it what was imported from that folder before."""
    folder = overlay_root().joinpath(*package.__name__.split("."))
    if folder.is_dir() and str(folder) not in package.__path__:
        package.__path__.insert(0, str(folder))
    for name, module in list(sys.modules.items()):
        parent, _, leaf = name.rpartition(".")
        if parent == package.__name__ and not hasattr(package, leaf):
            setattr(package, leaf, module)
