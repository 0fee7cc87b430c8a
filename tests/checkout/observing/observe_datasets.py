"""What each dataset class reads from the same folders."""

import contextlib
import os
from pathlib import Path
from unittest import mock

import trees
from main import attempt, seed
from PIL import Image

from ltr.data.image_loader import imwrite_indexed
from ltr.dataset import Davis, Got10k, Got10kVOS, Lasot, LasotVOS, TrackingNet, YouTubeVOS

# In pytracking's list of classes.
VIDEOS = ("Nf1aqv5Fg5o_0", "AAB6lO-XiKE_0")
# Two that are in pytracking's list of that split.
JJVALID = ("d82a0aa15b", "691a111e7c")


def _everything(data, frames=(0, 3, 4)):
    """Names, sequence information, and some frames of the first and the last sequence."""
    yield "name", (data.get_name(), data.get_num_sequences(), len(data), data.is_video_sequence(),
                   data.has_class_info(), data.has_occlusion_info())
    yield "has masks", data.has_segmentation_info()
    yield "sequences", getattr(data, "sequence_list", None) or getattr(data, "sequence_names", None)
    for index in (0, len(data) - 1):
        yield f"information of {index}", data.get_sequence_info(index)
        images, annotation, meta = data.get_frames(index, list(frames))
        yield f"frames of {index}", (images, annotation)
        yield f"meta of {index}", meta if meta is None or "object_class_name" in meta else sorted(meta)


def davis():
    for multiobj in (False, True):
        data = Davis("davis", multiobj=multiobj)
        for label, value in _everything(data):
            yield f"multiobj {multiobj}, {label}", value
        yield f"multiobj {multiobj}, for evaluation", data.get_paths_and_bboxes(data.get_sequence_info(0))
    yield "sequences by name", Davis("davis", sequences=["bear"], vis_threshold=320).get_sequence_info(0)


def youtubevos():
    for options in ({"multiobj": False}, {"multiobj": True}, {"multiobj": False, "sequences": ["bbb"]},
                    {"multiobj": True, "vis_threshold": 400}, {"multiobj": False, "cleanup": ["aspect", "starts"]}):
        data = YouTubeVOS("youtubevos", **options)
        for label, value in _everything(data, frames=(2, 5)):
            yield f"{options}, {label}", value
    data = YouTubeVOS("youtubevos")
    yield "for evaluation", data.get_paths_and_bboxes(data.get_sequence_info(0))
    yield "the meta file", [(name, data.meta.object_first_frame(name, "2"),
                             data.meta.object_category(name, "2")) for name in data.sequence_names]
    trees.youtubevos(Path("youtubevos_lists"), videos=JJVALID)
    for split in ("train", "jjvalid"):
        yield f"videos of {split}", YouTubeVOS("youtubevos_lists", split=split, sequences=None).sequence_names


def frames_without_masks():
    """Evaluation on every frame of videos of which every fifth has a mask."""
    trees.youtubevos(Path("every_frame"), videos=JJVALID[:1], split="valid")
    for number in range(26):
        trees.write_image(Path("every_frame/2019/valid_all_frames/JPEGImages", JJVALID[0], f"{number:05d}.jpg"), 0)
    data = YouTubeVOS("every_frame", split="valid", all_frames=True)
    info = data.get_sequence_info(0)
    yield "information", info
    yield "for evaluation", data.get_paths_and_bboxes(info)


def got10k():
    yield from _everything(Got10k("got10k"))
    yield "sequences by position", Got10k("got10k", seq_ids=[1, 0]).sequence_list
    yield "classes", (Got10k("got10k").class_list, Got10k("got10k").get_sequences_in_class("bear"))
    seed(1)
    yield "half of them", Got10k("got10k", data_fraction=0.5).sequence_list
    yield "a split of more sequences than are there", attempt(lambda: Got10k("got10k", split="train").sequence_list)


