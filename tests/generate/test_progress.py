"""What a run says of itself while it goes on."""

import io
import json

import pytest

from boxmask.generate.progress import JsonLog, Progress, duration, limiting


@pytest.mark.parametrize(("seconds", "said"), [
    (0, "0 s"), (89, "89 s"), (600, "10 min"), (3600 * 3 + 60 * 20, "3 h 20 min"), (86400 * 2 + 3600 * 4, "2 d 4 h"),
    (3600 * 2 - 1, "2 h 0 min"),
])
def test_durations(seconds, said):
    assert duration(seconds) == said


def test_what_takes_the_time_is_summed_over_workers():
    assert limiting([{"decode": 3.0, "network": 2.0}, {"network": 5.0}]) == ("network", 0.7)
    assert limiting([]) is None


def sequence(name, done, **more):
    frames = {"ok": 9, "bad_image": 1}
    return {"event": "sequence", "name": name, "seconds": 2.0, "done": done, "frames": frames, **more}


def test_a_plain_line_now_and_then_with_all_there_is_to_know(caplog):
    now = [0.0]
    progress = Progress(stream=io.StringIO(), clock=lambda: now[0])
    with caplog.at_level("INFO"):
        progress.tell({"event": "start", "sequences": 10, "done": 4})
        now[0] = 10.0
        progress.tell({"event": "frames", "count": 20, "phases": {"decode": 1.0, "network": 3.0}, "worker": 0})
        progress.tell(sequence("A", 5, first_problem="frame 7: truncated"))
        progress.tell({"event": "failed", "name": "B", "reason": "why", "frames": 3})
        now[0] = 31.0
        progress.tell({"event": "frames", "count": 11, "phases": {"decode": 9.0}, "worker": 1})
        now[0] = 40.0
        progress.tell({"event": "frames", "count": 9, "phases": {"decode": 9.0}, "worker": 1})
    assert caplog.messages == [
        "4 of 10 sequences are done already (--overwrite makes them again, if boxes or images have changed)",
        "A: 10 frames in 2.0 s: 9 ok, 1 bad image (frame 7: truncated)",
        "B: failed", "5/10 sequences, 31 frames, 1.0 frames/s, 62 s left, 1 failed, most of the time in decode (77%)"]
    assert progress.line().startswith("5/10 sequences, 40 frames, 1.0 frames/s, 80 s left")


def test_a_bar_on_a_terminal():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    stream = Terminal()
    progress = Progress(stream=stream)
    progress.tell({"event": "start", "sequences": 2, "done": 0})
    progress.tell({"event": "frames", "count": 10, "phases": {"network": 1.0}})
    progress.tell(sequence("A", 1))
    progress.close()
    assert "A: 10 frames" in stream.getvalue() and "10 frames" in stream.getvalue() and "| 1/2 [" in stream.getvalue()


def test_the_log_is_added_to_as_json_lines(tmp_path):
    for name in "AB":
        log = JsonLog(tmp_path / "deep" / "run.log")
        log.tell(sequence(name, 1))
        log.close()
    lines = [json.loads(line) for line in (tmp_path / "deep" / "run.log").read_text().splitlines()]
    assert [line["name"] for line in lines] == ["A", "B"]
    assert lines[0]["time"] > 1e9 and lines[0]["frames"] == {"ok": 9, "bad_image": 1}
