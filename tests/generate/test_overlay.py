"""Contact sheets: frames spread over a sequence, mask and box where they belong."""

import os

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxmask import masks
from boxmask.readers import images
from boxmask.readers.sequence import DatasetError
from boxmask.report import overlay


@given(st.integers(1, 500), st.integers(1, 30))
def test_frames_are_spread_with_both_ends(length, count):
    chosen = overlay.spread(length, count)
    assert len(chosen) == min(length, count) and chosen[0] == 0
    assert chosen == sorted(set(chosen))
    if count > 1:
        assert chosen[-1] == length - 1
        assert np.ptp(np.diff(chosen)) <= 1 if len(chosen) > 1 else True


@given(st.tuples(*[st.floats(-300, 300)] * 2, *[st.floats(0.5, 500)] * 2))
def test_a_view_lies_in_the_frame_and_has_its_aspect(box):
    rows, columns = overlay.view(np.array(box), (320, 180))
    assert 0 <= rows.start < rows.stop <= 180 and 0 <= columns.start < columns.stop <= 320
    width, height = columns.stop - columns.start, rows.stop - rows.start
    assert abs(width * 180 - height * 320) <= 320
    assert width == 320 or width >= box[2]


def test_the_mask_is_tinted_and_the_rest_is_left_alone():
    image = np.full((100, 100, 3), 90, np.uint8)
    mask = np.zeros((100, 100), np.uint8)
    mask[30:70, 30:70] = 1
    picture = overlay.draw(image, mask, np.array([0, 0, 100, 100]), width=100)
    assert picture.shape == (100, 100, 3)
    assert picture[50, 50].tolist() != [90, 90, 90]
    assert picture[15, 15].tolist() == [90, 90, 90]
    assert image[50, 50].tolist() == [90, 90, 90]


def test_every_object_has_its_colour():
    mask = np.zeros((90, 90), np.uint8)
    mask[5:40, 5:40], mask[50:85, 5:40], mask[50:85, 50:85] = 1, 2, 9
    picture = overlay.draw(np.full((90, 90, 3), 90, np.uint8), mask, np.array([0, 0, 90, 90]), width=90)
    colours = {tuple(picture[y, x].tolist()) for y, x in ((20, 20), (70, 20), (70, 70), (20, 70))}
    assert len(colours) == 4 and tuple(picture[20, 70].tolist()) == (90, 90, 90)


def test_an_empty_mask_without_a_box_shows_the_frame():
    image = np.full((40, 80, 3), 90, np.uint8)
    assert (overlay.draw(image, np.zeros((40, 80), np.uint8), None, width=160) == 90).all()


