"""One session as each writer has it, field by field as its source or a HAR of it shows: all that was sent is played."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pytest

from profcov.playback.loading import load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

URL = "https://shop.test"
RUN = "f8a259247836"
Json = dict[str, Any]


@dataclass(frozen=True)
class Made:
    """An exchange of the session; without a status it was cancelled."""

    number: int
    method: str
    path: str
    status: int = 200
    kind: str = "application/json"
    answer: str = "{}"
    sent_kind: str = ""
    sent: str = ""
    location: str = ""

    @property
    def url(self) -> str:
        return URL + self.path

    @property
    def time(self) -> str:
        return f"2026-01-02T03:04:{self.number:02}.500"

    def sent_headers(self, **more: str) -> list[Json]:
        found = {"Host": "shop.test", "Accept": "*/*", **more}
        if self.sent:
            found |= {"Content-Type": self.sent_kind, "Content-Length": str(len(self.sent.encode()))}
        return pairs(found)

    def headers(self) -> list[Json]:
        return pairs({"Content-Type": self.kind, **({"Location": self.location} if self.location else {})})

    def params(self) -> list[Json]:
        return pairs(dict(parse_qsl(self.sent))) if "form" in self.sent_kind else []

    def post_data(self, **more: Any) -> Json:
        return {"postData": {"mimeType": self.sent_kind, "text": self.sent, **more}} if self.sent else {}

    def text(self) -> Json:
        if self.kind == "image/png":
            return {"text": base64.b64encode(self.answer.encode()).decode(), "encoding": "base64"}
        return {"text": self.answer}


def pairs(found: dict[str, str]) -> list[Json]:
    return [{"name": name, "value": value} for name, value in found.items()]


SESSION = [
    Made(1, "GET", "/login", kind="text/html", answer='<input name="csrf" value="t0k3nt0k3n99">'),
    Made(2, "GET", "/logo", kind="image/png", answer="x"),
    Made(3, "POST", "/login", 303, "text/html", "", "application/x-www-form-urlencoded", "csrf=t0k3nt0k3n99&a=%C3%A4", "/"),
    Made(4, "POST", "/api/runs", 201, answer=json.dumps({"id": RUN}), sent_kind="application/json", sent='{"name":"ä","n":1}'),
    Made(5, "GET", "/api/slow", 0),
    Made(6, "GET", f"/api/runs/{RUN}?q=1"),
]  # fmt: skip
PLAYED = ["GET /login", "POST /login", "POST /api/runs", "GET /api/runs/{run_id}"]


def chrome(made: Made) -> Json:
    failed = not made.status
    return {
        "_connectionId": "81",
        "_initiator": {"type": "script", "stack": {"callFrames": []}},
        "_priority": "High",
        "_resourceType": "fetch",
        "cache": {},
        "pageref": "page_1",
        "request": {
            "method": made.method,
            "url": made.url,
            "httpVersion": "" if failed else "h2",
            "headers": [] if failed else [{"name": ":authority", "value": "shop.test"}, *made.sent_headers(DNT="1")],
            "queryString": [],
            "cookies": [],
            "headersSize": -1,
            "bodySize": len(made.sent.encode()),
            **made.post_data(**({"params": made.params()} if made.params() else {})),
        },
        "response": {
            "status": made.status,
            "statusText": "",
            "httpVersion": "" if failed else "h2",
            "headers": [] if failed else made.headers(),
            "cookies": [],
            "content": {"size": 0, "mimeType": "x-unknown"}
            if failed
            else {"size": 2, "mimeType": made.kind, **made.text()},
            "redirectURL": made.location,
            "headersSize": -1,
            "bodySize": -1,
            "_transferSize": 0,
            "_error": "net::ERR_ABORTED" if failed else None,
            "_fetchedViaServiceWorker": False,
        },
        "serverIPAddress": "" if failed else "[::1]",
        "startedDateTime": f"{made.time}Z",
        "time": 8.2,
        "timings": {"blocked": 1, "dns": -1, "ssl": -1, "connect": -1, "send": 0.1, "wait": 5, "_blocked_queueing": 1},
    }


def chrome_sanitized(made: Made) -> Json:
    """Write no cookies and authorizations, and no content."""
    entry = chrome(made)
    entry["response"]["content"].pop("text", None)
    return entry


def firefox(made: Made) -> Json:
    failed = not made.status
    content = {"mimeType": "" if failed else made.kind, "size": len(made.answer), "encoding": None, **made.text()}
    return {
        "startedDateTime": f"{made.time}+00:00",
        "request": {
            "bodySize": len(made.sent),
            "method": made.method,
            "url": made.url,
            "httpVersion": "HTTP/2",
            "headers": made.sent_headers(),
            "cookies": [],
            "queryString": [],
            "headersSize": 300,
            **made.post_data(params=made.params()),
        },
        "response": {
            "status": made.status,
            "statusText": "",
            "httpVersion": "",
            "headers": [] if failed else made.headers(),
            "cookies": [],
            "content": {"mimeType": "", "size": 0, "text": ""} if failed else content,
            "redirectURL": made.location,
            "headersSize": -1,
            "bodySize": -1,
        },
        "cache": {"afterRequest": None},
        "timings": {}
        if failed
        else {"blocked": 0, "dns": 0, "connect": 0, "ssl": 0, "send": 0, "wait": 9, "receive": 0},
        "time": 9,
        "_securityState": "secure",
        "pageref": "page_1",
    }


def safari(made: Made) -> Json:
    failed = not made.status
    return {
        "pageref": "page_0",
        "startedDateTime": f"{made.time}Z",
        "time": 0,
        "request": {
            "method": made.method,
            "url": made.url,
            "httpVersion": "",
            "cookies": [],
            "headers": made.sent_headers(),
            "queryString": [],
            "headersSize": -1,
            "bodySize": -1,
            **made.post_data(params=made.params()),
        },
        "response": {
            "status": made.status,
            "statusText": "",
            "httpVersion": "",
            "cookies": [],
            "headers": [] if failed else made.headers(),
            "content": {"size": 0, "compression": 0, "mimeType": "x-unknown" if failed else made.kind, **made.text()},
            "redirectURL": made.location,
            "headersSize": -1,
            "bodySize": -1,
            **({"_error": "cancelled"} if failed else {}),
        },
        "cache": {},
        "timings": {"blocked": -1, "dns": -1, "connect": -1, "ssl": -1, "send": 0, "wait": 0, "receive": 0},
        "_fetchType": "Network Load",
    }


def playwright(made: Made) -> Json:
    failed = not made.status
    return {
        "pageref": "page@1",
        "startedDateTime": f"{made.time}Z",
        "time": -1 if failed else 3.1,
        "request": {
            "method": made.method,
            "url": made.url,
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": made.sent_headers(),
            "queryString": [],
            "headersSize": -1,
            "bodySize": len(made.sent.encode()),
            **made.post_data(params=made.params()),
        },
        "response": {
            "status": made.status or -1,
            "statusText": "",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": [] if failed else made.headers(),
            "content": {"size": -1, "mimeType": "x-unknown"} if failed else {"mimeType": made.kind, **made.text()},
            "headersSize": -1,
            "bodySize": -1,
            "redirectURL": made.location,
            "_transferSize": -1,
            **({"_failureText": "net::ERR_ABORTED"} if failed else {}),
        },
        "cache": {},
        "timings": {"send": -1, "wait": -1, "receive": -1},
        "_frameref": "frame@1",
        "_monotonicTime": 1.5,
        "_resourceType": "image" if made.kind == "image/png" else "fetch",
    }


def chrome_har(made: Made) -> Json:
    """Write as puppeteer-har, browsertime and sitespeed.io do: bodies as parameters, answers without bodies unless asked."""
    entry = chrome(made)
    if made.sent:
        found = json.loads(made.sent) if "json" in made.sent_kind else dict(parse_qsl(made.sent))
        entry["request"]["postData"] = {"mimeType": made.sent_kind, "params": pairs(found)}
    entry["response"] |= {"fromDiskCache": False, "fromEarlyHints": False, "fromServiceWorker": False}
    return entry | {"_requestId": "7.2", "_initialPriority": "High", "_requestTime": 1.5}


def proxy(made: Made, time: str, **more: Any) -> Json:
    """Write what most proxies have in common."""
    return {
        "startedDateTime": time,
        "time": 107,
        "request": {
            "method": made.method,
            "url": made.url,
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": made.sent_headers(),
            "queryString": [],
            "headersSize": 68,
            "bodySize": len(made.sent.encode()),
            **made.post_data(),
        },
        "response": {
            "status": made.status,
            "statusText": "OK",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": made.headers() if made.status else [],
            "content": {"size": 2, "mimeType": made.kind, **made.text()}
            if made.status
            else {"size": 0, "mimeType": ""},
            "redirectURL": made.location,
            "headersSize": 0,
            "bodySize": 2,
        },
        "cache": {},
        "timings": {"dns": 43, "connect": 37, "ssl": 26, "send": 1, "wait": 24, "receive": 2},
        **more,
    }


def charles(made: Made) -> Json:
    entry = proxy(made, f"{made.time}-07:00", serverIPAddress="::1")
    if not made.status:
        entry["response"] |= {"status": 503, "_charlesStatus": "FAILED", "redirectURL": None}
    return entry


def fiddler(made: Made) -> Json:
    entry = proxy(made, f"{made.time}4567+01:00", connection="ClientPort:1;EgressPort:2", comment="")
    entry["request"].setdefault("postData", {"text": "", "mimeType": ""})
    if made.params():
        entry["request"]["postData"]["params"] = made.params()
    if not made.status:
        entry["response"] |= {"status": 502, "statusText": "Fiddler - Connection Failed", "headers": made.headers()}
    return entry


def proxyman(made: Made) -> Json:
    entry = proxy(made, f"{made.time}Z", _id="1", _isHTTPS=True, _name=None, _webSocketMessages=None, comment="")
    entry["request"]["bodySize"] = -1
    return entry if made.status else entry | {"response": None, "timings": None}


def http_toolkit(made: Made) -> Json:
    entry = proxy(made, f"{made.time}Z", pageref="Chrome 140", _resourceType=None)
    if made.sent:
        del entry["request"]["postData"]
        entry["request"] |= {
            "_requestBodyStatus": "discarded:not-representable",
            "_content": {"text": base64.b64encode(made.sent.encode()).decode(), "size": 9, "encoding": "base64"},
        }
    return entry


def insomnia(made: Made) -> Json:
    entry = proxy(made, "2026-01-02T03:04:05.678Z", comment="a request")
    entry["request"] |= {"bodySize": -1, "settingEncodeUrl": True, "headers": []}
    entry["request"]["postData"] = {"mimeType": made.sent_kind, "text": made.sent, "params": []}
    if made.params():
        entry["request"]["postData"] = {"mimeType": made.sent_kind, "params": made.params()}
    return entry


def browser_mob(made: Made) -> Json:
    entry = proxy(made, f"{made.time}+0000", pageref="Page 0", comment="")
    if made.sent:
        entry["request"]["postData"] = {"mimeType": made.sent_kind, "text": "", "params": made.params(), "comment": ""}
        if not made.params():
            entry["request"]["postData"] = {"mimeType": made.sent_kind, "text": made.sent, "comment": ""}
    if not made.status:
        entry["response"] |= {"httpVersion": "unknown", "_errorMessage": "No response received", "comment": ""}
    return entry


def selenium_wire(made: Made) -> Json:
    entry = proxy(made, f"{made.time}123+00:00")
    if made.sent:
        entry["request"]["postData"]["params"] = made.params()
    if not made.status:
        del entry["response"]
    return entry


def web_page_test(made: Made) -> Json:
    entry = proxy(made, f"{made.time}+00:00", pageref="page_1_0_1", _run=1, _cached=0, _all_ms="107", _type="3")
    entry["request"] |= {"headersSize": -1, "bodySize": -1}
    if made.sent:
        entry["request"]["postData"] = {"mimeType": "", "text": ""}
    entry["response"]["content"].pop("text", None)
    entry["response"]["status"] = made.status or -1
    return entry


WRITERS: list[Callable[[Made], Json]] = [
    chrome, firefox, safari, playwright, chrome_har, charles, fiddler, proxyman, http_toolkit, insomnia, browser_mob,
    selenium_wire,
]  # fmt: skip


def write(folder: Path, writer: Callable[[Made], Json]) -> Path:
    entries = [writer(made) for made in SESSION]
    log = {"version": "1.2", "creator": {"name": writer.__name__, "version": ""}, "pages": [], "entries": entries}
    (folder / "shop.har").write_text(json.dumps({"log": log}))
    return folder / "shop.har"


@pytest.mark.parametrize("writer", WRITERS)
def test_all_that_was_sent_is_played(tmp_path: Path, writer: Callable[[Made], Json]) -> None:
    loaded = load(write(tmp_path, writer))
    steps = loaded.profile.steps
    assert [f"{step.request.method} {step.request.path}" for step in steps] == PLAYED
    assert [step.expect.status for step in steps] == [(200,), (303,), (201,), (200,)]
    assert (steps[1].request.form, steps[2].request.json) == ({"csrf": ("{csrf}",), "a": ("ä",)}, {"name": "ä", "n": 1})
    assert (loaded.profile.base_url, loaded.profile.lacks) == (URL, ())
    assert set(loaded.notes) == {
        "entry 5: left out: GET /api/slow was not answered",
        "left out: a static file: 1 request",
    }


def test_without_content_nothing_is_taken_from_answers(tmp_path: Path) -> None:
    loaded = load(write(tmp_path, chrome_sanitized))
    assert (loaded.correlations, loaded.profile.steps[3].request.path) == ((), f"/api/runs/{RUN}")
    assert "no answer has its body: ids and tokens stay as recorded; record with content" in loaded.notes


def test_a_writer_that_records_no_bodies_lacks_them(tmp_path: Path) -> None:
    profile = load(write(tmp_path, web_page_test)).profile
    assert [step.request.path for step in profile.steps] == ["/login", f"/api/runs/{RUN}"]
    assert [lack.partition(" (")[0] for lack in profile.lacks] == [
        "entry 3: left out: the recording does not have the body of POST /login",
        "entry 4: left out: the recording does not have the body of POST /api/runs",
    ]
