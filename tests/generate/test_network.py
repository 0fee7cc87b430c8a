"""The network as a masker: what it sees, what is computed how often, and that its answers are the reference's."""

import dataclasses
import weakref

import numpy as np
import pytest
import torch

from boxmask.boxes import intersect, search_window, to_crop
from boxmask.crops import crop
from boxmask.generate.compose import Piece, compose
from boxmask.generate.defaults import REFINEMENTS, SEARCH_FACTORS, SMOOTHING
from boxmask.generate.engine import generate_masks
from boxmask.generate.network import NetworkMasker
from boxmask.generate.outcomes import FrameDone, SequenceFailed
from boxmask.generate.plan import WindowOptions
from boxmask.masks import box_region
from boxmask.readers.sequence import Sight

BOXES = np.array([[10, 8, 20, 16], [12.5, 9.25, 15, 10], [0, 0, 15, 15]], dtype=float)
SMALL = {"feature": 16, "filters": 4, "mask_ladder": (4, 6, 8), "box_ladder": (4, 6, 8, 12),
         "decoder": (16, 12, 8, 8), "upsampler": 4}


def grey(value, size=(64, 48)):
    return np.full((size[1], size[0], 3), value, np.uint8)


def masks_of(masker, images, boxes):
    """The masks of frames that are solved in one window."""
    found, = masker.solve([[masker.view(image, box) for image, box in zip(images, boxes, strict=True)]],
                          range(len(images)))
    return [compose([Piece(1, box, scores)], (image.shape[1], image.shape[0])) == 1
            for image, box, scores in zip(images, boxes, found, strict=True)]


def test_a_network_that_sees_the_target_everywhere_gives_the_filled_box(inside_net):
    for mask, box in zip(masks_of(NetworkMasker(inside_net()), [grey(100)] * 3, BOXES), BOXES, strict=True):
        expected = np.zeros((48, 64), bool)
        expected[box_region(box, (64, 48))] = True
        np.testing.assert_array_equal(mask, expected)


def test_a_mask_follows_the_image_inside_the_box_and_stops_at_it(inside_net):
    image = grey(20)
    image[10:40, 15:60] = 220
    mask, = masks_of(NetworkMasker(inside_net(threshold=128)), [image], np.array([[8.0, 6, 24, 24]]))
    expected = np.zeros((48, 64), bool)
    expected[10:30, 15:32] = True
    assert (mask & expected).sum() / (mask | expected).sum() > 0.9
    assert not mask[:6].any() and not mask[30:].any() and not mask[:, :8].any() and not mask[:, 32:].any()


def test_frames_of_different_sizes_share_a_window(inside_net):
    sizes = [(64, 48), (100, 30), (33, 77)]
    masks = masks_of(NetworkMasker(inside_net()), [grey(9, size) for size in sizes], np.array([[3.0, 3, 9, 9]] * 3))
    assert [mask.shape[::-1] for mask in masks] == sizes


def test_the_network_sees_the_crop_in_its_channel_order_and_the_box_in_crop_pixels(inside_net):
    image = grey(0)
    image[...] = (10, 20, 30)
    net = inside_net(bgr=True)
    masks_of(NetworkMasker(net, search_factor=2.0), [image], np.array([[20.0, 12, 16, 12]]))
    (images, boxes), = net.seen
    assert images.shape == (1, 1, 3, 24, 32)
    assert images[0, 0, :, 5, 5].tolist() == [30, 20, 10]
    np.testing.assert_allclose(boxes[0, 0].numpy(), [8, 6, 16, 12], atol=1e-5)


def test_half_precision_keeps_the_boxes_exact(inside_net):
    net = inside_net().to(torch.bfloat16)
    masks_of(NetworkMasker(net), [grey(0)], np.array([[10.3, 8.1, 20, 16]]))
    images, boxes = net.seen[0]
    assert images.dtype == torch.bfloat16 and boxes.dtype == torch.float32


