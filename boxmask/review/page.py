"""The page: template, style and script of this folder with the figures of the sequences, in one HTML file."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

# The first line of what the page loads of a sequence when it is opened. A page from a file may load scripts, not JSON.
_BEFORE, _AFTER = "boxmaskReview(", ");\n"
# In this order they are one script.
_SCRIPTS = ("model.js", "marks.js", "table.js", "detail.js", "main.js")
MADE_BY = '<meta name="generator" content="boxmask review">'


def render(head: Mapping[str, Any], sequences: Sequence[Mapping[str, Any]]) -> str:
    """The HTML of a page. head: what is said of the whole folder; sequences: alike in their keys, at least one."""
    columns = list(sequences[0])
    data = {**head, "columns": columns, "rows": [[one[name] for name in columns] for one in sequences]}
    parts = {"title": html.escape(f"Masks in {head['title']}"), "made_by": MADE_BY, "style": _file("page.css"),
             "script": "\n".join(map(_file, _SCRIPTS)), "data": _json_for_html(data)}
    # In one go, so that nothing that looks like a place to fill is filled in what was filled in.
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], _file("page.html"))


def details_text(details: Mapping[str, Any]) -> str:
    """The text of the file with the details of a sequence."""
    return f"{_BEFORE}{json.dumps(details, separators=(',', ':'))}{_AFTER}"


def read_details(text: str) -> dict[str, Any]:
    """The details in such a text. Raises ValueError for another."""
    if not (text.startswith(_BEFORE) and text.endswith(_AFTER)):
        raise ValueError("not the details of a sequence")
    return json.loads(text[len(_BEFORE):-len(_AFTER)])


def _json_for_html(data: Mapping[str, Any]) -> str:
    """JSON that is safe inside a script element: ASCII, and without anything that could end it or start another."""
    text = json.dumps(data, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _file(name: str) -> str:
    return resources.files("boxmask.review").joinpath(name).read_text(encoding="utf-8")
