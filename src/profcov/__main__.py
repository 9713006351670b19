"""``profcov`` and ``python -m profcov``: the command line."""

import sys


def main() -> None:
    """Run the command line and exit; Ctrl-C while it is imported is one, too."""
    try:
        from profcov.cli.main import main as run  # noqa: PLC0415 (so)

        run()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
