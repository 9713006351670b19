"""A program of its own: started as a child process."""

import sys

from subject import branches


def main(kind):
    if kind == 0:
        branches.only_even(kind)
    else:
        branches.only_third(kind)
    return branches.rare(kind, 7)


if __name__ == "__main__":
    main(int(sys.argv[1]))
