"""The existing artifact: appended to, kept when another replaces it, restored."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from profcov.errors import CoverageReadError, as_write_error
from profcov.reasons import HISTORY_UNKNOWN
from profcov.store.content import Content, read_content
from profcov.store.layout import artifact_path, previous_path, quarantine_dir, sidecar_path
from profcov.store.sidecar import check_artifact, read_sidecar

if TYPE_CHECKING:
    from pathlib import Path

    from profcov.slug import Slug
    from profcov.store.directory import DataDirectory


def read_before(artifact: Path) -> Content:
    """Return what is in the artifact to append to, with its sidecar as facts; nothing if there is none.

    Raises:
        CoverageReadError: it is damaged.
    """
    if not artifact.exists():
        return Content()
    check_artifact(artifact)
    content = read_content(artifact)
    if sidecar_path(artifact).exists():
        content.facts = read_sidecar(artifact)
    else:
        content.facts = {"reasons": [HISTORY_UNKNOWN]}
    return content


def keep_before(out: DataDirectory, artifact: Path) -> None:
    """Keep the artifact that will be replaced; at every moment there is one."""
    if artifact.is_file() and not artifact.is_symlink():
        previous = previous_path(artifact)
        out.make_state(previous.parent.name, is_marked=False)
        previous.unlink(missing_ok=True)
        try:
            previous.hardlink_to(artifact)
        except OSError:  # a file system without hard links
            artifact.replace(previous)
        sidecar_path(previous).unlink(missing_ok=True)
        with contextlib.suppress(FileNotFoundError):
            sidecar_path(artifact).replace(sidecar_path(previous))


def restore_previous(out: DataDirectory, slug: Slug) -> Path:
    """Restore the previous artifact; move the present one to ``state/quarantine/``.

    Raises:
        CoverageReadError: there is no previous one.
        CoverageWriteError: the files cannot be moved.
    """
    artifact = artifact_path(out.path, slug)
    previous = previous_path(artifact)
    if not previous.is_file():
        raise CoverageReadError(previous, "there is no artifact before the last one")
    with as_write_error(artifact):
        target = quarantine_dir(out.path)
        out.make_state(target.name, is_marked=False)
        for path in (artifact, sidecar_path(artifact)):
            if path.exists():
                path.replace(target / path.name)
        previous.replace(artifact)
        if sidecar_path(previous).exists():
            sidecar_path(previous).replace(sidecar_path(artifact))
    return artifact
