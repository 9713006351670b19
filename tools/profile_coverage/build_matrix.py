"""Write the matrix of all profiles, and what none of them reaches: the door to `profcov matrix`, whose options it takes."""

from __future__ import annotations

import sys

from profcov.cli.main import main

if __name__ == "__main__":
    main(["matrix", *sys.argv[1:]])
