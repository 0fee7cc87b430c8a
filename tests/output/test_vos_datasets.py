"""What `boxmask generate` writes is what the host's Got10kVOS and LasotVOS read."""

import cv2
import numpy as np
import pytest
import torch

from boxmask import masks
from boxmask.cli import main
from ltr.dataset import Got10kVOS, LasotVOS

SIZE = (32, 24)


def write_frames(folder, count):
    folder.mkdir(parents=True)
    for number in range(1, count + 1):
        image = np.full((*SIZE[::-1], 3), 10 * number % 200, np.uint8)
        (folder / f"{number:08d}.jpg").write_bytes(cv2.imencode(".jpg", image)[1].tobytes())


def generate(layout, root, out):
    assert main(["generate", layout, "--root", str(root), "--out", str(out), "--method", "box"]) == 0


@pytest.fixture
def got10k(tmp_path, monkeypatch):
    """A sequence of six frames; the target is absent in the second, and its box beyond the image in the third."""
    root = tmp_path / "got10k"
    folder = root / "GOT-10k_Train_000001"
    write_frames(folder, 6)
    (folder / "groundtruth.txt").write_text("4,6,8,8\n0,0,0,0\n-5,-5,10,10\n" + "4,6,8,8\n" * 3)
    (folder / "absence.label").write_text("0\n" * 6)
    (folder / "cover.label").write_text("8\n" * 6)
    (root / "list.txt").write_text(f"{folder.name}\n")
    monkeypatch.setenv("BOXMASK_GOT10K_DIR", str(root))
    generate("got10k", root, tmp_path / "masks" / "got10k_masks")
    return tmp_path / "masks" / "got10k_masks"


@pytest.fixture
def lasot(tmp_path, monkeypatch):
    """A sequence of 13 frames, in the training split."""
    root = tmp_path / "lasot"
    folder = root / "airplane" / "airplane-10"
    write_frames(folder / "img", 13)
    (folder / "groundtruth.txt").write_text("".join(f"{number},6,8,8\n" for number in range(13)))
    for name in ("full_occlusion", "out_of_view"):
        (folder / f"{name}.txt").write_text(",".join("0" * 13) + "\n")
    (root / "training_set.txt").write_text("airplane-10\n")
    monkeypatch.setenv("BOXMASK_LASOT_DIR", str(root))
    generate("lasot", root, tmp_path / "masks" / "lasot_masks")
    return tmp_path / "masks" / "lasot_masks"


def test_got10kvos_reads_a_mask_of_every_frame(got10k):
    dataset = Got10kVOS(anno_path=str(got10k), split=None)
    info = dataset.get_sequence_info(0)
    assert info["visible"].tolist() == [1, 0, 1, 1, 1, 1]
    images, annotations, _ = dataset.get_frames(0, range(6), info)
    for image, mask in zip(images, annotations["mask"], strict=True):
        assert mask.shape == image.shape[:2] and mask.dtype == torch.float32
    assert [mask.sum().item() for mask in annotations["mask"]] == [64, 0, 25, 64, 64, 64]
    assert annotations["mask"][0].unique().tolist() == [0, 1]


def test_lasotvos_reads_every_fifth_frame(lasot):
    assert sorted(path.name for path in (lasot / "airplane-10").glob("*.png")) == [
        "00000001.png", "00000006.png", "00000011.png"]
    dataset = LasotVOS(anno_path=str(lasot), split="train")
    sequence = dataset.sequence_list.index("airplane-10")
    info = dataset.get_sequence_info(sequence)
    assert info["visible"].tolist() == [1, 1, 1]
    _, annotations, _ = dataset.get_frames(sequence, range(3), info)
    for index, mask in enumerate(annotations["mask"]):
        left = 5 * index
        assert mask[6:14, left:left + 8].all() and mask.sum() == 64


def test_the_files_hold_indices_and_not_colours(got10k):
    assert np.unique(masks.read(got10k / "GOT-10k_Train_000001" / "00000001.png")).tolist() == [0, 1]
