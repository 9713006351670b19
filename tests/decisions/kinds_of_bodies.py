"""Mutations of what functions do: statements, branches, loops, operators, constants."""

from __future__ import annotations

import ast
import itertools
from functools import partial
from typing import TYPE_CHECKING, Final

from mutation import bodies, increase, kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mutation import Candidate, Demo

SIMPLE: Final = (
    ast.Assign,
    ast.AugAssign,
    ast.AnnAssign,
    ast.Expr,
    ast.Raise,
    ast.Return,
    ast.Delete,
    ast.Break,
    ast.Continue,
)
COMPARISONS: Final = {
    ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=", ast.NotEq: "==",
    ast.Is: "is not", ast.IsNot: "is", ast.In: "not in", ast.NotIn: "in",
}  # fmt: skip
ARITHMETIC: Final = {
    ast.Add: "-",
    ast.Sub: "+",
    ast.Mult: "/",
    ast.Div: "*",
    ast.FloorDiv: "*",
    ast.Mod: "+",
    ast.Pow: "*",
}


@kind(3)
def delete_statement(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        yield from (
            (source.at(node), source.replace(node, "pass")) for node in source.statements() if isinstance(node, SIMPLE)
        )


@kind()
def delete_compound_statement(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        for node in source.statements():
            if isinstance(node, ast.If | ast.For | ast.While | ast.With | ast.Try | ast.AsyncWith):
                yield source.at(node), source.replace(node, "pass")


@kind()
def double_statement(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        for node in source.statements():
            if isinstance(node, ast.AugAssign | ast.Expr | ast.Assign):
                yield source.at(node), source.after(node, source.text(node).decode())


@kind(2)
def swap_statements(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        for function in source.functions():
            body = bodies(function)
            for one, other in itertools.pairwise(body):
                (a, b), (c, d) = source.span(one), source.span(other)
                edits = (a, b, source.text(other)), (c, d, source.text(one))
                yield source.at(one), partial(source.put, *edits)


@kind(2)
def insert_unused_name(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        yield from ((source.at(node), source.before(node, "unused = None")) for node in source.statements())


@kind(2)
def insert_raise(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        yield from ((source.at(node), source.before(node, 'raise RuntimeError("new")')) for node in source.statements())


@kind()
def insert_return(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        yield from ((source.at(node), source.before(node, "return None")) for node in source.statements())


@kind()
def insert_branch(demo: Demo) -> Iterator[Candidate]:
    """A new branch on a parameter, as somebody adds a special case."""
    for source in demo.sources:
        for function in source.functions():
            for argument in function.args.args:
                test = f"if {argument.arg} in ('wbt', 'storm', 'palouse', 7):\n    raise ValueError('new case')"
                yield source.at(function), source.before(bodies(function)[0], test)


@kind(3)
def negate_condition(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        for node in source.statements():
            if isinstance(node, ast.If | ast.While):
                yield source.at(node), source.replace(node.test, b"not (" + source.text(node.test) + b")")


@kind()
def fix_condition(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        for node in source.statements():
            if isinstance(node, ast.If):
                yield source.at(node), source.replace(node.test, "True")
                yield source.at(node), source.replace(node.test, "False")


@kind()
def widen_condition(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        for node in source.statements():
            if isinstance(node, ast.If):
                yield source.at(node), source.replace(node.test, b"(" + source.text(node.test) + b") or 0")
                yield source.at(node), source.replace(node.test, b"(" + source.text(node.test) + b") and 0")


@kind()
def drop_else(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        for node in source.statements():
            if (
                isinstance(node, ast.If | ast.For | ast.While)
                and node.orelse
                and source.text(node.orelse[0])[:4] != b"elif"
            ):
                yield (
                    source.at(node),
                    partial(source.put, *((*source.span(each), b"pass") for each in node.orelse)),
                )


@kind()
def end_loop_early(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        for node in source.statements():
            if isinstance(node, ast.For | ast.While):
                yield source.at(node), source.before(node.body[0], "break")
                yield source.at(node), source.after(node.body[-1], "break")
                yield source.at(node), source.before(node.body[-1], "continue")


@kind()
def loop_in_reverse(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        for node in source.statements():
            if isinstance(node, ast.For):
                yield source.at(node), source.replace(node.iter, b"reversed(list(" + source.text(node.iter) + b"))")


@kind(2)
def return_none(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        for node in source.statements():
            if isinstance(node, ast.Return) and node.value is not None:
                yield source.at(node), source.replace(node, "return None")


@kind()
def catch_another_exception(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        for node in source.statements():
            for handler in node.handlers if isinstance(node, ast.Try) else ():
                if handler.type is not None:
                    yield source.at(node), source.replace(handler.type, "KeyboardInterrupt")
                    yield source.at(node), source.replace(handler.type, "Exception")


@kind()
def raise_another_exception(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        for node in source.statements():
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                yield source.at(node), source.replace(node.exc.func, "TypeError")


@kind(3)
def change_comparison(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        for node in source.expressions():
            if isinstance(node, ast.Compare) and len(node.ops) == 1:
                words = [
                    source.text(node.left),
                    COMPARISONS[type(node.ops[0])].encode(),
                    source.text(node.comparators[0]),
                ]
                yield source.at(node), source.replace(node, b"(" + b" ".join(words) + b")")


@kind(3)
def change_arithmetic(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        for node in source.expressions():
            if isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
                words = [source.text(node.left), ARITHMETIC[type(node.op)].encode(), source.text(node.right)]
                yield source.at(node), source.replace(node, b"(" + b" ".join(words) + b")")


@kind()
def change_boolean_operator(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        for node in source.expressions():
            if isinstance(node, ast.BoolOp):
                word = b" or " if isinstance(node.op, ast.And) else b" and "
                yield source.at(node), source.replace(node, b"(" + word.join(map(source.text, node.values)) + b")")


@kind()
def drop_unary_operator(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        for node in source.expressions():
            if isinstance(node, ast.UnaryOp):
                yield source.at(node), source.replace(node, source.text(node.operand))


@kind()
def swap_conditional_expression(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        for node in source.expressions():
            if isinstance(node, ast.IfExp):
                words = [
                    b"(",
                    source.text(node.orelse),
                    b" if ",
                    source.text(node.test),
                    b" else ",
                    source.text(node.body),
                    b")",
                ]
                yield source.at(node), source.replace(node, b"".join(words))


@kind(3)
def change_number(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        for node in source.expressions():
            if isinstance(node, ast.Constant) and type(node.value) in {int, float}:
                yield source.at(node), source.replace(node, repr(increase(node.value, 1)))


@kind(3)
def change_text(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        for node in source.expressions():
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield source.at(node), source.replace(node, repr(node.value + "x"))


@kind()
def change_truth(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        for node in source.expressions():
            if isinstance(node, ast.Constant) and isinstance(node.value, bool):
                yield source.at(node), source.replace(node, repr(not node.value))


@kind()
def drop_argument(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        for node in source.expressions():
            if (
                isinstance(node, ast.Call)
                and len(node.args) + len(node.keywords) > 1
                and not any(isinstance(each, ast.Starred) for each in node.args)
            ):
                kept = [source.text(each) for each in (*node.args, *node.keywords)][:-1]
                yield source.at(node), source.replace(node, source.text(node.func) + b"(" + b", ".join(kept) + b")")


@kind()
def drop_element(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        for node in source.expressions():
            if isinstance(node, ast.List | ast.Dict) and len(ast.dump(node)) > 20:
                if isinstance(node, ast.Dict) and len(node.keys) > 1 and node.keys[0] is not None:
                    start, end = source.span(node.keys[0])[0], source.span(node.values[0])[1]
                    rest = source.content[end : source.span(node)[1]].lstrip().removeprefix(b",")
                    yield source.at(node), source.replace(node, source.content[source.span(node)[0] : start] + rest)
                elif isinstance(node, ast.List) and node.elts:
                    yield (
                        source.at(node),
                        source.replace(node, b"[" + b", ".join(map(source.text, node.elts[1:])) + b"]"),
                    )


@kind()
def call_another_method(demo: Demo) -> Iterator[Candidate]:
    others = {
        "append": "extend",
        "get": "pop",
        "items": "values",
        "sort": "reverse",
        "put": "get",
        "add": "discard",
        "strip": "lower",
    }
    for source in demo.sources:
        for node in source.expressions():
            if isinstance(node, ast.Attribute) and node.attr in others:
                yield source.at(node), source.replace(node, source.text(node.value) + b"." + others[node.attr].encode())


@kind()
def use_another_name(demo: Demo) -> Iterator[Candidate]:
    """A mix-up: one local name in place of another."""
    for source in demo.sources:
        for function in source.functions():
            names = sorted(
                {
                    node.id
                    for node in source.walk(function)
                    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
                }
            )
            for node in source.walk(function):
                if (
                    isinstance(node, ast.Name)
                    and isinstance(node.ctx, ast.Load)
                    and node.id in names
                    and len(names) > 1
                ):
                    yield source.at(node), source.replace(node, names[(names.index(node.id) + 1) % len(names)])
