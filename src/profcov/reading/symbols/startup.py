"""Which functions only an import or the entry point calls: they ran at start-up, or never, and no profile can have them."""

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
"""Who calls one of these makes an application."""
_MAKERS: Final = frozenset({"__init__", "__new__", "__post_init__"})
"""What is called by calling their class."""
_COMMON: Final = frozenset(name for kind in (dict, list, set, str, bytes, int) for name in dir(kind))
"""Of ``x.update()`` nobody knows whose it is, unless it disproves something."""


def find_startup(symbols: Iterable[Symbol], calls: Calls, decorated: AbstractSet[SymbolName]) -> set[SymbolName]:
    """Return the functions and methods that start-up calls, as far as names tell, and nothing else does.

    It goes by the last part of names, whosever they are: what shares its name with something that is called, or named, from
    a function that is no start-up code, is not in it. Neither is what has a decorator, which may have handed it to anybody,
    unless it is a command's entry point.
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
    """Return what a symbol is called by; nothing where only Python calls it."""
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
    """Return the functions that the commands of installed distributions call, as symbols are named."""
    return {each.value.split()[0] for group in ("console_scripts", "gui_scripts") for each in entry_points(group=group)}
