"""The query API: a Starlette application that reads the same runs, without blocking."""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

from profcov.demo.runs import (
    DEFAULT_URL,
    KEEP_SECONDS,
    RunMissingError,
    StepMissingError,
    describe_run,
    losses_key,
    require_fields,
    run_key,
)
from profcov.demo.steps import read_losses
from profcov.demo.watershed.grid import read_grid
from profcov.demo.watershed.summary import HillslopeLoss, classify_loss, summarise_hillslope
from profcov.web.asgi import ProfileTraceMiddleware

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.responses import Response

COLUMNS = "hillslope,row,col,gross_t_ha,delivered_t_ha,class"


def create_api(*, trace: bool = True, redis_url: str | None = None) -> Starlette:
    """Make the query API; Redis is at ``redis_url``, else at ``REDIS_URL``. Without ``trace`` it knows nothing of profcov."""
    url = redis_url or os.environ.get("REDIS_URL") or DEFAULT_URL

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with Redis.from_url(url) as redis:
            app.state.redis = redis
            yield
            await redis.connection_pool.disconnect()  # before redis-py 5, the client of from_url does not

    paths = {"summary": show_summary, "cells.csv": export_cells, "hillslopes": show_hillslopes, "views": show_views}
    routes = [Route(f"/query/runs/{{run_id}}/{path}", handler, methods=["GET"]) for path, handler in paths.items()]
    routes.append(Route("/query/runs/{run_id}/views", add_view, methods=["POST"]))
    handlers = {RunMissingError: _answer_missing, StepMissingError: _answer_unfinished, HTTPException: _answer_http}
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers=cast("Any", handlers))
    if trace:
        app.add_middleware(ProfileTraceMiddleware)
    return app


async def show_summary(request: Request) -> Response:
    """Answer the result of a run, with its name and climate."""
    name, climate, summary = await read_fields(request, "name", "climate", "summary")
    return JSONResponse({"name": name, "climate": climate, **summary})


async def export_cells(request: Request) -> Response:
    """Stream the loss of every cell as CSV, hillslope by hillslope."""
    await read_fields(request, "summary")
    redis, run_id = _connection(request), request.path_params["run_id"]
    names = {"Content-Disposition": f'attachment; filename="{run_id}-cells.csv"'}
    return StreamingResponse(stream_cells(redis, run_id), media_type="text/csv", headers=names)


async def stream_cells(redis: Redis, run_id: str) -> AsyncIterator[str]:
    """Yield the CSV: its header, then the cells of one hillslope at a time, so that only one is in memory."""
    yield COLUMNS + "\n"
    for number in await list_hillslopes(redis, run_id):
        losses = (await read_hillslope(redis, run_id, number)).losses
        lines = [
            f"{number},{loss.cell[0]},{loss.cell[1]},{loss.gross},{loss.delivered},{classify_loss(loss.gross)}\n"
            for loss in losses
        ]
        yield "".join(lines)


async def show_hillslopes(request: Request) -> Response:
    """Answer the table of hillslopes, read side by side, that which delivers most first."""
    (dem,) = await read_fields(request, "dem")
    redis, run_id = _connection(request), request.path_params["run_id"]
    numbers = await list_hillslopes(redis, run_id)
    found = await asyncio.gather(*(read_hillslope(redis, run_id, number) for number in numbers))
    hectares = read_grid(dem).cell_size ** 2 / 10_000
    tables = [summarise_hillslope(hillslope, hectares) for hillslope in found]
    tables.sort(key=lambda table: (-table["delivered_t"], table["hillslope"]))
    return JSONResponse({"hillslopes": tables})


async def add_view(request: Request) -> Response:
    """Count a view of a run, after the answer is out."""
    await read_fields(request)
    task = BackgroundTask(record_view, _connection(request), request.path_params["run_id"])
    return JSONResponse({"state": "accepted"}, status_code=202, background=task)


async def record_view(redis: Redis, run_id: str) -> None:
    """Add one to the views of a run."""
    async with redis.pipeline() as pipe:
        pipe.hincrby(run_key(run_id), "views", 1)
        pipe.expire(run_key(run_id), KEEP_SECONDS)
        await pipe.execute()


async def show_views(request: Request) -> Response:
    """Answer how often a run was viewed."""
    run_id = request.path_params["run_id"]
    fields = cast("dict[bytes, bytes]", await cast("Any", _connection(request).hgetall(run_key(run_id))))
    return JSONResponse({"views": describe_run(run_id, fields)["views"]})


async def read_fields(request: Request, *names: str) -> list[Any]:
    """Return fields of the run that the path names.

    Raises:
        RunMissingError: there is no such run.
        StepMissingError: the step that makes one of them has not been done.
    """
    run_id, asked = request.path_params["run_id"], ("name", *names)
    values = await cast("Any", _connection(request).hmget(run_key(run_id), list(asked)))
    return require_fields(run_id, asked, values)[1:]


async def list_hillslopes(redis: Redis, run_id: str) -> list[int]:
    """Return the numbers of a run's hillslopes that have losses, sorted."""
    return sorted(int(number) for number in await cast("Any", redis.hkeys(losses_key(run_id))))


async def read_hillslope(redis: Redis, run_id: str, number: int) -> HillslopeLoss:
    """Return the losses of one hillslope."""
    stored = await cast("Any", redis.hget(losses_key(run_id), str(number)))
    return HillslopeLoss(number, read_losses(json.loads(stored)))


def _connection(request: Request) -> Redis:
    return cast("Redis", request.app.state.redis)


async def _answer_missing(_request: Request, error: RunMissingError) -> Response:
    return JSONResponse({"error": str(error)}, status_code=404)


async def _answer_unfinished(_request: Request, error: StepMissingError) -> Response:
    return JSONResponse({"error": str(error)}, status_code=409)


async def _answer_http(_request: Request, error: HTTPException) -> Response:
    return JSONResponse({"error": error.detail}, status_code=error.status_code, headers=error.headers)
