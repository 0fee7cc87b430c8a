"""Output folders of `boxmask generate` with whatever masks a test wants, beside the frames they are of."""

import cv2
import numpy as np
import pytest

from boxmask import masks
from boxmask.generate import manifest, quality
from boxmask.generate.manifest import Frame, Header, Manifest, Stamp
from boxmask.generate.outcomes import Outcome
from boxmask.generate.outfolder import OutFolder
from boxmask.generate.settings import Record, Settings

SIZE = (32, 24)  # W, H


@pytest.fixture(autouse=True)
def single_thread():
    before = cv2.getNumThreads()
    cv2.setNumThreads(0)
    yield
    cv2.setNumThreads(before)


def square(left=4, value=1, size=SIZE):
    """A mask (H, W) of an 8x8 square."""
    mask = np.zeros(size[::-1], np.uint8)
    mask[6:14, left:left + 8] = value
    return mask


def empty(size=SIZE):
    return np.zeros(size[::-1], np.uint8)


class Out:
    """An output folder and, in `videos/<sequence>/<frame>.jpg`, its frames."""

    def __init__(self, folder) -> None:
        self.path = folder / "out"
        self.videos = folder / "videos"
        self.out = OutFolder(self.path)

    def add(self, sequence, labels, *, names=None, outcomes=None, scores=None, poor=(), object_ids=(1,)):
        """labels: a mask (H, W) per frame. scores: per frame, of each object that is in a mask; poor: frames."""
        names = names or [f"{index + 1:08d}" for index in range(len(labels))]
        folder = self.out.sequence(sequence)
        folder.mkdir(parents=True)
        frames, rows = [], []
        for index, (name, label) in enumerate(zip(names, labels, strict=True)):
            outcome = outcomes[index] if outcomes else Outcome.OK if label.any() else Outcome.ABSENT
            score = 0.9 if scores is None else scores[index]
            objects = {each: score if (label == each).any() else 0.0 for each in object_ids
                       if outcome is Outcome.OK}
            data = masks.encode(label, highest=max(object_ids))
            (folder / f"{name}.png").write_bytes(data)
            height, width = label.shape
            frames.append(Frame(name, outcome, "", width, height, *vars(Stamp.of(data)).values(), objects,
                                index in poor))
            rows += [quality.Row(name, each, value, 0.95, 0.5, 0.98, 0.9, 1) for each, value in objects.items()]
            self.write_frame(sequence, name, label)
        table = quality.to_csv(rows).encode()
        (folder / quality.FILE_NAME).write_bytes(table)
        header = Header("GOT-10k", sequence, tuple(object_ids), "0", {}, {quality.FILE_NAME: Stamp.of(table)},
                        manifest.count(tuple(frames)), manifest.best(tuple(frames), tuple(object_ids)))
        (folder / manifest.FILE_NAME).write_text(manifest.to_text(Manifest(header, tuple(frames))))
        return self

    def write_frame(self, sequence, name, label):
        path = self.videos / sequence / f"{name}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        image = np.repeat((label > 0).astype(np.uint8)[..., None] * 200, 3, axis=2)
        path.write_bytes(cv2.imencode(".jpg", image)[1].tobytes())

    def record(self, *sources, sequences=()):
        """Writes the record of the run, which was to make `sequences`."""
        self.out.state.mkdir(parents=True, exist_ok=True)
        self.out.run_file.write_text(Record(Settings("GOT-10k", "box"), sources, None, tuple(sequences)).to_text())
        return self


@pytest.fixture
def out(tmp_path):
    return Out(tmp_path)


@pytest.fixture
def label():
    """square(left, value, size) and empty(size): masks."""
    square.empty = empty
    return square
