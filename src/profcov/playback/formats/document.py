"""One YAML file as plain values that know their places: YAML 1.2's core types, no key twice, each error with line and column."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NoReturn

import yaml

from profcov.errors import ProfileFormatError
from profcov.playback.formats.json_text import describe_number, read_text
from profcov.playback.scenario.faults import raise_faults
from profcov.playback.scenario.places import Items, Place, Table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Pairs = list[tuple[yaml.ScalarNode, yaml.Node]]

_MAX_MERGED_KEYS: Final = 10_000
_MAX_VALUES: Final = 1_000_000
_MAX_DEPTH: Final = 200
_TEXT: Final = 1000
"""Characters of a text that count as one value."""

_TAG: Final = "tag:yaml.org,2002:"
_STR: Final = f"{_TAG}str"
_MERGE: Final = f"{_TAG}merge"
_CORE: Final = (
    ("null", r"~|null|Null|NULL|", [*"~nN", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", [*"tTfF"]),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", [*"-+0123456789"]),
    ("float", r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?", [*"-+.0123456789"]),
    ("merge", r"<<", ["<"]),
)
_VALUES: Final[dict[str, Callable[[str], Any]]] = {
    _STR: str,
    _MERGE: str,
    f"{_TAG}null": lambda _text: None,
    f"{_TAG}bool": lambda text: text.lower() == "true",
    f"{_TAG}int": int,
    f"{_TAG}float": float,
}
_UNQUOTED: Final = re.compile(r"""[ \t]*(?:([\w$-]+):[ \t]+)?[^,\[\]{}"'\n]*$""")
_MAX_UNQUOTED_CHARS: Final = 200


class _Loader(yaml.SafeLoader):
    """PyYAML's loader up to its nodes, which know their places, without YAML 1.1's surprises.

    There ``on`` and ``no`` are booleans, ``12:30`` is 750, ``010`` is 8 and ``2024-01-31`` is a date; here all are text.
    """

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Compose a node; not without end: Python's own stack has one."""
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]  # types-PyYAML has it untyped
            raise yaml.composer.ComposerError(None, None, "nested too deeply", mark)
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1


_Loader.yaml_implicit_resolvers = {}
for _name, _pattern, _first in _CORE:
    _Loader.add_implicit_resolver(f"{_TAG}{_name}", re.compile(rf"(?:{_pattern})\Z", re.ASCII), _first)


