"""What generated masks are worth to a VOS network: training runs that differ in their data alone.

    python -m benchmarks.weak_supervision --davis DAVIS --stills STILLS --out weak

A  still images and a third of DAVIS's training sequences, with true masks
B  the same, and the other two thirds with boxes alone, whose masks a box-to-mask network generates that saw only A
C  the same as A, and the other two thirds with true masks

Every run starts from that box-to-mask network and takes as many steps. J&F is on DAVIS's validation sequences, the
first mask given, or made from its box. Options of B are further runs (`--runs`). What is done is kept in --out, and the
same command goes on.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.comparison import Scores, format_scores
from boxmask.evaluate.folders import evaluate_folders
from boxmask.evaluate.report import Report
from boxmask.readers import davis

PROJECT = Path(__file__).resolve().parents[1]
MAIN_RUNS = ("A", "B", "C")
# Of B: what the paper did not do.
OPTIONS = {"B-quality": "min_quality=0.8", "B-edge": "edge_band=3", "B-weight": "weight_by_quality=1"}
STARTS = {"mask": "lite", "box": "lite_box"}  # what a tracker is started by, and the parameters for it
VIDEO_SHARE, STILLS_SHARE = 2.0, 1.0


class StepError(RuntimeError):
    """A command failed; the message names its log."""


@dataclass(frozen=True)
class Plan:
    """What all runs have in common; the folder of a benchmark holds runs of one plan alone."""

    davis: str
    stills: str
    box_minutes: int
    box_checkpoint: str | None
    epochs: int
    samples_per_epoch: int


@dataclass(frozen=True)
class Bench:
    """The plan, its folder, and how many commands run at a time."""

    plan: Plan
    out: Path
    jobs: int

    def run(self, folder: str, command: Sequence[str], *, choices: Sequence[str] = (),
            networks: Mapping[str, Path] | None = None, threads: int = 1) -> None:
        """A command of the project with a workspace of its own; what it prints goes into `<folder>.log`."""
        workspace, log = self.out / folder, self.out / f"{folder}.log"
        workspace.mkdir(parents=True, exist_ok=True)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("BOXMASK_")}
        environment |= {"BOXMASK_WORKSPACE_DIR": str(workspace), "BOXMASK_DAVIS_DIR": self.plan.davis,
                        "BOXMASK_STILLS_DIR": self.plan.stills, "BOXMASK_SET": shlex.join(choices),
                        "OMP_NUM_THREADS": str(threads), "PYTHONPATH": str(PROJECT)}
        environment |= {f"BOXMASK_{name}": str(path) for name, path in (networks or {}).items()}
        with open(log, "a", encoding="utf-8") as file:
            done = subprocess.run([sys.executable, *command], cwd=PROJECT, env=environment, stdout=file,
                                  stderr=subprocess.STDOUT, check=False)
        if done.returncode:
            raise StepError(f"{command[0]} ended with exit code {done.returncode}; see {log}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    args = _parser().parse_args(arguments)
    plan = Plan(os.path.abspath(args.davis), os.path.abspath(args.stills), args.box_minutes,
                None if args.box_checkpoint is None else os.path.abspath(args.box_checkpoint), args.epochs,
                args.samples_per_epoch)
    bench = Bench(plan, args.out.absolute(), args.jobs)
    try:
        _need_same_plan(bench)
        scores = _measure(bench, args.runs, args.seeds)
    except (StepError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(format_scores(scores))
    (bench.out / "scores.json").write_text(json.dumps(scores.to_json(), indent=1), encoding="utf-8")
    return 0


def _measure(bench: Bench, runs: Sequence[str], seeds: Sequence[int]) -> Scores:
    third, rest = _split(bench)
    box_network = _box_network(bench, third)
    masks = _generate(bench, box_network, rest)
    scores = Scores(masks=evaluate_folders(masks, Path(bench.plan.davis), rest))
    pool = ThreadPoolExecutor(bench.jobs)
    try:
        jobs = [(run, pool.submit(_vos_run, bench, run, seed, (third, rest), masks, box_network))
                for seed in seeds for run in runs]
        for run, job in jobs:
            for start, report in job.result().items():
                scores.add(run, start, report)
    finally:
        pool.shutdown(cancel_futures=True)
    return scores


def _split(bench: Bench) -> tuple[list[str], list[str]]:
    """Every third of DAVIS's training sequences, in alphabetical order, and the others."""
    names = sorted(davis.open_dataset(bench.plan.davis, "train").sequences)
    third = names[::3]
    _list(bench).write_text("\n".join(third) + "\n", encoding="utf-8")
    return third, [name for name in names if name not in third]


def _list(bench: Bench) -> Path:
    return bench.out / "third.txt"


def _box_network(bench: Bench, third: Sequence[str]) -> Path:
    """The checkpoint of the box-to-mask network that has seen the third and the still images alone."""
    if bench.plan.box_checkpoint is not None:
        return Path(bench.plan.box_checkpoint)
    finished = bench.out / "box" / "finished"
    if not finished.is_file():
        _say(f"box-to-mask network: {len(third)} sequences and still images, about {bench.plan.box_minutes} minutes")
        bench.run("box", ["run_training.py", "boxmask", "lite"], threads=bench.jobs,
                  choices=["batch_size=4", f"minutes={bench.plan.box_minutes}", f"davis_list={_list(bench)}"])
        finished.touch()
    return _last_checkpoint(bench.out / "box")


