"""From artifacts to what reports show, in one place: each artifact is read, noted, added to the matrix, and not kept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from profcov.errors import CoverageReadError
from profcov.reading.analysis.matrix import build_matrix
from profcov.reading.analysis.notes import take_notes
from profcov.reading.analysis.overview import Overview
from profcov.reading.report.text import plural, printable
from profcov.store.files import file_digest
from profcov.store.layout import artifact_path
from profcov.store.read import read_artifact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from profcov.configuration import Configuration
    from profcov.reading.analysis.notes import Note
    from profcov.reading.symbols.model import Inventory
    from profcov.slug import Slug
    from profcov.store.read import Recorded


def make_overview(inventory: Inventory, recorded: Iterable[Recorded]) -> Overview:
    """Match artifacts with the inventory; read each once, and do not keep it."""
    notes: dict[Slug, Note] = {}
    return Overview(build_matrix(inventory, take_notes(recorded, notes)), notes)


@dataclass(frozen=True, slots=True)
class Reader:
    """What artifacts are read with: a configuration, the symbols of the measured source, and a description of what was requested."""

    configuration: Configuration
    inventory: Inventory
    asked: str

    def artifacts(self, directory: Path, slugs: Iterable[Slug], *, ignore_source_changes: bool) -> Iterator[Recorded]:
        """Yield the content of each artifact in turn.

        The sources that ran must match the inventory, or, if it does not have them, the disk.

        Raises:
            CoverageReadError: one is missing or damaged, a source has changed since it ran, or an artifact has no file of the
                measured source.
        """
        known = {source.file: source.sha256 for source in self.inventory.files}
        on_disk = cache(file_digest)

        def digest_of(file: str) -> str | None:
            return known.get(file) or on_disk(self.configuration.locate(file))

        for slug in slugs:
            recorded = read_artifact(directory, slug, digest_of=digest_of, ignore_source_changes=ignore_source_changes)
            self._refuse_strange(artifact_path(directory, slug), recorded)
            yield recorded
        refuse_nothing(self.inventory, self.asked)

    def overview(self, directory: Path, slugs: Iterable[Slug], *, ignore_source_changes: bool) -> Overview:
        """Return what the artifacts show together; the errors are those of :meth:`artifacts`."""
        recorded = self.artifacts(directory, slugs, ignore_source_changes=ignore_source_changes)
        return make_overview(self.inventory, recorded)

    def _refuse_strange(self, artifact: Path, recorded: Recorded) -> None:
        ran = sorted(file for file, bits in recorded.content.bits_by_file().items() if bits)
        known = {source.file for source in self.inventory.files} | {each.file for each in self.inventory.unreadable}
        if ran and known.isdisjoint(ran):
            raise CoverageReadError(
                artifact,
                f"no file of it is in the measured source, so there is nothing to report: it has lines of {_name(ran)}, but "
                f"the requested source is {self.asked}, which has {_name(sorted(known))}; run this where the server ran, "
                "or name the configuration that measured with --config",
            )


def _name(files: Sequence[str]) -> str:
    return f"{plural(len(files), 'file')}, {printable(files[0])} first" if files else "no Python file"


def refuse_nothing(inventory: Inventory, asked: str) -> None:
    """Refuse a source without a file: every figure would be meaningless.

    Raises:
        CoverageReadError: no file is measured.
    """
    if not inventory.files and not inventory.unreadable:
        raise CoverageReadError(
            Path.cwd(),
            f"no Python file is measured here: is source right? It is {asked}: run this where the server runs, "
            "or name its configuration with --config",
        )
