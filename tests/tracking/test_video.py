"""A tracker on a video file or a folder of images, from boxes in the first frame."""

from __future__ import annotations

import os
import re

import av
import cv2
import numpy as np
import pytest

from boxmask.readers.images import ImageError, ImageFiles
from boxmask.track import video
from boxmask.track.follow import VideoError, follow
from boxmask.track.output import VideoResults
from ltr.data.image_loader import imread_indexed
from pytracking.evaluation.tracker import Tracker

RED, BLUE = (230, 20, 20), (20, 20, 230)
BOXES = [(20 + 4 * t, 30, 24, 20) for t in range(6)]
OTHER = (90, 70, 24, 20)


@pytest.fixture
def places(tmp_path, checkpoints, monkeypatch):
    for name in ("results", "segmentation"):
        monkeypatch.setenv(f"BOXMASK_{name.upper()}_PATH", str(tmp_path / name))
    monkeypatch.setenv("BOXMASK_NETWORK_PATH", str(checkpoints))
    return tmp_path


@pytest.fixture
def film(tmp_path, draw):
    """An mp4 file of a red square that moves and a blue one that does not."""
    path = tmp_path / "squares.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"crf": "1"})
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv444p"
        for box in BOXES:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(draw({RED: box, BLUE: OTHER}), format="rgb24")))
        container.mux(stream.encode())
    return path


@pytest.fixture
def images(tmp_path, draw):
    folder = tmp_path / "images"
    folder.mkdir()
    for number, box in enumerate(BOXES, 1):
        cv2.imwrite(str(folder / f"img{number}.png"), draw({RED: box})[:, :, ::-1])
    return folder


def box(values):
    return ["--optional_box", *map(str, values)]


def test_boxes_masks_film_and_picture_of_a_video_are_in_the_folder_that_was_named(places, film, colour_net):
    out = places / "out"
    assert video.main(["boxmask", "lite", str(film), *box(BOXES[0]), "--out", str(out)]) == 0
    assert sorted(os.listdir(out)) == ["video_squares", "video_squares.mp4", "video_squares.png", "video_squares_1.txt",
                                       "video_squares_1_object_presence_scores.txt", "video_squares_time.txt"]
    found = np.loadtxt(out / "video_squares_1.txt", delimiter="\t")
    assert found.shape == (6, 4)
    # The network is of random weights: only from the second frame on is there something to follow.
    assert sorted(os.listdir(out / "video_squares")) == [f"{number:08d}.png" for number in range(1, 7)]
    with av.open(str(out / "video_squares.mp4")) as made:
        stream = made.streams.video[0]
        assert (stream.width, stream.height, float(stream.average_rate)) == (160, 120, 10)
        assert sum(1 for _ in made.decode(video=0)) == 6
    sheet = cv2.imread(str(out / "video_squares.png"))
    assert sheet is not None and sheet.std() > 10


def test_results_of_several_objects_are_where_pytracking_keeps_them(places, film, colour_net, monkeypatch):
    def all_of_it(params, image, given):
        logits = np.full(image.shape[:2], -9, np.float32)
        x, y, w, h = map(int, given)
        logits[y:y + h, x:x + w] = 9
        return logits

    monkeypatch.setattr("pytracking.tracker.boxmask.start.logits_from_box", all_of_it)
    assert video.main(["boxmask", "lite", str(film), *box(BOXES[0]), *box(OTHER), "--save_results"]) == 0
    results = places / "results" / "boxmask" / "lite"
    np.testing.assert_allclose(np.loadtxt(results / "video_squares_1.txt", delimiter="\t"), BOXES, atol=2)
    np.testing.assert_allclose(np.loadtxt(results / "video_squares_2.txt", delimiter="\t"), [OTHER] * 6, atol=2)
    last = imread_indexed(places / "segmentation/boxmask/lite/video_squares/00000006.png")
    assert (last[40, 52], last[80, 100], last[5, 5]) == (1, 2, 0)
    # A film is of colours: where the square is red, its mask is drawn over it.
    with av.open(str(results / "video_squares.mp4")) as made:
        frame = list(made.decode(video=0))[-1].to_ndarray(format="rgb24")
    assert np.abs(frame[40, 52].astype(int) - RED).max() > 20 and np.abs(frame[5, 5].astype(int) - 120).max() < 10


