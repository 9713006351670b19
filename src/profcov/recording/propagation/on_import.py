"""Run a callback when a third-party module is imported, without importing it ourselves."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
import threading
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING, Any

from profcov.recording.faults import log_once, raise_foreign

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

    Callback = Callable[[ModuleType], None]

_waiting: dict[str, list[Callback]] = {}
_unseen: set[str] = set()
_searching = threading.local()
_LAZY: tuple[type, ...] = (getattr(importlib.util, "_LazyModule", type(None)),)


def when_imported(name: str, callback: Callback) -> None:
    """Call ``callback(module)`` right after a module has been run, each time; now if it already has been.

    A module that was found before the first call of this function, and is loading at this moment, is noticed at the next
    import. Exceptions of the callback are logged, never raised: an import statement of the application is running. The
    callback may be called twice for the same module.
    """
    _waiting.setdefault(name, []).append(callback)
    if not any(each is FINDER for each in sys.meta_path):
        sys.meta_path.insert(0, FINDER)
    module = _find_complete(name)
    if module is None:
        _unseen.add(name)
    else:
        _call(callback, module)


def forget() -> None:
    """Stop all callbacks."""
    _waiting.clear()
    _unseen.clear()
    if FINDER in sys.meta_path:
        sys.meta_path.remove(FINDER)


class _Finder:
    """Find nothing itself, but let later finders find the awaited modules, and watch them load."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        _look_again()
        if fullname not in _waiting or fullname in vars(_searching):
            return None
        vars(_searching)[fullname] = True  # a finder that asks all finders, from the first on, calls us again
        try:
            spec = _ask(_list_after(self), fullname, path, target)
        finally:
            del vars(_searching)[fullname]
        if spec is not None:
            _watch(spec, fullname)
        return spec


FINDER = _Finder()


def _list_after(finder: _Finder) -> list[Any]:
    finders: list[Any] = list(sys.meta_path)
    places = [place for place, each in enumerate(finders) if each is finder]
    return finders[places[0] + 1 :] if places else finders


def _ask(finders: list[Any], fullname: str, path: Sequence[str] | None, target: ModuleType | None) -> ModuleSpec | None:
    """Return the spec that the import system would find by these finders."""
    for finder in finders:
        if hasattr(finder, "find_spec"):
            spec: ModuleSpec | None = finder.find_spec(fullname, path, target)
            if spec is not None:
                return spec
        elif sys.version_info < (3, 12) and finder.find_module(fullname, path) is not None:
            return None  # a finder of the old protocol: the import system knows how to ask it
    return None


class _Loader:
    """Stand before a loader until the module is run, then step aside, so that the module has its own loader.

    It answers as the other, passes for it in ``isinstance``, and forwards writes: other tools that watch imports put their own
    loaders before it, read the other's attributes, and replace them.
    """

    __slots__ = ("_profcov_name", "_profcov_other")

    def __init__(self, name: str, other: Any) -> None:
        object.__setattr__(self, "_profcov_name", name)
        object.__setattr__(self, "_profcov_other", other)

    def exec_module(self, module: ModuleType) -> None:
        name, other = self._profcov_name, self._profcov_other
        _step_aside(self, other, module)
        _unseen.discard(name)
        try:
            other.exec_module(module)
        except BaseException:
            _unseen.add(name)
            raise
        if isinstance(other, importlib.util.LazyLoader):
            _watch(_get(module, "__spec__"), name)  # it only prepares to run the module on its first use
        else:
            _call_all(name, module)

    # The interpreter cuts the import system's frames out of tracebacks, by file name: let it cut this one, too.
    exec_module.__code__ = exec_module.__code__.replace(co_filename=ModuleSpec.__init__.__code__.co_filename)

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return self._profcov_other.__class__

    def __getattr__(self, name: str) -> Any:
        return getattr(self._profcov_other, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._profcov_other, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._profcov_other, name)

    def __eq__(self, other: object) -> bool:
        return bool(self._profcov_other == (other._profcov_other if type(other) is _Loader else other))

    def __hash__(self) -> int:
        return hash(self._profcov_other)

    def __repr__(self) -> str:
        return repr(self._profcov_other)

    def __dir__(self) -> list[str]:
        return dir(self._profcov_other)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self._profcov_other.__reduce_ex__(protocol)


def _watch(spec: Any, name: str) -> None:
    """Put a loader of ours before a spec's; leave one alone that has only ``load_module``."""
    loader = getattr(spec, "loader", None)
    if type(loader) is not _Loader and hasattr(loader, "exec_module"):
        with contextlib.suppress(AttributeError, TypeError):  # a custom kind of spec, which cannot be changed
            spec.loader = _Loader(name, loader)


def _step_aside(ours: _Loader, other: Any, module: ModuleType) -> None:
    with contextlib.suppress(AttributeError, TypeError):
        spec = _get(module, "__spec__")
        if getattr(spec, "loader", None) is ours:
            spec.loader = other
    with contextlib.suppress(AttributeError, TypeError):
        if _get(module, "__loader__") is ours:
            module.__loader__ = other


def _look_again() -> None:
    """Call for the modules that we missed: found before we waited for them, or by a finder before ours."""
    for name in list(_unseen):
        module = _find_complete(name)
        if module is not None:
            _unseen.discard(name)
            _call_all(name, module)


def _find_complete(name: str) -> ModuleType | None:
    """Return a module that has been run to its end; watch a lazy one instead of touching it."""
    module = sys.modules.get(name)
    if module is None:
        return None
    spec = _get(module, "__spec__")
    if issubclass(type(module), _LAZY):
        _watch(spec, name)
        return None
    return None if getattr(spec, "_initializing", False) else module


def _get(module: Any, name: str) -> Any:
    """Return an attribute that a module has itself: anything can be in ``sys.modules``, and may load on access."""
    try:
        return object.__getattribute__(module, name)
    except AttributeError:
        return None


def _call_all(name: str, module: ModuleType) -> None:
    for callback in list(_waiting.get(name, ())):
        _call(callback, module)


def _call(callback: Callback, module: ModuleType) -> None:
    try:
        callback(module)
    except Exception as error:  # noqa: BLE001
        raise_foreign(error)
        log_once("on-import", "cannot prepare %s", _get(module, "__name__"), error=error)
