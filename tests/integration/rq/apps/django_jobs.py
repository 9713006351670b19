"""A Django project whose views make jobs, by django-rq, in each of its commit modes; served by the standard library's server."""

from __future__ import annotations

import io
import os
import threading
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
import jobs
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.urls import path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpRequest

redis = urlsplit(os.environ["REDIS_URL"])
settings.configure(
    ALLOWED_HOSTS=["*"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=["django.contrib.contenttypes", "django_rq"],
    LOGGING_CONFIG=None,
    MIDDLEWARE=["profcov.web.django.ProfileTraceMiddleware"],
    ROOT_URLCONF=__name__,
    RQ={"COMMIT_MODE": "request_finished"},  # for which it waits for Django's signal; each view names its own mode
    RQ_QUEUES={"default": {"HOST": redis.hostname, "PORT": redis.port, "DB": 0}},
    RQ_SHOW_ADMIN_LINK=False,
    SECRET_KEY="for tests",
)
django.setup()

import django_rq  # noqa: E402 (it reads the settings)
from django.db import transaction  # noqa: E402


def enqueue(request: HttpRequest, mode: str) -> None:
    """Make a job with the id that the request asks for; in a transaction, as on_db_commit is about that."""
    with transaction.atomic():
        queue = django_rq.get_queue("default", commit_mode=mode)
        assert (queue.enqueue(jobs.other, job_id=request.GET["id"]) is None) == (mode != "auto")


def answer(request: HttpRequest, mode: str) -> HttpResponse:
    enqueue(request, mode)
    return HttpResponse("made")


def stream(request: HttpRequest, mode: str) -> StreamingHttpResponse:
    def body() -> Iterator[str]:
        yield "being "
        enqueue(request, mode)
        yield "made"

    return StreamingHttpResponse(body())


def file(request: HttpRequest, mode: str) -> FileResponse:
    """Answer with a file, which the server sends and closes: that ends the request."""
    enqueue(request, mode)
    return FileResponse(io.BytesIO(b"made"))


def decorated(request: HttpRequest, mode: str) -> HttpResponse:
    django_rq.job("default")(jobs.other).delay(job_id=request.GET["id"])  # type: ignore[call-arg]  # RQ takes it
    return HttpResponse("made")


urlpatterns = [path(f"{view.__name__}/<mode>", view) for view in (answer, stream, file, decorated)]


class Quiet(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        pass


def ask(*requests: tuple[str, str, str | None]) -> list[int]:
    """Serve the project, and send it requests: path, job id, slug."""
    with make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Quiet) as server:
        thread = threading.Thread(target=_serve, args=[server])
        thread.start()
        try:
            return [_ask(server.server_port, *request) for request in requests]
        finally:
            server.shutdown()
            thread.join()


def _serve(server: WSGIServer) -> None:
    server.serve_forever(poll_interval=0.01)
    transaction.get_connection().connection.close()  # Django leaves a database in memory open


def _ask(port: int, where: str, job_id: str, slug: str | None) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {} if slug is None else {"X-Profile-Trace": slug}
    connection.request("GET", f"/{where}?id={job_id}", headers=headers)
    with connection.getresponse() as response:
        response.read()
        return response.status