def test_a_folder_of_images_is_a_video_in_the_order_of_their_names(places, images, colour_net):
    assert video.main(["boxmask", "lite", str(images), *box(BOXES[0]), "--save_results"]) == 0
    assert np.loadtxt(places / "results/boxmask/lite/video_images_1.txt", delimiter="\t").shape == (6, 4)
    assert sorted(os.listdir(places / "segmentation/boxmask/lite/video_images")) == [
        f"img{number}.png" for number in range(1, 7)]


@pytest.mark.parametrize(("arguments", "kind", "message"), [
    (["boxmask", "lite", "none.mp4", *box(BOXES[0])], ValueError, "none.mp4: no such file"),
    (["boxmask", "lite", "text.mp4", *box(BOXES[0])], ValueError, "text.mp4: not a video"),
    (["boxmask", "lite", "empty", *box(BOXES[0])], ValueError, "empty: no images in the folder"),
    (["boxmask", "lite", "images", *box((500, 5, 9, 9))], ValueError,
     "images: the box 500 5 9 9 has no pixel of the first frame, which has 160x120"),
    (["boxmask", "lite", "images", *box((5, 5, "nan", 9))], ValueError, "the box 5 5 nan 9 has no pixel"),
    (["boxmask", "lite", "images", *box((5, 5, 9, -9))], ValueError, "the box 5 5 9 -9 has no pixel"),
    (["nobody", "lite", "images", *box(BOXES[0])], ValueError, "no tracker 'nobody'"),
    (["boxmask", "swift", "images", *box(BOXES[0])], (ValueError, ImportError), "swift"),
])
def test_what_cannot_be_tracked_is_an_error_that_names_it(places, images, colour_net, monkeypatch, arguments, kind,
                                                         message):
    monkeypatch.chdir(places)
    (places / "text.mp4").write_text("no film")
    (places / "empty").mkdir()
    with pytest.raises(kind, match=re.escape(message)):
        video.main([*arguments, "--save_results"])
    assert not list((places / "results").rglob("*.txt"))


def test_a_checkpoint_that_is_missing_is_named(places, images, monkeypatch):
    monkeypatch.setenv("BOXMASK_VOS_NETWORK", str(places / "gone.pth.tar"))
    with pytest.raises(FileNotFoundError, match="gone.pth.tar"):
        video.main(["boxmask", "lite", str(images), *box(BOXES[0]), "--save_results"])


@pytest.mark.parametrize(("arguments", "message"), [
    (["--save_results"], "no box to start from"), (box(BOXES[0]), "nothing would be left of it"),
    (["--optional_box", "1", "2", "3"], "expected 4 arguments")])
def test_wrong_usage_ends_with_2(arguments, message, capsys):
    with pytest.raises(SystemExit) as stop:
        video.main(["boxmask", "lite", "a.mp4", *arguments])
    assert stop.value.code == 2 and message in capsys.readouterr().err


def test_images_of_one_name_would_have_one_mask(places, images, colour_net):
    (images / "img1.jpg").write_bytes((images / "img1.png").read_bytes())
    with pytest.raises(VideoError, match="differ in their endings alone"):
        video.main(["boxmask", "lite", str(images), *box(BOXES[0]), "--save_results"])


def test_an_error_in_the_middle_names_the_frame_and_leaves_what_was_there(places, images, colour_net):
    arguments = ["boxmask", "lite", str(images), *box(BOXES[0]), "--save_results"]
    assert video.main(arguments) == 0
    before = {path: path.read_bytes() for path in places.rglob("video_*") if path.is_file()}
    (images / "img4.png").write_bytes(b"")
    with pytest.raises(VideoError, match="images, frame img4: the image is empty"):
        video.main(arguments)
    assert {path: path.read_bytes() for path in places.rglob("video_*") if path.is_file()} == before
    assert not list(places.rglob("*.partial*"))


