"""The ledger: what became of every sequence, read from the output folder alone, whatever is in it."""

import json

import pytest

from boxmask.generate import ledger
from boxmask.generate.ledger import Failure, Ledger
from boxmask.generate.manifest import Frame, Header, Manifest, count, to_text
from boxmask.generate.outcomes import Outcome
from boxmask.generate.outfolder import OutFolder


@pytest.fixture
def out(tmp_path):
    return OutFolder(tmp_path / "out")


def publish(out, name, *outcomes):
    frames = tuple(Frame(str(index), outcome) for index, outcome in enumerate(outcomes))
    header = Header("GOT-10k", name, (1,), "0.1", {}, {}, count(frames))
    folder = out.sequence(name)
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(to_text(Manifest(header, frames)))
    return folder


def fail(out, name, reason="why", frames=3):
    ledger.write_failure(out, name, Failure(reason, frames), out.workers / "me")


def test_a_sequence_is_done_failed_or_open(out):
    publish(out, "A", Outcome.OK, Outcome.OK, Outcome.ABSENT)
    fail(out, "B", "no boxes", 4)
    publish(out, "C", Outcome.OK)
    out.redo.mkdir()
    (out.redo / "C").touch()
    publish(out, "other", Outcome.OK)
    found = ledger.take(out, ["A", "B", "C", "D"])
    assert found == Ledger({"A": {Outcome.OK: 2, Outcome.ABSENT: 1}}, {"B": Failure("no boxes", 4)}, ("C", "D"))
    assert found.counts == {Outcome.OK: 2, Outcome.ABSENT: 1, Outcome.INVALID_BOX: 0, Outcome.BAD_IMAGE: 0,
                            Outcome.FAILED: 4}
    assert not found.is_complete
    assert str(found) == ("sequences: 1 done, 1 failed, 2 not done\n"
                          "frames: 7 = 2 ok, 1 absent, 0 invalid box, 0 bad image, 4 failed")
    assert found.to_json() == {"sequences": {"done": 1, "failed": 1, "open": 2},
                               "frames": {"ok": 2, "absent": 1, "invalid_box": 0, "bad_image": 0, "failed": 4},
                               "failed": {"B": {"reason": "no boxes", "frames": 4}}}


@pytest.mark.parametrize(("failed", "still_open", "complete"), [({}, (), True), ({"A": Failure("x")}, (), False),
                                                                 ({}, ("A",), False)])
def test_it_is_complete_when_nothing_failed_and_nothing_is_open(failed, still_open, complete):
    assert Ledger({}, failed, still_open).is_complete is complete
    assert ("not done" in str(Ledger({}, failed, still_open))) is bool(still_open)


def test_a_failure_on_record_outweighs_a_folder_that_is_there(out):
    publish(out, "A", Outcome.OK)
    fail(out, "A")
    assert ledger.take(out, ["A"]).failed == {"A": Failure("why", 3)}


def test_a_sequence_whose_manifest_cannot_be_read_is_no_done_one(out):
    (publish(out, "A", Outcome.OK) / "manifest.json").write_text("{")
    found = ledger.take(out, ["A"])
    assert not found.done and "manifest.json: the manifest is damaged" in found.failed["A"].reason
    assert found.failed["A"].frames == 0


def test_a_failure_is_a_file_that_people_can_read(out):
    fail(out, "café", "keine Boxen in „groundtruth.txt“", 12)
    text = (out.failed / "café.json").read_text(encoding="utf-8")
    assert text == ('{\n  "frames": 12,\n  "reason": "keine Boxen in „groundtruth.txt“",\n  "sequence": "café"\n}\n')
    assert ledger.failure_file(out, "café") == out.failed / "café.json"
    assert ledger.read_failure(out, "café") == Failure("keine Boxen in „groundtruth.txt“", 12)
    assert ledger.read_failure(out, "other") is None
    fail(out, "without frames", "why", 0)
    assert ledger.read_failure(out, "without frames") == Failure("why", 0)
    fail(out, "café", "again")
    assert ledger.read_failure(out, "café") == Failure("again", 3)
    assert not list((out.workers / "me").iterdir())


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"reason": "x"}', "\xff", "[" * 100_000, '{"frames": 3}', "7",
                                  '{"reason": "x", "frames": "3"}', '{"reason": 7, "frames": 3}',
                                  '{"reason": "x", "frames": true}', '{"reason": "x", "frames": -3}'])
def test_a_record_of_a_failure_that_cannot_be_read_is_one_of_a_failure(out, text):
    out.failed.mkdir(parents=True)
    (out.failed / "A.json").write_bytes(text.encode("latin-1"))
    found = ledger.take(out, ["A"])
    assert found.failed["A"].frames == 0 and not found.is_complete
    assert f"{out.failed / 'A.json'}: the record of the failure cannot be read (" in found.failed["A"].reason
    assert json.dumps(found.to_json()) and str(found)
