"""pytracking's training command line, on the host in use: `python run_training.py boxmask default`."""

import sys

from boxmask.launch import activate_host, training

# At module level: the loader's workers are spawned, import this file again, and need the same import tree.
arguments = activate_host(sys.argv[1:], takes_settings=True)

if __name__ == "__main__":
    sys.exit(training(arguments))
