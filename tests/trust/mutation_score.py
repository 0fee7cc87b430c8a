"""Prints the share of mutants that tests notice, after `mutmut export-cicd-stats`; fails below a share in percent."""

import json
import sys
from pathlib import Path


def main(least: float) -> int:
    counts = json.loads(Path("mutants/mutmut-cicd-stats.json").read_text())
    noticed = counts["killed"] + counts["timeout"] + counts["segfault"]
    tried = noticed + counts["survived"] + counts["no_tests"] + counts["suspicious"]
    share = 100 * noticed / tried
    print(f"mutants: {tried}, noticed {noticed} = {share:.1f} %")
    return 0 if share >= least else 1


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1])))
