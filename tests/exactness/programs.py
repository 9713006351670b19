"""Random programs: functions, generators, coroutines and async generators whose branches depend on who runs them.

A program is a tree of lists, so that it can be shrunk and stored as JSON: a statement is ``[head, body, tails]``, where
body is a list of statements and tails are further ``[head, body]`` parts (``else:``, ``except E:`` ...).
"""

import random

KINDS = 8


class Writer:
    """Makes one program from a seed; every call goes one level down, and every loop is short, so it ends."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        count = self.rng.randint(3, 7)
        flavours = [self.rng.choice(("plain", "plain", "generator", "async", "agen")) for _ in range(count)]
        self.functions = [
            ("plain", "f0"),
            ("async", "f1"),
            *((flavour, f"f{i + 2}") for i, flavour in enumerate(flavours)),
        ]

    def program(self):
        return [[flavour, name, self.body(flavour, 0, self.rng.randint(2, 5))] for flavour, name in self.functions]

    def test(self):
        k = self.rng.randrange(KINDS)
        return self.rng.choice(
            (f"kind == {k}", f"kind % 2 == {k % 2}", f"kind > {k}", f"(kind + d) % 3 == {k % 3}", f"x % 4 == {k % 4}")
        )

    def body(self, flavour, depth, size):
        return [self.statement(flavour, depth) for _ in range(size)]

    def inner(self, flavour, depth):
        return self.body(flavour, depth + 1, self.rng.randint(1, 2))

    def statement(self, flavour, depth):
        simple = (self.assign, self.call, self.call, self.shape, self.suspend)
        nested = (self.branch, self.branch, self.loop, self.loop, self.attempt, self.manage, self.match, self.define)
        choices = simple if depth >= 3 else (*simple, *nested)
        return self.rng.choice(choices)(flavour, depth)

    def assign(self, flavour, depth):
        return [f"x += {self.rng.randint(1, 9)}", [], []]

    def shape(self, flavour, depth):
        shapes = (
            "x += sum(i for i in range(kind))",
            "x += len([i for i in range(4) if i % 2 == kind % 2])",
            "x += (lambda a: a + 1)(kind)",
            "x += len({i: [j for j in range(i)] for i in range(kind % 3)})",
            "x = x if kind % 2 else -x",
        )
        return [self.rng.choice(shapes), [], []]

    def call(self, flavour, depth):
        target, name = self.rng.choice(self.functions)
        if target in ("async", "agen") and flavour not in ("async", "agen"):
            target, name = self.rng.choice([each for each in self.functions if each[0] in ("plain", "generator")])
        if target == "plain":
            return [f"x += {name}(kind, d - 1)", [], []]
        if target == "async":
            return [f"x += await {name}(kind, d - 1)", [], []]
        keyword = "async for" if target == "agen" else "for"
        return [f"{keyword} y in {name}(kind, d - 1):", [["x += y", [], []]], self.maybe_else(flavour, depth)]

    def suspend(self, flavour, depth):
        if flavour == "plain":
            return ["time.sleep(0)", [], []]
        if flavour == "generator":
            return ["yield x", [], []]
        if flavour == "agen" and self.rng.random() < 0.5:
            return ["yield x", [], []]
        return ["await asyncio.sleep(0)", [], []]

    def branch(self, flavour, depth):
        tails = []
        if self.rng.random() < 0.4:
            tails.append([f"elif {self.test()}:", self.inner(flavour, depth)])
        if self.rng.random() < 0.6:
            tails.append(["else:", self.inner(flavour, depth)])
        return [f"if {self.test()}:", self.inner(flavour, depth), tails]

    def maybe_else(self, flavour, depth):
        return [["else:", self.inner(flavour, depth)]] if self.rng.random() < 0.2 else []

    def loop(self, flavour, depth):
        body = self.inner(flavour, depth)
        if self.rng.random() < 0.4:
            leave = self.rng.choice(("break", "continue"))
            body.append([f"if {self.test()}:", [[leave, [], []]], []])
            body.append(["x += 1", [], []])
        return [f"for i in range({self.rng.randint(1, 3)}):", body, self.maybe_else(flavour, depth)]

    def attempt(self, flavour, depth):
        body = [*self.inner(flavour, depth), [f"if {self.test()}:", [["raise KeyError(x)", [], []]], []]]
        tails = [["except KeyError:", self.inner(flavour, depth)]]
        if self.rng.random() < 0.4:
            tails.append(["else:", self.inner(flavour, depth)])
        if self.rng.random() < 0.5:
            tails.append(["finally:", self.inner("plain" if flavour == "agen" else flavour, depth)])
        return ["try:", body, tails]

    def manage(self, flavour, depth):
        body = [*self.inner(flavour, depth), [f"if {self.test()}:", [["raise KeyError(x)", [], []]], []]]
        return ["with Manager(kind) as m:", body, []]

    def match(self, flavour, depth):
        return [
            "match kind % 3:",
            [],
            [["    case 0:", self.inner(flavour, depth)], ["    case _:", self.inner(flavour, depth)]],
        ]

    def define(self, flavour, depth):
        head = self.rng.choice(("def g(kind, x):", "@decorate"))
        body = [[f"if {self.test().replace('d)', '1)')}:", [["return 1", [], []]], []], ["return x", [], []]]
        if head == "@decorate":
            return ["@decorate", [], [["def g(kind, x):", body], ["x += g(kind, x)", []]]]
        return [head, body, [["x += g(kind, x)", []]]]


PRELUDE = """\
import asyncio
import time


