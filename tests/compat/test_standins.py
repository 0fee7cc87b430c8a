"""Stand-ins for packages that are absent: what they serve, and what they say about the rest."""

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from boxmask.compat import STANDINS

# As pytracking imports them.
IMPORTS = """
from torchvision.models.resnet import BasicBlock, Bottleneck, model_urls
import torchvision.ops as ops, torchvision.transforms as transforms, torchvision.transforms.functional as tvisf
from timm.models.layers import DropPath, to_2tuple, trunc_normal_
import jpeg4py, lvis.lvis, tikzplotlib, visdom, visdom.server, pandas
from pycocotools.coco import COCO
"""
ASKED = ["BasicBlock(64, 64)", "model_urls['resnet50']", "ops.nms", "transforms.Resize(3)", "tvisf.resize",
         "DropPath(0.1)", "to_2tuple(3)", "lvis.lvis.LVIS('x.json')", "visdom.Visdom(server='127.0.0.1')",
         "tikzplotlib.save('x.tex')", "COCO('x.json')", "pandas.DataFrame()", "pandas.read_csv('with_a_header.csv')",
         "transforms.ToTensor()('a path')", "jpeg4py.JPEG(b'bytes of an image')"]


@pytest.fixture
def standins(monkeypatch):
    """The stand-ins before everything else, installed or not, and none of them left afterwards."""
    ours = {path.stem for path in STANDINS.iterdir()}
    kept = {name: module for name, module in sys.modules.items() if name.partition(".")[0] in ours}
    for name in kept:
        del sys.modules[name]
    monkeypatch.syspath_prepend(STANDINS)
    names = {}
    exec(IMPORTS, names)
    yield names
    for name in [name for name in sys.modules if name.partition(".")[0] in ours]:
        del sys.modules[name]
    sys.modules.update(kept)


def test_every_stand_in_is_imported_by_some_test(standins):
    packages = {path.name for path in STANDINS.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert packages <= {name.partition(".")[0] for name in sys.modules}
    assert all(Path(sys.modules[name].__file__).is_relative_to(STANDINS) for name in packages)


@pytest.mark.parametrize("asked", ASKED)
def test_what_a_stand_in_does_not_serve_names_the_package_to_install(standins, asked):
    with pytest.raises(ImportError, match=r"boxmask's stand-in for (\w+), .*: pip install \1"):
        eval(asked, standins)


def test_questions_of_the_import_system_are_answered_as_by_any_module(standins):
    assert not hasattr(standins["transforms"], "__wrapped__")


def test_images_become_tensors_and_are_normalised(standins):
    image = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    tensor = standins["transforms"].ToTensor()(image)
    assert tensor.shape == (3, 2, 4) and tensor[2, 1, 3] == pytest.approx(23 / 255)
    assert standins["transforms"].ToTensor()(image[..., 0].astype(np.float32))[0, 1, 3] == 21
    normal = standins["tvisf"].normalize(tensor, [0.1, 0.2, 0.3], [1, 2, 4])
    assert normal[2, 1, 3] == pytest.approx((23 / 255 - 0.3) / 4) and tensor[2, 1, 3] == pytest.approx(23 / 255)
    assert standins["tvisf"].normalize(tensor, [0, 0, 0], [2, 2, 2], inplace=True) is tensor
    with pytest.raises(ValueError, match="deviation is 0"):
        standins["tvisf"].normalize(tensor, [0, 0, 0], [1, 0, 1])


def test_jpegs_are_read_as_rgb_and_errors_name_the_file(standins, tmp_path):
    cv2.imwrite(str(tmp_path / "red.jpg"), np.full((8, 6, 3), (0, 0, 255), np.uint8))
    image = standins["jpeg4py"].JPEG(str(tmp_path / "red.jpg")).decode()
    assert image.shape == (8, 6, 3) and image[4, 3, 0] > 200 > 100 > image[4, 3, 2]
    (tmp_path / "text.jpg").write_text("no image")
    for name, reason in (("text.jpg", "no image"), ("absent.jpg", "does not exist")):
        with pytest.raises(OSError, match=f"{name} .*{reason}"):
            standins["jpeg4py"].JPEG(str(tmp_path / name)).decode()


@pytest.mark.parametrize(("text", "options", "kind", "expected"), [
    ("1,2\n5,8.5\n", {"dtype": np.float32, "na_filter": False, "low_memory": False}, np.float32, [[1, 2], [5, 8.5]]),
    ("nan,nan\n\n1,2\n", {"dtype": np.float32}, np.float32, [[np.nan, np.nan], [1, 2]]),
    ("1 2\n3 4\n", {"delimiter": " "}, np.int64, [[1, 2], [3, 4]]),
    ("a-1\nb-2\n", {}, object, [["a-1"], ["b-2"]])])
def test_lists_are_read(standins, tmp_path, text, options, kind, expected):
    (tmp_path / "list.txt").write_text(text)
    values = standins["pandas"].read_csv(tmp_path / "list.txt", header=None, **options).values
    assert values.dtype == kind
    np.testing.assert_array_equal(values, np.array(expected, dtype=kind))


def test_a_list_of_one_column_is_squeezed(standins, tmp_path):
    (tmp_path / "list.txt").write_text("3\n5\n")
    assert standins["pandas"].read_csv(tmp_path / "list.txt", header=None).squeeze("columns").values.tolist() == [3, 5]
