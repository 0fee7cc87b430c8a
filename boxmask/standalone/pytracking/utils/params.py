"""The parameters of a tracker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class TrackerParams:
    """A bag of attributes that a file `pytracking/parameter/<tracker>/<name>.py` fills."""

    def set_default_values(self, default_vals: Mapping[str, Any]) -> None:
        """Sets the parameters that are not set yet."""
        for name, value in default_vals.items():
            if not hasattr(self, name):
                setattr(self, name, value)

    def get(self, name: str, *default: Any) -> Any:
        """A parameter; without a default a missing one is an AttributeError."""
        return getattr(self, name, *default)

    def has(self, name: str) -> bool:
        """Whether a parameter is set."""
        return hasattr(self, name)
