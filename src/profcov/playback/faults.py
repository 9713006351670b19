"""Faults that were found one after the other, told together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from profcov.errors import ProfileFaultsError, ProfileFormatError

if TYPE_CHECKING:
    from collections.abc import Sequence


def raise_faults(faults: Sequence[ProfileFormatError]) -> None:
    """Return if there are none.

    Raises:
        ProfileFormatError: the only fault, or all of them.
    """
    found = [each for fault in faults for each in (fault.faults if isinstance(fault, ProfileFaultsError) else [fault])]
    if found:
        raise found[0] if len(found) == 1 else ProfileFaultsError(found)
