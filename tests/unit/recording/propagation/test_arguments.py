"""Whatever is patched takes its arguments by name, as it did before, inside a unit and outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

INSTALL = """
import warnings
warnings.simplefilter("ignore")  # eventlet's, of itself
import aiohttp, aiosqlite, anyio._backends._asyncio, asyncio, eventlet.greenthread, eventlet.tpool, functools
import gevent.threadpool, gunicorn.app.base, httpx, hypercorn.app_wrappers, inspect, trio, urllib3, uvicorn, uvloop
import waitress.server, werkzeug.serving, wsgiref.simple_server
import profcov
from play import tell
from profcov.recording.propagation import outgoing_http
from profcov.recording.propagation.patches import Patches
from profcov.queues.rq import install_workers
from profcov.zero_code import servers

patched, wrap = [], Patches._wrap
def see(self, owner, name, wrapper, shape):
    patched.append((owner, name, vars(owner)[name], wrapper))
    wrap(self, owner, name, wrapper, shape)
Patches._wrap = see
async def find_loop():
    return asyncio.get_running_loop()
loop = asyncio.new_event_loop()
loop.run_until_complete(profcov.trace("demo")(find_loop)())
outgoing_http.install()
servers.install()
install_workers()
Patches._wrap = wrap
"""
CALL = """
failed = []
ARGUMENTS = dict(app=0, application=0, args=["true"], argv=["true"], callback=print, context=None, delay=0, env={}, when=0)
OURS = {"original", "function", "args", "pool", "loop", "callback"}  # what our wrappers call their own arguments

class Anything:
    def __call__(self, *args, **kwargs):
        return self
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self
    def __iter__(self):
        return iter(())
    __await__ = __iter__
    run = __call__

def make_arguments(parameters):
    args, kwargs = [], {}
    for each in parameters:
        value = ARGUMENTS.get(each.name, Anything())
        if each.kind is each.POSITIONAL_ONLY or each.name in ("self", "cls"):
            args.append(value)
        elif each.kind is each.VAR_KEYWORD:
            kwargs |= dict.fromkeys(OURS.difference(each.name for each in parameters), 1)
        elif each.kind is not each.VAR_POSITIONAL:
            kwargs[each.name] = value
    return args, kwargs

def attempt(what, call, args, kwargs):
    try:
        result = call(*args, **kwargs)
        if inspect.iscoroutine(result):
            result.send(None)
    except StopIteration:
        pass
    except Exception as error:
        failed.append(f"{what}: {error!r}")

def call_patch(where, owner, name, original, wrapper):
    function = getattr(original, "__func__", original)
    try:
        signature = inspect.signature(function)
    except ValueError:  # of C, and takes nothing by name
        return
    calls = []
    @functools.wraps(function)
    def record(*args, **kwargs):
        calls.append(signature.bind(*args, **kwargs).arguments)
        return Anything()
    own = type("Own", (), {name: record if original is function else type(original)(record)})
    Patches().wrap(own, name, wrapper)
    args, kwargs = make_arguments(signature.parameters.values())
    attempt(f"{where} {name}", getattr(vars(own)[name], "__func__", vars(own)[name]), args, kwargs)
    given = signature.bind(*args, **kwargs).arguments
    if list(map(list, calls)) != [list(given)] or where == "outside" and calls != [given]:
        failed.append(f"{where} {name}: {calls}")

def call_all(where):
    for each in patched:
        call_patch(where, *each)
    for name in set(vars(loop)) & set(vars(asyncio.BaseEventLoop)):
        own = getattr(type(loop), name)
        if inspect.isfunction(own):
            _, kwargs = make_arguments(list(inspect.signature(own).parameters.values()))
            attempt(f"{where} loop.{name}", getattr(loop, name), [], kwargs)

call_all("outside")
with profcov.trace("demo"):
    call_all("inside")
loop.close()
tell([failed, len(patched)])
"""


def test_everything_that_is_patched_takes_its_arguments_by_name(run_python: Callable[..., Any], engine: str) -> None:
    failed, patched = run_python(INSTALL + CALL, engine=engine)
    assert failed == []
    assert patched > 60
