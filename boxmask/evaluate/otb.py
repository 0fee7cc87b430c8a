"""Where a tracker's result on a sequence of OTB is, and which frames it lacks, as the dataset's files do not tell.

Facts of the benchmark, as pytracking has them (`pytracking/evaluation/otbdataset.py`).
"""

from __future__ import annotations

from boxmask.readers.sequence import Sequence
from boxmask.readers.tracking_folders import NAME

# Its only annotation is groundtruth_rect.2.txt, after which pytracking calls the sequence.
_RESULTS = {"Human4": "Human4_2"}
# Frames at the start, which have annotation lines, that nothing is tracked in.
_LEFT_OUT = {"Tiger1": 5}


def result_names(sequence: Sequence) -> tuple[str, ...]:
    """What the result of a sequence with one object may be called, the usual name first; of any dataset."""
    other = _RESULTS.get(sequence.name) if sequence.dataset == NAME else None
    return (sequence.name,) if other is None else (other, sequence.name)


def frames_left_out(sequence: Sequence) -> int:
    """How many frames at the start do not count, 0 for most sequences and for all of other datasets."""
    return _LEFT_OUT.get(sequence.name, 0) if sequence.dataset == NAME else 0
