"""Statistics for TensorBoard."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping
from typing import Any

_log = logging.getLogger(__name__)


class TensorboardWriter:
    """Writes `<directory>/<loader name>` and `<directory>/info`.

    Without the package tensorboard it warns once and does nothing. These folders are made with the first values.
    """

    def __init__(self, directory: str | os.PathLike[str], loader_names: Iterable[str]) -> None:
        self.directory = os.fspath(directory)
        self._names = list(loader_names)
        self._writers: dict[str, Any] = {}
        self._summary_writer = _summary_writer()

    def write_info(self, module_name: str, script_name: str, description: str) -> None:
        """Writes what is trained, as text."""
        if self._summary_writer is None:
            return
        with self._summary_writer(os.path.join(self.directory, "info")) as writer:
            writer.add_text("Module_name", module_name)
            writer.add_text("Script_name", script_name)
            writer.add_text("Description", description)

    def write_epoch(self, stats: Mapping[str, Mapping[str, Any] | None], epoch: int, ind: int = -1) -> None:
        """Writes the values of one epoch: entry `ind` of the history of each statistic that has new data."""
        if self._summary_writer is None:
            return
        for loader_name, loader_stats in stats.items():
            for name, value in (loader_stats or {}).items():
                if getattr(value, "history", None) and getattr(value, "has_new_data", True):
                    self._writer(loader_name).add_scalar(name, value.history[ind], epoch)
        for writer in self._writers.values():
            writer.flush()

    def close(self) -> None:
        """Closes the files."""
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()

    def _writer(self, loader_name: str) -> Any:
        if loader_name not in self._writers:
            self._writers[loader_name] = self._summary_writer(os.path.join(self.directory, loader_name))
        return self._writers[loader_name]


def _summary_writer() -> Any | None:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        _log.warning("the package tensorboard is missing, so no curves are written (pip install tensorboard)")
        return None
    return SummaryWriter
