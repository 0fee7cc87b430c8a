"""What evaluation gives a tracker and writes for it."""

import os
from pathlib import Path

import numpy as np
import trees
from main import attempt
from PIL import Image

from pytracking.evaluation import Sequence, Tracker, get_dataset
from pytracking.evaluation.data import SequenceList
from pytracking.evaluation.running import run_dataset
from pytracking.tracker.base import BaseTracker
from pytracking.tracker.toy import Toy
from pytracking.utils import TrackerParams

SIZE = (trees.HEIGHT, trees.WIDTH)
os.environ["BOXMASK_RESULTS_PATH"], os.environ["BOXMASK_SEGMENTATION_PATH"] = "boxes", "masks"


class WithoutScores(Toy):
    """A checkout cannot write the presence scores of several objects."""

    def track(self, image, info=None):
        output = super().track(image, info)
        del output["object_presence_score"]
        return output


class Overlapping(BaseTracker):
    """Soft masks over the whole frame: the object with the higher id wins where both are."""

    multiobj_mode = "parallel"

    def initialize(self, image, info):
        self.score = 0.3 + 0.2 * int(info["object_ids"][0])
        return {"segmentation": info["init_mask"]}

    def track(self, image, info=None):
        soft = np.full(SIZE, self.score)
        soft[:5], soft[:, :4] = 0.5, 1 - self.score
        return {"target_bbox": [0, 0, 1, 1], "segmentation": soft > 0.5, "segmentation_soft": soft}


class Recorder(BaseTracker):
    """Notes what it is told."""

    def initialize(self, image, info):
        self.told = [("first", image, info)]
        Recorder.last = self
        return {"target_bbox": [1, 2, 3, 4]}

    def track(self, image, info=None):
        self.told.append(("then", image, info))
        return {"target_bbox": [1.9, 2.5, -3.7, 4], "object_presence_score": 0.25}


def frames(name, count=4):
    paths = [Path("frames", name, f"{number:08d}.jpg") for number in range(1, count + 1)]
    for number, path in enumerate(paths):
        trees.write_image(path, number)
    return [str(path) for path in paths]


def mask_file(name, ids):
    trees.write_mask(Path("truth", name), ids)
    return str(Path("truth", name))


def one_object(name, **options):
    boxes = np.array([trees.box_of(number) for number in range(4)], dtype=float)
    return Sequence(name, frames(name), "made", boxes, **options)


def two_objects(name, second_starts=0):
    ids = trees.mask_of(0)
    ids[40:60, 4:9] = 3
    mask = mask_file(f"{name}.png", ids)
    starts = {0: {"object_ids": ["1"], "bbox": {"1": [10, 24, 20, 16]}, "mask": mask}}
    starts.setdefault(second_starts, {"object_ids": [], "bbox": {}, "mask": mask})
    starts[second_starts]["object_ids"].append("3")
    starts[second_starts]["bbox"]["3"] = [4, 40, 5, 20]
    return Sequence(name, frames(name), "made", None, init_data=starts, object_ids=["1", "3"], multiobj_mode=True)


def tracker(parameter_name, kind, run_id=None):
    made = Tracker("toy", parameter_name, run_id)
    made.tracker_class = kind
    # Evaluation asks for the parameters by this method; all runs here share one file of parameters.
    made.get_parameters = Tracker("toy", "default").get_parameters
    return made


def written(folder):
    """The files below a folder: boxes and scores as text, masks as pixels, times by their number."""
    found = {}
    for path in sorted(path for path in Path(folder).rglob("*") if path.is_file()):
        name = str(path.relative_to(folder))
        if path.suffix == ".png":
            with Image.open(path) as image:
                found[name] = (image.mode, image.getpalette(), np.asarray(image))
        else:
            text = path.read_text()
            found[name] = text.count("\n") if name.endswith("_time.txt") else text
    return found


