"""With the same seeds and files, the standalone host does what the checkout does, but for the listed differences."""

import importlib.util
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).parent
_specification = importlib.util.spec_from_file_location("differences",
                                                        HERE.parent / "contract" / "differences.py")
_module = importlib.util.module_from_spec(_specification)
_specification.loader.exec_module(_module)
DIFFERENCES = _module.DIFFERENCES
MODULES = sorted(path.stem for path in (HERE / "observing").glob("observe_*.py"))
PATTERNS = [pattern for difference in DIFFERENCES for pattern in difference.observations]
# Patterns of the observations that add up in another order, and the tolerance, of the largest value of an array; the
# first that fits counts. The gradient of the Lovasz loss is differences of sums near 1. All else is equal bit by bit.
SUMS = {"lovasz: gradient*": 3e-4, "lovasz*": 1e-6, "*: a step": 1e-5}


def unlike(ours, theirs, where="", tolerance=0.0):
    """Where two observations differ, in words; an empty list where they are equal."""
    if isinstance(ours, float) and isinstance(theirs, float):
        ours, theirs = np.array(ours), np.array(theirs)
    if isinstance(ours, np.ndarray) and isinstance(theirs, np.ndarray):
        if ours.dtype != theirs.dtype or ours.shape != theirs.shape:
            return [f"{where}: {ours.dtype}{ours.shape} and {theirs.dtype}{theirs.shape}"]
        ours, theirs = ours.astype(float), theirs.astype(float)
        largest = np.abs(theirs).max(initial=0)
        if not np.allclose(ours, theirs, rtol=0, atol=tolerance * largest, equal_nan=True):
            return [f"{where}: arrays up to {largest:g} differ by up to {np.nanmax(np.abs(ours - theirs)):g}"]
        return []
    if isinstance(ours, dict) and isinstance(theirs, dict) and set(ours) == set(theirs):
        return [line for key in ours for line in unlike(ours[key], theirs[key], f"{where}[{key!r}]", tolerance)]
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        return [line for i in range(len(ours)) for line in unlike(ours[i], theirs[i], f"{where}[{i}]", tolerance)]
    return [] if type(ours) is type(theirs) and ours == theirs else [f"{where}: {ours!r:.300} and {theirs!r:.300}"]


def tolerance_of(key):
    return next((tolerance for pattern, tolerance in SUMS.items() if fnmatchcase(key, pattern)), 0.0)


@pytest.mark.parametrize("module", MODULES)
def test_what_is_not_listed_is_the_same(module, observations):
    ours, theirs = observations["ours"][module], observations["theirs"][module]
    assert list(ours) == list(theirs)
    differing = [line for key in ours if not any(fnmatchcase(key, pattern) for pattern in PATTERNS)
                 for line in unlike(ours[key], theirs[key], key, tolerance_of(key))]
    assert not differing, "\n".join(differing[:20])


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda difference: difference.name)
def test_a_listed_difference_is_still_there(difference, observations):
    ours, theirs = ({key: value for module in observations[host].values() for key, value in module.items()}
                    for host in ("ours", "theirs"))
    for pattern in difference.observations:
        keys = [key for key in ours if fnmatchcase(key, pattern)]
        assert keys, f"no observation is named {pattern!r}"
        same = [key for key in keys if not unlike(ours[key], theirs[key])]
        assert not same, f"{same} are the same on both hosts now: take them off the list"
