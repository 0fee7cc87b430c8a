"""A clip becomes a row of frames with boxes and truth, and a row for each stage."""

import numpy as np
import pytest

from boxmask.view.picture import CELL_WIDTH, MAX_FRAMES, Clip, draw

GAP, LABEL = 6, 24


def clip(length, stages=("first", "second"), *, boxes=True, truth=False, size=(40, 24)):
    images = [np.full((*size[::-1], 3), 100, np.uint8) for _ in range(length)]
    masks = [np.zeros(size[::-1], bool) for _ in range(length)]
    for mask in masks:
        mask[6:18, 10:30] = True
    known = [mask.astype(np.uint8) for mask in masks]
    for one in known:
        one[:, :10] = 255
    return Clip("name", [str(number) for number in range(length)], images, dict.fromkeys(stages, masks),
                [np.array([10.0, 6, 20, 12])] * length if boxes else None, known if truth else None)


@pytest.mark.parametrize(("length", "stages", "columns", "rows"), [
    (3, ("first", "second"), 3, 3), (1, ("mask",), 1, 2), (50, ("first", "second"), MAX_FRAMES, 3), (2, (), 2, 1)])
def test_there_is_a_column_a_frame_and_a_row_a_stage(length, stages, columns, rows):
    height = CELL_WIDTH * 24 // 40
    assert draw(clip(length, stages)).shape == (rows * (height + LABEL) + (rows + 1) * GAP,
                                                columns * CELL_WIDTH + (columns + 1) * GAP, 3)


def test_masks_truth_and_boxes_are_where_they_are_in_the_image():
    def cell(picture, row, x, y):
        """The colour at (x, y) of the image in the first column."""
        scale, height = CELL_WIDTH / 40, CELL_WIDTH * 24 // 40
        top = GAP + LABEL + row * (height + LABEL + GAP)
        return picture[top + round(y * scale), GAP + round(x * scale)].astype(int)

    plain, full = draw(clip(1, boxes=False)), draw(clip(1, truth=True))
    assert cell(plain, 0, 20, 12).tolist() == [100] * 3  # nothing is known but the image
    for row in (1, 2):
        red, green, blue = cell(plain, row, 20, 12)
        assert red > 120 > green and cell(plain, row, 35, 12).tolist() == [100] * 3
    red, green, blue = cell(full, 0, 20, 12)
    assert green > 120 > blue  # the truth in another colour
    assert cell(full, 0, 5, 12).tolist() == [100] * 3  # where it is not known
    assert cell(full, 1, 20, 6)[0] > 200 and (cell(plain, 0, 20, 6) == 100).all()
