"""Which functions only an import or the entry point calls: they ran at start-up, or never, and no profile can cover them."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Final

from profcov.reading.symbols.calls import IMPORT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet

    from profcov.reading.symbols.calls import Calls
    from profcov.reading.symbols.model import Symbol, SymbolName

_FACTORIES: Final = frozenset(
    f"{verb}_{noun}"
    for verb in ("create", "make", "build", "get")
    for noun in ("app", "application", "asgi_app", "asgi_application", "wsgi_app", "wsgi_application")
) | {"app_factory", "application_factory"}
"""Names of functions that a server calls to have its application."""
_FRAMEWORKS: Final = (
    "Flask", "APIFlask", "Quart", "FastAPI", "Starlette", "Litestar", "Sanic", "Bottle",
    "get_wsgi_application", "get_asgi_application",
)  # fmt: skip
"""Functions whose callers make an application."""
_MAKERS: Final = frozenset({"__init__", "__new__", "__post_init__"})
"""Methods that are called by calling their class."""
_COMMON: Final = frozenset(name for kind in (dict, list, set, str, bytes, int) for name in dir(kind))
"""Method names of built-in types: the class of ``x.update()`` is unknown, so such a call only disproves."""


def find_startup(symbols: Iterable[Symbol], calls: Calls, decorated: AbstractSet[SymbolName]) -> set[SymbolName]:
    """Return the functions and methods that, judging by names, only start-up calls.

    It compares the last part of names only: a function is left out if its name is called, or mentioned, in a function that is
    no start-up code. One with a decorator, which may have registered it, is left out, too, unless it is a command's entry
    point.
    """
    commands = _find_commands()
    makers = set().union(*(calls.plain.get(name, set()) | calls.dotted.get(name, set()) for name in _FRAMEWORKS))
    waiting: dict[SymbolName, tuple[str, bool]] = {}
    for symbol in symbols:
        key = _key_of(symbol)
        is_root = symbol.name in commands or (
            symbol.kind == "function" and (key in _FACTORIES or symbol.name in makers) and symbol.name not in decorated
        )
        if symbol.kind in {"function", "method"} and key and (is_root or symbol.name not in decorated):
            waiting[symbol.name] = key, is_root
    found: set[str] = {IMPORT}
    more = True
    while more:
        fresh = {
            name for name, (key, is_root) in waiting.items() if _is_startup(name, key, calls, found, is_root=is_root)
        }
        found |= fresh
        for name in fresh:
            del waiting[name]
        more = bool(fresh)
    return found - {IMPORT}  # type: ignore[return-value]


def _key_of(symbol: Symbol) -> str:
    """Return the name by which a symbol is called; nothing if only Python calls it."""
    around, _, own = symbol.name.rpartition("." if symbol.kind == "method" else ":")
    own = own.rpartition("<locals>.")[2].partition("#")[0]
    if own in _MAKERS:
        return around.rpartition(":")[2].rpartition(".")[2].partition("#")[0]
    return "" if "@" in own or (own.startswith("__") and own.endswith("__")) else own


def _is_startup(name: SymbolName, key: str, calls: Calls, startup: set[str], *, is_root: bool) -> bool:
    plain, dotted, named = ((each.get(key) or set()) - {name} for each in (calls.plain, calls.dotted, calls.named))
    if not plain | dotted <= startup or (named and not (is_root and named <= startup)):
        return False
    return is_root or bool(plain) or (bool(dotted) and key not in _COMMON)


def _find_commands() -> set[str]:
    """Return the functions that the commands of installed distributions call, as names of symbols."""
    return {each.value.split()[0] for group in ("console_scripts", "gui_scripts") for each in entry_points(group=group)}
