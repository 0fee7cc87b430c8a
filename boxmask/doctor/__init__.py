"""What works on this machine, and what to mend: the pytracking in use, paths, datasets, networks, PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from boxmask.doctor import data, framework, machine, networks
from boxmask.doctor.report import ERROR, WARNING, Line, Report


def examine() -> Report:
    """Looks at everything that can be looked at; whatever is broken becomes a line, never an exception.

    The host is the one that `PYTRACKING_ROOT` names, or the one that comes with boxmask. Nothing is written.
    """
    found = framework.Found()
    lines = _safely(ERROR, "python", machine.versions)
    lines += _safely(WARNING, "machine", machine.hardware)
    lines += _safely(ERROR, "host", framework.activate, found)
    if found.host is not None:
        lines += _safely(ERROR, "imports", framework.imports, found.host)
        # After the imports: a module is mended when it is imported.
        lines += _safely(WARNING, "checkout", framework.checkout, found.host)
        lines += _safely(WARNING, "namesakes", framework.namesakes, found.host)
        lines += _safely(ERROR, "local.py", framework.read_paths, found)
    if found.training is not None:
        lines += data.examine(found, _safely)
        lines += networks.examine(found, _safely)
        lines += _safely(ERROR, "workspace_dir", machine.workspace, found.training)
        lines += _safely(ERROR, "tensorboard_dir", machine.tensorboard, found.training)
    if found.evaluation is not None:
        lines += _safely(WARNING, "results_path", machine.results, found.evaluation)
    return Report(lines)


def _safely(status: str, topic: str, check: Callable[..., Iterable[Line]], *arguments: object) -> list[Line]:
    """The lines of a check, or up to where it failed, and then a line with what went wrong."""
    lines: list[Line] = []
    try:
        lines.extend(check(*arguments))
    # A doctor that falls ill is of no use: local.py, datasets and a changed checkout can raise anything, and exit.
    except (Exception, SystemExit) as error:  # noqa: BLE001
        lines.append(Line(status, topic, f"cannot be looked at: {type(error).__name__}: {error}"))
    return lines
