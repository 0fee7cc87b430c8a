"""What the page says of a sequence, from its manifest and its quality file: plain values for JSON. Pure."""

from __future__ import annotations

import math
import string
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from boxmask.generate.manifest import Frame, Manifest
from boxmask.generate.outcomes import Outcome
from boxmask.generate.quality import Row
from boxmask.report.overlay import spread
from boxmask.report.quality import sum_up

# A quality from 0 to 1 as one character of a sequence's track, so that thousands of sequences fit into a page.
LEVELS = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
# In the place of a quality: of frames without a mask.
UNMASKED = {Outcome.OK: "-", Outcome.ABSENT: ".", Outcome.INVALID_BOX: "!", Outcome.BAD_IMAGE: "?"}
SIGNS = ("score", "box_fit", "area_ratio", "stage_agreement", "neighbour_agreement", "fragments")


def lowest_scores(rows: Sequence[Row]) -> dict[str, float]:
    """By the name of a frame, the score of the worst of its masks."""
    found: dict[str, float] = {}
    for row in rows:
        found[row.frame] = min(row.score, found.get(row.frame, math.inf))
    return found


def track(frames: Sequence[Frame], scores: Mapping[str, float]) -> str:
    """A character a frame: of `LEVELS` where it has a mask, else of `UNMASKED`."""
    return "".join(LEVELS[round(scores[frame.name] * (len(LEVELS) - 1))] if frame.name in scores
                   else UNMASKED[frame.outcome] for frame in frames)


def choose(frames: Sequence[Frame], scores: Mapping[str, float], count: int) -> list[int]:
    """The indices of about `count` frames to show, 0 for all: spread over the sequence, and bad ones between them.

    A quarter of them, one at least, are the worst of each part of the sequence, and with them is the worst of all.
    """
    if not count or len(frames) <= count:
        return list(range(len(frames)))
    parts = max(1, count // 4)
    edges = [round(part * len(frames) / parts) for part in range(parts + 1)]
    chosen = set(spread(len(frames), count - parts))
    for start, end in zip(edges, edges[1:], strict=False):
        chosen.add(min(range(start, end), key=lambda index: scores.get(frames[index].name, math.inf)))
    return sorted(chosen)


def worst(frames: Sequence[Frame], scores: Mapping[str, float], shown: Sequence[int]) -> int:
    """The position in `shown` of the frame with the lowest score, else of the middle one; 0 if none is shown."""
    scored = [position for position, index in enumerate(shown) if frames[index].name in scores]
    return min(scored, key=lambda position: scores[frames[shown[position]].name], default=len(shown) // 2)


def summary(manifest: Manifest, rows: Sequence[Row]) -> dict[str, Any]:
    """What the list says of a sequence."""
    counts = {outcome.value: count for outcome, count in manifest.header.counts.items()}
    found = asdict(sum_up(manifest.sequence, manifest.header.num_frames, counts.get(Outcome.OK.value, 0), list(rows)))
    del found["sequence"], found["ok"]
    return {"name": manifest.sequence, **{name: _plain(value) for name, value in found.items()}, "outcomes": counts,
            "poor": sum(frame.poor for frame in manifest.frames), "objects": len(manifest.object_ids),
            "track": track(manifest.frames, lowest_scores(rows)), "note": ""}


def failed(name: str, frames: int, reason: str) -> dict[str, Any]:
    """The same of a sequence that has no masks, or whose records cannot be read."""
    signs = dict.fromkeys((*SIGNS, "worst"))
    return {"name": name, "frames": frames, "masks": 0, **signs, "outcomes": {Outcome.FAILED.value: frames}, "poor": 0,
            "objects": 0, "track": "", "note": reason}


def frame_details(frames: Sequence[Frame], rows: Sequence[Row], shown: Sequence[int]) -> list[dict[str, Any]]:
    """What the scrubber says of each frame that is shown; `objects`: the id and the `SIGNS` of every mask in it."""
    masks: dict[str, list[list[float | int | None]]] = {}
    for row in rows:
        masks.setdefault(row.frame, []).append([row.object_id, *(_plain(getattr(row, sign)) for sign in SIGNS)])
    return [{"name": frame.name, "index": index, "outcome": frame.outcome.value, "reason": frame.reason,
             "poor": frame.poor, "objects": masks.get(frame.name, [])}
            for index, frame in ((index, frames[index]) for index in shown)]


def _plain(value: float | int) -> float | int | None:
    return None if math.isnan(value) else round(value, 4)
