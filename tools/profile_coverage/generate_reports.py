"""Write a report on each profile: the door to `profcov report`, whose options it takes."""

from __future__ import annotations

import sys

from profcov.cli.main import main

if __name__ == "__main__":
    main(["report", *sys.argv[1:]])
