"""The documents: that their links lead somewhere, and that their commands are commands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from boxmask.cli import build_parser

PROJECT = Path(__file__).resolve().parents[2]
PAGES = sorted([*PROJECT.glob("*.md"), *PROJECT.glob("docs/*.md")])
NAMES = [str(page.relative_to(PROJECT)) for page in PAGES]
# What a reader is to fill in, and what is said of any command.
_PLACEHOLDERS = {"...", "COMMAND", "LAYOUT", "WHAT"}
# What a checkout has, and this repository has not.
_UPSTREAM = ("ltr/admin", "ltr/data_specs", "ltr/models/lwl")


def _headings(page):
    lines = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL).splitlines()
    titles = [line.lstrip("#").strip().lower() for line in lines if line.startswith("#")]
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name):
    page = PROJECT / name
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path) if path else page
        if not there.exists() or (anchor and anchor not in _headings(there)):
            broken.append(target)
    assert broken == []


def _lines(name):
    """Lines of the fenced blocks of a page that are not code of another language or output."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", (PROJECT / name).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    for language, block in blocks:
        if language in ("", "bash", "sh"):
            yield from block.replace("\\\n", " ").splitlines()


def _boxmask_commands(name):
    found = []
    for line in _lines(name):
        for part in re.split(r"&&|\|", line.removeprefix("$ ")):
            words = shlex.split(re.sub(r"^torchrun .*-m ", "", part.strip()), comments=True) \
                if re.match(r"\s*(boxmask|torchrun .*-m boxmask) ", part) else []
            words = words[:words.index(">")] if ">" in words else words
            if words and not _PLACEHOLDERS & set(words):
                found.append(words[1:])
    return found


@pytest.mark.parametrize("name", [name for name in NAMES if _boxmask_commands(name)])
def test_commands_parse(name, capsys):
    for words in _boxmask_commands(name):
        if words[0].startswith(("--help", "--version")) or "--help" in words:
            continue
        try:
            assert callable(build_parser().parse_args(words).run)
        except SystemExit:
            pytest.fail(f"boxmask {' '.join(words)}: {capsys.readouterr().err}")


def test_there_are_commands_to_parse():
    assert sum(len(_boxmask_commands(name)) for name in NAMES) > 40


@pytest.mark.parametrize("name", NAMES)
def test_train_settings_and_scripts_are_there(name):
    text = (PROJECT / name).read_text(encoding="utf-8")
    missing = [settings for settings in re.findall(r"run_training\.py boxmask ([a-z_]+)", text)
               if not (PROJECT / "ltr" / "train_settings" / "boxmask" / f"{settings}.py").is_file()]
    missing += [module for module in re.findall(r"python -m benchmarks\.([a-z_]+)", text)
                if not (PROJECT / "benchmarks" / f"{module}.py").is_file()]
    missing += [path for path in re.findall(r"`((?:boxmask|ltr|tests|docs|benchmarks)/[\w/.]+)`", text)
                if not (PROJECT / path).exists() and not path.startswith(_UPSTREAM)]
    assert missing == []
