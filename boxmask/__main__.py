"""`python -m boxmask`."""

import sys

from boxmask.cli import main

if __name__ == "__main__":
    sys.exit(main())
