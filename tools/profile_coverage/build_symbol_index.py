"""List the symbols of the measured sources: the door to `profcov symbols`, whose options it takes."""

from __future__ import annotations

import sys

from profcov.cli.main import main

if __name__ == "__main__":
    main(["symbols", "--out", "artifacts/coverage-symbols.json", *sys.argv[1:]])
