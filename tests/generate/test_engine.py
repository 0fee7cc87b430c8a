"""The engine: each frame once and in order, one result each, little in memory, failures where they belong."""

import gc
import itertools
import re
import sys
import weakref

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boxmask.boxes import Window
from boxmask.evaluate.baselines import filled_box
from boxmask.generate.engine import MAX_OPEN_SEQUENCES, generate_masks
from boxmask.generate.masker import Scores
from boxmask.generate.outcomes import FrameDone, Outcome, SequenceDone, SequenceFailed
from boxmask.generate.phases import Phases
from boxmask.generate.plan import WindowOptions
from boxmask.masks import box_region


class View:
    """Of a frame: what a test can recognise it by."""

    def __init__(self, image, box):
        self.colour = image[0, 0].tolist()
        self.box = box
        self.size = image.shape[1], image.shape[0]


class Counting:
    """A masker that fills boxes, and counts."""

    batch = 1
    smoothing = 0

    def __init__(self, fail_view=None, fail_solve=None):
        self.calls = []
        self.alive = weakref.WeakSet()
        self.peak = 0
        self.num_views = 0
        self.fail_view, self.fail_solve = fail_view, fail_solve

    def view(self, image, box):
        if self.fail_view is not None and box[0] == self.fail_view:
            raise RuntimeError("no view of it")
        view = View(image, box)
        self.num_views += 1
        self.alive.add(view)
        self.peak = max(self.peak, len(self.alive))
        return view

    def solve(self, windows, keep, *, batch=1):
        assert len(windows) <= batch and len({len(window) for window in windows}) == 1
        if any(view.box[0] == self.fail_solve for window in windows for view in window):
            raise RuntimeError("no solution")
        self.calls.append([len(window) for window in windows])
        return [[Scores(np.ones((1, 1), np.float32), Window(0, 0, *window[place].size), 0.25) for place in keep]
                for window in windows]


def run(sequences, masker=filled_box, options=None, **keywords):
    """The results of each sequence by name, in the order of frames; its end; and all events."""
    events = list(generate_masks(iter(sequences), masker, options or WindowOptions(), **keywords))
    results = {sequence.name: [] for sequence in sequences}
    for event in events:
        if isinstance(event, FrameDone):
            results[event.sequence.name].append(event.result)
    for found in results.values():
        found.sort(key=lambda result: result.index)
    ends = {event.sequence.name: event for event in events if not isinstance(event, FrameDone)}
    return results, ends, events


def outcomes(results):
    return [result.outcome.value for result in results]


@pytest.mark.parametrize("kind", ["chunk", "sliding"])
def test_each_frame_with_something_to_see_is_loaded_once_and_in_order(memory_sequence, kind):
    sequence = memory_sequence("vvvvavvv" * 8, "aavvavia" * 8)
    masker = Counting()
    run([sequence], masker, WindowOptions(kind, 5, 3))
    seen = [index for index in range(64) if index % 8 != 4]
    assert sequence.frames.loaded == seen
    assert masker.num_views == np.count_nonzero(sequence.sight == 0)


def test_the_mask_is_the_masker_s_with_the_objects_ids(memory_sequence):
    boxes = np.array([[[2, 3, 10, 9], [30, 20, 12, 8]]] * 3, float)
    results, ends, events = run([memory_sequence("vvv", "vav", boxes=boxes)])
    for index, result in enumerate(results["memory"]):
        expected = np.zeros((48, 64), np.uint8)
        expected[3:12, 2:12] = 1
        if index != 1:
            expected[20:28, 30:42] = 2
        np.testing.assert_array_equal(result.mask, expected)
        assert (result.index, result.outcome, result.reason, result.size) == (index, Outcome.OK, "", (64, 48))
        assert set(result.objects) == ({1} if index == 1 else {1, 2})
    assert isinstance(events[-1], SequenceDone) and list(ends) == ["memory"]