def _generate(bench: Bench, box_network: Path, rest: Sequence[str]) -> Path:
    """Masks of the other sequences from boxes; what is there already is kept."""
    out = bench.out / "masks"
    _say(f"masks of {len(rest)} sequences from boxes")
    bench.run("generation", ["-m", "boxmask", "generate", "davis", "--root", bench.plan.davis, "--checkpoint",
                             str(box_network), "--out", str(out), "--sequences", *rest], threads=bench.jobs)
    return out


def _vos_run(bench: Bench, run: str, seed: int, split: tuple[list[str], list[str]], masks: Path,
             box_network: Path) -> dict[str, Report]:
    """Trains one network and tracks with it, started by a mask and by a box: a report of each."""
    folder = f"{run}-{seed}"
    _say(f"{folder}: training")
    bench.run(folder, ["run_training.py", "boxmask", "weak_vos_lite"], choices=[
        f"seed={seed}", f"max_epochs={bench.plan.epochs}", f"samples_per_epoch={bench.plan.samples_per_epoch}",
        f"start_weights={box_network}", "max_gap=30", "num_workers=0", "cross_entropy=0",
        f"stills_share={STILLS_SHARE}",
        *_data(bench, run, *map(len, split), masks)])
    network = _last_checkpoint(bench.out / folder)
    reports = {}
    for start, parameters in STARTS.items():
        _say(f"{folder}: tracking, started by a {start}")
        bench.run(folder, ["run_tracker.py", "boxmask", parameters, "--dataset_name", "dv2017_val"],
                  networks={"VOS_NETWORK": network, "BOX_NETWORK": box_network})
        results = bench.out / folder / "segmentation_results" / "boxmask" / parameters
        names = davis.open_dataset(bench.plan.davis, "val").sequences
        reports[start] = evaluate_folders(results, Path(bench.plan.davis), names, skip_ends=True)
    return reports


def _data(bench: Bench, run: str, third: int, rest: int, masks: Path) -> list[str]:
    """The settings in which the runs differ. Sequences, so many of a third and of the rest, are drawn equally often,
    whoever made their masks.
    """
    if run == "C":
        return [f"davis_share={VIDEO_SHARE}"]
    chosen = [f"davis_list={_list(bench)}"]
    if run == "A":
        return [*chosen, f"davis_share={VIDEO_SHARE}"]
    share = VIDEO_SHARE / (third + rest)
    return [*chosen, f"davis_share={third * share}", f"frames_share={rest * share}", f"frames_masks={masks}",
            f"frames_dir={Path(bench.plan.davis, davis.IMAGES)}", *OPTIONS.get(run, "").split()]


def _last_checkpoint(workspace: Path) -> Path:
    found = sorted(workspace.glob("checkpoints/**/*.pth.tar"))
    if not found:
        raise StepError(f"{workspace}: the training left no checkpoint; see {workspace}.log")
    return found[-1]


def _need_same_plan(bench: Bench) -> None:
    """Raises ValueError where the folder has results of another plan: two would be compared that differ in more."""
    bench.out.mkdir(parents=True, exist_ok=True)
    file = bench.out / "plan.json"
    plan = asdict(bench.plan)
    before = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else plan
    changed = [f"{name}={before.get(name)}" for name in plan if before.get(name) != plan[name]]
    if changed:
        raise ValueError(f"{bench.out} has runs with {', '.join(changed)}; name another folder with --out")
    file.write_text(json.dumps(plan, indent=1), encoding="utf-8")


def _say(text: str) -> None:
    print(text, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.weak_supervision", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--davis", required=True, metavar="DIR", help="DAVIS, with ImageSets/2017/{train,val}.txt")
    parser.add_argument("--stills", required=True, metavar="DIR", help="images/, masks/ and instances.csv")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="all that is made")
    parser.add_argument("--runs", nargs="+", default=MAIN_RUNS, choices=(*MAIN_RUNS, *OPTIONS), metavar="RUN",
                        help=f"of {', '.join((*MAIN_RUNS, *OPTIONS))} (default: A B C)")
    parser.add_argument("--seeds", nargs="+", type=int, default=(0, 1, 2), metavar="N", help="(default: 0 1 2)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N",
                        help="runs at a time, each on one thread (default: the number of cores)")
    parser.add_argument("--box-minutes", type=int, default=28, metavar="N",
                        help="length of the box-to-mask network's training (default: %(default)s)")
    parser.add_argument("--box-checkpoint", metavar="FILE",
                        help="a box-to-mask network to take instead; whether it saw only A is yours to know")
    parser.add_argument("--epochs", type=int, default=6, metavar="N", help="of a VOS run (default: %(default)s)")
    parser.add_argument("--samples-per-epoch", type=int, default=320, metavar="N",
                        help="on small crops; a fourth on full ones (default: %(default)s)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
