"""Ten thousand frames with memory and open files that stay as they are."""

import os
from pathlib import Path

import cv2
import numpy as np

from boxmask.generate import manifest
from boxmask.generate import run as runs
from boxmask.generate.outcomes import Outcome

# A frame leaves its line of the manifest, its signs and its raster of 32x32.
_MOST_KILOBYTES_A_FRAME = 3.0


def test_memory_and_open_files_do_not_grow_with_the_length_of_a_video(tmp_path, job, faults, monkeypatch,
                                                                        is_long):
    length = 10_000 if is_long else 1_000
    folder = tmp_path / "got10k" / "A"
    folder.mkdir(parents=True)
    image = tmp_path / "frame.jpg"
    pixels = np.random.default_rng(0).integers(0, 255, (96, 128, 3), np.uint8)
    image.write_bytes(cv2.imencode(".jpg", pixels)[1].tobytes())
    for number in range(1, length + 1):
        os.link(image, folder / f"{number:08d}.jpg")
    (folder / "groundtruth.txt").write_text("10,8,20,16\n" * length)
    (tmp_path / "got10k" / "list.txt").write_text("A\n")
    samples = tmp_path / "samples"

    def run():
        done = 0
        with open(samples, "w") as file:
            def tell(event):
                nonlocal done
                if event["event"] == "frames":
                    done += event["count"]
                    # Without the pages of libraries, which a forked process finds as it comes to use them.
                    resident, shared = map(int, Path("/proc/self/statm").read_text().split()[1:3])
                    pages = resident - shared
                    file.write(f"{done} {pages * os.sysconf('SC_PAGE_SIZE') // 1024} "
                               f"{len(os.listdir('/proc/self/fd'))}\n")
            job(tmp_path / "got10k", tmp_path / "out").run(tell=tell)

    monkeypatch.setattr(runs, "_TELL_EVERY", 0.0)
    ended = faults.in_child(run, seconds=1200)
    assert ended.code == 0, ended.reason
    assert manifest.read_header(tmp_path / "out" / "A").counts == {Outcome.OK: length}
    table = np.array([line.split() for line in samples.read_text().splitlines()], int)
    later = table[table[:, 0] >= length // 4]
    growth = (later[-1, 1] - later[0, 1]) / (later[-1, 0] - later[0, 0])
    print(f"{length} frames: {later[0, 1] / 1024:.0f} MB after a quarter, {later[-1, 1] / 1024:.0f} MB at the end, "
          f"{growth:.2f} KB a frame; open files {later[:, 2].min()} to {later[:, 2].max()}")
    assert growth < _MOST_KILOBYTES_A_FRAME
    assert later[:, 2].max() - later[:, 2].min() <= 4  # what the helpers read and write at this moment