def test_the_box_that_was_used_and_the_agreement_of_the_stages_are_told(memory_sequence):
    (result,), = run([memory_sequence("v", box=(-5, -4, 20, 20))], Counting())[0].values()
    np.testing.assert_array_equal(result.objects[1].box, [0, 0, 15, 16])
    assert result.objects[1].stage_agreement == 0.25
    (result,), = run([memory_sequence("v")], filled_box)[0].values()
    assert np.isnan(result.objects[1].stage_agreement) and result.objects[1].box_margin == 0


def test_masks_reach_beyond_the_box_by_the_margin_that_is_told(memory_sequence):
    (result,), = run([memory_sequence("v", box=(10, 8, 20, 16))], Counting(), box_margin=0.25)[0].values()
    assert result.objects[1].box_margin == 0.25
    assert (result.mask == 1).sum() == 30 * 24


@pytest.mark.parametrize("position", range(5))
@pytest.mark.parametrize("kind", ["chunk", "sliding"])
@pytest.mark.parametrize(("what", "expected"), [
    ("absent", Outcome.ABSENT), ("invalid", Outcome.INVALID_BOX), ("outside", Outcome.INVALID_BOX),
    ("all but outside", Outcome.INVALID_BOX), ("thinner than anything", Outcome.INVALID_BOX),
    ("bad image", Outcome.BAD_IMAGE), ("bad image of an absent object", Outcome.BAD_IMAGE)])
def test_a_frame_without_a_mask_anywhere_spoils_no_other(memory_sequence, position, kind, what, expected):
    letters, sizes, boxes = list("vvvvv"), [(64, 48)] * 5, np.full((5, 1, 4), 10.0)
    if what in ("absent", "bad image of an absent object"):
        letters[position] = "a"
    if what == "invalid":
        letters[position] = "i"
    boxes[position] = {"outside": (70, 10, 10, 10), "all but outside": (63.9999999, 8, 20, 16),
                       "thinner than anything": (20, 8, 1e-9, 16)}.get(what, 10.0)
    if what.startswith("bad image"):
        sizes[position] = "no such image"
    sequence = memory_sequence("".join(letters), boxes=boxes, sizes=sizes, reasons={(position, 0): "NaN"})
    masker = Counting()
    results, ends, _ = run([sequence], masker, WindowOptions(kind))
    found = results["memory"]
    assert isinstance(ends["memory"], SequenceDone)
    assert [result.outcome for result in found] == [expected if index == position else Outcome.OK for index in range(5)]
    assert found[position].size == (64, 48) and not found[position].mask.any()
    assert found[position].mask.shape == (48, 64)
    assert masker.calls == [[4]]
    reason = {"absent": "", "invalid": "NaN", "outside": "the box (70, 10, 10, 10) has no pixel in the image of 64x48",
              "all but outside": "the box (64, 8, 20, 16) has no pixel in the image of 64x48",
              "thinner than anything": "the box (20, 8, 1e-09, 16) has no pixel in the image of 64x48"}
    assert found[position].reason == reason.get(what, "no such image")


def test_an_unreadable_frame_has_the_size_of_the_last_readable_one_else_of_the_next(memory_sequence):
    sizes = ["cut short", "missing", (40, 30), (50, 20), "missing", (64, 48)]
    results = run([memory_sequence("vavavv", sizes=sizes)])[0]["memory"]
    assert [result.size for result in results] == [(40, 30), (40, 30), (40, 30), (50, 20), (50, 20), (64, 48)]
    assert [result.mask.shape[::-1] for result in results] == [result.size for result in results]
    assert outcomes(results) == ["bad_image", "bad_image", "ok", "absent", "bad_image", "ok"]


def test_a_frame_whose_pixels_alone_are_bad_keeps_its_size(memory_sequence):
    sequence = memory_sequence("vvv", sizes=[(64, 48), (33, 22), (64, 48)])
    read = sequence.frames.load

    def load(index):
        if index == 1:
            return sequence.frames.__class__(["truncated"] * 2).load(1)
        return read(index)

    sequence.frames.load = load
    results = run([sequence])[0]["memory"]
    assert outcomes(results) == ["ok", "bad_image", "ok"] and results[1].size == (33, 22)


