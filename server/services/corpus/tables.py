"""Tables of Arrow: which columns hold text, and their rows, one bad cell at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from server.domain.errors import InvalidInput
from server.services.corpus.sources import (
    BEGINNING,
    Columns,
    Entry,
    File,
    Record,
    Start,
    Unreadable,
    no_text_column,
)

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

    Cells: TypeAlias = pa.ChunkedArray[pa.Scalar[pa.DataType]] | pa.Array[pa.Scalar[pa.DataType]]

_ROWS_PER_BATCH = 1_000


class Parquet(File):
    """A .parquet file; positions are rows."""

    @property
    def size(self) -> int:
        """The file's rows."""
        with self._opened() as file:
            return int(file.metadata.num_rows)

    def entries(self, start: Start = BEGINNING) -> Iterator[Entry]:
        """Yield a record a row; row groups before the start and other columns are not read."""
        with self._opened() as file:
            names = columns_to_read(self.name, file.schema_arrow, start.columns)
            row, groups = _groups_behind(file.metadata, start.position)
            for batch in file.iter_batches(_ROWS_PER_BATCH, row_groups=groups, columns=names):
                for record in records(batch, names):
                    row += 1
                    if row > start.position:
                        yield Entry(f"{self.path}, row {row}", record, row)

    @contextmanager
    def _opened(self) -> Iterator[pq.ParquetFile]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            file = pq.ParquetFile(self.path)
        except (OSError, pa.ArrowException) as error:
            reason = _in_one_line(error)
            raise InvalidInput(
                "file", f"{self.path} is no Parquet file, or cut short: {reason}"
            ) from error
        try:
            with file:
                yield file
        except (OSError, pa.ArrowException) as error:  # pages that pyarrow cannot read
            raise InvalidInput("file", f"{self.path} is damaged: {_in_one_line(error)}") from error


def _groups_behind(metadata: pq.FileMetaData, position: int) -> tuple[int, list[int]]:
    """Return how many rows come before the row group that holds `position`, and the groups on."""
    before, groups = 0, list(range(metadata.num_row_groups))
    while groups and before + metadata.row_group(groups[0]).num_rows <= position:
        before += metadata.row_group(groups.pop(0)).num_rows
    return before, groups


def columns_to_read(source: str, schema: pa.Schema, columns: Columns) -> list[str]:
    """Return the columns that an import reads of those in `schema`.

    Raises InvalidInput, listing the columns found, where the one of the text is not there or holds
    something else.
    """
    types: dict[str, pa.DataType] = {}
    for name, kind in zip(schema.names, schema.types, strict=True):
        types.setdefault(name, kind)
    if columns.text not in types or not _is_text(types[columns.text]):
        raise no_text_column(
            source, columns.text, {name: str(kind) for name, kind in types.items()}
        )
    return [
        name
        for name in types
        if name in columns.read and (_is_text(types[name]) or _is_list_of_text(types[name]))
    ]


def records(table: pa.Table | pa.RecordBatch, names: list[str]) -> Iterator[Record | Unreadable]:
    """Yield the rows of `table`, texts as str, lists of texts as lists, nothing as None.

    Cells are read as bytes and decoded one by one: one that is not UTF-8 costs its row alone.
    """
    cells = [_cells(table.column(table.schema.names.index(name))) for name in names]
    for row in zip(*cells, strict=True):
        record: dict[str, object] = {}
        for name, cell in zip(names, row, strict=True):
            try:
                record[name] = _decoded(cell)
            except UnicodeDecodeError:
                yield Unreadable(f"{name}: not UTF-8 text")
                break
        else:
            yield record


def _cells(column: Cells) -> list[object]:
    import pyarrow as pa

    plain: pa.DataType = pa.large_binary()
    if _is_list_of_text(column.type):
        plain = pa.list_(pa.binary())
    return [cell.as_py() for cell in column.cast(plain)]


def _decoded(cell: object) -> object:
    if isinstance(cell, bytes):
        return cell.decode("utf-8")
    return [_decoded(part) for part in cell] if isinstance(cell, list) else cell


def _is_text(kind: pa.DataType) -> bool:
    """Return whether cells are texts, or bytes that may be texts, dictionary-encoded or not."""
    from pyarrow import types

    if types.is_dictionary(kind):
        kind = kind.value_type
    return bool(
        types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_string_view(kind)
        or types.is_binary(kind)
        or types.is_large_binary(kind)
        or types.is_binary_view(kind)
        or types.is_fixed_size_binary(kind)
    )


def _is_list_of_text(kind: pa.DataType) -> bool:
    from pyarrow import types

    return bool((types.is_list(kind) or types.is_large_list(kind)) and _is_text(kind.value_type))


def _in_one_line(error: Exception) -> str:
    return " ".join(str(error).split())
