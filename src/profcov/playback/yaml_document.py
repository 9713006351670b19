"""One YAML file as plain values: YAML 1.2's core types, no key twice, and each error with line and column."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import yaml

from profcov.errors import ProfileFormatError
from profcov.playback.json_text import describe_number, read_text

if TYPE_CHECKING:
    from pathlib import Path


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader without YAML 1.1's surprises.

    There ``on`` and ``no`` are booleans, ``12:30`` is 750, ``010`` is 8 and ``2024-01-31`` is a date; here all are text.
    """

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._counts: dict[yaml.MappingNode, int] = {}
        """The keys of each mapping that merges, as often as they are merged."""
        self._copied = 0

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """Compose a mapping and check its keys here: later, a merge (``<<``) may repeat them rightly."""
        node = super().compose_mapping_node(anchor)
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag not in {_STR, _MERGE}:
                raise yaml.constructor.ConstructorError(None, None, "a key must be text: quote it", key.start_mark)
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {key.value!r} twice", key.start_mark)
            seen.add(key.value)
        return node

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Merge (``<<``): a mapping's own keys win, then those of the first that has them; PyYAML 6.0.4 decides otherwise.

        Not without end: keys count as often as they are merged, because each merge of a merge may double what there is.
        """
        own = {key.value: (key, value) for key, value in node.value if key.tag != _MERGE}
        source = next((value for key, value in node.value if key.tag == _MERGE), None)
        if source is None:
            return
        node.value = [*own.values()]  # before the sources: a mapping may name itself as one
        merged: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        count = len(own)
        for mapping in source.value if isinstance(source, yaml.SequenceNode) else [source]:
            if not isinstance(mapping, yaml.MappingNode):
                problem = "a merge (<<) must name a mapping, or a list of mappings"
                raise yaml.constructor.ConstructorError(None, None, problem, mapping.start_mark)
            self.flatten_mapping(mapping)
            count += self._counts.get(mapping, len(mapping.value))
            self._copied += len(mapping.value)
            for size, most in ((count, _MOST_MERGED), (self._copied, _LARGEST)):
                if size > most:
                    problem = f"merges (<<) of more than {most:,} keys"
                    raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
            for key, value in mapping.value:
                merged.setdefault(key.value, (key, value))
        node.value = [*(merged | own).values()]
        self._counts[node] = count


_MOST_MERGED: Final = 10_000
_LARGEST: Final = 1_000_000
_TEXT: Final = 1000
"""So many characters of a text count as a value."""

_STR = "tag:yaml.org,2002:str"
_MERGE = "tag:yaml.org,2002:merge"
_CORE = (
    ("null", r"~|null|Null|NULL|", [*"~nN", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", [*"tTfF"]),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", [*"-+0123456789"]),
    ("float", r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?", [*"-+.0123456789"]),
    ("merge", r"<<", ["<"]),
)
_Loader.yaml_implicit_resolvers = {}
for _name, _pattern, _first in _CORE:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", re.compile(rf"(?:{_pattern})\Z", re.ASCII), _first)


def read_document(path: Path) -> Any:
    """Return the one document of a YAML file.

    Raises:
        ProfileFormatError: the file cannot be read, or is no YAML.
    """
    text = read_text(path)
    try:
        document = yaml.load(text, _Loader)  # noqa: S506 (it is a SafeLoader)
    except yaml.MarkedYAMLError as error:
        raise ProfileFormatError(path, _place(error), _problem(error)) from error
    except yaml.reader.ReaderError as error:
        raise ProfileFormatError(path, f"character {error.position + 1}", "a control character") from error
    except RecursionError as error:
        raise ProfileFormatError(path, "", "nested too deeply") from error
    except ValueError as error:  # a number of thousands of digits, say
        raise ProfileFormatError(path, "", f"a value cannot be read: {describe_number(error)}") from error
    try:
        size = _measure(document, {})
    except RecursionError as error:  # an alias (*name) inside the value that it names
        raise ProfileFormatError(path, "", "a value contains itself") from error
    if size > _LARGEST:
        raise ProfileFormatError(path, "", f"with its aliases (*name) written out it has more than {_LARGEST:,} values")
    return document


def _measure(value: Any, known: dict[int, int]) -> int:
    """Return how many values there are in one, with those that an alias repeats; ``known`` are the sizes so far, by id."""
    if not isinstance(value, dict | list):
        return 1 + len(value) // _TEXT if isinstance(value, str) else 1
    if id(value) not in known:
        items = value.values() if isinstance(value, dict) else value
        known[id(value)] = 1 + sum(_measure(item, known) for item in items)
    return known[id(value)]


class _Dumper(yaml.SafeDumper):
    """A dumper that quotes what this loader, not YAML 1.1, would take for something else than text."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        """Write a value out each time."""
        return True


def _represent_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    """Escape what YAML takes for line breaks, which the other styles fold into spaces."""
    style = '"' if any(character in "\x85\u2028\u2029" for character in text) else None
    return dumper.represent_scalar(_STR, text, style)


_Dumper.yaml_implicit_resolvers = _Loader.yaml_implicit_resolvers
_Dumper.add_representer(str, _represent_text)


def write_document(value: Any) -> str:
    """Return a value as YAML that :func:`read_document` reads as the same value."""
    text: str = yaml.dump(
        value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120, default_flow_style=None
    )
    return text


def _place(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    return f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""


def _problem(error: yaml.MarkedYAMLError) -> str:
    problem = " ".join(f"{error.problem or 'not YAML'}".split())
    return f"{problem} ({' '.join(error.context.split())})" if error.context else problem
