"""Replacing attributes of other modules, beside others who do so, and putting them back."""

from __future__ import annotations

import contextlib
import functools
import inspect
import sys
from dataclasses import dataclass
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LENIENT: Final[dict[str, Any]] = {}
"""How to get a signature without evaluating annotations, many of which name things that only type checkers import."""
if sys.version_info >= (3, 14):
    from annotationlib import Format

    _LENIENT["annotation_format"] = Format.FORWARDREF


@dataclass(slots=True, eq=False)
class _Patch:
    owner: Any
    name: str
    original: Any
    new: Any = None
    is_on: bool = True


class Patches:
    """What is replaced; empty means nothing."""

    def __init__(self) -> None:
        self._done: list[_Patch] = []

    def __bool__(self) -> bool:
        return bool(self._done)

    def wrap(self, owner: Any, name: str, wrapper: Callable[..., Any], shape: Callable[..., Any] | None = None) -> None:
        """Replace a function: calls go to ``wrapper(original, *args, **kwargs)``. Do nothing if the owner lacks it.

        A class implemented in C, which cannot be changed, stays as it is.

        Positional-only parameters of the wrapper are passed by position, even if the call names them as the function does.
        A call without them bypasses the wrapper.

        Wrapped copies that others have put into subclasses are replaced as well, because their calls would bypass ours. ``shape``
        returns a function that calls the one it is given, for callers that inspect its parameters.
        """
        if vars(owner).get(name) is not None:
            for each in [owner, *_copies(owner, name)]:
                self._wrap(each, name, wrapper, shape)

    def _wrap(self, owner: Any, name: str, wrapper: Callable[..., Any], shape: Callable[..., Any] | None) -> None:
        patch = _Patch(owner, name, vars(owner)[name])
        kind = next((kind for kind in (staticmethod, classmethod) if isinstance(patch.original, kind)), None)
        call = _unbound(owner, patch.original, kind)
        names = _list_names(call, wrapper)

        @functools.wraps(call)
        def replacement(*args: Any, **kwargs: Any) -> Any:
            # Off, and called all the same: by a patch of others on top of it from before it was undone.
            if not patch.is_on:
                return call(*args, **kwargs)
            missing = names[len(args) :]
            if missing:
                if not kwargs.keys() >= set(missing):
                    return call(*args, **kwargs)
                args += tuple(map(kwargs.pop, missing))
            return wrapper(call, *args, **kwargs)

        @functools.wraps(call)
        async def coroutine_replacement(*args: Any, **kwargs: Any) -> Any:
            return await replacement(*args, **kwargs)

        # Frameworks treat coroutine functions differently from others.
        new: Any = coroutine_replacement if inspect.iscoroutinefunction(call) else replacement
        if shape is not None:
            new = functools.wraps(call)(shape(replacement))
        patch.new = new if kind is None else kind(new)
        with contextlib.suppress(TypeError):  # a class of C
            setattr(owner, name, patch.new)
            self._done.append(patch)

    def wrap_once(
        self, owner: Any, name: str, wrapper: Callable[..., Any], shape: Callable[..., Any] | None = None
    ) -> None:
        """Replace a function unless it is replaced already."""
        if not any(done.owner is owner and done.name == name for done in self._done):
            self.wrap(owner, name, wrapper, shape)

    def restore(self) -> None:
        """Undo what is still ours; patches of others on top stay, and ours beneath them does nothing."""
        while self._done:
            patch = self._done.pop()
            patch.is_on = False
            if vars(patch.owner).get(patch.name) is patch.new:
                setattr(patch.owner, patch.name, patch.original)


def _list_names(call: Callable[..., Any], wrapper: Callable[..., Any]) -> list[str]:
    """Return the names of a wrapper's positional parameters, as a call may give them; an empty one if it may not."""
    wanted = [each for each in _list_parameters(wrapper) if each.kind is each.POSITIONAL_ONLY][1:]
    given = [each.name if each.kind is each.POSITIONAL_OR_KEYWORD else "" for each in _list_parameters(call)]
    return [*given, *[""] * len(wanted)][: len(wanted)]


def _list_parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(function, **_LENIENT).parameters.values())
    except Exception:  # noqa: BLE001 (C or foreign code: its signature and its annotations may be anything)
        return []


def _unbound(owner: Any, original: Any, kind: type | None) -> Any:
    """Return a function that calls an attribute of a class, instance or class first, as attribute access would bind it.

    Patches of others are not always functions: called directly, a ``wrapt.FunctionWrapper`` lacks its instance.
    """
    if not isinstance(owner, type) or type(original) is FunctionType:
        return original
    bind = getattr(type(original), "__get__", lambda bound, *_: bound)
    if kind is staticmethod:
        return bind(original, None, owner)

    @functools.wraps(getattr(original, "__func__", original))
    def call(first: Any, /, *args: Any, **kwargs: Any) -> Any:
        bound = bind(original, None, first) if kind is classmethod else bind(original, first, type(first))
        return bound(*args, **kwargs)

    return call


def _copies(owner: Any, name: str) -> list[type]:
    """Return the subclasses with a wrapped copy of a method: a ``wrapt`` patch of a class that inherits it makes one."""
    root = _unwrap(vars(owner)[name])
    return [cls for cls in _subclasses(owner) if name in vars(cls) and _unwrap(vars(cls)[name]) is root]


def _subclasses(owner: Any) -> Iterator[type]:
    if isinstance(owner, type):
        each: type
        for each in type.__subclasses__(owner):
            yield each
            yield from _subclasses(each)


def _unwrap(function: Any) -> Any:
    with contextlib.suppress(ValueError):  # a chain that never ends
        return inspect.unwrap(function)
    return function


INSTALLED = Patches()
"""What propagation has replaced in this process."""
