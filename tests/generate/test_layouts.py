"""From the command line, every layout to masks, and what is in the folder afterwards."""

import json

import numpy as np
import pytest

from boxmask import masks
from boxmask.cli import main
from boxmask.generate import manifest

BOX = "10,8,20,16"
PIXELS = 320


@pytest.fixture
def generate(tmp_path):
    """generate(arguments...) -> {sequence/frame: pixels of the mask} of `tmp_path/out`."""
    def run(*arguments):
        out = tmp_path / "out"
        assert main([str(each) for each in ("generate", *arguments, "--out", out, "--method", "box")]) == 0
        assert main(["verify", str(out)]) == 0
        return {f"{path.parent.name}/{path.stem}": int((masks.read(path) > 0).sum()) for path in out.glob("*/*.png")}
    return run


def test_lasot_every_fifth_of_the_first_thousand_with_its_flags(files, tmp_path, generate):
    folder = tmp_path / "lasot" / "cat" / "cat-1"
    for number in range(1, 13):
        files.image(folder / "img" / f"{number:08d}.jpg", files.picture(number))
    (folder / "groundtruth.txt").write_text(f"{BOX}\n" * 12)
    (folder / "full_occlusion.txt").write_text(",".join("0" * 5 + "1" + "0" * 6))
    (folder / "out_of_view.txt").write_text(",".join("0" * 12))
    assert generate("lasot", "--root", tmp_path / "lasot") == {
        "cat-1/00000001": PIXELS, "cat-1/00000006": 0, "cat-1/00000011": PIXELS}


def test_lasot_all_frames_when_asked(files, tmp_path, generate):
    folder = tmp_path / "lasot" / "cat-1"
    for number in range(1, 4):
        files.image(folder / "img" / f"{number:08d}.jpg", files.picture(number))
    (folder / "groundtruth.txt").write_text(f"{BOX}\n" * 3)
    assert len(generate("lasot", "--root", tmp_path / "lasot", "--first", "0", "--every", "1")) == 3


def test_trackingnet_with_a_missing_frame(files, tmp_path, generate):
    root = tmp_path / "trackingnet" / "TRAIN_0"
    for number in (0, 2):
        files.image(root / "frames" / "abc_0" / f"{number}.jpg", files.picture(number))
    (root / "anno").mkdir()
    (root / "anno" / "abc_0.txt").write_text(f"{BOX}\n" * 3)
    assert generate("trackingnet", "--root", tmp_path / "trackingnet", "--sets", "TRAIN_0") == {
        "abc_0/0": PIXELS, "abc_0/1": 0, "abc_0/2": PIXELS}
    frames = manifest.read(tmp_path / "out" / "abc_0").frames
    assert [frame.outcome.value for frame in frames] == ["ok", "bad_image", "ok"]


def test_otb_and_vot_folders(files, tmp_path, generate):
    root = tmp_path / "otb"
    for folder, digits in (("Couple/img", 4), ("bag/color", 8)):
        files.image(root / folder / f"{1:0{digits}d}.jpg", files.picture(0))
    (root / "Couple" / "groundtruth_rect.txt").write_text("11\t9\t20\t16\n")
    (root / "bag" / "groundtruth.txt").write_text("10,8,30,8,30,24,10,24\n")
    found = generate("otb", "--root", root)
    assert found.keys() == {"Couple/0001", "bag/00000001"} and min(found.values()) > 300


def test_youtubevos_with_two_objects(files, tmp_path, generate):
    label = np.zeros((48, 64), np.uint8)
    label[5:20, 5:25], label[30:45, 30:60] = 1, 2
    root = tmp_path / "youtubevos" / "train"
    files.image(root / "JPEGImages" / "v1" / "00005.jpg", files.picture(0))
    (root / "Annotations" / "v1").mkdir(parents=True)
    (root / "Annotations" / "v1" / "00005.png").write_bytes(masks.encode(label, highest=2))
    generate("youtubevos", "--root", tmp_path / "youtubevos")
    assert masks.read(tmp_path / "out" / "v1" / "00005.png").tolist() == label.tolist()


def test_coco_video(files, tmp_path, generate):
    for number in range(2):
        files.image(tmp_path / "images" / "v" / f"{number}.jpg", files.picture(number))
    (tmp_path / "boxes.json").write_text(json.dumps({
        "videos": [{"id": 1, "file_names": ["v/0.jpg", "v/1.jpg"]}],
        "annotations": [{"id": 1, "video_id": 1, "bboxes": [[10, 8, 20, 16], None]}]}))
    assert generate("coco", "--root", tmp_path / "images", "--annotations", tmp_path / "boxes.json") == {
        "v/0": PIXELS, "v/1": 0}


def test_a_video_file(files, tmp_path, generate):
    import av

    with av.open(str(tmp_path / "cat.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=5, width=64, height=48, pix_fmt="yuv420p")
        for number in range(3):
            for packet in stream.encode(av.VideoFrame.from_ndarray(files.picture(number), format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    (tmp_path / "boxes.txt").write_text(f"{BOX}\n0,0,0,0\n{BOX}\n")
    assert generate("video", "--video", tmp_path / "cat.mp4", "--boxes", tmp_path / "boxes.txt") == {
        "cat/00000001": PIXELS, "cat/00000002": 0, "cat/00000003": PIXELS}
