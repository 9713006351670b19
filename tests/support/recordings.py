"""Recordings made by hand: HARs and captured events, each value where a test wants it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

URL = "http://127.0.0.1:8000"


def entry(
    request: str,
    status: int = 200,
    answer: object = None,
    *,
    headers: dict[str, str] | None = None,
    json_body: object = None,
    post_data: dict[str, Any] | None = None,
    answer_headers: list[tuple[str, str]] | None = None,
    kind: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Return an entry of a HAR; ``request`` is such as ``GET /runs/7``, ``answer`` a text or a JSON value."""
    method, url = request.split(" ", 1)
    text = answer if isinstance(answer, str) else "" if answer is None else json.dumps(answer)
    media_type = kind or ("text/html" if isinstance(answer, str) else "application/json")
    sent: dict[str, Any] = {
        "method": method,
        "url": url if "://" in url else URL + url,
        "headers": [{"name": name, "value": value} for name, value in (headers or {}).items()],
    }
    if json_body is not None:
        sent["postData"] = {"mimeType": "application/json", "text": json.dumps(json_body)}
    if post_data is not None:
        sent["postData"] = post_data
    return {
        "request": sent,
        "response": {
            "status": status,
            "headers": [{"name": name, "value": value} for name, value in answer_headers or []],
            "content": {"mimeType": media_type, "text": text},
        },
        **more,
    }


def har(*entries: object) -> dict[str, Any]:
    """Return a HAR document."""
    return {"log": {"version": "1.2", "creator": {"name": "test", "version": "1"}, "entries": list(entries)}}


def write_har(path: Path, *entries: object) -> Path:
    """Write a HAR and return its path."""
    path.write_text(json.dumps(har(*entries)), encoding="utf-8")
    return path


def write_events(folder: Path, *lines: object) -> Path:
    """Write the events of a capture directory and return their path."""
    path = folder / "capture" / "events.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    return path


def exchanged(number: int | str, request: str, status: int = 200, **meta: Any) -> list[dict[str, Any]]:
    """Return the two events of an exchange; what is named ``body`` or ``headers`` is the answer's."""
    method, endpoint = request.split(" ", 1)
    of_answer: dict[str, Any] = {key: meta.pop(key) for key in ("body", "headers", "ok") if key in meta}
    return [
        {"stage": "request", "id": str(number), "method": method, "endpoint": endpoint, "requestMeta": meta},
        {"stage": "response", "id": str(number), "status": status, "ok": status < 400, **of_answer},
    ]
