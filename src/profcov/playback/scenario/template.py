"""Templates in profiles: ``{name}`` stands for a variable, ``{{`` and ``}}`` for a brace."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
"""What a variable may be called."""

SERVER: Final = "server"
"""The variable that every profile has: scheme and host of the base URL, for headers such as ``Origin``."""

JOB_ID: Final = "job_id"
"""The variable of the path that shows a job's state, and no other's."""

_TOKEN = re.compile(rf"\{{\{{|\}}\}}|\{{({NAME.pattern})\}}|[{{}}]", re.ASCII)


class TemplateError(ValueError):
    """Raised when a text is not a template: a brace that neither opens nor closes a variable.

    Its message is to stand behind the text, or a word for it.
    """


def find_names(text: str) -> Iterator[str]:
    """Yield the variables that a template uses.

    Raises:
        TemplateError: a brace is out of place.
    """
    for match in _TOKEN.finditer(text):
        if match[1]:
            yield match[1]
        elif len(match[0]) == 1:
            raise TemplateError(
                f"has a single {match[0]!r}: write {{name}} for a variable, {match[0] * 2} for the brace"
            )


def fill(text: str, values: Mapping[str, Any]) -> str:
    """Return a checked template with its variables filled in; objects and lists become JSON.

    Raises:
        KeyError: a variable has no value.
    """
    return _TOKEN.sub(lambda match: _to_text(values[match[1]]) if match[1] else match[0][0], text)


def fill_json(value: Any, values: Mapping[str, Any]) -> Any:
    """Fill in every text of a JSON value; one that is exactly ``{name}`` becomes the variable, type and all.

    Raises:
        KeyError: a variable has no value.
    """
    if isinstance(value, str):
        only = _TOKEN.fullmatch(value)
        return values[only[1]] if only and only[1] else fill(value, values)
    if isinstance(value, list):
        return [fill_json(item, values) for item in value]
    if isinstance(value, dict):
        return {key: fill_json(item, values) for key, item in value.items()}
    return value


def _to_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
