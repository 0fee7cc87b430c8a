"""How good masks are, and what that rests on: J and F of many ways to make them, on data with true masks.

    python -m benchmarks.quality --root DAVIS --split val --out quality

docs/quality.md explains the rows. Started again, it goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
import logging
import multiprocessing
import platform
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import pictures
from benchmarks.measured import J, Measured, compare, format_table, to_csv
from benchmarks.variants import GROUPS, SEARCH_FACTORS, WHOLE, Conditions, Variant, choose, make, variants
from boxmask import weights
from boxmask.cli.options import not_negative, number, positive
from boxmask.evaluate.folders import evaluate_folders
from boxmask.evaluate.report import Report
from boxmask.evaluate.table import format_comparison
from boxmask.generate.defaults import ITERATIONS, STRIDE, WINDOWS
from boxmask.generate.source import Source
from boxmask.readers import davis

_COSTS = "costs.json"


def main(arguments: list[str] | None = None) -> int:
    """Makes what is missing, measures it, and writes tables, plot and pictures into --out."""
    args = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    chosen = variants(args.search_factors)
    if args.only:
        chosen = choose(args.only, chosen)
    names = tuple(args.sequences or davis.open_dataset(args.root, args.split).sequences)
    conditions = Conditions(Source("davis", {"root": str(args.root.absolute())}), names, _network(args, chosen),
                            args.device, args.windows, args.stride, args.iterations, args.seed)
    costs = _make_all(chosen, conditions, args.out, overwrite=args.overwrite)
    reports = {variant.name: evaluate_folders(args.out / "masks" / variant.name, args.root, names)
               for variant in chosen}
    base = WHOLE if WHOLE in reports else next(iter(reports))
    rows = compare(reports, costs, base, draws=args.draws, seed=args.seed)
    text = "\n\n".join([format_table(rows), *_by_sequence(chosen, reports), _legend(chosen)])
    _write(args.out, conditions, rows)
    (args.out / "quality.txt").write_text(text + "\n", encoding="utf-8")
    print(text)
    drawn = [*pictures.plot(args.out / "quality.png", chosen, rows),
             *pictures.best_and_worst(args.out, conditions.source.open()[1], args.root, base, reports[base],
                                      count=args.pictures)]
    print("\n" + "\n".join(map(str, drawn)))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, required=True, help="a folder with the layout of DAVIS")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="masks, tables, plot and pictures")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--split", help="a list in ROOT/ImageSets/{2017,2016} (default: all sequences)")
    which.add_argument("--sequences", nargs="+", metavar="NAME", help="only these")
    parser.add_argument("--checkpoint", type=Path, metavar="C", help="the network (default: the boxmask_lite that "
                                                                     "comes with boxmask)")
    rows = ", ".join(variant.name for variant in variants())
    parser.add_argument("--only", nargs="+", metavar="ROW", help=f"rows of the table: {rows}; or groups of them: "
                                                                 f"{', '.join(GROUPS)} (default: all)")
    parser.add_argument("--search-factors", nargs="+", type=number("a factor", 1, 100), default=SEARCH_FACTORS,
                        metavar="F", help="for the group search (default: %(default)s)")
    parser.add_argument("--windows", choices=("chunk", "sliding"), default=WINDOWS, help="(default: %(default)s)")
    parser.add_argument("--stride", type=positive, default=STRIDE, metavar="N", help="(default: %(default)s)")
    parser.add_argument("--iterations", type=positive, default=ITERATIONS, metavar="N", help="(default: %(default)s)")
    parser.add_argument("--device", help="as of boxmask generate")
    parser.add_argument("--draws", type=positive, default=1000, metavar="N",
                        help="bootstrap draws of sequences, for the 95%% intervals (default: %(default)s)")
    parser.add_argument("--seed", type=not_negative, default=0, metavar="N",
                        help="of the draws and of the boxes' jitter (default: %(default)s)")
    parser.add_argument("--pictures", type=not_negative, default=2, metavar="N",
                        help="of the N best and the N worst sequences (default: %(default)s)")
    parser.add_argument("--overwrite", action="store_true", help="make masks again that are there")
    return parser


def _network(args: argparse.Namespace, chosen: tuple[Variant, ...]) -> str | None:
    """The checkpoint, if a row needs one; says which it is."""
    if all(variant.method != "network" for variant in chosen):
        return None
    path = weights.default_checkpoint() if args.checkpoint is None else args.checkpoint.absolute()
    print(f"network: {path}, SHA-256 {weights.checksum(path)}")
    return str(path)


def _make_all(chosen: tuple[Variant, ...], conditions: Conditions, out: Path, *,
              overwrite: bool) -> dict[str, dict[str, Any]]:
    """Makes the masks, and returns by row what they took when they were made."""
    file = out / _COSTS
    costs = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    for variant in chosen:
        # A process for each, so that its peak of memory is its own.
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
            cost = process.submit(make, variant, conditions, str((out / "masks" / variant.name).absolute()),
                                  overwrite=overwrite).result()
        if cost:
            costs[variant.name] = cost
            file.write_text(json.dumps(costs, indent=2) + "\n", encoding="utf-8")
            logging.info("%s: %d frames, %.3f s each", variant.name, cost["frames"], cost["seconds"])
    return {variant.name: costs.get(variant.name, {}) for variant in chosen}


def _by_sequence(chosen: tuple[Variant, ...], reports: Mapping[str, Report]) -> Iterator[str]:
    """J of every sequence: a table per group, beside the whole network."""
    for group, about in GROUPS.items():
        names = [variant.name for variant in chosen if variant.group == group]
        if names:
            beside = [WHOLE] if WHOLE in reports and WHOLE not in names else []
            yield f"{group}: {about}\n" + format_comparison({name: reports[name] for name in names + beside}, J)


def _legend(chosen: tuple[Variant, ...]) -> str:
    width = max(len(variant.name) for variant in chosen)
    return "\n".join(f"{variant.name:{width}}  {variant.about}" for variant in chosen)


def _write(out: Path, conditions: Conditions, rows: Mapping[str, Measured]) -> None:
    sha256 = None if conditions.checkpoint is None else weights.checksum(conditions.checkpoint)
    machine = {"platform": platform.platform(), "processor": platform.processor() or platform.machine()}
    record = {"conditions": {**asdict(conditions), "sha256": sha256}, "machine": machine,
              "rows": {name: row.to_json() for name, row in rows.items()}}
    (out / "quality.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    (out / "quality.csv").write_text(to_csv(rows), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
