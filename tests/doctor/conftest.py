"""The doctor as a user calls it, on a machine with nothing but what a test puts there."""

import json
import os

import pytest

from boxmask.cli import main


@pytest.fixture(autouse=True)
def bare_machine(tmp_path, monkeypatch):
    """No paths of whoever runs the tests; outputs below tmp_path."""
    for name in list(os.environ):
        if name.startswith("BOXMASK_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("BOXMASK_WORKSPACE_DIR", str(tmp_path / "workspace"))


@pytest.fixture
def doctor(capsys):
    """Runs `boxmask doctor --json`: exit code, and topic -> its lines as (status, text, fix)."""
    def run():
        code = main(["doctor", "--json"])
        report = json.loads(capsys.readouterr().out)
        lines = {}
        for line in report["lines"]:
            assert line["status"] in ("ok", "warning", "error")
            lines.setdefault(line["topic"], []).append((line["status"], line["text"], line["fix"]))
        assert code == int(not report["can_work"])
        assert report["can_work"] == all(line["status"] != "error" for line in report["lines"])
        return code, lines
    return run
