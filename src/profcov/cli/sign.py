"""``profcov sign``: a token for clients that cannot sign by themselves."""

from __future__ import annotations

import os

import click

from profcov.cli.answer import print_fact
from profcov.cli.arguments import format_option
from profcov.errors import SettingsError
from profcov.settings import SECRET, read_secret
from profcov.slug import parse_slug
from profcov.wire.signature import sign


@click.command("sign")
@click.argument("slug")
@format_option()
def command(slug: str, form: str) -> int:
    """Print a token for SLUG, to send as X-Profile-Trace-Token beside X-Profile-Trace: SLUG.

    PROFILE_COVERAGE_SECRET must be the server's. The server accepts the token for PROFILE_COVERAGE_TOKEN_SECONDS from
    now on. `profcov playback` signs by itself.
    """
    secret = read_secret(os.environ)
    if secret is None:
        raise SettingsError(SECRET, "", "the server's secret, to sign with")
    token = sign(parse_slug(slug), secret)
    print_fact(token, form, profile=slug, token=token)
    return 0