def test_what_an_older_run_left_is_neither_kept_nor_told_of(places, images, colour_net, monkeypatch, caplog):
    arguments = ["boxmask", "lite", str(images), *box(BOXES[0]), "--out", str(places)]
    assert video.main([*arguments, *box(OTHER)]) == 0
    left = [places / f"video_images_2{ending}.txt" for ending in ("", "_object_presence_scores")]
    others = [places / name for name in ("video_images_b_1.txt", "video_images_2_1.txt", "video_images_notes.txt")]
    for path in others:
        path.write_text("of another video")
    killed = places / ".video_images.partial"
    killed.mkdir()
    (killed / "img7.png").write_bytes(b"of a run that was killed")
    assert all(path.is_file() for path in (*left, places / "video_images.mp4"))
    monkeypatch.setattr("boxmask.track.output._can_film", lambda: False)
    caplog.clear()
    with caplog.at_level("INFO"):
        assert video.main(arguments) == 0
    assert not [path for path in (*left, places / "video_images.mp4") if path.exists()]
    assert all(path.is_file() for path in others)
    assert sorted(os.listdir(places / "video_images")) == [f"img{number}.png" for number in range(1, 7)]
    told = [line.split()[1].rpartition("/")[2] for line in caplog.messages if line.startswith("wrote")]
    assert told == ["video_images.png", "video_images", "video_images_1.txt"]


def test_a_disk_that_fills_up_at_the_last_file_leaves_what_was_there(places, images, colour_net, monkeypatch):
    arguments = ["boxmask", "lite", str(images), *box(BOXES[0]), *box(OTHER), "--save_results"]
    assert video.main(arguments) == 0
    before = {path: path.read_bytes() for path in places.rglob("video_*") if path.is_file()}
    save, saved = np.savetxt, []

    def full(path, *arguments, **options):
        saved.append(path)
        if "time" in path.name:
            raise OSError(28, "No space left on device")
        save(path, *arguments, **options)

    monkeypatch.setattr(np, "savetxt", full)
    with pytest.raises(OSError, match="No space left"):
        video.main(["boxmask", "lite", str(images), *box(OTHER), "--save_results"])
    assert len(saved) > 1
    assert {path: path.read_bytes() for path in places.rglob("video_*") if path.is_file()} == before
    assert not list(places.rglob("*.partial*"))


class _BoxesAlone:
    """A tracker without masks and scores."""

    multiobj_mode = "default"

    def __init__(self, params):
        self.visdom = None

    def initialize(self, image, info):
        assert list(info) == ["init_bbox"]

    def track(self, image, info):
        assert info["previous_output"]["target_bbox"]
        return {"target_bbox": [1.7, 2, 3, 4]}


def test_a_tracker_without_masks_has_boxes_and_pictures(places, images, monkeypatch):
    tracker = Tracker("boxmask", "lite")
    tracker.tracker_class = _BoxesAlone
    frames = ImageFiles(tuple(sorted(images.iterdir())))
    with VideoResults("some", places / "r", places / "s", frames.names, 0.0) as results:
        for tracked in follow(tracker, "some", frames, [BOXES[0]]):
            results.add(tracked)
    assert sorted(os.listdir(places / "r")) == ["some.mp4", "some.png", "some_1.txt", "some_time.txt"]
    assert (places / "r/some_1.txt").read_text().splitlines()[:2] == ["20\t30\t24\t20", "1\t2\t3\t4"]
    assert not (places / "s/some").exists()


def test_sides_that_are_odd_or_change_do_not_stop_a_film(places, draw):
    results = VideoResults("odd", places, places, ("a", "b"), 25.0)
    from boxmask.track.follow import Tracked
    with results:
        for size in ((161, 121), (100, 90)):
            results.add(Tracked(draw({}, size), {1: np.array(BOXES[0], float)}, None, {}, 0.1))
    with av.open(str(places / "odd.mp4")) as made:
        assert [frame.to_ndarray(format="rgb24").shape for frame in made.decode(video=0)] == [(122, 162, 3)] * 2


def test_a_lost_frame_is_not_passed_over():
    class Lost:
        names = ("a",)

        def load(self, index):
            raise ImageError("the frame cannot be decoded")

    with pytest.raises(VideoError, match="film.mp4, frame a: the frame cannot be decoded"):
        next(follow(Tracker("boxmask", "lite"), "film.mp4", Lost(), [BOXES[0]]))
