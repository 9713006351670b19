"""The option ``--redis-url``: where the profiles' RQ jobs are, the same for every command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

from profcov.playback.player.barrier import can_ask

if TYPE_CHECKING:
    from collections.abc import Callable

REDIS_URL: Final = "REDIS_URL"


def redis_url_option(meaning: str = "Wait for the profiles' RQ jobs there.") -> Callable[..., Any]:
    """Return the option, which falls back on the environment; an empty value means no Redis."""
    return click.option(
        "--redis-url", metavar="URL", envvar=REDIS_URL, show_envvar=True, callback=_choose, help=meaning
    )


def _choose(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Return the Redis to ask; the environment's only if RQ is installed, because many have one for other purposes."""
    is_environments = ctx.get_parameter_source(str(param.name)) is ParameterSource.ENVIRONMENT
    return None if is_environments and not can_ask() else value or None
