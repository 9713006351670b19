"""``house.py`` with sentry-sdk and OpenTelemetry, set up before profcov's middleware or after it, as ORDER says."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from typing import Any

import sentry_sdk
from answering import say
from opentelemetry import trace
from opentelemetry.instrumentation.asyncio import AsyncioInstrumentor
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
from opentelemetry.instrumentation.threading import ThreadingInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sentry_sdk.integrations.fastapi import FastApiIntegration
from sentry_sdk.integrations.httpx import HttpxIntegration
from sentry_sdk.integrations.sqlalchemy import SqlalchemyIntegration
from sentry_sdk.integrations.starlette import StarletteIntegration

from profcov.web.asgi import ProfileTraceMiddleware

exporter = InMemorySpanExporter()


def set_up_tools(**more: Any) -> None:
    sentry_sdk.init(
        dsn=os.environ["SENTRY"],
        traces_sample_rate=1.0,
        # Those that it finds to be installed; here there are many more, which it would import.
        auto_enabling_integrations=False,
        integrations=[StarletteIntegration(), FastApiIntegration(), SqlalchemyIntegration(), HttpxIntegration()],
        auto_session_tracking=False,
        release="1",
        shutdown_timeout=20,
        transport_queue_size=10_000,  # or it drops what comes too fast
    )
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    for each in (AsyncioInstrumentor, HTTPXClientInstrumentor, RequestsInstrumentor, ThreadingInstrumentor):
        each().instrument()
    # It works with SQLAlchemy 2.1, too, and does not know yet.
    SQLAlchemyInstrumentor().instrument(skip_dep_check=True, **more)


def count_spans() -> dict[str, int]:
    """Return how many spans of each kind are in the traces of requests; a new connection to the database is chance."""
    spans = [span for span in exporter.get_finished_spans() if span.name != "connect"]
    traces = {span.context.trace_id for span in spans if span.kind.name == "SERVER"}
    # A statement's span is named after the database, too.
    kinds = [f"{span.kind.name} {span.name.split()[0]}" for span in spans if span.context.trace_id in traces]
    return dict(sorted(Counter(kinds).items()))


if os.environ["ORDER"] == "before":
    set_up_tools()
from house import app as house  # type: ignore[attr-defined]  # noqa: E402
from lamps import engine  # noqa: E402

if os.environ["ORDER"] == "before":
    FastAPIInstrumentor.instrument_app(house)
    house.add_middleware(ProfileTraceMiddleware)
    inner: Any = house
else:
    inner = ProfileTraceMiddleware(house)
    set_up_tools(engine=engine.sync_engine)
    FastAPIInstrumentor.instrument_app(house)


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer for the test, or have the application answer."""
    if scope.get("path") == "/not-there":
        await say(send, "")
    elif scope.get("path") == "/spans":
        await asyncio.to_thread(sentry_sdk.flush, 60)  # a signal ends uvicorn before Sentry is done
        await say(send, count_spans())
    else:
        await inner(scope, receive, send)
