"""The pytracking in use: where it is, its commit, what was mended in it, and the paths that its users have set."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import shlex
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from importlib.machinery import PathFinder
from pathlib import Path
from types import SimpleNamespace

from boxmask import git, host, link
from boxmask.doctor.layouts import some
from boxmask.doctor.report import ERROR, OK, WARNING, Line, import_line

TESTED = "7eb9e74"  # the commit of visionml/pytracking that boxmask is tested with
# What the main job imports.
_NEEDED = {"training": ("ltr.train_settings.boxmask.default",),
           "generation": ("safetensors.torch", "boxmask.generate.run", "boxmask.generate.network", "boxmask.readers")}


@dataclass
class Found:
    """What later checks need from earlier ones; None where it could not be had.

    training, evaluation: the settings of `ltr.admin.environment` and `pytracking.evaluation.environment`.
    """

    host: host.Host | None = None
    training: SimpleNamespace | None = None
    evaluation: SimpleNamespace | None = None


def activate(found: Found) -> Iterator[Line]:
    """Activates the host, puts it into `found`, and says which it is and whether something shadows it."""
    try:
        found.host = host.activate()
    except host.HostError as error:
        yield Line(ERROR, "host", str(error),
                   f"export {host.ROOT_VARIABLE}=<your clone of visionml/pytracking>, or unset it: boxmask comes with "
                   "a small host of its own")
        return
    except ImportError as error:
        yield _advised(import_line("host", error), is_checkout=bool(os.environ.get(host.ROOT_VARIABLE)))
        return
    which = "the one that comes with boxmask" if found.host.is_standalone else str(found.host.root)
    yield Line(OK, "host", which)


def checkout(active: host.Host) -> Iterator[Line]:
    """Commit, links, mends and stand-ins of a checkout."""
    if active.is_standalone:
        return
    yield _commit(active.root)
    yield from _linked(active.root)
    from boxmask import compat

    yield Line(OK, "mended at import", _each_once(compat.applied()) or "nothing")
    served = _stand_ins()
    if served:
        yield Line(OK, "stand-ins", f"small ones of boxmask serve in the place of {', '.join(served)}; enough for "
                                    "boxmask, LWL and STA, pip install the real ones for more")


def _linked(root: Path) -> Iterator[Line]:
    """Links or copies of boxmask in a checkout, and what is wrong with them for the checkout's own programs."""
    standing = link.standing(root)
    if not standing:
        return
    ours = [place for place, state in standing.items() if state == link.THIS]
    wrong = {"missing": [place for place in link.places() if place not in standing],
             "links that lead nowhere": [place for place, state in standing.items() if state == link.NOWHERE],
             "of another boxmask, or edited": [place for place, state in standing.items() if state == link.ANOTHER]}
    told = [f"; {what}: {some(places)}" for what, places in wrong.items() if places]
    yield Line(WARNING if told else OK, "linked",
               f"boxmask is linked into the checkout in {len(ours)} of {len(link.places())} places{''.join(told)}",
               f"boxmask link {shlex.quote(str(root))}" if told else "")


def _each_once(mends: Iterable[str]) -> str:
    """What was mended, in however many modules."""
    return ", ".join(dict.fromkeys(mend.partition(": ")[2] for mend in mends))


def _commit(root: Path) -> Line:
    try:
        commit = git.commit(root)
    except git.GitError as error:
        return Line(WARNING, "commit", f"not known: {error}", f"boxmask is tested with {TESTED}")
    state = "with changed files" if commit.is_dirty else "no changed files"
    if commit.id.startswith(TESTED):
        return Line(OK, "commit", f"{commit.id[:7]}, {state}")
    return Line(WARNING, "commit", f"{commit.id[:7]}, {state}; boxmask is tested with {TESTED}")


def _stand_ins() -> list[str]:
    """Names that are imported, or would be, from the folder of stand-ins."""
    from boxmask.compat import STANDINS

    names = sorted(path.name for path in STANDINS.iterdir() if (path / "__init__.py").is_file())
    specs = {name: PathFinder.find_spec(name, sys.path) for name in names}
    return [name for name, spec in specs.items()
            if spec is not None and spec.origin and Path(spec.origin).is_relative_to(STANDINS)]


