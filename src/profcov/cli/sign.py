"""``profcov sign``: a token for clients that cannot sign by themselves."""

from __future__ import annotations

import os

import click

from profcov.errors import SettingsError
from profcov.settings import SECRET, read_secret
from profcov.signature import sign
from profcov.slug import parse_slug


@click.command("sign")
@click.argument("slug")
def command(slug: str) -> int:
    """Print a token for SLUG, to be sent as X-Profile-Trace-Token beside X-Profile-Trace: SLUG.

    PROFILE_COVERAGE_SECRET must be what it is on the server, which takes the token for
    PROFILE_COVERAGE_TOKEN_SECONDS from now on. `profcov playback` signs by itself.
    """
    secret = read_secret(os.environ)
    if secret is None:
        raise SettingsError(SECRET, "", "the server's secret, to sign with")
    click.echo(sign(parse_slug(slug), secret))
    return 0