@pytest.mark.parametrize("start", range(100, 112))
@pytest.mark.parametrize("length", [4, 200])
def test_small_and_thin_parts_are_seen_in_a_small_picture(start, length):
    image, mask = np.full((540, 960, 3), 90, np.uint8), np.zeros((540, 960), np.uint8)
    mask[start:start + length, start:start + 4] = 1
    picture = overlay.draw(image, mask, np.array([0, 0, 960, 540]), width=160)
    inside = picture[start // 6 - 1:(start + length) // 6 + 2, 10:25].astype(int)
    assert (inside[..., 0] - inside[..., 1] > 30).any(axis=1).sum() >= length / 6  # red, which the box is not


@pytest.mark.parametrize("side", range(2, 13))
def test_the_box_of_a_small_target_is_where_its_mask_is(side):
    mask = np.zeros((360, 640), np.uint8)
    mask[100:100 + side, 200:200 + side] = 1
    image, box = np.full((360, 640, 3), 90, np.uint8), np.array([200, 100, side, side])
    boxed = (overlay.draw(image, 0 * mask, box) != 90).any(axis=2)
    masked = (overlay.draw(image, mask, box) != 90).any(axis=2)
    outlines = [np.flatnonzero(seen.any(axis=axis))[[0, -1]] for seen in (boxed, masked | boxed) for axis in (0, 1)]
    assert np.abs(np.subtract(outlines[:2], outlines[2:])).max() <= 1


@pytest.mark.parametrize(("count", "shape"), [(1, (1, 1)), (2, (1, 2)), (3, (1, 3)), (4, (2, 2)), (6, (2, 3)),
                                              (8, (2, 4))])
def test_a_sheet_has_no_more_blanks_than_it_must(count, shape):
    sheet = overlay.contact_sheet([np.zeros((30, 50, 3), np.uint8)] * count, ["x"] * count)
    assert sheet.shape == (shape[0] * (30 + 24) + 6 * (shape[0] + 1), shape[1] * 50 + 6 * (shape[1] + 1), 3)


@pytest.fixture
def sequence(got10k, tmp_path):
    root = got10k(boxes=["10,8,20,16"] * 5, sizes=[(64, 48)] * 4 + [(64, 32)])
    frames, labels = root / "GOT-10k_Train_000001", tmp_path / "masks"
    labels.mkdir()
    for number in range(1, 6):
        mask = np.zeros((48 if number < 5 else 32, 64), np.uint8)
        mask[10:20, 12:28] = number != 3
        (labels / f"{number:08d}.png").write_bytes(masks.encode(mask))
    return frames, labels


def test_a_got10k_folder_finds_its_own_boxes(sequence, tmp_path):
    frames, labels = sequence
    sheet = overlay.overlay_folder(frames, labels, count=4)
    assert sheet.shape == (2 * (360 + 24) + 18, 2 * 480 + 18, 3)
    (tmp_path / "none.txt").write_text("0,0,0,0\n" * 5)
    assert (overlay.overlay_folder(frames, labels, tmp_path / "none.txt", count=4) != sheet).any()


@pytest.mark.parametrize(("pixels", "said"), [(0, "empty"), (1, "less than 0.1% of the frame"),
                                               (3, "less than 0.1% of the frame"), (4, "0.1% of the frame"),
                                               (3072, "100.0% of the frame")])
def test_the_share_of_a_small_mask_is_never_none(sequence, monkeypatch, pixels, said):
    frames, labels = sequence
    mask = np.zeros(48 * 64, np.uint8)
    mask[:pixels] = 1
    (labels / "00000001.png").write_bytes(masks.encode(mask.reshape(48, 64)))
    told = []
    monkeypatch.setattr(overlay, "contact_sheet", lambda pictures, labels: told.extend(labels))
    overlay.overlay_folder(frames, labels, count=1)
    assert told == [f"00000001   {said}"]


def test_boxes_stay_with_their_frames_where_a_frame_is_missing(got10k, tmp_path):
    root = got10k(boxes=["1,1,20,16", "20,8,20,16", "40,20,20,16"])
    frames, labels = root / "GOT-10k_Train_000001", tmp_path / "masks"
    labels.mkdir()
    for number in (1, 3):
        (labels / f"{number:08d}.png").write_bytes(masks.encode(np.zeros((48, 64), np.uint8)))
    whole = overlay.draw(images.read(frames / "00000003.jpg"), np.zeros((48, 64), np.uint8),
                         np.array([40, 20, 20, 16]))
    (frames / "00000002.jpg").unlink()
    sheet = overlay.overlay_folder(frames, labels, count=2)
    assert (sheet[-whole.shape[0] - 6:-6, -whole.shape[1] - 6:-6] == whole).all()
    (frames / "groundtruth.txt").rename(tmp_path / "boxes.txt")
    assert (overlay.overlay_folder(frames, labels, tmp_path / "boxes.txt", count=2) == sheet).all()


def test_a_sheet_is_written_as_a_picture(tmp_path):
    sheet = np.zeros((20, 30, 3), np.uint8)
    sheet[..., 0] = 200
    overlay.save(sheet, tmp_path / "new" / "sheet.png")
    assert cv2.imread(str(tmp_path / "new" / "sheet.png"))[0, 0].tolist() == [0, 0, 200]
    with pytest.raises(ValueError, match=r"sheet\.what: pictures are written as"):
        overlay.save(sheet, tmp_path / "sheet.what")
    with pytest.raises(ValueError, match=r"sheet\.jpg: a picture of 10x70000 is too large for \.jpg; write it as"):
        overlay.save(np.zeros((70000, 10, 3), np.uint8), tmp_path / "sheet.jpg")


def test_of_every_other_frame_those_are_shown_that_have_a_mask(sequence):
    frames, labels = sequence
    for name in sorted(os.listdir(labels))[::2]:
        (labels / name).unlink()
    left = [path.stem for path in sorted(labels.iterdir())]
    sheet = overlay.overlay_folder(frames, labels, count=9)
    assert sheet.shape == overlay.contact_sheet([np.zeros((360, 480, 3), np.uint8)] * len(left), left).shape


def test_what_does_not_fit_is_named(sequence, tmp_path):
    frames, labels = sequence
    (labels / "00000002.png").write_bytes(masks.encode(np.zeros((5, 7), np.uint8)))
    with pytest.raises(DatasetError, match="frame 00000002.*the mask is 7x5 and its image 64x48"):
        overlay.overlay_folder(frames, labels, count=5)
    with pytest.raises(masks.MaskError, match=r"no mask of these frames in it; name the folder of their sequence"):
        overlay.overlay_folder(frames, labels.parent, count=5)
    with pytest.raises(DatasetError, match="masks: no images"):
        (tmp_path / "nothing" / "masks").mkdir(parents=True)
        overlay.overlay_folder(tmp_path / "nothing" / "masks", labels, count=5)