def namesakes(active: host.Host) -> Iterator[Line]:
    """The PyPI projects `ltr` and `pytracking`, which are not the tracking framework."""
    own = {active.root.resolve(), host.overlay_root().resolve(), host.STANDALONE}
    elsewhere = [path for path in sys.path if Path(path or ".").resolve() not in own]
    for name, landmark in (("ltr", "admin/settings.py"), ("pytracking", "evaluation/tracker.py")):
        spec = PathFinder.find_spec(name, elsewhere)
        if spec is None or spec.origin is None or (Path(spec.origin).parent / landmark).is_file():
            continue
        yield Line(WARNING, "namesakes", f"{Path(spec.origin).parent} is not the tracking framework, but another "
                                         f"project named {name!r}; it hides the framework in a linked checkout",
                   f"pip uninstall {_distribution(name)}")


def _distribution(name: str) -> str:
    return next(iter(importlib.metadata.packages_distributions().get(name, ())), name)


def _advised(line: Line, *, is_checkout: bool) -> Line:
    """With the commit that is known to work, where no package to install is what a checkout lacks."""
    advice = f"boxmask is tested with {TESTED} of visionml/pytracking: update the checkout"
    return replace(line, fix=line.fix or advice) if is_checkout else line


def imports(active: host.Host) -> Iterator[Line]:
    """Imports what training and generation import."""
    for job, modules in _NEEDED.items():
        try:
            for name in modules:
                importlib.import_module(name)
        except ImportError as error:
            yield _advised(import_line(job, error), is_checkout=not active.is_standalone)
        else:
            yield Line(OK, job, "its modules can be imported")


def read_paths(found: Found) -> Iterator[Line]:
    """The user's local.py of training and of evaluation, and the environment variables over it."""
    for kind, module, status in (("training", "ltr.admin.environment", ERROR),
                                 ("evaluation", "pytracking.evaluation.environment", WARNING)):
        try:
            settings = importlib.import_module(module).env_settings()
        # It runs the user's file, which can raise anything, and exit.
        except (Exception, SystemExit) as error:  # noqa: BLE001
            # A ValueError is our own and says file and line.
            said = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
            yield Line(status, "local.py", f"{kind}: {said}")
            continue
        setattr(found, kind, SimpleNamespace(**{name: "" if value is None else str(value)
                                                for name, value in vars(settings).items()}))
    if found.training is None or found.evaluation is None:
        return
    yield Line(OK, "local.py", ", ".join(map(str, _users_files(found.host))) or "none, and none is needed")
    yield from _variables({*vars(found.training), *vars(found.evaluation), "stills_dir", "data_specs_dir"})


def _users_files(active: host.Host) -> list[Path]:
    checkouts = [active.root / "ltr" / "admin" / "local.py", active.root / "pytracking" / "evaluation" / "local.py"]
    files = [] if active.is_standalone else [path for path in checkouts if path.is_file()]
    # The user's own file, for any host, serves where a checkout has none.
    common = importlib.import_module("ltr.admin.local_file").local_file()
    return files or ([common] if common is not None else [])


def _variables(attributes: set[str]) -> Iterator[Line]:
    """BOXMASK_<ATTRIBUTE> variables that are set, and those that name nothing."""
    named = sorted(name for name in os.environ if name.startswith("BOXMASK_") and os.environ[name]
                   and name.endswith(("_DIR", "_PATH", "_NETWORKS", "_MASKS")))
    unknown = [name for name in named if name.removeprefix("BOXMASK_").lower() not in attributes]
    used = [name for name in named if name not in unknown]
    if used:
        yield Line(OK, "environment", ", ".join(used))
    if unknown:
        yield Line(WARNING, "environment", f"nothing reads {', '.join(unknown)}", "see INSTALL.md for the names")
