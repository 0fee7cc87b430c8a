"""The command line as a whole: what every command has."""

from __future__ import annotations

import argparse
import io
import json
import re
import shlex
import subprocess
import sys

import pytest

from boxmask import terminal
from boxmask.cli import build_parser, main
from boxmask.cli.options import tell


def _commands(parser: argparse.ArgumentParser, name: str = "boxmask") -> dict[str, argparse.ArgumentParser]:
    found = {name: parser}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, below in action.choices.items():
                found |= _commands(below, f"{name} {word}")
    return found


COMMANDS = _commands(build_parser())


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_does_and_how_it_is_called(name):
    parser = COMMANDS[name]
    assert parser.description
    examples = re.findall(r"^  (boxmask .+)$", parser.epilog, re.MULTILINE)
    assert examples and all(example.startswith(name) for example in examples)
    for example in examples:
        words = shlex.split(example, comments=True)[1:]
        called = build_parser().parse_args(words[:words.index(">")] if ">" in words else words)
        assert callable(called.run)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_a_help_text(name):
    silent = [action.option_strings or action.dest for action in COMMANDS[name]._actions if not action.help
              and not isinstance(action, argparse._SubParsersAction)]
    assert silent == []


def test_lines_of_examples_are_not_wrapped(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    shown = COMMANDS["boxmask generate lasot"].format_help().splitlines()
    assert "  boxmask generate lasot --root data/lasot --split train --out masks/lasot_masks" in shown
    description = [line for line in shown if "every fifth" in line or "as pytracking's" in line]
    assert description and max(map(len, description)) <= 60


def test_json_is_printed_alone_or_written_beside_the_text(tmp_path, capsys):
    tell("text", {"a": 1}, file := tmp_path / "a.json")
    assert capsys.readouterr().out == "text\n" and json.loads(file.read_text()) == {"a": 1}
    options = build_parser().parse_args(["quality", "masks", "--json", "-"])
    tell("text", {"a": 1}, options.json)
    assert json.loads(capsys.readouterr().out) == {"a": 1}


def test_csv_is_printed_alone_or_written_beside_the_text(tmp_path, capsys):
    options = build_parser().parse_args(["quality", "masks", "--csv", "-"])
    tell("text", {"a": 1}, file := tmp_path / "a.json", table="a\n1\n", table_file=options.csv)
    assert capsys.readouterr().out == "a\n1\n" and json.loads(file.read_text()) == {"a": 1}
    options = build_parser().parse_args(["quality", "masks", "--json", "-", "--csv", str(tmp_path / "a.csv")])
    tell("text", {"a": 1}, options.json, table="a\n1\n", table_file=options.csv)
    assert json.loads(capsys.readouterr().out) == {"a": 1} and (tmp_path / "a.csv").read_text() == "a\n1\n"


@pytest.mark.parametrize("place", ["-", "scores"])
@pytest.mark.parametrize("command", ["quality masks", "evaluate masks --masks m --truth t",
                                     "evaluate boxes otb --root otb --results r"])
def test_csv_and_json_cannot_go_to_the_same_place(capsys, command, place):
    assert main([*command.split(), "--csv", place, "--json", place]) == 2
    said = capsys.readouterr()
    assert f"--csv {place} and --json {place} are the same place" in said.err and not said.out


def test_colours_are_for_terminals_that_want_them(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert terminal.paint("bad", terminal.RED, Terminal()) == "\x1b[31mbad\x1b[0m"
    assert terminal.paint("bad", terminal.RED, io.StringIO()) == "bad"
    monkeypatch.setenv("TERM", "dumb")
    assert terminal.paint("bad", terminal.RED, Terminal()) == "bad"
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    assert terminal.paint("bad", terminal.RED, Terminal()) == "bad"


@pytest.mark.parametrize(("typed", "expected"), [
    ("boxmask ver", "verify"), ("boxmask generate got", "got10k"), ("boxmask generate lasot --spl", "--split"),
    ("boxmask export --to you", "youtubevos")])
def test_bash_completes_commands_options_and_choices(tmp_path, capsys, typed, expected):
    assert main(["completion", "bash"]) == 0
    script = tmp_path / "boxmask.bash"
    script.write_text(capsys.readouterr().out, encoding="utf-8")
    words = typed.split()
    ask = (f"source {script}; COMP_WORDS=({typed}); COMP_CWORD={len(words) - 1}; _shtab_boxmask; "
           "printf '%s\\n' \"${COMPREPLY[@]}\"")
    done = subprocess.run(["bash", "-c", ask], capture_output=True, text=True)
    assert done.stdout.split() == [expected], done.stderr


def test_nobody_is_told_of_a_reader_that_has_seen_enough(tmp_path):
    code = "import sys; from boxmask.cli import main; sys.exit(main(['doctor', '--json']))"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


def test_samples_are_the_same_each_time_and_never_among_other_files(tmp_path, capsys):
    arguments = ["samples", "--num-sequences", "1", "--num-frames", "2", "--out"]
    for name in ("one", "two"):
        assert main([*arguments, str(tmp_path / name)]) == 0
    one, two = ({path.relative_to(tmp_path / name): path.read_bytes() for path in (tmp_path / name).rglob("*.*")
                 if path.is_file()} for name in ("one", "two"))
    assert one == two and len(one) == 2 + 2 + 2
    assert main([*arguments, str(tmp_path / "one")]) == 1
    assert "choose another --out" in capsys.readouterr().err