def test_the_search_factor_is_the_networks_unless_given(inside_net):
    assert NetworkMasker(inside_net()).search_factor == SEARCH_FACTORS["boxmask_lite"]
    assert NetworkMasker(inside_net(), search_factor=3.0).search_factor == 3.0


def test_the_refinements_are_the_networks_unless_given(inside_net):
    assert NetworkMasker(inside_net()).net.refinements == REFINEMENTS["boxmask_lite"] == 2
    assert NetworkMasker(inside_net(), refinements=0).net.refinements == 0


def test_the_smoothing_is_the_networks_unless_given_and_needs_pictures(inside_net):
    usual, none = NetworkMasker(inside_net()), NetworkMasker(inside_net(), smoothing=0)
    assert (usual.smoothing, none.smoothing) == (SMOOTHING["boxmask_lite"], 0) == (5, 0)
    for masker, shape in ((usual, (24, 32, 3)), (none, None)):
        (scores,), = masker.solve([[masker.view(grey(9), BOXES[0])]], [0])
        assert getattr(scores.picture, "shape", None) == shape


def test_masks_of_neighbours_are_smoothed_whatever_frames_are_missing(inside_net, memory_sequence):
    """A network that sees the target in all frames but one, and frames that show it no more or cannot be read."""
    sight, sizes = "vvvavvvvivv", [(64, 48)] * 11
    sizes[8] = "broken"
    found = {}
    for smoothing in (0, 2):
        masker = NetworkMasker(inside_net(), smoothing=smoothing)
        calls = iter(range(11))
        solve = masker.net.solve

        def blind_once(code, iterations, keep, calls=calls, solve=solve):
            first, refined = solve(code, iterations, keep)
            return first, -refined if next(calls) == 5 else refined

        masker.net.solve = blind_once
        sequence = memory_sequence(sight, sizes=sizes)
        sequence.frames.load = lambda index: grey(100)
        events = list(generate_masks(iter([sequence]), masker, WindowOptions("chunk", 1, 1)))
        results = sorted((event.result for event in events if isinstance(event, FrameDone)),
                         key=lambda result: result.index)
        assert len(results) == 11 and not isinstance(events[-1], SequenceFailed)
        found[smoothing] = "".join("x" if result.mask.any() else "-" for result in results)
    assert found == {0: "xxx-xx-x-xx", 2: "xxx-xxxx-xx"}


def test_the_agreement_of_the_stages_is_their_iou_inside_the_box(inside_net):
    class HalfNet(inside_net):
        """The first stage sees the left half of the crop, the second all of it."""

        def solve(self, code, iterations, keep):
            _, refined = super().solve(code, iterations, keep)
            first = refined.clone()
            first[..., 16:] = -1
            return first, refined

    masker = NetworkMasker(HalfNet(), search_factor=2.0)
    (scores,), = masker.solve([[masker.view(grey(9), np.array([20.0, 12, 16, 12]))]], [0])
    assert scores.stage_agreement == 0.5
    nothing = NetworkMasker(inside_net(threshold=999))
    nothing.net.solve = lambda code, iterations, keep: (-torch.ones(1, 1, 24, 32),) * 2
    (scores,), = nothing.solve([[nothing.view(grey(9), BOXES[0])]], [0])
    assert scores.stage_agreement == 1.0


def test_scores_that_are_not_numbers_fail_the_sequence(inside_net, memory_sequence):
    net = inside_net()
    net.weight.data.fill_(float("nan"))
    event, = generate_masks(iter([memory_sequence("vv")]), NetworkMasker(net))
    assert isinstance(event, SequenceFailed) and "not finite" in event.reason


@pytest.mark.parametrize("options", [WindowOptions("chunk"), WindowOptions("chunk", 3, 2, overlap=2),
                                     WindowOptions("sliding")])
def test_each_frame_and_object_is_encoded_once(inside_net, memory_sequence, options):
    net = inside_net()
    list(generate_masks(iter([memory_sequence("v" * 30, "vava" * 7 + "va")]), NetworkMasker(net), options))
    assert len(net.seen) == 30 + 15