def results():
    white = one_object("white")
    Image.fromarray(np.full((*SIZE, 3), 255, np.uint8)).save(white.frames[0])
    with_mask = [mask_file("start.png", trees.mask_of(0)), None, None, None]
    first_only = {0: {"bbox": trees.box_of(0)}, 2: {"bbox": trees.box_of(2)}}
    for label, kind, sequences in (
            ("boxes", Toy, [one_object("a"), one_object("b")]),
            ("boxes and masks", Toy, [one_object("a", ground_truth_seg=with_mask)]),
            ("one that fails among others", Toy, [one_object("a"), white, one_object("c")]),
            ("two objects", WithoutScores, [two_objects("two")]),
            ("two objects, one later", WithoutScores, [two_objects("late", second_starts=2)]),
            ("two objects with presence scores", Toy, [two_objects("scores")]),
            ("overlapping objects", Overlapping, [two_objects("over")]),
            ("negative and broken numbers", Recorder, [one_object("a")]),
            ("a start in a later frame", Recorder,
             [one_object("later", init_data={key: value for key, value in first_only.items() if key})])):
        made = tracker("_".join(label.split()), kind)
        attempt(run_dataset, SequenceList(sequences), [made])
        files = written(made.results_dir)
        yield f"{label}: boxes and times", {name: files[name] for name in files if not name.endswith("_scores.txt")}
        yield f"{label}: scores", {name: files[name] for name in files if name.endswith("_scores.txt")}
        yield f"{label}: masks", written(made.segmentation_dir)
    made = tracker("twice", Toy, run_id=7)
    for _ in range(2):
        run_dataset([one_object("a")], [made])
        path = Path(made.results_dir, "a.txt")
        path.write_text("kept")
    yield "results that exist are kept", (made.results_dir, path.read_text())
    box_of_id = {"3": np.array([trees.box_of(number) for number in range(4)], dtype=float)}
    made = tracker("one_of_several", Toy)
    one = Sequence("one", frames("one"), "made", box_of_id, ground_truth_seg=with_mask, object_ids=["3"])
    run_dataset([one], [made])
    yield "one object by its id", written(made.results_dir)
    marker = Path(made.results_dir, "one.txt")
    marker.write_text("kept")
    run_dataset([one], [made])
    yield "one object by its id, again", marker.read_text()


def what_trackers_are_told():
    ids = [mask_file("ids.png", trees.mask_of(0, value=3)), None, None, None]
    for label, sequence in (
            ("a box", one_object("a")), ("a mask", one_object("a", ground_truth_seg=ids)),
            ("an id", one_object("a", ground_truth_seg=ids, object_ids=["3"])),
            ("two objects", two_objects("two", second_starts=2))):
        made = tracker("told", Recorder)
        output = made.run_sequence(sequence, multiobj_mode="default")
        yield f"{label}: input", Recorder.last.told
        output.pop("time")
        yield f"{label}: output", {key: output[key] for key in ("target_bbox", "object_presence_score")}


def sequences():
    late = Sequence("late", frames("late"), "made", {"1": np.arange(16).reshape(4, 4), "3": np.zeros((4, 4))},
                    ground_truth_seg=[None, None, "c", "d"], init_data={2: {"bbox": {"1": [1, 2, 3, 4]}}},
                    target_visible=np.arange(4), object_ids=["1", "3"], multiobj_mode=True)
    yield "a late start", (late.frames, late.ground_truth_rect, late.ground_truth_seg, late.target_visible,
                           late.init_bbox(), late.frame_info(1))
    listed = SequenceList([one_object(name) for name in "abc"])
    yield "lists", ([one.name for one in listed[1:]], [one.name for one in listed[[2, 0]]], listed["b"].name,
                    [one.name for one in listed + listed[:1]], type(listed.copy()).__name__)
    yield "a name that is not there is an IndexError", _is_index_error(listed, "x")


def _is_index_error(listed, name):
    """On a checkout of a class of its own, which a command line shows in one line."""
    try:
        listed[name]
    except IndexError:
        return True
    return False


def datasets():
    trees.davis(Path("davis_val"), sequences=("bear", "goat"), objects=2, split="val")
    trees.got10k(Path("got10k_all/val"))
    Path("lasot_all").mkdir()
    trees.trackingnet(Path("trackingnet_all"))
    Path("trackingnet_all/TRAIN_0").rename("trackingnet_all/TEST")
    os.environ.update(BOXMASK_DAVIS_DIR="davis_val", BOXMASK_GOT10K_PATH="got10k_all",
                      BOXMASK_TRACKINGNET_PATH="trackingnet_all")
    for name in ("dv2017_val", "got10k_val", "trackingnet"):
        found = get_dataset(name)
        yield name, [(one.name, one.frames, one.dataset, one.object_ids, one.multiobj_mode, one.init_info(),
                      one.ground_truth_seg, one.ground_truth_rect) for one in found]


def parameters():
    params = TrackerParams()
    params.set_default_values({"a": 1})
    params.set_default_values({"a": 2, "b": 3})
    yield "values", (params.a, params.get("b"), params.get("c", 4), params.has("c"))
    yield "a name that is not there", attempt(params.get, "c")
