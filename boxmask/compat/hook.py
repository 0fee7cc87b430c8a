"""Calling a function with a module right after it was imported, whenever that happens."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType

AfterImport = Callable[[ModuleType], None]
# Given the module whose import failed, the error, and what executes the module; returns whether it is imported now.
Rescue = Callable[[ModuleType, Exception, AfterImport], bool]


class ImportHook(MetaPathFinder):
    """Finds what the other finders find, and adds to what happens when it is imported."""

    def __init__(self) -> None:
        self._after: dict[str, list[AfterImport]] = {}
        self._rescues: dict[str, Rescue] = {}
        self._served: dict[str, Path] = {}

    def install(self) -> None:
        """Puts the hook first among the finders; calling it again is free."""
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)

    def after(self, name: str, function: AfterImport) -> None:
        """Calls `function(module)` once the module `name` is imported: at once if it is already."""
        self._after.setdefault(name, []).append(function)
        module = sys.modules.get(name)
        if module is not None:
            function(module)

    def rescue(self, name: str, function: Rescue) -> None:
        """Calls `function(module, error, execute)` if importing `name` fails."""
        self._rescues[name] = function

    def serve(self, name: str, path: Path) -> None:
        """Imports the file `path` under this name where nobody else has a module of the name."""
        self._served[name] = path

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
                  ) -> ModuleSpec | None:
        """The specification of a module that somebody asked about; None for all others. Part of the import system."""
        if fullname not in self._after and fullname not in self._rescues and fullname not in self._served:
            return None
        spec = self._found_by_others(fullname, path, target)
        if spec is None and fullname in self._served:
            spec = spec_from_file_location(fullname, self._served[fullname])
        if spec is not None and hasattr(spec.loader, "exec_module"):
            # A loader of files is made anew for each module, so that this one may differ from the others.
            spec.loader.exec_module = self._wrapped(fullname, spec.loader.exec_module)
        return spec

    def _found_by_others(self, name: str, path: Sequence[str] | None, target: ModuleType | None) -> ModuleSpec | None:
        for finder in list(sys.meta_path):
            if not isinstance(finder, ImportHook) and hasattr(finder, "find_spec"):
                spec = finder.find_spec(name, path, target)
                if spec is not None:
                    return spec
        return None

    def _wrapped(self, name: str, execute: AfterImport) -> AfterImport:
        def exec_module(module: ModuleType) -> None:
            try:
                execute(module)
            except Exception as error:
                rescue = self._rescues.get(name)
                if rescue is None or not rescue(module, error, execute):
                    raise
            for function in self._after.get(name, ()):
                function(module)
        return exec_module
