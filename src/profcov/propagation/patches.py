"""Replacing attributes of other modules, and putting them back."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Patches:
    """What was replaced; empty means that nothing is."""

    def __init__(self) -> None:
        self._done: list[tuple[Any, str, Any, Any]] = []

    def __bool__(self) -> bool:
        return bool(self._done)

    def wrap(self, owner: Any, name: str, wrapper: Callable[..., Any]) -> None:
        """Replace a function: calls go to ``wrapper(original, *args, **kwargs)``. Nothing if the owner lacks it."""
        original = vars(owner).get(name)
        if original is None:
            return
        target = original.__func__ if isinstance(original, staticmethod | classmethod) else original

        @functools.wraps(target)
        def replacement(*args: Any, **kwargs: Any) -> Any:
            return wrapper(target, *args, **kwargs)

        new = type(original)(replacement) if isinstance(original, staticmethod | classmethod) else replacement
        self.put(owner, name, new)

    def put(self, owner: Any, name: str, new: Any) -> None:
        """Replace an attribute that the owner has itself."""
        original = vars(owner)[name]
        setattr(owner, name, new)
        self._done.append((owner, name, original, new))

    def wrap_once(self, owner: Any, name: str, wrapper: Callable[..., Any]) -> None:
        """Replace a function unless that was done already."""
        if not any(done[0] is owner and done[1] == name for done in self._done):
            self.wrap(owner, name, wrapper)

    def restore(self) -> None:
        """Put back what is still ours; what somebody else has replaced since calls us, and stays."""
        while self._done:
            owner, name, original, new = self._done.pop()
            if vars(owner).get(name) is new:
                setattr(owner, name, original)


INSTALLED = Patches()
"""What propagation has replaced in this process."""
