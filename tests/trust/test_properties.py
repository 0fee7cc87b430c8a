"""What holds for boxes, windows, masks, run lengths and claims of any kind, size and order."""

import io
import itertools

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from boxmask import boxes, crops, masks
from boxmask.boxes import Window
from boxmask.generate.claims import Claims, holder_of
from boxmask.generate.compose import Piece, compose
from boxmask.generate.masker import Scores
from boxmask.generate.outfolder import OutFolder

SIZE = st.tuples(st.integers(1, 3000), st.integers(1, 3000))
NUMBER = st.floats(-1e4, 1e4) | st.integers(-100, 3100).map(float)
SIDE = st.floats(1e-3, 1e4) | st.integers(1, 3100).map(float)
BOX = st.tuples(NUMBER, NUMBER, SIDE, SIDE)
CROP = st.sampled_from([(416, 240), (832, 480), (32, 24), (97, 211)])


@settings(deadline=None)
@given(BOX, SIZE)
def test_the_part_of_a_box_in_a_frame_is_in_both_and_does_not_change_again(box, size):
    part = boxes.intersect(box, size)
    x, y, w, h = part
    assert 0 <= x <= x + w <= size[0] + 1e-9 and 0 <= y <= y + h <= size[1] + 1e-9 and w >= 0 and h >= 0
    np.testing.assert_allclose(boxes.intersect(part, size), part, atol=1e-9)
    assert w <= box[2] + 1e-6 and h <= box[3] + 1e-6
    overlaps = box[0] < size[0] and box[0] + box[2] > 0 and box[1] < size[1] and box[1] + box[3] > 0
    assert boxes.is_valid(part) == (w > 0 and h > 0) and (not boxes.is_valid(part) or overlaps)


@settings(deadline=None)
@given(BOX, SIZE)
def test_a_region_has_all_the_pixels_that_a_box_touches_and_no_row_or_column_more(box, size):
    rows, columns = masks.box_region(box, size)
    x, y, w, h = box
    for part, start, length, side in ((columns, x, w, size[0]), (rows, y, h, size[1])):
        assert 0 <= part.start <= part.stop <= side
        if part.stop > part.start:
            assert part.start + 1 > start - 1e-6 and part.stop - 1 < start + length + 1e-6
            assert part.start == 0 or part.start <= start + 1e-6
            assert part.stop == side or part.stop >= start + length - 1e-6
        else:
            assert start + length <= 1e-6 or start >= side - 1e-6


@settings(deadline=None)
@given(BOX, st.floats(1, 10), CROP)
def test_a_window_of_any_box_has_pixels_and_holds_the_box(box, factor, output):
    window = boxes.search_window(box, factor, output)
    x, y, w, h = boxes.to_crop(box, window, output)
    tolerance = (output[0] / window.width, output[1] / window.height)
    assert x >= -tolerance[0] and x + w <= output[0] + tolerance[0]
    assert y >= -tolerance[1] and y + h <= output[1] + tolerance[1]


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(-40, 70), st.integers(-40, 70), st.integers(1, 50),
       st.integers(1, 50), st.integers(1, 4), st.integers(0, 2 ** 32 - 1))
def test_a_mask_comes_back_from_a_crop_of_whole_pixels_as_it_was(width, height, x, y, w, h, scale, seed):
    mask = np.random.default_rng(seed).integers(0, 2, (height, width), np.uint8)
    window, output = Window(x, y, w, h), (w * scale, h * scale)
    cropped = crops.crop(mask, window, output, nearest=True, fill=0)
    small = cv2.resize(cropped, (w, h), interpolation=cv2.INTER_NEAREST_EXACT)
    back = crops.paste(np.where(small, 1, -1).astype(np.float32), window, (width, height))
    inside = np.zeros((height, width), bool)
    inside[max(y, 0):max(y + h, 0), max(x, 0):max(x + w, 0)] = True
    np.testing.assert_array_equal(back > 0, (mask > 0) & inside)
    assert (back[~inside] == crops.OUTSIDE_SCORE).all()


