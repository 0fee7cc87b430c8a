"""One object: found again in every frame, lost and found, and what `initialize` and `track` promise."""

from __future__ import annotations

import numpy as np
import pytest

from pytracking.evaluation.multi_object_wrapper import MultiObjectWrapper
from pytracking.tracker.boxmask import get_tracker_class

SIZE = (160, 120)
RED = (230, 20, 20)


def test_the_target_is_followed_and_box_and_mask_are_those_of_its_pixels(colour_net, draw, mask_of, run):
    boxes = [(20 + 4 * t, 30 + 2 * t, 24, 20) for t in range(12)]
    outputs = run([draw({RED: box}) for box in boxes])
    for output, box in zip(outputs, boxes, strict=True):
        np.testing.assert_allclose(output["target_bbox"], box, atol=2)
        truth = mask_of(box)
        overlap = (output["segmentation"] & truth).sum() / (output["segmentation"] | truth).sum()
        assert overlap > 0.85


@pytest.mark.parametrize("keys", [{"init_bbox"}, {"init_mask"}, {"init_bbox", "init_mask"}])
def test_every_frame_has_what_pytracking_saves(params, checkpoints, monkeypatch, draw, keys, mask_of):
    monkeypatch.setenv("BOXMASK_NETWORK_PATH", str(checkpoints))
    box = [30.0, 40.0, 24.0, 20.0]
    info = {"init_bbox": [np.float64(side) for side in box], "init_mask": mask_of((30, 40, 24, 20))}
    tracker = get_tracker_class()(params)
    image = draw({RED: (30, 40, 24, 20)})
    first = tracker.initialize(image, {key: info[key] for key in keys})
    outputs = [first, tracker.track(image, {"previous_output": first}), tracker.track(image)]
    assert first["target_bbox"] == box and first["object_presence_score"] == 1.0
    for output in outputs:
        assert len(output["target_bbox"]) == 4 and np.isfinite(output["target_bbox"]).all()
        assert output["segmentation"].shape == SIZE[::-1] and output["segmentation"].dtype == np.uint8
        assert set(np.unique(output["segmentation"])) <= {0, 1}
        assert output["segmentation_raw"].shape == SIZE[::-1] and output["segmentation_raw"].dtype == np.float32
        assert output["segmentation_raw"].min() >= 0 and output["segmentation_raw"].max() <= 1
        assert 0 <= output["object_presence_score"] <= 1
        assert output["segmentation"].any() == (output["object_presence_score"] > 0.5)
    assert tracker.predicts_segmentation_mask()


def test_the_first_mask_of_a_box_has_no_pixel_outside_it(params, checkpoints, colour_net, monkeypatch, draw, mask_of):
    monkeypatch.setenv("BOXMASK_NETWORK_PATH", str(checkpoints))
    first = get_tracker_class()(params).initialize(draw({RED: (30, 40, 24, 20)}), {"init_bbox": [30, 40, 24, 20]})
    assert first["segmentation"].any()
    assert not (first["segmentation"] & ~mask_of((30, 40, 24, 20)).astype(bool)).any()


def test_a_box_can_be_wanted_although_there_is_a_mask(params, colour_net, monkeypatch, draw, mask_of):
    made = np.full(SIZE[::-1], -3, np.float32)
    made[40:45, 30:40] = 3
    monkeypatch.setattr("pytracking.tracker.boxmask.start.logits_from_box", lambda *arguments: made)
    info = {"init_bbox": [30, 40, 24, 20], "init_mask": mask_of((30, 40, 24, 20))}
    image = draw({RED: (30, 40, 24, 20)})
    assert get_tracker_class()(params).initialize(image, info)["segmentation"].sum() == 480
    params.ignore_init_mask = True
    assert get_tracker_class()(params).initialize(image, info)["segmentation"].sum() == 50


@pytest.mark.parametrize("box", [(30, 40, 1, 20), (30, 40, 24, 1)])
def test_an_object_one_pixel_wide_or_high_starts_from_its_mask(params, colour_net, monkeypatch, draw, mask_of, box):
    """pytracking's box of evaluation has the last column minus the first for its width."""
    seen = []
    monkeypatch.setattr("pytracking.tracker.boxmask.start.logits_from_box",
                        lambda params, image, box: seen.append(box.tolist()) or mask_of((30, 40, 9, 9)) - 0.5)
    info = {"init_bbox": [*box[:2], box[2] - 1, box[3] - 1], "init_mask": mask_of(box)}
    first = get_tracker_class()(params).initialize(draw({RED: box}), info)
    assert first["target_bbox"] == list(box) and first["segmentation"].sum() == box[2] * box[3]
    params.ignore_init_mask = True
    assert get_tracker_class()(params).initialize(draw({RED: box}), info)["segmentation"].sum() == 81
    assert seen == [list(box)]