def read_document(path: Path, faults: list[ProfileFormatError] | None = None) -> Any:
    """Return the one document of a YAML file; ``faults`` take those after which one can read on.

    Raises:
        ProfileFormatError: the file cannot be read, is not YAML, or has faults and ``faults`` is not given.
    """
    text = read_text(path)
    found: list[ProfileFormatError] = []
    try:
        node = _Loader(text).get_single_node()
        document = None if node is None else _Builder(path, found).build(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise ProfileFormatError(path, "", _explain(error, text), _place(mark) if mark else None) from error
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        place = Place(before.count("\n") + 1, len(before) - before.rfind("\n"))
        raise ProfileFormatError(path, "", "a control character", place) from error
    except RecursionError as error:
        raise ProfileFormatError(path, "", "nested too deeply") from error
    if faults is None:
        raise_faults(found)
    else:
        faults += found
    return document


class _Builder:
    """What the nodes of one document hold; an alias is the value that it names, not a copy."""

    def __init__(self, path: Path, faults: list[ProfileFormatError]) -> None:
        self._path = path
        self._faults = faults
        self._built: dict[int, Any] = {}
        self._sizes: dict[int, tuple[int, int]] = {}
        """How many values there are in each mapping and list, with those that aliases repeat, and how deep they are."""
        self._merged: dict[int, Pairs] = {}
        self._counts: dict[int, int] = {}
        """The keys of each mapping that merges, as often as they are merged."""
        self._copied = 0

    def build(self, node: yaml.Node) -> Any:
        """Return what a node holds."""
        if isinstance(node, yaml.ScalarNode):
            return self._read_scalar(node)
        if id(node) in self._built:
            if id(node) not in self._sizes:  # an alias (*name) inside the value that it names
                self._refuse(node, "a value contains itself")
            return self._built[id(node)]
        if node.tag not in {f"{_TAG}map", f"{_TAG}seq"}:
            self._note(node, f"unknown tag {_show_tag(node.tag)}")
        return self._build_table(node) if isinstance(node, yaml.MappingNode) else self._build_items(node)

    def _build_table(self, node: yaml.MappingNode) -> Table:
        table = self._built[id(node)] = Table(_place(node.start_mark))
        pairs = self._merge(node)
        for key, value in pairs:
            table.put(key.value, _place(key.start_mark), self.build(value), _place(value.start_mark))
        self._measure(node, [value for _, value in pairs])
        return table

    def _build_items(self, node: yaml.Node) -> Items:
        items = self._built[id(node)] = Items(_place(node.start_mark))
        for value in node.value:
            items.put(self.build(value), _place(value.start_mark))
        self._measure(node, node.value)
        return items

    def _read_scalar(self, node: yaml.ScalarNode) -> Any:
        read = _VALUES.get(node.tag)
        if read is None:
            self._note(node, f"unknown tag {_show_tag(node.tag)}")
            return node.value
        try:
            return read(node.value)
        except ValueError as error:  # for example of thousands of digits
            self._note(node, f"a value cannot be read: {describe_number(error)}")
            return None

    def _measure(self, node: yaml.Node, values: list[yaml.Node]) -> None:
        """Refuse what aliases (*name) would make too large or too deep if they were written out."""
        parts = [
            (1 + len(each.value) // _TEXT, 0) if isinstance(each, yaml.ScalarNode) else self._sizes[id(each)]
            for each in values
        ]
        size, depth = 1 + sum(size for size, _ in parts), 1 + max((depth for _, depth in parts), default=0)
        self._sizes[id(node)] = size, depth
        if size > _MAX_VALUES:
            self._refuse(node, f"with its aliases (*name) written out it has more than {_MAX_VALUES:,} values")
        if depth > _MAX_DEPTH:
            self._refuse(node, "nested too deeply")

    def _merge(self, node: yaml.MappingNode) -> Pairs:
        """Return the keys with those that are merged (``<<``): its own win, then those of the first that has them.

        Not without end: keys count as often as they are merged, because each merge of a merge may double what there is.
        """
        if id(node) in self._merged:
            return self._merged[id(node)]
        own = self._read_keys(node)
        source = own.pop("<<")[1] if "<<" in own and own["<<"][0].tag == _MERGE else None
        self._merged[id(node)] = [*own.values()]  # before the sources: a mapping may name itself as one
        merged: dict[str, tuple[yaml.ScalarNode, yaml.Node]] = {}
        count = len(own)
        for mapping in source.value if isinstance(source, yaml.SequenceNode) else [source] if source else []:
            if not isinstance(mapping, yaml.MappingNode):
                self._note(mapping, "a merge (<<) must name a mapping, or a list of mappings")
                continue
            pairs = self._merge(mapping)
            count += self._counts.get(id(mapping), len(pairs))
            self._copied += len(pairs)
            for size, most in ((count, _MAX_MERGED_KEYS), (self._copied, _MAX_VALUES)):
                if size > most:
                    self._refuse(node, f"merges (<<) of more than {most:,} keys")
            for key, value in pairs:
                merged.setdefault(key.value, (key, value))
        if source is not None:
            self._counts[id(node)] = count
            self._merged[id(node)] = [*(merged | own).values()]
        return self._merged[id(node)]

    def _read_keys(self, node: yaml.MappingNode) -> dict[str, tuple[yaml.ScalarNode, yaml.Node]]:
        keys: dict[str, tuple[yaml.ScalarNode, yaml.Node]] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag not in {_STR, _MERGE}:
                self._note(key, "a key must be text: quote it")
            elif key.value in keys:
                self._note(key, f"key {key.value!r} twice")
            else:
                keys[key.value] = (key, value)
        return keys

    def _note(self, node: yaml.Node, problem: str) -> None:
        self._faults.append(ProfileFormatError(self._path, "", problem, _place(node.start_mark)))

    def _refuse(self, node: yaml.Node, problem: str) -> NoReturn:
        raise ProfileFormatError(self._path, "", problem, _place(node.start_mark))


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


def _place(mark: yaml.Mark) -> Place:
    return Place(mark.line + 1, mark.column + 1)


def _show_tag(tag: str) -> str:
    return tag.replace(_TAG, "!!", 1)


def _explain(error: yaml.MarkedYAMLError, text: str) -> str:
    """Return why a text is not YAML, with advice where it should have been quoted."""
    context = " ".join((error.context or "").split())
    at = error.problem_mark.index if error.problem_mark else len(text)
    if context.startswith("while parsing a flow") and text[at : at + 1] in {"?", "{", "["}:
        before = _UNQUOTED.search(text, max(0, at - _MAX_UNQUOTED_CHARS), at)
        name = before[1] if before and before[1] else "text"
        return f"quote the {name}: without quotes it ends before {text[at]!r} here, within braces or brackets"
    problem = " ".join(f"{error.problem or 'not YAML'}".split())
    return f"{problem} ({context})" if context else problem