def test_a_sequence_without_any_readable_frame_fails(memory_sequence):
    results, ends, _ = run([memory_sequence("vav", sizes=["missing"] * 3)])
    assert not results["memory"] and isinstance(ends["memory"], SequenceFailed)
    assert re.fullmatch("none of its 3 images can be read; frame 0+: .+", ends["memory"].reason)


@pytest.mark.parametrize(("sight", "expected"), [
    (("v", "v"), "ok"), (("v", "i"), "ok"), (("v", "a"), "ok"), (("a", "i"), "invalid_box"),
    (("i", "i"), "invalid_box"), (("a", "a"), "absent")])
def test_the_outcome_of_a_frame_with_two_objects(memory_sequence, sight, expected):
    (result,), = run([memory_sequence(*sight)])[0].values()
    assert result.outcome.value == expected
    assert result.reason.count("object") == sight.count("i")


@pytest.mark.parametrize("options", [WindowOptions("chunk"), WindowOptions("sliding"), WindowOptions(overlap=2)])
@pytest.mark.parametrize(("sight", "expected"), [("v", ["ok"]), ("a", ["absent"]), ("aaa", ["absent"] * 3), ("", []),
                                                 ("i", ["invalid_box"])])
def test_one_frame_or_none_to_see(memory_sequence, options, sight, expected):
    results, ends, _ = run([memory_sequence(sight)], options=options)
    assert outcomes(results["memory"]) == expected
    assert isinstance(ends["memory"], SequenceDone)


def test_windows_of_several_sequences_and_objects_share_a_batch(memory_sequence):
    sequences = [memory_sequence("vvv", "vvv", name="a"), memory_sequence("vvv", name="b"),
                 memory_sequence("vv", name="c"), memory_sequence("vvv", name="d")]
    masker = Counting()
    results, ends, events = run(sequences, masker, batch=3)
    assert masker.calls == [[3, 3, 3], [2], [3]]
    assert all(outcomes(found) == ["ok"] * len(found) for found in results.values())
    assert list(ends) == ["a", "b", "c", "d"]


def test_few_sequences_are_open_at_once(memory_sequence):
    sequences = [memory_sequence("v" * count, name=str(count)) for count in range(1, 10)]  # no two windows alike
    opened, most = 0, 0

    def source():
        nonlocal opened
        for sequence in sequences:
            opened += 1
            yield sequence

    closed = 0
    for event in generate_masks(source(), Counting(), batch=8):
        most = max(most, opened - closed)
        closed += isinstance(event, SequenceDone)
    assert closed == 9 and most <= MAX_OPEN_SEQUENCES + 1


def test_an_error_of_the_masker_fails_its_sequence_and_no_other(memory_sequence):
    def sequences():
        return [memory_sequence("vvvv", box=(left, 8, 20, 16), name=f"at{left}") for left in (1, 2, 3)]

    for masker, message in ((Counting(fail_view=2), "frame 00000: no view of it"),
                            (Counting(fail_solve=2), "frames 00000 to 00003: no solution")):
        for batch in (1, 2, 5):
            results, ends, events = run(sequences(), masker, batch=batch)
            assert [type(ends[name]) for name in ("at1", "at2", "at3")] == [SequenceDone, SequenceFailed, SequenceDone]
            assert ends["at2"].reason == message and not results["at2"]
            assert outcomes(results["at1"]) == outcomes(results["at3"]) == ["ok"] * 4
            assert sum(not isinstance(event, FrameDone) for event in events) == 3


def test_nothing_comes_of_a_sequence_after_its_failure(memory_sequence):
    boxes = np.full((60, 1, 4), 10.0)
    boxes[3, 0, 0] = 2
    sequence = memory_sequence("v" * 60, boxes=boxes)
    for masker in (Counting(fail_view=2), Counting(fail_solve=2)):
        _, ends, events = run([sequence], masker, WindowOptions(window=3, stride=1))
        assert isinstance(events[-1], SequenceFailed) and len(ends) == 1


def test_phases_say_where_the_time_went(memory_sequence):
    phases = Phases()
    run([memory_sequence("vav")], phases=phases)
    assert set(phases.seconds) == {"decode", "crop", "network", "smooth", "compose"}


