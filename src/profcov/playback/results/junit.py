"""The results of a playback as JUnit XML, which CI services read: one test case for each profile."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

from profcov.errors import PlaybackError
from profcov.playback.player.runner import FAILED, SKIPPED
from profcov.reading.report.text import status_text

if TYPE_CHECKING:
    from profcov.playback.player.runner import Outcome
    from profcov.playback.results.document import Run

NAME: Final = "profcov playback"

_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped."""


def junit_document(run: Run) -> bytes:
    """Return the document: ``failure`` where a step failed, ``error`` where the server or the data were no good."""
    broken = sum(_is_broken(outcome) for outcome in run.outcomes)
    counts = {
        "tests": str(len(run.outcomes)),
        "failures": str(run.count(FAILED) - broken),
        "errors": str(broken),
        "skipped": str(run.count(SKIPPED)),
        "time": f"{run.seconds:.3f}",
    }
    began = datetime.fromtimestamp(run.began, UTC).isoformat(timespec="seconds")
    root = ET.Element("testsuites", {"name": NAME, **counts})
    suite = ET.SubElement(root, "testsuite", {"name": NAME, "timestamp": began, **counts})
    for outcome in run.outcomes:
        _add_case(suite, outcome)
    ET.indent(root)
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _add_case(suite: ET.Element, outcome: Outcome) -> None:
    profile = outcome.profile
    case = ET.SubElement(
        suite,
        "testcase",
        classname=NAME,
        name=profile.slug,
        file=_clean(str(profile.path)),
        time=f"{outcome.seconds:.3f}",
    )
    if outcome.error is not None:
        text = _clean(str(outcome.error))
        kind = "error" if _is_broken(outcome) else "failure"
        ET.SubElement(case, kind, type=outcome.error.code, message=text).text = text
    elif outcome.existing is not None:
        ET.SubElement(case, "skipped", message=_clean(f"{outcome.existing.path} is complete"))
    elif outcome.result is not None and outcome.result.artifact is not None:
        artifact = outcome.result.artifact
        state = "complete" if artifact.complete else status_text("partial", artifact.reasons)
        counted = "" if outcome.lines is None else f", {outcome.lines} lines"
        ET.SubElement(case, "system-out").text = _clean(f"{artifact.path}: {state}{counted}")


def _is_broken(outcome: Outcome) -> bool:
    return outcome.error is not None and not isinstance(outcome.error, PlaybackError)


def _clean(text: str) -> str:
    return _NOT_XML.sub(lambda match: repr(match[0])[1:-1], text)
