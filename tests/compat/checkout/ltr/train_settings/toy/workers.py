"""Frames are read by a worker that was spawned, as the loader's are."""

import multiprocessing
import os

from ltr.dataset import Frames
from pytracking.libs.tensorlist import TensorList


def describe(frames, settings, names):
    return frames.shapes(), settings.env.davis_dir, hasattr(names, "__torch_function__")


def run(settings):
    print("start method", multiprocessing.get_start_method(), "set", os.environ.get("BOXMASK_SET"))
    folder = settings.env.davis_dir
    frames = Frames([os.path.join(folder, "0.jpg")], os.path.join(folder, "boxes.txt"))
    with multiprocessing.Pool(1) as pool:
        print("worker", *pool.apply(describe, (frames, settings, TensorList())))