def test_a_target_that_leaves_is_told_and_found_where_it_comes_back(colour_net, draw, run):
    boxes = [(10, 10, 20, 16)] * 4 + [None] * 20 + [(120, 90, 20, 16)] * 4
    outputs = run([draw({RED: box}) for box in boxes])
    seen = [bool(output["segmentation"].any()) for output in outputs]
    assert seen == [box is not None for box in boxes]
    for output, box in zip(outputs, boxes, strict=True):
        assert (output["object_presence_score"] > 0.5) == (box is not None)
        np.testing.assert_allclose(output["target_bbox"], box or (10, 10, 20, 16), atol=2)


def test_the_search_region_grows_with_every_frame_without_the_target_and_shrinks_again(colour_net, draw, run):
    boxes = [(10, 10, 10, 8)] * 2 + [None] * 12 + [(120, 90, 10, 8)] * 3
    widths = [output["segm_search_area"][2] for output in run([draw({RED: box}) for box in boxes])]
    absent = widths[3:14]
    assert absent == sorted(absent) and absent[-1] >= SIZE[0] > absent[0]
    assert widths[-1] < 100


def test_no_frame_without_the_target_is_learned_from(colour_net, draw, run):
    boxes = [(40, 40, 20, 16)] * 3 + [None] * 10
    run([draw({RED: box}) for box in boxes])
    assert max(frames for frames, _ in colour_net.solved) == 3


def test_the_target_model_is_solved_every_so_many_frames_on_a_memory_of_bounded_length(params, colour_net, draw, run):
    params.memory_size, params.update_interval = 4, 2
    run([draw({RED: (40, 40, 20, 16)})] * 14)
    assert colour_net.solved == [(1, params.init_iterations)] + [
        (frames, params.update_iterations) for frames in (3, 4, 4, 4, 4, 4)]


def test_a_target_that_changes_slowly_is_kept(params, colour_net, draw, run):
    params.learning_rate = 0.3
    frames = [draw({(230 - 2 * t, 20 + 2 * t, 20): (40, 40, 20, 16)}) for t in range(35)]
    assert run(frames)[-1]["segmentation"].any()
    params.update_interval = 1000
    assert not run(frames)[-1]["segmentation"].any()


def test_frames_may_change_their_size(colour_net, draw, run):
    frames = [draw({RED: (40, 40, 20, 16)}), draw({RED: (40, 40, 20, 16)}), draw({RED: (40, 40, 20, 16)}, (90, 200))]
    outputs = run([*frames, frames[0]])
    assert [output["segmentation"].shape for output in outputs] == [frame.shape[:2] for frame in [*frames, frames[0]]]
    assert all(output["segmentation"].any() for output in outputs)


def test_what_the_runner_says_of_the_last_frame_counts(params, colour_net, draw, mask_of):
    """In a sequence of several objects, pixels of this one may have gone to another."""
    tracker = get_tracker_class()(params)
    image = draw({RED: (40, 40, 20, 16)})
    tracker.initialize(image, {"init_mask": mask_of((40, 40, 20, 16)), "object_ids": ["3"]})
    tracker.track(image, {})
    nothing = {"segmentation_raw": {"3": np.zeros(SIZE[::-1], np.float32)}}
    before = len(colour_net.solved)
    tracker.track(image, {"previous_output": nothing})
    assert len(colour_net.solved) == before


