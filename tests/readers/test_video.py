"""Video files: frames in the order they are shown, known by their time, whatever is broken between them."""

import sys

import av
import cv2
import numpy as np
import pytest

from boxmask.readers import video
from boxmask.readers.annotations import NO_LINE
from boxmask.readers.images import ImageError
from boxmask.readers.sequence import DatasetError, Sight

COUNT = 24
SIZE = (80, 48)


def write_video(path, codec="mpeg4", *, count=COUNT, size=SIZE, form=None):
    """Frames that bear their number in five black or white columns; predicted from both sides where the codec can."""
    with av.open(str(path), "w", format=form) as container:
        stream = container.add_stream(codec, rate=25, options={"bf": "2"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for number in range(count):
            bits = [255 * (number >> bit & 1) for bit in range(5)]
            image = np.tile(np.repeat(np.array(bits, np.uint8), size[0] // 5)[None, :, None], (size[1], 1, 3))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
    return path


def shown(frames, index):
    """The number that the image of a frame bears."""
    columns = frames.load(index).mean(axis=(0, 2)).reshape(5, -1).mean(axis=1)
    return sum(1 << bit for bit in range(5) if columns[bit] > 127)


@pytest.mark.parametrize(("name", "codec", "form"), [
    ("a.mp4", "mpeg4", None), ("a.avi", "mpeg4", None), ("a.mkv", "mpeg4", None), ("a.ts", "mpeg2video", None),
    ("a.m4v", "mpeg4", "m4v"), ("one.mp4", "mpeg4", None),
])
def test_frames_come_in_the_order_they_are_shown(tmp_path, name, codec, form):
    count = 1 if name.startswith("one") else COUNT
    frames = video.VideoFrames(write_video(tmp_path / name, codec, count=count, form=form))
    assert frames.names == tuple(f"{number:08d}" for number in range(1, count + 1))
    assert frames.size(0) == SIZE and frames.load(0).shape == (48, 80, 3)
    assert [shown(frames, index) for index in range(count)] == list(range(count))


def test_frames_may_be_asked_for_in_any_order_and_again(tmp_path):
    frames = video.VideoFrames(write_video(tmp_path / "a.mp4"))
    order = [5, 6, 6, 20, 3, 23, 0, 0, 23]
    assert [shown(frames, index) for index in order] == order


def test_going_forwards_decodes_every_frame_once(tmp_path, monkeypatch):
    frames = video.VideoFrames(write_video(tmp_path / "a.mp4"))
    decoded = []
    original = video._image
    monkeypatch.setattr(video, "_image", lambda frame: decoded.append(frame.pts) or original(frame))
    for index in (2, 3, 9, 23):
        frames.load(index)
    assert len(decoded) == len(set(decoded)) == COUNT


def test_lines_belong_to_frames_in_order(tmp_path, files):
    path = write_video(tmp_path / "clip.mp4", count=4)
    boxes = files.write(tmp_path / "boxes.txt", ["1,2,3,4", "0,0,0,0", "5,6,7,8"])
    sequence = video.read_sequence(path, boxes)
    assert sequence.name == "clip" and len(sequence) == 4
    assert sequence.sight[:, 0].tolist() == [Sight.VISIBLE, Sight.ABSENT, Sight.VISIBLE, Sight.INVALID]
    assert sequence.reasons == {(3, 0): NO_LINE}


def test_lines_beyond_the_end_are_frames_without_an_image(tmp_path, files):
    path = write_video(tmp_path / "clip.mp4", count=4)
    sequence = video.read_sequence(path, files.write(tmp_path / "boxes.txt", ["1,2,3,4"] * 6))
    assert sequence.frames.names[-1] == "00000006" and (sequence.sight == Sight.VISIBLE).all()
    for ask in (sequence.frames.load, sequence.frames.size):
        with pytest.raises(ImageError, match="the video ends after 4 frames"):
            ask(4)
    assert shown(sequence.frames, 3) == 3


def test_a_damaged_frame_does_not_shift_those_after_it(tmp_path):
    path = write_video(tmp_path / "a.ts", "mpeg2video")
    with av.open(str(path)) as container:
        places = sorted(packet.pos for packet in container.demux(video=0) if packet.pos is not None)
    data = bytearray(path.read_bytes())
    data[places[8]:places[11]] = bytes(places[11] - places[8])  # three frames of a transport stream
    path.write_bytes(data)
    frames = video.VideoFrames(path, COUNT)
    found = {}
    for index in range(COUNT):
        try:
            found[index] = shown(frames, index)
        except ImageError:
            continue
    assert {0, 1, 2, 22, 23} <= found.keys() and len(found) <= COUNT - 3
    # What was predicted from a lost frame is not right, but it is where it belongs.
    assert [found[index] for index in (0, 1, 2, 22, 23)] == [0, 1, 2, 22, 23]


def test_a_video_that_is_cut_short_gives_its_first_frames(tmp_path):
    path = write_video(tmp_path / "a.mkv")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    frames = video.VideoFrames(path, COUNT)
    assert len(frames.names) == COUNT and shown(frames, 3) == 3
    with pytest.raises(ImageError):
        frames.load(COUNT - 1)


def test_a_video_filmed_sideways_is_turned_upright(tmp_path):
    path = write_video(tmp_path / "a.mp4", count=6)
    data = bytearray(path.read_bytes())
    start = data.index(b"tkhd") + 44  # the matrix in the track's header: here, a quarter turn
    data[start:start + 36] = b"".join(value.to_bytes(4, "big", signed=True)
                                      for value in (0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30))
    path.write_bytes(data)
    frames = video.VideoFrames(path)
    image = frames.load(5)
    assert frames.size(0) == (48, 80) and image.shape == (80, 48, 3)
    capture = cv2.VideoCapture(str(path))
    other = [capture.read()[1] for _ in range(6)][5]
    capture.release()
    assert np.abs(image.astype(int) - cv2.cvtColor(other, cv2.COLOR_BGR2RGB)).mean() < 4
    assert image[:16].mean() > 200 > 50 > image[-16:].mean() or image[-16:].mean() > 200 > 50 > image[:16].mean()


@pytest.mark.parametrize(("content", "problem"), [(b"", "not a video"), (b"no video " * 99, "not a video"),
                                                  (None, "no such file")])
def test_what_is_no_video_is_a_dataset_error(tmp_path, files, content, problem):
    if content is not None:
        files.write(tmp_path / "a.mp4", content)
    with pytest.raises(DatasetError, match=rf"video, sequence a, .*a\.mp4: {problem}"):
        video.VideoFrames(tmp_path / "a.mp4")


def test_a_text_is_no_video_though_ffmpeg_would_draw_it(tmp_path):
    (tmp_path / "boxes.txt").write_text("613.0,731.2,247.5,100.1\n" * 20)
    with pytest.raises(DatasetError, match=r"boxes\.txt: not a video but a text; name the video's file"):
        video.VideoFrames(tmp_path / "boxes.txt")


def test_a_file_with_sound_alone_is_a_dataset_error(tmp_path):
    with av.open(str(tmp_path / "a.wav"), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        sound.sample_rate = 8000
        container.mux(stream.encode(sound))
    with pytest.raises(DatasetError, match="no video stream"):
        video.VideoFrames(tmp_path / "a.wav")


def test_without_pyav_the_extra_is_named(tmp_path, monkeypatch, files):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ImportError, match=r"pip install 'boxmask\[video\]'"):
        video.VideoFrames(files.write(tmp_path / "a.mp4", b""))
