"""Arguments and options that several commands share, and what they mean."""

from __future__ import annotations

import contextlib
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from profcov import settings
from profcov.cli.group import suggest
from profcov.configuration.plugins import check_configuration
from profcov.errors import ConfigurationError, CoverageReadError, ProfcovError
from profcov.slug import parse_slug
from profcov.store.directory import DataDirectory
from profcov.store.layout import find_old, list_slugs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from profcov.slug import Slug

    Decorator = Callable[..., Any]


def slugs_argument(*, required: bool = False) -> Decorator:
    """Return the argument ``SLUG``, once or more, which a shell completes; :func:`parse_slugs` reads it."""
    metavar = "SLUG..." if required else "[SLUG]..."
    return click.argument("slugs", nargs=-1, required=required, metavar=metavar, shell_complete=complete_slug)


def complete_slug(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the recorded profiles that begin so; nothing if the data directory cannot be read."""
    given = ctx.params.get("data_dir")
    with contextlib.suppress(ProfcovError, OSError):
        taken = set(ctx.params.get("slugs") or ())
        known = list_slugs(find_data_dir(Path(given) if given else None))
        return [CompletionItem(slug) for slug in known if slug.startswith(incomplete) and slug not in taken]
    return []


def refuse_unknown(directory: Path, slugs: Iterable[Slug], known: Iterable[Slug]) -> None:
    """Refuse the profiles that the directory does not know, and suggest a similar name for the first.

    Raises:
        CoverageReadError: there is one.
    """
    names = list(known)
    missing = sorted(set(slugs) - set(names))
    if missing:
        hint = suggest(missing[0], names)
        raise CoverageReadError(directory, f"nothing was recorded there for {', '.join(missing)}{hint}")


def data_dir_option(meaning: str) -> Decorator:
    """Return the option ``--data-dir``; :func:`find_data_dir` reads it."""
    return click.option(
        "--data-dir",
        metavar="DIR",
        type=click.Path(path_type=Path, readable=False),  # an unreadable one is reported where it is read
        help=f"{meaning}  [default: ${settings.DIR} or {settings.DEFAULT_DIR}]",
    )


def find_data_dir(given: Path | None, *, must_exist: bool = False) -> Path:
    """Return the data directory: the one given, else the environment's, else the default one.

    Raises:
        CoverageReadError: it must exist, and is no directory; or an older profcov wrote it.
    """
    directory = (given or Path(os.environ.get(settings.DIR) or settings.DEFAULT_DIR)).absolute()
    if directory.exists() and not directory.is_dir():
        raise CoverageReadError(directory, "it is a file, not a data directory")
    if must_exist and not directory.is_dir():
        raise CoverageReadError(directory, "there is no such directory; is it where the servers record?")
    old = find_old(directory)
    if old is not None:
        raise CoverageReadError(
            directory,
            f"{old} is of an older profcov, which kept its files beside the artifacts; this version does not read them: "
            "remove the directory, and play the profiles again",
        )
    return directory


def find_directory(given: Path | None, *, must_exist: bool = False) -> DataDirectory:
    """Return the data directory to make files in: the one of :func:`find_data_dir`, with the environment's umask.

    Raises:
        CoverageReadError: as there.
        SettingsError: the environment's umask is not one.
    """
    return DataDirectory(find_data_dir(given, must_exist=must_exist), settings.read_umask(os.environ))


def config_option() -> Decorator:
    """Return the option ``--config``; :func:`find_config` reads it."""
    return click.option(
        "--config",
        metavar="FILE",
        help=f"coverage.py configuration.  [default: ${settings.CONFIG} or {settings.DEFAULT_CONFIG}]",
    )


def find_config(given: str | None) -> Path | None:
    """Return the coverage configuration: the one given, else the environment's, else the default one if it exists.

    Raises:
        SettingsError: it was named, and is not there.
        ConfigurationError: it cannot be read, or names a plugin that is not installed.
    """
    found = settings.find_config(given or os.environ.get(settings.CONFIG))
    if found is not None:
        _warn(check_configuration(found))
    return found


def find_config_to_play(given: str | None) -> Path | None:
    """Return the same as :func:`find_config`, and warn if the one that coverage.py finds by itself cannot be used.

    The server has measured with it, if it was started here: then the play could not be combined.

    Raises:
        SettingsError: a file was named, and is not there.
        ConfigurationError: it cannot be read, or names a plugin that is not installed.
    """
    found = find_config(given)
    if found is None:
        try:
            _warn(check_configuration(None))
        except ConfigurationError as error:
            _warn([str(error)])
    return found


def _warn(complaints: Iterable[str]) -> None:
    for complaint in complaints:
        click.echo(f"profcov: warning: {complaint}", err=True)
    warnings.filterwarnings("ignore", "Unrecognized option")  # or coverage.py warns each time


def timeout_option(meaning: str) -> Decorator:
    """Return the option ``--timeout``: seconds to wait for units of work in flight."""
    return click.option(
        "--timeout", metavar="S", type=click.FloatRange(min=0), default=30.0, show_default=True, help=meaning
    )


def format_option(*more: str, meaning: str = "How to print it.") -> Decorator:
    """Return the option ``--format``, whose parameter is ``form``: text, json, or one more."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(["text", "json", *more]),
        default="text",
        show_default=True,
        help=meaning,
    )


def ignore_source_changes_option() -> Decorator:
    """Return the option ``--ignore-source-changes``: report on artifacts whose sources have changed."""
    return click.option(
        "--ignore-source-changes", is_flag=True, help="Report although sources have changed since they were recorded."
    )


def parse_slugs(texts: Iterable[str]) -> list[Slug]:
    """Return the slugs that were given, each once, in their order.

    Raises:
        InvalidSlugError: one is not a slug.
    """
    return [parse_slug(text) for text in dict.fromkeys(texts)]
