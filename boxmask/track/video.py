"""The command line that runs a tracker on a video: `python run_video.py <tracker> <parameters> <video>`.

pytracking's own opens a window to select the targets in; here they are boxes, and what is found is written.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

from boxmask.readers import images
from boxmask.readers.sequence import Frames
from boxmask.readers.video import VideoFrames
from boxmask.terminal import bar
from boxmask.track.follow import VideoError, follow
from boxmask.track.output import VideoResults
from pytracking.evaluation.tracker import Tracker

_log = logging.getLogger(__name__)


def run_video(tracker_name: str, tracker_param: str, videofile: str, optional_box: Sequence[Sequence[float]], *,
              debug: int = 0, save_results: bool = False, out: str | None = None,
              visdom_info: dict | None = None) -> None:
    """Runs a tracker on a video file or a folder of images, from the boxes (N, 4) xywh in its first frame.

    save_results: write to the folders where pytracking keeps results; out: to this one. Raises ValueError for a
    tracker, video or box that cannot be used.
    """
    path = Path(videofile)
    tracker = Tracker(tracker_name, tracker_param)
    if tracker.tracker_class is None:
        raise ValueError(f"there is no tracker {tracker_name!r}; boxmask's is named boxmask")
    frames, rate = _open(path)
    found = follow(tracker, str(path), frames, optional_box, debug=debug, visdom_info=visdom_info)
    shown = bar(found, len(frames.names), unit="frame")
    seconds = 0.0
    if save_results or out is not None:
        folders = (Path(tracker.results_dir), Path(tracker.segmentation_dir)) if out is None else (Path(out), Path(out))
        with VideoResults(f"video_{path.resolve().stem}", *folders, frames.names, rate) as results:
            for tracked in shown:
                results.add(tracked)
                seconds += tracked.seconds
        for written in (results.film, results.sheet, results.masks_folder):
            if written in results.written:
                _log.info("wrote %s", written)
        _log.info("wrote %s", ", ".join(str(path) for path in results.box_files))
    else:
        seconds = sum(tracked.seconds for tracked in shown)
    _log.info("%d frames, %.1f FPS", len(frames.names), len(frames.names) / max(seconds, 1e-9))


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; errors are raised."""
    parser = _parser()
    options = parser.parse_args(argv)
    if not options.optional_box:
        parser.error("no box to start from: --optional_box X Y W H; no window is opened to draw one in")
    if not (options.save_results or options.out or options.debug):
        parser.error("nothing would be left of it: --save_results, --out DIR, or --debug 1 to watch in visdom")
    visdom = {"use_visdom": options.use_visdom, "server": options.visdom_server, "port": options.visdom_port}
    run_video(options.tracker_name, options.tracker_param, options.videofile, options.optional_box,
              debug=options.debug, save_results=options.save_results, out=options.out, visdom_info=visdom)
    return 0


def _open(path: Path) -> tuple[Frames, float]:
    """The frames of a video file or of a folder of images, and how many are shown in a second, 0 if not known."""
    if not path.is_dir():
        frames = VideoFrames(path)
        return frames, frames.rate
    files = images.ImageFiles(tuple(images.list_folder(path)))
    if not files.paths:
        raise VideoError(f"{path}: no images in the folder; expected files that end in "
                         f"{', '.join(sorted(images.SUFFIXES))}")
    if len(set(files.names)) < len(files.names):
        raise VideoError(f"{path}: images that differ in their endings alone would have the same masks; keep one of "
                         "each name")
    return files, 0.0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="run_video.py", description="Runs a tracker on a video, from boxes in its "
                                                                      "first frame. No window is opened.")
    parser.add_argument("tracker_name", help="folder in pytracking/tracker")
    parser.add_argument("tracker_param", help="file in pytracking/parameter/<tracker>, without .py")
    parser.add_argument("videofile", help="a video file, or a folder of images")
    parser.add_argument("--optional_box", type=float, nargs=4, action="append", metavar=("X", "Y", "W", "H"),
                        help="the target in the first frame, in pixels; repeated for several targets")
    parser.add_argument("--debug", type=int, default=0, help="debug level; above 0 visdom shows what is going on")
    parser.add_argument("--save_results", action="store_true",
                        help="write boxes, masks, an mp4 and a picture to where pytracking keeps results")
    parser.add_argument("--out", metavar="DIR", help="write them to this folder")
    parser.add_argument("--use_visdom", type=lambda text: text.lower() not in ("0", "false"), default=True,
                        metavar="True|False", help="whether --debug looks for a visdom server (default: True)")
    parser.add_argument("--visdom_server", default="127.0.0.1")
    parser.add_argument("--visdom_port", type=int, default=8097)
    return parser