class Manager:
    def __init__(self, kind):
        self.kind = kind

    def __enter__(self):
        return self.kind

    def __exit__(self, kind, *_):
        if kind is KeyError:
            return self.kind % 2 == 0
        return None


def decorate(function):
    def wrapped(*args):
        return function(*args)

    return wrapped


"""

HEADS = {
    "plain": ("def {}(kind, d):", "return x % 97"),
    "generator": ("def {}(kind, d):", "yield x % 97"),
    "async": ("async def {}(kind, d):", "return x % 97"),
    "agen": ("async def {}(kind, d):", "yield x % 97"),
}


def render(program):
    """Return the source of a program."""
    lines = [PRELUDE]
    for flavour, name, body in program:
        head, last = HEADS[flavour]
        lines += [head.format(name), "    x = kind", "    if d <= 0:"]
        lines += ["        yield x", "        return"] if flavour in ("generator", "agen") else ["        return x"]
        if flavour in ("async", "agen"):
            lines.append("    await asyncio.sleep(0)")
        for statement in body:
            lines += render_statement(statement, "    ")
        lines += [f"    {last}", "", ""]
    return "\n".join(lines)


def render_statement(statement, indent):
    head, body, tails = statement
    lines = [indent + head]
    opens = head.endswith(":")
    if opens and not head.startswith("match"):
        lines += render_body(body, indent)
    for tail, tail_body in tails:
        lines.append(indent + tail)
        if tail.endswith(":"):
            lines += render_body(tail_body, indent + "    " * tail.startswith("    "))
    return lines


def render_body(body, indent):
    lines = [line for statement in body for line in render_statement(statement, indent + "    ")]
    return lines or [indent + "    pass"]


def simpler(program):
    """Yield programs with one thing less: a function's body, a statement, or what is inside one."""
    for index, (flavour, name, body) in enumerate(program):
        for smaller in simpler_bodies(body):
            yield [*program[:index], [flavour, name, smaller], *program[index + 1 :]]


def simpler_bodies(body):
    if body:
        yield []
    for index, (head, inner, tails) in enumerate(body):
        before, after = body[:index], body[index + 1 :]
        yield [*before, *after]
        for smaller in simpler_bodies(inner):
            yield [*before, [head, smaller, tails], *after]
        for number, (tail, tail_body) in enumerate(tails):
            for smaller in simpler_bodies(tail_body):
                yield [*before, [head, inner, [*tails[:number], [tail, smaller], *tails[number + 1 :]]], *after]