@settings(deadline=None, max_examples=60)
@given(st.integers(2, 60), st.integers(2, 60), st.lists(BOX, min_size=1, max_size=4), st.integers(0, 2 ** 32 - 1))
def test_a_composed_mask_has_only_its_objects_each_within_its_box(width, height, given_boxes, seed):
    chance = np.random.default_rng(seed)
    pieces = []
    for identity, box in enumerate(given_boxes, start=1):
        part = boxes.intersect(np.array(box) % 60 + (0, 0, 1, 1), (width, height))
        if boxes.is_valid(part):
            window = boxes.search_window(part, 1.5, (16, 12))
            pieces.append(Piece(identity, part, Scores(chance.normal(size=(12, 16)).astype(np.float32), window)))
    mask = compose(pieces, (width, height))
    assert mask.shape == (height, width) and mask.dtype == np.uint8
    for piece in pieces:
        inside = np.zeros(mask.shape, bool)
        inside[masks.box_region(piece.box, (width, height))] = True
        assert not (mask[~inside] == piece.object_id).any()
    assert set(np.unique(mask)) <= {0, *(piece.object_id for piece in pieces)}


@pytest.mark.parametrize("highest", [1, 2, 3, 4, 15, 16, 254, 255])
def test_a_mask_of_every_size_from_1_to_70_is_what_pillow_reads_and_writes(highest, is_long):
    """Of every number of objects, each bit depth with its last and first; the short form has every seventh height."""
    chance = np.random.default_rng(highest)
    tried = 0
    for width, height in itertools.product(range(1, 71), range(1, 71, 1 if is_long else 7)):
        mask = chance.integers(0, highest + 1, (height, width), np.uint8)
        data = masks.encode(mask, highest=highest)
        with Image.open(io.BytesIO(data)) as image:
            assert image.mode == "P" and image.size == (width, height)
            np.testing.assert_array_equal(np.array(image), mask)
            assert image.getpalette()[:3 * highest + 3] == masks.palette(highest + 1).ravel().tolist()
        tried += 1
    print(f"PNG files of {highest} objects: {tried} sizes")
    assert tried == 70 * (70 if is_long else 10)


@pytest.mark.parametrize("size", [(128, 129), (1000, 17), (16385, 1), (1, 16385), (333, 333)])
@pytest.mark.parametrize("highest", [1, 3, 15, 255])
def test_large_masks_of_any_part_of_the_frame_are_what_was_given(size, highest):
    """From 16 KiB on, rows above and below the objects are packed in another way."""
    chance = np.random.default_rng(sum(size))
    for top, bottom in ((0.0, 1.0), (0.3, 0.6), (0.0, 0.1), (0.9, 1.0), (0.5, 0.5)):
        mask = np.zeros(size[::-1], np.uint8)
        rows = slice(int(top * size[1]), int(np.ceil(bottom * size[1])) if bottom > top else int(top * size[1]))
        mask[rows] = chance.integers(0, highest + 1, mask[rows].shape, np.uint8)
        with Image.open(io.BytesIO(masks.encode(mask, highest=highest))) as image:
            np.testing.assert_array_equal(np.array(image), mask)


@settings(deadline=None)
@given(st.integers(1, 50), st.integers(1, 50), st.integers(0, 2 ** 32 - 1), st.floats(0, 1))
def test_run_lengths_of_an_export_are_the_mask(width, height, seed, share):
    from pycocotools import mask as rle

    from boxmask.export.coco import _segment

    mask = np.random.default_rng(seed).random((height, width)) < share
    found = _segment(mask, rle)
    np.testing.assert_array_equal(rle.decode(found["rle"]), mask)
    assert found["area"] == np.count_nonzero(mask)
    tight = boxes.from_mask(mask)
    assert found["box"] == ([0, 0, 0, 0] if tight is None else tight.tolist())


@settings(deadline=None, max_examples=40)
@given(steps=st.lists(st.tuples(st.integers(0, 2), st.sampled_from("ABC"), st.booleans()), max_size=25))
def test_a_sequence_has_one_owner_whatever_the_order_of_claims_and_releases(tmp_path_factory, steps):
    out = OutFolder(tmp_path_factory.mktemp("claims"))
    workers = [Claims(out) for _ in range(3)]
    for claims in workers:
        claims.scratch.mkdir(parents=True, exist_ok=True)
    held = {}
    for number, name, is_claim in steps:
        if is_claim:
            claim = workers[number].claim(name)
            assert (claim is not None) == (name not in held)
            if claim is not None:
                held[name] = number, claim
        elif held.get(name, (None,))[0] == number:
            workers[number].release(held.pop(name)[1])
    for name in "ABC":
        holder = holder_of(out.claims / name)
        assert holder == (str(workers[held[name][0]].owner) if name in held else None)
    assert all(claim.touch() for _, claim in held.values())
