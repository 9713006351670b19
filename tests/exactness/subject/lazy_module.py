"""Imported inside a unit: these lines run at import time, and are nobody's."""

from subject import branches

TABLE = [branches.only_even(i) for i in range(3)]


def at_import():
    return branches.only_third(12)


VALUE = at_import()


class Imported:
    attribute = at_import()

    def use(self, kind):
        if kind == 0:
            return branches.shared(2)
        return self.attribute


def use(kind):
    if kind == 1:
        return VALUE
    return Imported().use(kind)
