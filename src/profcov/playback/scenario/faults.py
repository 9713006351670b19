"""Faults that were found one after the other, raised together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from profcov.errors import ProfileFaultsError, ProfileFormatError

if TYPE_CHECKING:
    from collections.abc import Sequence


def raise_faults(faults: Sequence[ProfileFormatError]) -> None:
    """Return if there are none. Where a value cannot be read at all, its other faults are dropped.

    Raises:
        ProfileFormatError: the only fault, or all of them, file by file in the order of their places.
    """
    flat = [each for fault in faults for each in (fault.faults if isinstance(fault, ProfileFaultsError) else [fault])]
    unread = {(each.path, each.place) for each in flat if each.place and not each.where}
    found = {str(each): each for each in flat if not each.where or (each.path, each.place) not in unread}
    files = {each.path: number for number, each in enumerate(reversed(flat))}
    ordered = sorted(found.values(), key=lambda each: (-files[each.path], each.place or (0, 0)))
    if ordered:
        raise ordered[0] if len(ordered) == 1 else ProfileFaultsError(ordered)
