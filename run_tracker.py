"""pytracking's tracking command line on the host in use: `python run_tracker.py boxmask default --dataset_name X`."""

import sys

from boxmask.launch import activate_host, tracking

# At module level: evaluation's worker processes import this file again and need the same import tree.
arguments = activate_host(sys.argv[1:])

if __name__ == "__main__":
    sys.exit(tracking(arguments))
