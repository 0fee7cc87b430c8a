"""What the doctor says: one line for each thing looked at."""

from __future__ import annotations

import sys
import textwrap
from dataclasses import asdict, dataclass

from boxmask.terminal import GREEN, RED, YELLOW, coloured

OK, WARNING, ERROR = "ok", "warning", "error"
_COLOURS = {OK: GREEN, WARNING: YELLOW, ERROR: RED}
_WIDTH = 120
_INDENT = " " * 29
# Names of packages on the index that differ from what is imported.
_PACKAGES = {"cv2": "opencv-python", "PIL": "Pillow", "skimage": "scikit-image", "yaml": "PyYAML"}


@dataclass(frozen=True)
class Line:
    """status: `ok`, `warning`, or `error` where training `boxmask default` or generation cannot run.

    topic: what was looked at, such as `davis_dir`; text: what was found; fix: what to do about it, or ''.
    """

    status: str
    topic: str
    text: str
    fix: str = ""

    def __str__(self) -> str:
        head = f"{self.status:<8} {self.topic:<19} "
        lines = textwrap.wrap(self.text, _WIDTH, initial_indent=head, subsequent_indent=_INDENT,
                              break_long_words=False, break_on_hyphens=False)
        if self.fix:
            lines += textwrap.wrap(f"-> {self.fix}", _WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT + "   ",
                                   break_long_words=False, break_on_hyphens=False)
        return "\n".join(lines)


def import_line(topic: str, error: ImportError) -> Line:
    """The line on a module that cannot be imported, with the package to install where that is what is missing."""
    missing = (error.name or "").split(".")[0] if isinstance(error, ModuleNotFoundError) else ""
    if "." in (error.name or "") and sys.modules.get(missing) is not None:
        missing = ""  # it is there, and lacks a part
    # The packages of these names on the index are other people's.
    fix = f"pip install {_PACKAGES.get(missing, missing)}" if missing not in ("", "ltr", "pytracking") else ""
    return Line(ERROR, topic, f"{type(error).__name__}: {error}", fix)


@dataclass(frozen=True)
class Report:
    """What the doctor has found, in the order in which it looked."""

    lines: list[Line]

    @property
    def can_work(self) -> bool:
        """Whether training `boxmask default` and generation can run."""
        return not any(line.status == ERROR for line in self.lines)

    def to_text(self, *, has_colours: bool = False) -> str:
        """A line or more for each thing, and the verdict. has_colours: the status of each in its colour."""
        lines = [coloured(line.status, _COLOURS[line.status]) + str(line).removeprefix(line.status) if has_colours
                 else str(line) for line in self.lines]
        return "\n".join([*lines, "", self._verdict()])

    def to_json(self) -> dict[str, object]:
        """What `boxmask doctor --json` prints."""
        return {"can_work": self.can_work, "lines": [asdict(line) for line in self.lines]}

    def _verdict(self) -> str:
        errors = [line.topic for line in self.lines if line.status == ERROR]
        if errors:
            first = ", ".join(dict.fromkeys(errors))
            return f"Training `boxmask default` or generation cannot run: mend {first} first."
        count = sum(line.status == WARNING for line in self.lines)
        warnings = f"; see the {count} warning{'s' if count > 1 else ''} above" if count else ""
        return f"Training and generation can run{warnings}."