def test_codes_are_dropped_with_their_views(inside_net, memory_sequence):
    """As many are alive as a sliding window spans frames, whatever the length of the sequence."""
    masker = NetworkMasker(inside_net())
    alive, most = weakref.WeakSet(), 0
    view = masker.view

    def counted(image, box):
        made = view(image, box)
        alive.add(made)
        return made

    masker.view = counted
    for _ in generate_masks(iter([memory_sequence("v" * 200)]), masker, WindowOptions("sliding")):
        most = max(most, len(alive))
    assert 41 <= most <= 50 and not alive


@pytest.fixture
def lite():
    """A real network with random weights for small crops, whose weights differ from cell to cell."""
    from ltr.models.boxmask import boxmask_lite

    torch.manual_seed(0)
    net = boxmask_lite(**SMALL).eval()
    with torch.no_grad():
        for encoder in (net.box_encoder, net.mask_encoder):
            encoder.weight.weight.normal_(std=0.3)
    net.input_spec = dataclasses.replace(net.input_spec, size=(96, 64))
    return net


class Recording(NetworkMasker):
    """Keeps the scores of every frame, by the order of their views."""

    def __init__(self, net):
        super().__init__(net, search_factor=2.5, iterations=4)
        self.order, self.scores = {}, {}

    def view(self, image, box):
        made = super().view(image, box)
        self.order[id(made)] = len(self.order), made
        return made

    def solve(self, windows, keep, *, batch=1):
        found = super().solve(windows, keep, batch=batch)
        for window, scores in zip(windows, found, strict=True):
            for position, score in zip(keep, scores, strict=True):
                self.scores[self.order[id(window[position])][0]] = score.values
        return found


def moving(count):
    """Boxes (T, 1, 4) that move, so that no two frames have the same."""
    start, speed = np.array([5.2, 6.1, 18.0, 15.0]), np.array([1.1, 0.7, 0.9, -0.4])
    return (start + speed * np.arange(count)[:, None])[:, None]


@pytest.mark.parametrize("count", [30, 12])
def test_sliding_windows_equal_the_reference_procedure_that_computes_all_nine_times(lite, memory_sequence, count):
    sight = "".join("a" if index in (4, 17, 18) else "v" for index in range(count))
    sequence = memory_sequence(sight, boxes=moving(count))
    masker = Recording(lite)
    list(generate_masks(iter([sequence]), masker, WindowOptions("sliding", 9, 3)))
    visible = np.flatnonzero(sequence.sight[:, 0] == Sight.VISIBLE).tolist()
    for number, frame in enumerate(visible):
        np.testing.assert_allclose(masker.scores[number], naive(lite, sequence, frame), atol=1e-4)
    alone = Recording(lite)
    list(generate_masks(iter([sequence]), alone, WindowOptions("chunk", 1, 1)))
    assert np.abs(alone.scores[8] - masker.scores[8]).max() > 1e-3, "the window does matter"


def naive(net, sequence, frame):
    """Frame, 4 before, 4 after, 3 apart (1 where 9 would not fit); shifted at the ends; without absent ones."""
    step = 3 if len(sequence) >= 25 else 1
    window = [frame + step * k for k in range(-4, 5)]
    while window[0] < 0:
        window = [other + step for other in window]
    while window[-1] >= len(sequence):
        window = [other - step for other in window]
    window = [other for other in window if other >= 0 and sequence.sight[other, 0] == Sight.VISIBLE]
    crops, boxes = [], []
    for other in window:
        box = intersect(sequence.boxes[other, 0], sequence.frames.size(other))
        place = search_window(box, 2.5, (96, 64))
        crops.append(torch.from_numpy(crop(sequence.frames.load(other), place, (96, 64))).permute(2, 0, 1).float())
        boxes.append(torch.from_numpy(to_crop(box, place, (96, 64))).float())
    with torch.no_grad():
        _, refined = net(net.input_spec.normalise(torch.stack(crops))[:, None], torch.stack(boxes)[:, None], 4)
    return refined[window.index(frame), 0].numpy()


