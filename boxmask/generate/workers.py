"""Several processes of one run on this machine. They share nothing but the output folder (`claims`).

A worker is `python -m boxmask.generate.workers`: it reads its job, a line of JSON, from its standard input, writes what
it has to tell as JSON lines to its standard output, and stops when the input ends, with whoever started it.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2

import boxmask
from boxmask.generate.helpers import let_idle_threads_sleep, num_processors
from boxmask.generate.job import Job
from boxmask.generate.ledger import Ledger
from boxmask.generate.run import Tell
from boxmask.signals import sigterm_raises

logger = logging.getLogger(__name__)

# How long a worker may take to give back its claims before it is killed, in seconds.
_PATIENCE = 20.0
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


class WorkerError(RuntimeError):
    """A worker ended with an error, and sequences are left; the message is the worker's."""


def run(job: Job, *, workers: int = 1, overwrite: bool = False, tell: Tell = lambda event: None) -> Ledger:
    """Runs a job in this process, or in several others; see `Job.run`. SIGTERM ends it as Ctrl-C does."""
    with sigterm_raises(), _opencv_errors_are_ours():
        if workers == 1:
            return job.run(overwrite=overwrite, tell=tell)
        # The settings are found to suit once, here, and not by every worker. This process computes nothing.
        prepared = replace(job, device="cpu").prepare()
        with prepared.entered(overwrite=overwrite, tell=tell):
            errors = _run_processes(job, workers, tell)
    ledger = prepared.take_ledger()
    if ledger.open and errors:
        raise errors[0]
    return ledger


@contextmanager
def _opencv_errors_are_ours() -> Iterator[None]:
    """OpenCV's own error is of no kind that a command foresees."""
    try:
        yield
    except cv2.error as error:
        kind = MemoryError if error.code == cv2.Error.StsNoMem else RuntimeError
        raise kind(" ".join(str(error).split())) from error


def _run_processes(job: Job, workers: int, tell: Tell) -> list[Exception]:
    """Runs the workers to their ends and returns the errors of those that had one."""
    events: queue.Queue[tuple[int, dict[str, Any] | None]] = queue.Queue(maxsize=1000)
    errors: list[Exception] = []
    with _started(job, workers) as processes:
        for rank, process in enumerate(processes):
            threading.Thread(target=_forward, args=(rank, process, events), daemon=True).start()
        left = workers
        while left:
            rank, event = events.get()
            if event is None:
                left -= 1
                code = processes[rank].wait()
                if code:
                    errors.append(WorkerError(f"worker {rank} {_said(code)}"))
                    logger.warning("%s; the others do what it had", errors[-1])
            elif event["event"] == "error":
                errors.insert(0, _error(event))
                errors[0].__cause__ = WorkerError(f"in worker {rank}:\n{event['traceback']}")  # for --debug
            elif event["event"] != "start":
                tell({**event, "worker": rank})
    return errors


@contextmanager
def _started(job: Job, workers: int) -> Iterator[list[subprocess.Popen[str]]]:
    """The workers, which are stopped when the `with` block ends early."""
    processes: list[subprocess.Popen[str]] = []
    with ExitStack() as stack:
        try:
            for rank in range(workers):
                processes.append(stack.enter_context(_start(rank, workers)))
                with suppress(BrokenPipeError):  # it died at once, which its exit code will say
                    processes[-1].stdin.write(job.to_text() + "\n")
                    processes[-1].stdin.flush()
            yield processes
        finally:
            _stop(processes)


def _start(rank: int, workers: int) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-m", "boxmask.generate.workers"], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, text=True, encoding="utf-8", env=_environment(rank, workers))


def _stop(processes: list[subprocess.Popen[str]]) -> None:
    """Tells all that still run to end, and then waits for them."""
    for process in processes:
        process.terminate()
    end = time.monotonic() + _PATIENCE
    for process in processes:
        try:
            process.wait(max(0.0, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()


def _environment(rank: int, workers: int) -> dict[str, str]:
    """A worker's: its number, its share of the processors, and this boxmask."""
    threads = max(1, num_processors() // workers)
    paths = [str(Path(boxmask.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return {**dict.fromkeys(_THREAD_VARIABLES, str(threads)), **os.environ, "LOCAL_RANK": str(rank),
            "LOCAL_WORLD_SIZE": str(workers), "PYTHONPATH": os.pathsep.join(filter(None, paths))}


def _forward(rank: int, process: subprocess.Popen[str], events: queue.Queue[tuple[int, dict[str, Any] | None]]) -> None:
    for line in process.stdout:
        with suppress(json.JSONDecodeError):  # the last line of one that was killed
            events.put((rank, json.loads(line)))
    events.put((rank, None))


def _said(code: int) -> str:
    return f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"


def _error(event: dict[str, Any]) -> Exception:
    if event["is_memory"]:
        return MemoryError(event["message"])
    if event["errno"] is not None:
        return OSError(event["errno"], event["message"], event["file"])
    return WorkerError(event["message"])


def main() -> int:
    """A worker process: does its job until it is done, or told to stop."""
    let_idle_threads_sleep()
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    output, sys.stdout = sys.stdout, sys.stderr  # what libraries print must not get among the events
    job = Job.from_text(sys.stdin.readline())
    threading.Thread(target=_stop_at_end_of_input, daemon=True).start()

    def tell(event: Any) -> None:
        print(json.dumps(event), file=output, flush=True)

    try:
        threads = os.environ[_THREAD_VARIABLES[0]].partition(",")[0]  # OpenMP takes a list, of a number for each level
        if threads.isdecimal():
            cv2.setNumThreads(int(threads))
        run(job, tell=tell)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except (ValueError, OSError, ImportError, RuntimeError, MemoryError) as error:
        tell({"event": "error", "message": getattr(error, "strerror", None) or str(error) or type(error).__name__,
              "errno": getattr(error, "errno", None), "file": getattr(error, "filename", None),
              "is_memory": isinstance(error, MemoryError), "traceback": traceback.format_exc()})
        return 1
    return 0


def _stop_at_end_of_input() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
