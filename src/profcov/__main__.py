"""``python -m profcov``: the command line."""

from profcov.cli.main import main

if __name__ == "__main__":
    main()
