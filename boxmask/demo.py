"""The whole way on synthetic sample clips: train, make masks, measure them, draw them. What `make demo` runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from boxmask import host, samples
from boxmask.evaluate.folders import evaluate_folders
from boxmask.evaluate.table import format_comparison
from boxmask.generate.defaults import SAMPLES_REFINEMENTS, SAMPLES_SEARCH_FACTOR
from boxmask.generate.job import Job
from boxmask.generate.progress import Progress
from boxmask.generate.source import Source
from boxmask.report import overlay
from boxmask.signals import sigterm_raises

# A file of paths without a path: `default` trains on sample clips where no dataset is configured, and the demo does
# that on a machine with datasets too.
_NO_DATASETS = '''"""Paths for the demo: no dataset is configured."""


class EnvironmentSettings:
    pass
'''


class DemoError(RuntimeError):
    """A step of the demo failed; the message says which."""


def run(out: Path, *, checkpoint: Path | None, num_sequences: int) -> int:
    """Runs the demo into the folder `out` and returns the exit code. checkpoint: used instead of training one."""
    start = time.perf_counter()
    if checkpoint is not None and not checkpoint.is_file():
        raise FileNotFoundError(f"{checkpoint}: no such checkpoint file; leave --checkpoint out to train a network")
    out.mkdir(parents=True, exist_ok=True)
    clips = _emptied(out / "samples")
    host.activate()
    search_factor = refinements = None  # the network's own
    if checkpoint is None:
        _title("1. Training boxmask_lite on synthetic sample clips")
        checkpoint, search_factor, refinements = train(out), SAMPLES_SEARCH_FACTOR, SAMPLES_REFINEMENTS
    else:
        _title(f"1. No training: {checkpoint}")
    _title(f"2. {num_sequences} unseen sample sequences of {samples.NUM_FRAMES} frames, with boxes and true masks")
    frames, truth = samples.write(clips, num_sequences, num_frames=samples.NUM_FRAMES)
    _title("3. Masks from the boxes")
    methods = {"boxmask": "network", "GrabCut": "grabcut", "filled box": "box"}
    scores = {}
    for title, method in methods.items():
        folder = out / "masks" / title.replace(" ", "_").lower()
        job = Job(Source("got10k", {"root": str(frames.absolute())}), str(folder), method=method,
                  checkpoint=str(checkpoint), search_factor=search_factor, refinements=refinements)
        with closing(Progress()) as progress:
            ledger = job.run(overwrite=True, tell=progress.tell)
        if ledger.failed:
            raise DemoError(next(iter(ledger.failed.values())).reason)
        scores[title] = evaluate_folders(folder, truth)
    _title("4. J against the true masks (synthetic clips, not a benchmark)")
    print(format_comparison(scores))
    _title("5. Pictures")
    for name in sorted(path.name for path in truth.iterdir()):
        picture = out / f"{name}.png"
        overlay.save(overlay.overlay_folder(frames / name, out / "masks" / "boxmask" / name, count=6), picture)
        print(picture)
    print(f"\nnetwork: {checkpoint}\nmasks: {out / 'masks' / 'boxmask'}\n{time.perf_counter() - start:.0f} s in all")
    return 0


def _emptied(folder: Path) -> Path:
    """The folder, without the sample clips of an earlier demo. Raises DemoError if there is something else in it."""
    if folder.is_dir():
        if not {path.name for path in folder.iterdir()} <= {"frames", "truth"}:
            raise DemoError(f"{folder}: has files that are not of a demo; choose another --out")
        shutil.rmtree(folder)
    return folder


def train(out: Path) -> Path:
    """Trains `boxmask default` on sample clips in a process of its own; returns its last checkpoint.

    An earlier training in the same folder is gone on with, or, if it had ended, used.
    """
    script = host.overlay_root() / "run_training.py"
    if not script.is_file():
        raise DemoError(f"training needs {script}, which a clone of boxmask has and an installed package has not; "
                        "name a trained network with --checkpoint")
    workspace = (out / "training").absolute()
    workspace.mkdir(exist_ok=True)
    paths = workspace / "paths.py"
    paths.write_text(_NO_DATASETS, encoding="utf-8")
    inherited = {name: value for name, value in os.environ.items()
                 if not name.startswith("BOXMASK_") and name != host.ROOT_VARIABLE}
    environment = {**inherited, "BOXMASK_LOCAL": str(paths), "BOXMASK_WORKSPACE_DIR": str(workspace)}
    command = [sys.executable, str(script), "boxmask", "default"]
    with sigterm_raises(), subprocess.Popen(command, env=environment) as process:
        try:
            code = process.wait()
        except KeyboardInterrupt:
            process.wait()  # it got the Ctrl-C too, and is saving
            raise
        except SystemExit:
            process.terminate()  # SIGTERM came to the demo alone
            raise
    if code:
        raise DemoError(f"the training ended with exit code {code}; see above")
    checkpoints = sorted((workspace / "checkpoints").rglob("*_ep*.pth.tar"))
    if not checkpoints:
        raise DemoError(f"the training left no checkpoint in {workspace / 'checkpoints'}")
    return checkpoints[-1]


def _title(text: str) -> None:
    print(f"\n== {text}", flush=True)
