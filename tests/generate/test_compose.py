"""Masks of frames from scores: inside the box alone, and by soft aggregation where objects meet."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxmask.boxes import Window
from boxmask.generate.compose import Piece, compose
from boxmask.generate.masker import Scores
from boxmask.masks import box_region

SIZE = (20, 14)
FRAME = Window(0, 0, *SIZE)


def piece(object_id, values, box=(0, 0, *SIZE), window=FRAME):
    return Piece(object_id, np.array(box, float), Scores(np.asarray(values, np.float32), window))


def full(value):
    return np.full(SIZE[::-1], value, np.float32)


def plain_soft_aggregation(pieces):
    """STM's formula in probabilities, as it is printed."""
    probabilities = [np.zeros(SIZE[::-1])]
    for each in pieces:
        region = box_region(each.box, SIZE)
        probability = np.zeros(SIZE[::-1])
        probability[region] = 1 / (1 + np.exp(-each.scores.values[region].astype(float)))
        probabilities.append(probability)
    probabilities[0] = np.prod([1 - probability for probability in probabilities[1:]], axis=0)
    with np.errstate(divide="ignore"):
        odds = np.array([probability / (1 - probability) for probability in probabilities])
    return odds


@given(st.integers(0, 10_000), st.integers(1, 4))
def test_objects_that_meet_are_aggregated_as_in_stm(seed, count):
    rng = np.random.default_rng(seed)
    pieces = []
    for object_id in rng.choice(np.arange(1, 255), count, replace=False).tolist():
        x, y = rng.uniform(0, 12, 2)
        pieces.append(piece(object_id, rng.normal(0, 3, SIZE[::-1]), (x, y, *rng.uniform(1, (20 - x, 14 - y)))))
    odds = plain_soft_aggregation(pieces)
    expected = np.array([0, *(each.object_id for each in pieces)])[odds.argmax(axis=0)]
    two_best = np.sort(odds, axis=0)[-2:]
    clear = two_best[1] > two_best[0] * (1 + 1e-4)
    np.testing.assert_array_equal(compose(pieces, SIZE)[clear], expected[clear])


def test_two_doubtful_objects_outweigh_the_background_less_than_one_sure_object():
    """At p = 0.45 for both, the odds of the background are .3025 / .6975, less than .45 / .55."""
    score = np.log(0.45 / 0.55)
    assert not compose([piece(1, full(score))], SIZE).any()
    assert (compose([piece(1, full(score)), piece(2, full(score - 0.01))], SIZE) == 1).all()


@pytest.mark.parametrize(("scores", "object_id"), [((3, 1), 7), ((1, 3), 200), ((-1, -9), 0), ((90, 99), 200),
                                                   ((-99, -99), 0), ((0.5, -99), 7)])
def test_the_surest_wins_even_where_probabilities_are_all_but_one_or_zero(scores, object_id):
    found = compose([piece(7, full(scores[0])), piece(200, full(scores[1]))], SIZE)
    assert found.dtype == np.uint8 and (found == object_id).all()


def test_an_object_has_no_pixel_outside_its_box_however_sure():
    box = (3.5, 2, 6, 5)
    for others in ([], [piece(2, full(-9))]):
        found = compose([piece(1, full(50), box), *others], SIZE)
        expected = np.zeros(SIZE[::-1], bool)
        expected[2:7, 3:10] = True
        np.testing.assert_array_equal(found == 1, expected)
        assert not (found == 2).any()


def test_with_a_margin_it_reaches_so_much_of_the_sides_beyond_its_box():
    box = (6, 4, 8, 5)
    for others in ([], [piece(2, full(-9))]):
        found = compose([piece(1, full(50), box), *others], SIZE, 0.25)
        expected = np.zeros(SIZE[::-1], bool)
        expected[2:11, 4:16] = True  # 8 / 4 = 2 columns more, 5 / 4 = 1.25 rows
        np.testing.assert_array_equal(found == 1, expected)


def test_a_margin_ends_with_the_frame_and_with_what_the_network_saw():
    found = compose([piece(1, full(50), (1, 1, 4, 4))], SIZE, 1.0)
    assert (found[:9, :9] == 1).all() and found.sum() == 81
    found = compose([piece(1, np.ones((6, 6)), (4, 4, 4, 4), Window(3, 3, 6, 6))], SIZE, 1.0)
    assert (found[3:9, 3:9] == 1).all() and found.sum() == 36


def test_a_single_objects_mask_is_where_its_score_is_positive():
    values = np.linspace(-1, 1, 20, dtype=np.float32)[None].repeat(14, axis=0)
    np.testing.assert_array_equal(compose([piece(9, values)], SIZE), np.where(values > 0, 9, 0))


def test_no_object_is_an_empty_mask_of_the_frames_size():
    found = compose([], SIZE)
    assert found.shape == SIZE[::-1] and found.dtype == np.uint8 and not found.any()


def test_scores_of_another_resolution_go_to_their_place():
    found = compose([piece(1, np.ones((2, 3)), window=Window(4, 5, 6, 4))], SIZE)
    assert (found[5:9, 4:10] == 1).all() and found.sum() == 24