def lists_of_splits():
    """The lists that are part of pytracking, over the names of the real dataset; no file of a sequence is there."""
    root = Path("got10k_names")
    root.mkdir()
    root.joinpath("list.txt").write_text("".join(f"GOT-10k_Train_{number:06d}\n" for number in range(1, 9336)))
    for split in ("train", "val", "vottrain", "votval"):
        yield f"Got10k {split}", Got10k(root, split=split).sequence_list
    Path("lasot_names").mkdir()
    yield "Lasot train", Lasot("lasot_names", split="train").sequence_list


def got10kvos():
    yield from _everything(Got10kVOS(anno_path="got10k_masks", split=None))
    for name in ("colours", "palette", "white", "small", "missing"):
        yield f"masks: {name}", attempt(lambda name=name: _first_mask(f"got10k_{name}"))
    with Image.open("got10k_palette/GOT-10k_Train_000001/00000001.png") as image:
        yield "the palette mask is one", image.mode


def _first_mask(folder):
    return Got10kVOS(anno_path=folder, split=None).get_frames(0, [0])[1]["mask"]


@contextlib.contextmanager
def _listing(folder, names):
    """Lets os.listdir give these names of a folder, in this order: file systems have orders of their own."""
    listdir = os.listdir
    with mock.patch("os.listdir", lambda path=".": list(names) if Path(path) == Path(folder) else listdir(path)):
        yield


def lasot():
    with _listing("lasot", ["airplane", "bear"]):
        yield from _everything(Lasot("lasot", vid_ids=[10]), frames=(0, 5, 22))
    with _listing("lasot", ["bear", "airplane"]):
        yield "order of classes", Lasot("lasot", vid_ids=[10]).sequence_list


def lasotvos():
    data = LasotVOS(anno_path="lasot_masks")
    index = data.sequence_list.index("airplane-10")
    yield "information", data.get_sequence_info(index)
    yield "frames", data.get_frames(index, [0, 3, 4])


def trackingnet():
    data = TrackingNet("trackingnet", set_ids=[0, 1])
    yield from _everything(data)
    yield "classes", (data.get_num_classes(), data.get_class_list())
    trees.trackingnet(Path("unlisted"), sets=[0])
    trees.write_boxes(Path("unlisted/TRAIN_0/anno/video7.txt"), [trees.box_of(0)])
    with _listing("unlisted/TRAIN_0/anno", ["video7.txt", "video0.txt"]):
        yield "order of videos", TrackingNet("unlisted", set_ids=[0]).sequence_list
    yield "a video that is not in the list of classes", attempt(
        lambda: TrackingNet("unlisted", set_ids=[0]).get_frames(0, [0])[2])


def _make():
    trees.davis(Path("davis"), objects=2)
    trees.youtubevos(Path("youtubevos"))
    trees.got10k(Path("got10k"), masks=Path("got10k_masks"))
    for sequence in ("GOT-10k_Train_000001", "GOT-10k_Train_000002"):
        for frame in range(12):
            file = Path(sequence, f"{frame + 1:08d}.png")
            mask = trees.mask_of(frame)
            trees.write_mask("got10k_colours" / file, mask[..., None].repeat(3, axis=2))
            trees.write_mask("got10k_white" / file, mask * 255)
            trees.write_mask("got10k_small" / file, mask[:-4])
            Path("got10k_palette", sequence).mkdir(parents=True, exist_ok=True)
            imwrite_indexed("got10k_palette" / file, mask)
            if frame:
                trees.write_mask("got10k_missing" / file, mask)
    trees.lasot(Path("lasot"), masks=Path("lasot_masks"), names=("airplane-10", "bear-10"))
    trees.trackingnet(Path("trackingnet"), names=VIDEOS)
    os.environ["BOXMASK_GOT10K_DIR"], os.environ["BOXMASK_LASOT_DIR"] = "got10k", "lasot"


_make()
