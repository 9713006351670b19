"""Mutations of classes: fields, bases, methods, special methods, options."""

from __future__ import annotations

import ast
import itertools
from functools import partial
from typing import TYPE_CHECKING

from mutation import increase, is_docstring, kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mutation import Candidate, Demo, Source


def fields(node: ast.ClassDef) -> list[ast.AnnAssign]:
    return [each for each in node.body if isinstance(each, ast.AnnAssign)]


def each_class(demo: Demo) -> Iterator[tuple[Source, ast.ClassDef]]:
    for source in demo.sources:
        yield from ((source, node) for node in source.classes())


@kind(2)
def change_field_default(demo: Demo) -> Iterator[Candidate]:
    for source, node in each_class(demo):
        for each in fields(node):
            if isinstance(each.value, ast.Constant):
                yield source.at(each), source.replace(each.value, repr(increase(each.value.value, 3)))
            elif each.value is None and each is fields(node)[-1]:
                yield source.at(each), source.replace(each, source.text(each) + b" = None")


@kind()
def swap_fields(demo: Demo) -> Iterator[Candidate]:
    for source, node in each_class(demo):
        names = fields(node)
        for one, other in itertools.pairwise(names):
            if (one.value is None) == (other.value is None):
                edits = (*source.span(one), source.text(other)), (*source.span(other), source.text(one))
                yield source.at(one), partial(source.put, *edits)


@kind()
def add_field(demo: Demo) -> Iterator[Candidate]:
    for source, node in each_class(demo):
        if fields(node):
            yield source.at(node), source.after(fields(node)[-1], "new_one: int = 0")
            yield source.at(node), source.before(fields(node)[0], "new_one: int")


@kind()
def remove_field(demo: Demo) -> Iterator[Candidate]:
    for source, node in each_class(demo):
        yield from ((source.at(each), source.replace(each, "")) for each in fields(node))


@kind()
def change_class_options(demo: Demo) -> Iterator[Candidate]:
    for source, node in each_class(demo):
        for decorator in node.decorator_list:
            for option in (
                "frozen=True",
                "slots=True",
                "frozen=True, slots=True, eq=False",
                "frozen=True, slots=True, order=True",
            ):
                yield source.at(node), source.replace(decorator, f"dataclass({option})")


@kind()
def change_base(demo: Demo) -> Iterator[Candidate]:
    for source, node in each_class(demo):
        for base in node.bases:
            new = {"ValueError": "LookupError", "LookupError": "ValueError", "NamedTuple": "object"}.get(
                source.text(base).decode()
            )
            if new:
                yield source.at(node), source.replace(base, new)


@kind()
def add_special_method(demo: Demo) -> Iterator[Candidate]:
    new = (
        "def __bool__(self):\n    return False",
        "def __eq__(self, other):\n    return False",
        "def __len__(self):\n    return 0",
        "def __hash__(self):\n    return 1",
        "def __str__(self):\n    return 'new'",
        "def __iter__(self):\n    return iter(())",
        "def __getattr__(self, name):\n    return None",
    )
    for source, node in each_class(demo):
        yield from ((source.at(node), source.after(node.body[-1], f"\n{method}")) for method in new)


@kind()
def add_method(demo: Demo) -> Iterator[Candidate]:
    """One that nobody calls; and one whose name overrides what a base class has."""
    for source, node in each_class(demo):
        for name in ("unused", "_replace", "_asdict", "with_traceback", "count", "index", "get", "items"):
            yield (
                f"{source.at(node)} {name}",
                source.after(node.body[-1], f"\ndef {name}(self, *args, **options):\n    return None"),
            )


@kind()
def add_overriding_subclass(demo: Demo) -> Iterator[Candidate]:
    """A subclass takes the class's name at the end of its module, with one method of its own."""
    for source, node in each_class(demo):
        for method in node.body:
            if isinstance(method, ast.FunctionDef) and not method.decorator_list and not method.name.startswith("__"):
                text = f"class _Sub({node.name}):\n    def {method.name}(self, *args, **options):\n        return super().{method.name}(*args, **options)"
                yield source.at(method), source.append(f"{text}\n\n\n{node.name} = _Sub")
                text = text.replace(f"return super().{method.name}(*args, **options)", "return None")
                yield source.at(method), source.append(f"{text}\n\n\n{node.name} = _Sub")
                yield source.at(method), source.append(text)  # nobody makes one


@kind()
def delete_method(demo: Demo) -> Iterator[Candidate]:
    for source, node in each_class(demo):
        for method in node.body:
            if isinstance(method, ast.FunctionDef):
                yield source.at(method), source.replace(method, "")


@kind()
def replace_method_from_outside(demo: Demo) -> Iterator[Candidate]:
    for source, node in each_class(demo):
        for method in node.body:
            if isinstance(method, ast.FunctionDef) and not method.decorator_list:
                yield source.at(method), source.append(f"{node.name}.{method.name} = lambda self, *args: None")


@kind()
def new_class(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        yield (
            source.path,
            source.append("class New:\n    value = 1\n\n    def unused(self):\n        return self.value"),
        )


@kind()
def move_constant_into_class(demo: Demo) -> Iterator[Candidate]:
    """A class attribute that hides nothing."""
    for source, node in each_class(demo):
        body = [each for each in node.body if not is_docstring(each)]
        if body:
            yield source.at(node), source.before(body[0], "LIMIT = 5")
