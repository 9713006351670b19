"""The other tools: how each is set up, and what it has done of its own work."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import collector


class Nothing:
    """No tool: the programs must work alone, too."""

    def set_up(self) -> None:
        """Change whatever the tool changes in the process."""

    def set_up_apps(self, flask_app: Any, asgi_app: Any) -> None:
        """Change applications that were made before the tool was set up."""

    def in_request(self) -> None:
        """Do what an application does with the tool in a request."""

    def told(self) -> Any:
        """Return what the tool has done, for the test to compare."""
        return None


class Sentry(Nothing):
    """Events arrive: a message of each request, and the exception of a thread that it starts."""

    def set_up(self) -> None:
        import sentry_sdk

        dsn = collector.TOLD.replace("http://", "http://key@") + "/1"
        # Nothing but events: no sessions.
        sentry_sdk.init(dsn=dsn, auto_session_tracking=False, release="1", shutdown_timeout=20)
        threading.excepthook = lambda _: None

    def in_request(self) -> None:
        import sentry_sdk

        sentry_sdk.capture_message("asked")
        thread = threading.Thread(target=int, args=("no number",))
        thread.start()
        thread.join()

    def told(self) -> Any:
        import sentry_sdk

        sentry_sdk.flush(timeout=20)
        return len([path for path, _ in collector.seen if path == "/api/1/envelope/"])


class OpenTelemetry(Nothing):
    """Spans are exported to memory: those of requests, and of calls made in threads and tasks as their children."""

    def set_up(self) -> None:
        from opentelemetry import trace
        from opentelemetry.instrumentation.asyncio import AsyncioInstrumentor
        from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
        from opentelemetry.instrumentation.requests import RequestsInstrumentor
        from opentelemetry.instrumentation.threading import ThreadingInstrumentor
        from opentelemetry.instrumentation.urllib3 import URLLib3Instrumentor
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

        self._exporter = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        trace.set_tracer_provider(provider)
        each = (
            AsyncioInstrumentor,
            HTTPXClientInstrumentor,
            RequestsInstrumentor,
            ThreadingInstrumentor,
            URLLib3Instrumentor,
        )
        for instrumentor in each:
            instrumentor().instrument()

    def set_up_apps(self, flask_app: Any, asgi_app: Any) -> None:
        from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
        from opentelemetry.instrumentation.flask import FlaskInstrumentor

        FlaskInstrumentor().instrument_app(flask_app)  # type: ignore[no-untyped-call]
        FastAPIInstrumentor().instrument_app(asgi_app)

    def told(self) -> Any:
        return _count_spans(self._exporter.get_finished_spans())


def _count_spans(spans: Any) -> dict[str, int]:
    """Return how many spans are of each kind, and how many of the calls' are in the trace of a request."""
    servers = [span for span in spans if span.kind.name == "SERVER"]
    clients = [span for span in spans if span.kind.name == "CLIENT" and is_applications(span)]
    traces = {span.context.trace_id for span in servers}
    inside = [span for span in clients if span.context.trace_id in traces]
    return {"requests": len(servers), "calls": len(clients), "calls in requests": len(inside)}


def is_applications(span: Any) -> bool:
    """Tell whether a span is of a call of the application's, and not of another tool's."""
    return any(str(value).startswith(collector.CALLED) for value in span.attributes.values())


class Instrumented(Nothing):
    """OpenTelemetry as ``opentelemetry-instrument`` sets it up, which prints spans to the console: here to memory."""

    def set_up(self) -> None:
        from opentelemetry import trace
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

        self._exporter = InMemorySpanExporter()
        provider: Any = trace.get_tracer_provider()  # the SDK's
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))

    def told(self) -> Any:
        return _count_spans(self._exporter.get_finished_spans())


class Wrapt(Nothing):
    """Every function that profcov patches has a wrapper of wrapt's, which must have its instance."""

    def set_up(self) -> None:
        import multiprocessing.process
        import subprocess

        import httpx
        import urllib3
        import wrapt

        self.calls: dict[str, set[str]] = {}

        def wrap(owner: Any, name: str) -> None:
            def wrapper(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
                self.calls.setdefault(f"{owner.__name__}.{name}", set()).add(str(isinstance(instance, owner)))
                return wrapped(*args, **kwargs)

            wrapt.wrap_function_wrapper(owner, name, wrapper)

        for owner, names in (
            (threading.Thread, ("start", "run", "_bootstrap")),
            (threading.Timer, ("start", "run")),
            (ThreadPoolExecutor, ("submit",)),
            (multiprocessing.process.BaseProcess, ("start",)),
            (subprocess.Popen, ("__init__",)),
            (urllib3.HTTPConnectionPool, ("urlopen",)),
            (httpx.HTTPTransport, ("handle_request",)),
            (httpx.AsyncHTTPTransport, ("handle_async_request",)),
        ):
            for name in names:
                wrap(owner, name)

    def told(self) -> Any:
        return {name: sorted(seen) for name, seen in sorted(self.calls.items())}


class Datadog(Nothing):
    """ddtrace, set up by ``ddtrace-run``: traces arrive at its agent, which the collector is."""

    def told(self) -> Any:
        import ddtrace

        deadline = time.monotonic() + 20  # its own thread sends, and flushing does not wait for that
        while not (is_told := any(path.endswith("/traces") for path, _ in collector.seen)):
            ddtrace.tracer.flush()
            if time.monotonic() > deadline:
                break
        return is_told


class NewRelic(Nothing):
    """New Relic's agent, set up by ``newrelic-admin run-program``, without a network: each request is a transaction."""

    def __init__(self) -> None:
        self._transactions: list[bool] = []

    def in_request(self) -> None:
        import newrelic.agent

        self._transactions.append(newrelic.agent.current_transaction() is not None)

    def told(self) -> Any:
        return self._transactions


class Elastic(Nothing):
    """Elastic APM in code: events arrive at its server, which the collector is."""

    def set_up(self) -> None:
        import elasticapm

        self._client = elasticapm.Client(
            service_name="demo", server_url=collector.TOLD, api_request_time="100ms", metrics_interval="0ms"
        )
        elasticapm.instrument()

    def set_up_apps(self, flask_app: Any, asgi_app: Any) -> None:
        from elasticapm.contrib.flask import ElasticAPM

        ElasticAPM(flask_app, client=self._client)

    def in_request(self) -> None:
        self._client.capture_message("asked")

    def told(self) -> Any:
        self._client.close()
        return any(path.startswith("/intake/") for path, _ in collector.seen)


class Several(Nothing):
    """Tools that are set up one after the other."""

    def __init__(self, *tools: Nothing) -> None:
        self._tools = tools

    def set_up(self) -> None:
        for tool in self._tools:
            tool.set_up()

    def set_up_apps(self, flask_app: Any, asgi_app: Any) -> None:
        for tool in self._tools:
            tool.set_up_apps(flask_app, asgi_app)

    def in_request(self) -> None:
        for tool in self._tools:
            tool.in_request()

    def told(self) -> Any:
        return [tool.told() for tool in self._tools]


_TOOLS = {
    "nothing": Nothing,
    "sentry": Sentry,
    "otel": OpenTelemetry,
    "opentelemetry-instrument": Instrumented,
    "wrapt": Wrapt,
    "ddtrace": Datadog,
    "newrelic": NewRelic,
    "elastic": Elastic,
    "gevent": Nothing,
}


def find(name: str) -> Nothing:
    """Return a tool by its name, or several: ``sentry+otel``."""
    made = [_TOOLS[each]() for each in name.split("+")]
    return made[0] if len(made) == 1 else Several(*made)
