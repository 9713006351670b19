"""The matrix as a table: a row for each symbol, a column for each profile."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final

from profcov.errors import SettingsError
from profcov.extras import install_command
from profcov.reading.report.text import encodable
from profcov.store.files import replacing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from profcov.reading.analysis.matrix import Matrix

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


_DIGITS: Final = bytes.maketrans(b"\0\1", b"01")


def coverage_matrix(matrix: Matrix) -> Iterator[str]:
    """Yield ``coverage-matrix.csv``: symbol, kind, file, and for each profile 1 if it covers the symbol, else 0.

    A profile's column is called ``profile:<slug>``, because a slug may be ``file``. A name that a spreadsheet would take for
    a formula has ``'`` before it.
    """
    yield _quote(["symbol", "kind", "file", *(f"profile:{slug}" for slug in matrix.profiles)]) + "\r\n"
    for symbol, flags in matrix.rows():
        digits = flags.translate(_DIGITS).decode("ascii")
        yield ",".join([_quote([symbol.name, symbol.kind, symbol.place]), *digits]) + "\r\n"


def _quote(cells: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells])
    return line.getvalue().removesuffix("\r\n")


def require_parquet() -> None:
    """Check that Parquet can be written, before any work is done.

    Raises:
        SettingsError: the extra ``parquet`` is not installed.
    """
    try:
        import pyarrow.parquet  # noqa: F401, PLC0415 (40 MB, for those who ask for it)
    except ImportError as error:
        raise SettingsError(
            "--parquet", "on", f"pyarrow, which is missing ({error}): {install_command('parquet')}"
        ) from error


def write_parquet(matrix: Matrix, path: Path) -> None:
    """Write ``coverage-matrix.parquet``: the columns of the CSV file; those of profiles are booleans."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    symbols = matrix.index.symbols
    size = (len(symbols) + 7) // 8
    columns = {
        "symbol": pa.array([encodable(symbol.name) for symbol in symbols], pa.string()),
        "kind": pa.array([symbol.kind for symbol in symbols], pa.string()),
        "file": pa.array([encodable(symbol.place) for symbol in symbols], pa.string()),
    }
    profiles = {
        f"profile:{slug}": pa.Array.from_buffers(
            pa.bool_(), len(symbols), [None, pa.py_buffer(reach.covered.to_bytes(size, "little"))]
        )
        for slug, reach in matrix.profiles.items()
    }
    with replacing(path) as fresh:
        pq.write_table(pa.table({**columns, **profiles}), fresh)
