"""Generation that is killed, or whose disk fails, at each step that changes something in its output folder."""

import errno
import os
import shutil

import pytest

from boxmask.generate import verify

BOX = "10,8,20,16"


@pytest.fixture
def data(got10k):
    for name in "AB":
        root = got10k(name, boxes=[BOX, "0,0,0,0"])
    got10k("C", boxes=[BOX])
    (root / "C" / "groundtruth.txt").unlink()  # a failure is written too
    return root


@pytest.fixture
def check(tmp_path, tree, faults):
    """check(run, truth, ended) after a fault: nothing is half, and the run started again has the truth."""
    out = tmp_path / "out"

    def check(run, truth, step, ended):
        assert ended.is_foreseen, f"step {step}: {ended.reason}"
        for folder in out.glob("[ABC]"):
            assert {f"{folder.name}/{name}": data for name, data in tree(folder).items()} == {
                name: data for name, data in truth.items() if name.startswith(f"{folder.name}/")}, f"step {step}"
        if (out / ".boxmask" / "run.json").exists():
            verify.verify(out)
        again = faults.in_child(run)
        assert again.code == 0, f"step {step}: {again.reason}"
        assert tree(out) == truth, f"step {step}"

    return check


@pytest.mark.parametrize("overwrite", [False, True])
def test_killed_at_any_step_nothing_is_lost(data, tmp_path, job, tree, faults, check, is_long, overwrite):
    """The short form has every third step."""
    out, whole = tmp_path / "out", tmp_path / "whole"
    run = job(data, out).run
    assert faults.in_child(run).code == 0
    truth = tree(out)
    out.rename(whole)

    def prepare():
        shutil.rmtree(out, ignore_errors=True)
        if overwrite:
            shutil.copytree(whole, out)

    killed = 0
    for step, ended in faults.at_every_step(lambda: run(overwrite=overwrite), out, prepare,
                                            every=1 if is_long else 3):
        assert ended.was_killed
        killed += 1
        check(run, truth, step, ended)
    print(f"kills survived: {killed}")
    assert killed > (75 if is_long else 25)


FAULTS = {"a disk that is full from then on": (errno.ENOSPC, True), "an error of the disk": (errno.EIO, False),
          "a folder that is read-only": (errno.EROFS, True), "no permission": (errno.EACCES, False)}


@pytest.mark.parametrize("fault", FAULTS)
def test_with_an_error_at_any_step_nothing_is_lost(data, tmp_path, job, tree, faults, check, is_long, fault):
    """The short form has every fourth step of each fault, so that together they have all."""
    error, lasts = FAULTS[fault]
    out = tmp_path / "out"
    run = job(data, out).run
    assert faults.in_child(run).code == 0
    truth = tree(out)
    failed = 0
    first, every = (1, 1) if is_long else (1 + list(FAULTS).index(fault), len(FAULTS))
    for step, ended in faults.at_every_step(run, out, lambda: shutil.rmtree(out), error=error, lasts=lasts,
                                            first=first, every=every):
        failed += ended.had_os_error
        check(run, truth, step, ended)
    print(f"errors of the disk survived: {failed}")
    assert failed > (30 if is_long else 8)


def test_a_folder_that_cannot_be_written_is_named(data, tmp_path, job, faults):
    out = tmp_path / "out"

    def run():
        try:
            job(data, out).run()
        except OSError as error:
            os.write(pipe, f"{error.errno} {error.filename}".encode())

    reader, pipe = os.pipe()
    assert faults.in_child(run, faults.Fault(out, 1, error=errno.EROFS, lasts=True)).code == 0
    os.close(pipe)
    with os.fdopen(reader) as told:
        number, name = told.read().split(" ", 1)
    assert int(number) == errno.EROFS and name.startswith(str(out))