def test_an_object_that_starts_later_has_its_mask_and_box_although_another_is_followed_into_it(
        params, colour_net, draw, mask_of):
    old, new = (40, 40, 20, 16), (60, 40, 20, 16)
    ids = {"object_ids": ["1", "2"], "sequence_object_ids": ["1", "2"]}
    objects = MultiObjectWrapper(get_tracker_class(), params)
    first = objects.initialize(draw({RED: old}), {"init_mask": mask_of(old), "init_bbox": {"1": [*map(float, old)]},
                                                  "init_object_ids": ["1"], **ids})
    start = {"init_mask": 2 * mask_of(new), "init_bbox": {"2": [*map(float, new)]}, "init_object_ids": ["2"], **ids}
    found = objects.track(draw({RED: (40, 40, 40, 16)}), {"previous_output": first, **start})
    np.testing.assert_array_equal(found["segmentation"] == 2, mask_of(new))
    assert found["target_bbox"]["2"] == list(new) and found["object_presence_score"]["2"] == 1.0
    np.testing.assert_allclose(found["target_bbox"]["1"], old, atol=2)


@pytest.mark.parametrize(("info", "message"), [
    ({}, "neither a box nor a mask"),
    ({"init_mask": np.zeros(SIZE[::-1], np.uint8)}, "neither a box nor a mask"),
    ({"init_mask": np.ones((5, 5), np.uint8)}, r"\(5, 5\).*\(120, 160\)"),
    ({"init_bbox": [10, 10, 0, 5]}, "draw a box with a width and a height"),
    ({"init_bbox": [float("nan"), 10, 5, 5]}, "first box"),
    ({"init_bbox": [500, 10, 5, 5]}, "160x120"),
    ({"init_bbox": {"1": [1, 1, 5, 5], "2": [1, 1, 5, 5]}}, "parallel"),
])
def test_a_start_that_cannot_be_used_is_an_error(params, colour_net, draw, info, message):
    with pytest.raises(ValueError, match=message):
        get_tracker_class()(params).initialize(draw({}), info)


@pytest.mark.parametrize(("image", "message"), [
    (np.zeros((120, 160), np.uint8), r"got \(120, 160\) uint8"),
    (np.zeros((120, 160, 4), np.uint8), r"got \(120, 160, 4\) uint8"),
    (np.zeros((120, 160, 3), np.float32), r"got \(120, 160, 3\) float32"),
    (None, "got NoneType"),
])
def test_an_image_that_is_not_rgb_is_an_error_in_every_frame(params, colour_net, draw, mask_of, image, message):
    info = {"init_mask": mask_of((40, 40, 20, 16))}
    with pytest.raises(ValueError, match=r"expected an image \(H, W, 3\) uint8 RGB, " + message):
        get_tracker_class()(params).initialize(image, info)
    tracker = get_tracker_class()(params)
    tracker.initialize(draw({}), info)
    with pytest.raises(ValueError, match=message):
        tracker.track(image)


def test_scores_that_are_not_finite_are_an_error(params, colour_net, monkeypatch, draw, mask_of):
    tracker = get_tracker_class()(params)
    tracker.initialize(draw({}), {"init_mask": mask_of((40, 40, 20, 16))})
    monkeypatch.setattr(colour_net, "decode", lambda tau, features, levels, size: features[:, :, 0] * float("nan"))
    with pytest.raises(ValueError, match="not finite"):
        tracker.track(draw({}))


def test_visdom_is_shown_probabilities_and_memory(params, colour_net, draw, mask_of):
    shown = []

    class Visdom:
        def register(self, data, mode, debug_level=0, title="Data"):
            shown.append((mode, title, data))

    tracker = get_tracker_class()(params)
    tracker.visdom = Visdom()
    image = draw({RED: (40, 40, 20, 16)})
    tracker.initialize(image, {"init_mask": mask_of((40, 40, 20, 16)), "object_ids": ["2"]})
    tracker.track(image)
    tracker.track(image)
    assert {(mode, title) for mode, title, _ in shown} == {
        ("info_dict", "Status 2"), ("heatmap", "Probability 2"), ("lineplot", "Memory, share by age 2")}
    shares, ages = shown[-1][2]
    assert ages.tolist() == [1, 0] and shares.sum() == pytest.approx(1)


def test_matplotlib_is_left_out_where_boxes_are_told_by_object(params, colour_net, draw, mask_of):
    """pytracking's drawing without visdom fails on dicts of boxes."""
    info = {"init_mask": mask_of((40, 40, 20, 16)), "object_ids": ["2"]}
    params.visualization = True
    get_tracker_class()(params).initialize(draw({}), info)
    assert params.visualization
    get_tracker_class()(params).initialize(draw({}), {**info, "init_other": {}})
    assert not params.visualization
