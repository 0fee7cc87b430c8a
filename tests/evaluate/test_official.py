"""Our scores and those that the official tool, davis2017-evaluation at ac7c43f, printed for the same folders.

Its semi-supervised task: objects that come and go, one that is never found, three sequences of several sizes.
"""

from __future__ import annotations

import numpy as np
import pytest

from boxmask import masks
from boxmask.evaluate.folders import evaluate_folders

# name -> frames, objects, height, width
SEQUENCES = {"one": (23, 1, 120, 213), "two": (61, 3, 90, 160), "three": (9, 2, 123, 217)}
# J&F; J mean, recall, decay; F mean, recall, decay
OFFICIAL = (0.409807998208, 0.472184170663, 0.617433414044, 0.094242143064, 0.347431825754, 0.307102502018,
            0.081550060221)
# J mean of each object, in the order of the sequences
OFFICIAL_OBJECTS = (0.646486309159, 0.407811338848, 0.524752371175, 0.582988003153, 0.671067001646, 0.0)


def paint(labels, centre, radii, object_id):
    rows, columns = np.mgrid[:labels.shape[0], :labels.shape[1]]
    labels[((columns - centre[0]) / radii[0]) ** 2 + ((rows - centre[1]) / radii[1]) ** 2 <= 1] = object_id


def draw(name, frames, objects, height, width):
    """Labels of the truth and of a tracker that is a little off, for each frame."""
    rng = np.random.default_rng(len(name) * 100 + frames)
    centres = rng.uniform(0.3, 0.7, (objects, 2)) * [width, height]
    radii = rng.uniform(0.08, 0.2, (objects, 2)) * [width, height]
    for frame in range(frames):
        truth, found = np.zeros((2, height, width), np.uint8)
        for number in range(objects):
            centre = centres[number] + rng.normal(0, 2, 2)
            is_there, is_found, shift, scale = rng.random(), rng.random(), rng.normal(0, 3, 2), rng.uniform(0.8, 1.2)
            if frame == 0 or is_there > 0.1:
                paint(truth, centre, radii[number], number + 1)
            if is_found > 0.1 and (name, number) != ("three", 1):
                paint(found, centre + shift, radii[number] * scale, number + 1)
        yield truth, found


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("davis")
    for name, shape in SEQUENCES.items():
        for frame, (truth, found) in enumerate(draw(name, *shape)):
            for kind, labels in (("truth", truth), ("found", found)):
                (root / kind / name).mkdir(parents=True, exist_ok=True)
                (root / kind / name / f"{frame:05d}.png").write_bytes(masks.encode(labels, highest=3))
    return root


def test_scores_are_those_of_the_official_tool(folders):
    report = evaluate_folders(folders / "found", folders / "truth", list(SEQUENCES), skip_ends=True)
    assert report.scores == pytest.approx(OFFICIAL, abs=1e-9)


def test_each_objects_j_is_that_of_the_official_tool(folders):
    report = evaluate_folders(folders / "found", folders / "truth", list(SEQUENCES), skip_ends=True)
    assert [row.scores[1] for row in report.rows] == pytest.approx(OFFICIAL_OBJECTS, abs=1e-9)