def test_a_batch_of_none_is_refused(memory_sequence):
    with pytest.raises(ValueError, match="at least one window"):
        run([memory_sequence("v")], batch=0)


@pytest.mark.parametrize("options", [WindowOptions("chunk"), WindowOptions("chunk", overlap=2),
                                     WindowOptions("sliding")])
@pytest.mark.parametrize("batch", [1, 4])
def test_views_live_no_longer_than_their_windows(memory_sequence, options, batch):
    peaks = []
    for count in (300, 900):
        masker = Counting()
        run([memory_sequence("v" * count)], masker, options, batch=batch)
        gc.collect()
        assert not masker.alive
        peaks.append(masker.peak)
    length = 9 + 2 * options.overlap
    block, waiting = 5 * (length + 2 * options.overlap), 2 * (batch - 1) * length  # windows of two lengths wait
    assert peaks[0] <= block + waiting + 9
    assert peaks[1] <= peaks[0] + 9


def test_memory_is_flat_over_ten_thousand_frames(memory_sequence):
    sequence = memory_sequence("v" * 10_000)
    counted = itertools.count()

    def load(index):
        assert index == next(counted)
        return np.zeros((48, 64, 3), np.uint8)

    sequence.frames.load = load
    masker = Counting()
    blocks = []  # of memory, as every object, array or not, has at least one
    for number, event in enumerate(generate_masks(iter([sequence]), masker)):
        if number % 1000 == 500:
            blocks.append(sys.getallocatedblocks())
        assert number == 10_000 or event.result.outcome is Outcome.OK
    assert next(counted) == 10_000 and masker.peak <= 60
    assert max(blocks[1:]) < blocks[0] + 1000, "a frame that is done leaves nothing behind"


@st.composite
def clips(draw):
    """Sights of up to 3 objects, positions of bad images, places of boxes outside."""
    count, objects = draw(st.integers(0, 25)), draw(st.integers(1, 3))
    sights = tuple(draw(st.text("vvvai", min_size=count, max_size=count)) for _ in range(objects))
    places = st.sets(st.integers(0, max(0, count - 1)), max_size=4)
    return sights, draw(places), draw(places)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(clips(), max_size=3), st.sampled_from(["chunk", "sliding"]), st.integers(1, 6), st.integers(1, 4),
       st.integers(0, 2), st.integers(1, 4))
def test_every_frame_has_its_one_result_whatever_comes(memory_sequence, dirt, kind, window, stride, overlap, batch):
    sequences, expected = [], {}
    for number, (sights, bad, outside) in enumerate(dirt):
        count = len(sights[0])
        boxes = np.full((count, len(sights), 4), 10.0)
        boxes[[index for index in outside if index < count], 0] = (-30, 0, 20, 20)
        sizes = ["bad" if index in bad else (16 + index, 20) for index in range(count)]
        sequences.append(memory_sequence(*sights, boxes=boxes, sizes=sizes, name=str(number)))
        expected[str(number)] = [_expected(index, sights, bad, outside) for index in range(count)
                                 if not bad.issuperset(range(count))]
    masker = Counting()
    results, ends, events = run(sequences, masker, WindowOptions(kind, window, stride, overlap), batch=batch)
    assert {name: outcomes(found) for name, found in results.items()} == expected
    assert all([result.index for result in found] == list(range(len(found))) for found in results.values())
    assert len(ends) == len(sequences)
    for sequence in sequences:
        assert isinstance(ends[sequence.name], SequenceDone) == (len(sequence) == len(results[sequence.name]))
    for result in (result for found in results.values() for result in found):
        assert result.mask.shape == result.size[::-1] and set(np.unique(result.mask)) <= {0, *result.objects}
        if len(result.objects) == 1:
            (object_id, found), = result.objects.items()
            assert (result.mask[box_region(found.box, result.size)] == object_id).all()
    del results, events
    assert not masker.alive


def _expected(index, sights, bad, outside):
    if index in bad:
        return "bad_image"
    letters = ["i" if sight[index] == "v" and position == 0 and index in outside else sight[index]
               for position, sight in enumerate(sights)]
    return "ok" if "v" in letters else "invalid_box" if "i" in letters else "absent"
