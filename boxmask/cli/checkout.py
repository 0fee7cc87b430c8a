"""`boxmask link`, `boxmask unlink` and `boxmask doctor`: boxmask and a pytracking checkout."""

from __future__ import annotations

import argparse
import logging
import shlex
import sys
from contextlib import redirect_stdout
from pathlib import Path

from boxmask.cli.options import STANDARD_OUTPUT, add_command, tell
from boxmask.terminal import has_colours


def add(commands: argparse._SubParsersAction) -> None:
    """Adds `link`, `unlink` and `doctor` to the command line."""
    link = add_command(
        commands, "link", help="put boxmask into a pytracking checkout",
        description="Puts symbolic links to boxmask into a pytracking checkout, so that its own `cd ltr; python "
                    "run_training.py boxmask default` works as typed. `git status` in the checkout stays as it was. "
                    "Run again after an update of boxmask.",
        examples=["boxmask link ../pytracking"])
    link.add_argument("checkout", type=Path, metavar="PATH", help="a clone of visionml/pytracking")
    link.add_argument("--copy", action="store_true", help="copy files in the place of making links")
    link.add_argument("--force", action="store_true", help="replace copies that were edited since")
    link.set_defaults(run=_link)

    unlink = add_command(commands, "unlink", help="take boxmask out of a pytracking checkout",
                         description="Removes what `boxmask link` made, and nothing else.",
                         examples=["boxmask unlink ../pytracking"])
    unlink.add_argument("checkout", type=Path, metavar="PATH", help="the checkout that was linked")
    unlink.add_argument("--force", action="store_true", help="also remove copies that were edited since")
    unlink.set_defaults(run=_unlink)

    doctor = add_command(
        commands, "doctor", help="what works here, and what to mend",
        description="Looks at the host, datasets, networks, machine and output folders. Exit code 1 if "
                    "`run_training.py boxmask default` or `boxmask generate` cannot run.",
        examples=["boxmask doctor", "boxmask doctor --pytracking ../pytracking --json doctor.json"])
    # After the command too; without it, the one before the command stays.
    doctor.add_argument("--pytracking", metavar="PATH", type=Path, default=argparse.SUPPRESS,
                        help="the pytracking checkout to look at (default: $PYTRACKING_ROOT, or the host that comes "
                             "with boxmask)")
    doctor.add_argument("--json", type=Path, metavar="FILE", nargs="?", const=STANDARD_OUTPUT,
                        help="also write the same to FILE, as JSON; - or no FILE prints that in the place of the text")
    doctor.set_defaults(run=_doctor)


def _link(args: argparse.Namespace) -> int:
    from boxmask import link

    places = link.link(args.checkout, copy=args.copy, force=args.force)
    print(f"{args.checkout}: {len(places)} {'copies' if args.copy else 'links'}: {', '.join(places)}\n"
          f"Now: cd {shlex.quote(str(args.checkout / 'ltr'))} && python run_training.py boxmask default\n"
          f"Away with them: boxmask unlink {shlex.quote(str(args.checkout))}")
    return 0


def _unlink(args: argparse.Namespace) -> int:
    from boxmask import link

    removed, left = link.unlink(args.checkout, force=args.force)
    print(f"{args.checkout}: {f'removed {len(removed)}: ' + ', '.join(removed) if removed else 'nothing to remove'}")
    if left:
        print(f"not made by boxmask, and left: {', '.join(left)}")
    return 0


def _doctor(args: argparse.Namespace) -> int:
    from boxmask import doctor

    # What the host and the user's own file of paths say on the way belongs neither on the screen nor in the JSON.
    logging.disable(logging.WARNING)
    try:
        with redirect_stdout(sys.stderr):
            report = doctor.examine()
    finally:
        logging.disable(logging.NOTSET)
    tell(report.to_text(has_colours=has_colours(sys.stdout)), report.to_json(), args.json)
    return 0 if report.can_work else 1
