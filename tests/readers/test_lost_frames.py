"""A sequence whose boxes cannot be read says how many frames are lost with it, so that a ledger can count them."""

import pytest

from boxmask.readers import got10k, lasot, tracking_folders, trackingnet
from boxmask.readers.sequence import DatasetError

CASES = {
    "got10k": (got10k.open_dataset, "a-1/{:08d}.jpg", {"list.txt": ["a-1"]}, 7),
    "lasot": (lasot.open_dataset, "a/a-1/img/{:08d}.jpg", {}, 2),  # every fifth, as of a good sequence
    "trackingnet": (trackingnet.open_dataset, "TRAIN_0/frames/a-1/{}.jpg", {"TRAIN_0/anno/b.txt": ["1,2,3,4"]}, 7),
    "otb": (tracking_folders.open_dataset, "a-1/img/{:04d}.jpg", {}, 7),
}


@pytest.mark.parametrize("layout", CASES)
def test_frames_are_counted_without_boxes(tmp_path, files, layout):
    open_dataset, image, others, count = CASES[layout]
    files.frames(tmp_path, [image.format(number) for number in range(1, 8)])
    for name, lines in others.items():
        files.write(tmp_path / name, lines)
    with pytest.raises(DatasetError) as error:
        open_dataset(tmp_path).read("a-1")
    assert error.value.num_frames == count


def test_a_sequence_without_a_folder_has_no_frames_to_count(tmp_path, files):
    files.write(tmp_path / "list.txt", ["A"])
    with pytest.raises(DatasetError) as error:
        got10k.open_dataset(tmp_path).read("A")
    assert error.value.num_frames == 0
