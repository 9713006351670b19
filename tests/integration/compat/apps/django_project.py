"""A Django project in one module, for both of its entry points."""

import asyncio

import answers
import django
from django.conf import settings
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import include, path, re_path

settings.configure(
    DEBUG=False,
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="for tests",
    MIDDLEWARE=["profcov.web.django.ProfileTraceMiddleware", "django.middleware.common.CommonMiddleware"],
    LOGGING_CONFIG=None,
)
django.setup()


def show(request, run):
    return JsonResponse(answers.pick(run))


def measure(request):
    return HttpResponse(answers.measure(request.body))


def stream(request):
    chunks = answers.chunks()
    return StreamingHttpResponse(send_later(chunks) if request.scope_is_asgi else chunks, content_type="text/plain")


async def send_later(chunks):
    for chunk in chunks:
        await asyncio.sleep(0)
        yield chunk


def fail(request):
    answers.fail()


def with_scope(view):
    def wrapped(request, **arguments):
        request.scope_is_asgi = hasattr(request, "scope")
        return view(request, **arguments)

    return wrapped


urlpatterns = [
    path("runs/<int:run>", show),
    path("site/", include([path("runs/<int:run>", show), re_path(r"^old/(?P<run>[0-9]+)$", show)])),
    path("measure", measure),
    path("stream", with_scope(stream)),
    path("fail", fail),
]
