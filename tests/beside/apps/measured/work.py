"""What is measured: a function for each way to hand work on, and each of two profiles."""

from __future__ import annotations


def one_in_request() -> str:
    return "one"


def one_in_thread() -> str:
    return "one"


def one_in_timer() -> str:
    return "one"


def one_in_bare_thread() -> str:
    return "one"


def one_in_pool() -> str:
    return "one"


def one_in_task() -> str:
    return "one"


def one_in_process() -> str:
    return "one"


def two_in_request() -> str:
    return "two"


def two_in_thread() -> str:
    return "two"


def two_in_timer() -> str:
    return "two"


def two_in_bare_thread() -> str:
    return "two"


def two_in_pool() -> str:
    return "two"


def two_in_task() -> str:
    return "two"


def two_in_process() -> str:
    return "two"