@pytest.mark.parametrize("options", [WindowOptions("chunk", 3, 2, overlap=1), WindowOptions("sliding", 3, 2)])
@pytest.mark.parametrize("fills_up", [False, True])
def test_what_else_is_in_the_batch_changes_no_bit(lite, memory_sequence, monkeypatch, options, fills_up):
    """Both ways: windows one by one, as on a CPU, and batches that are filled up, as elsewhere."""
    if fills_up:
        monkeypatch.setattr(NetworkMasker, "_at_once", lambda self, wanted: wanted)
    first = memory_sequence("v" * 8, boxes=moving(8), name="first")
    others = [memory_sequence("vav", "vvv", boxes=np.tile(moving(3) + 3, (1, 2, 1)), name="other"),
              memory_sequence("v" * 5, boxes=moving(5) + 5, name="another")]
    alone, together, single = Recording(lite), Recording(lite), Recording(lite)
    list(generate_masks(iter([first]), alone, options, batch=3))
    list(generate_masks(iter([first, *others]), together, options, batch=3))
    list(generate_masks(iter([first]), single, options, batch=1))
    for frame in range(8):
        np.testing.assert_array_equal(alone.scores[frame], together.scores[frame])
        if fills_up:
            np.testing.assert_allclose(alone.scores[frame], single.scores[frame], atol=1e-4)
        else:
            np.testing.assert_array_equal(alone.scores[frame], single.scores[frame])


@pytest.mark.parametrize(("most_solved", "most_encoded"), [(2, 8), (1, 8), (3, 1), (1, 1)])
def test_out_of_memory_the_batch_is_halved_and_the_masks_are_the_same(lite, memory_sequence, monkeypatch, caplog,
                                                                     most_solved, most_encoded):
    def masks(masker):
        sequences = [memory_sequence("v" * 7, boxes=moving(7), name="first"),
                     memory_sequence("v" * 6, "vvavvv", boxes=np.tile(moving(6) + 3, (1, 2, 1)), name="second")]
        return {(event.sequence.name, event.result.index): event.result.mask
                for event in generate_masks(iter(sequences), masker, WindowOptions("chunk", 3, 2), batch=4)
                if isinstance(event, FrameDone)}

    def limited(name, most, batch_of):
        whole = getattr(lite, name)

        def call(first, *more):
            if batch_of(first) > most:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return whole(first, *more)
        monkeypatch.setattr(lite, name, call)

    lite.double()  # batches of other sizes add up in another order, and then the last bits decide no pixel
    monkeypatch.setattr(NetworkMasker, "_at_once", lambda self, wanted: wanted)
    truth = masks(NetworkMasker(lite))
    limited("solve", most_solved, lambda code: code.features.shape[1])
    limited("encode_frames", most_encoded, len)
    found = masks(NetworkMasker(lite))
    assert found.keys() == truth.keys()
    for frame, mask in found.items():
        np.testing.assert_array_equal(mask, truth[frame])
    assert "does not suffice for 8 at once; from now on 4" in caplog.text
    # A network for which there is no memory at all fails its sequences, which the next run tries again.
    limited("solve", 0, lambda code: code.features.shape[1])
    failed = [event for event in generate_masks(iter([memory_sequence("vv", boxes=moving(2))]), NetworkMasker(lite))
              if isinstance(event, SequenceFailed)]
    assert len(failed) == 1 and "CUDA out of memory" in failed[0].reason


def test_a_bad_image_is_left_out_as_an_absent_object_is(lite, memory_sequence):
    def scores(sight, bad):
        sizes = ["bad" if index == bad else (64, 48) for index in range(9)]
        masker = Recording(lite)
        list(generate_masks(iter([memory_sequence(sight, boxes=moving(9), sizes=sizes)]), masker))
        return masker.scores

    for bad in (0, 4, 8):
        absent = scores("v" * bad + "a" + "v" * (8 - bad), bad)
        for frame, values in scores("v" * 9, bad).items():
            np.testing.assert_array_equal(values, absent[frame])
