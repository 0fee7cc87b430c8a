"""Signs of trouble in masks, and the score from them."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxmask.generate.outcomes import FrameResult, ObjectResult, Outcome
from boxmask.generate.quality import QualityError, Row, SequenceQuality, read_csv, score, to_csv

BOX = (10.0, 20.0, 40.0, 20.0)
SIZE = (100, 80)


def filled(*boxes, value=1):
    """A mask of these boxes (x, y, w, h)."""
    mask = np.zeros(SIZE[::-1], np.uint8)
    for x, y, w, h in boxes:
        mask[y:y + h, x:x + w] = value
    return mask


def result(index, mask, objects=None):
    return FrameResult(index, Outcome.OK, "", SIZE, mask, objects or {1: ObjectResult(np.array(BOX), 0.9)})


def rows_of(*masks, box=BOX, stage=0.9, margin=0.0):
    quality = SequenceQuality([f"{index:05d}" for index in range(len(masks))])
    for index, mask in enumerate(masks):
        quality.add(result(index, mask, {1: ObjectResult(np.array(box, float), stage, margin)}))
    return quality.rows()


@pytest.mark.parametrize(("mask", "fit", "area", "fragments"), [
    (filled((10, 20, 40, 20)), 1.0, 1.0, 1),
    (filled((10, 20, 20, 20)), 0.5, 0.5, 1),
    (filled((10, 20, 10, 20), (40, 20, 10, 20)), 1.0, 0.5, 2),
    (filled((10, 20, 20, 20), (49, 39, 1, 1)), 1.0, 401 / 800, 1),  # the single pixel is a speck
    (filled((30, 20, 10, 10), (40, 30, 10, 10)), 0.5, 0.25, 1),  # parts that touch at a corner are one
    (filled(), 0.0, 0.0, 0),
])
def test_a_mask_is_compared_with_its_box(mask, fit, area, fragments):
    [row] = rows_of(mask)
    assert (row.box_fit, row.area_ratio, row.fragments) == (pytest.approx(fit), pytest.approx(area), fragments)


def test_the_part_of_a_box_beyond_the_image_is_not_missed():
    [row] = rows_of(filled((0, 0, 30, 20)), box=(-20, -10, 50, 30))
    assert row.box_fit == row.area_ratio == 1.0


@pytest.mark.parametrize(("mask", "fit", "area", "fragments"), [
    (filled((10, 20, 40, 20)), 1.0, 1.0, 1),
    (filled((6, 18, 48, 24)), 1.0, 1.0, 1),  # all of the margin
    (filled((6, 20, 40, 20)), 0.9, 0.9, 1),  # as much outside at one side as is missing at the other
    (filled((10, 20, 20, 20)), 0.5, 0.5, 1),
    (filled((6, 20, 14, 20)), 0.25, 0.25, 1),
    (filled((6, 20, 4, 20)), 0.0, 0.0, 1),
    (filled((10, 20, 40, 10), (10, 41, 40, 1)), 1.0, 0.5, 2),
    (filled(), 0.0, 0.0, 0),
])
def test_a_mask_may_reach_beyond_its_box_by_the_margin_and_what_is_missing_in_the_box_shows(mask, fit, area, fragments):
    [row] = rows_of(mask, margin=0.1)
    assert (row.box_fit, row.area_ratio, row.fragments) == (pytest.approx(fit), pytest.approx(area), fragments)
    assert (row.score == 0) == (fit == 0)


def test_neighbours_are_seen_with_the_margin():
    whole, inside = filled((6, 18, 48, 24)), filled((10, 20, 40, 20))
    first, second = rows_of(whole, inside, margin=0.1)
    assert first.neighbour_agreement == second.neighbour_agreement == pytest.approx(1 / 1.44, abs=0.02)


def test_neighbours_agree_wherever_and_however_large_the_object_is():
    quality = SequenceQuality("abc")
    for index, (x, y, w, h) in enumerate([(10, 10, 16, 8), (50, 40, 32, 16), (0, 0, 64, 32)]):
        mask = filled((x, y, w // 2, h))
        quality.add(result(index, mask, {1: ObjectResult(np.array((x, y, w, h), float))}))
    assert [row.neighbour_agreement for row in quality.rows()] == [1.0, 1.0, 1.0]


def test_the_better_neighbour_counts():
    left, right = filled((10, 20, 20, 20)), filled((30, 20, 20, 20))
    assert [row.neighbour_agreement for row in rows_of(left, left, right, filled(), filled())] == [1, 1, 0, 1, 1]


def test_neighbours_are_the_masks_before_and_after_however_far_apart():
    quality = SequenceQuality([f"{index:05d}" for index in range(30)])
    for index in (20, 3, 29):
        quality.add(result(index, filled((10, 20, 40, 20))))
    quality.add(FrameResult(10, Outcome.ABSENT, "", SIZE, filled()))
    rows = quality.rows()
    assert [row.frame for row in rows] == ["00003", "00020", "00029"]
    assert [row.neighbour_agreement for row in rows] == [1.0, 1.0, 1.0]


def test_a_single_mask_has_no_neighbour_and_baselines_no_stages():
    [row] = rows_of(filled((10, 20, 40, 20)), stage=math.nan)
    assert math.isnan(row.neighbour_agreement) and math.isnan(row.stage_agreement) and row.score == 1.0


def test_objects_of_a_frame_are_judged_apart():
    mask = filled((10, 20, 40, 20)) + filled((60, 20, 10, 20), value=2)
    quality = SequenceQuality(["a"])
    found = {2: ObjectResult(np.array((60.0, 20, 20, 20)), 0.5), 1: ObjectResult(np.array(BOX), 1.0)}
    quality.add(result(0, mask, found))
    first, second = quality.rows()
    assert (first.object_id, first.box_fit, first.score) == (1, 1.0, 1.0)
    assert (second.object_id, second.box_fit, second.stage_agreement) == (2, 0.5, 0.5)


def test_an_empty_mask_scores_nothing():
    assert [row.score for row in rows_of(filled(), filled())] == [0.0, 0.0]


signs = st.one_of(st.floats(0, 1), st.just(math.nan))


@given(signs, signs, signs, st.integers(0, 2), st.floats(0, 1))
def test_the_score_is_from_0_to_1_and_no_better_sign_lowers_it(fit, stage, neighbour, which, better):
    values = {"box_fit": fit, "stage_agreement": stage, "neighbour_agreement": neighbour}
    before = score(**values, is_empty=False)
    assert 0 <= before <= 1
    name = list(values)[which]
    if not math.isnan(values[name]):
        values[name] = max(values[name], better)
        assert score(**values, is_empty=False) >= before


finite = st.floats(0, 1).map(lambda value: round(value, 4))
names = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1).filter(lambda text: text.strip() == text)


@given(st.lists(st.builds(Row, names, st.integers(1, 254), finite, finite, finite, finite, finite, st.integers(0, 99))))
def test_a_quality_file_is_read_as_it_was_written(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("quality") / "quality.csv"
    path.write_text(to_csv(rows), encoding="utf-8", newline="")
    assert read_csv(path) == rows


def test_signs_that_are_not_to_be_had_are_empty_fields(tmp_path):
    text = to_csv(rows_of(filled((10, 20, 40, 20)), stage=math.nan))
    assert text.splitlines()[1] == "00000,1,1.0000,1.0000,1.0000,,,1"
    (tmp_path / "quality.csv").write_text(text)
    [row] = read_csv(tmp_path / "quality.csv")
    assert math.isnan(row.stage_agreement) and math.isnan(row.neighbour_agreement)


GOOD = to_csv([Row("00001", 1, .5, .5, .5, .5, .5, 1)])


@pytest.mark.parametrize(("text", "says"), [
    (None, "no such file"), ("", "expected the columns"), ("a,b\n", "expected the columns"),
    (GOOD + "00002,1,0.5\n", "line 3"), (GOOD + "00002,1,x,,,,,1\n", "line 3"), (GOOD + "\n", "line 3"),
    *((f"{GOOD}00002,1,{numbers}\n", "line 3: expected 8 fields.*'00002'") for numbers in (
        ",1,1,1,1,1", "nan,1,1,1,1,1", "1.1,1,1,1,1,1", "-0.1,1,1,1,1,1", "inf,1,1,1,1,1", "1,inf,1,1,1,1",
        "1,1,1,1,1e300,1", f"1,1,1,1,1,1{'0' * 400}", "1,1,1,1,1,-1", f"1,1,1,1,1,1{'0' * 5000}")),
])
def test_what_is_no_quality_file_is_refused_by_name(tmp_path, text, says):
    path = tmp_path / "quality.csv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(QualityError, match=says) as error:
        read_csv(path)
    assert str(path) in str(error.value)
