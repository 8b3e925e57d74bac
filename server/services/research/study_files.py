"""What a study's file is, told by its content, and its records one after the other.

JSON Lines are read as they come, in constant memory; all else is small enough to be held.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import orjson

from server.domain.errors import PerplexedError
from server.domain.study.norms import column_named, is_known, tells_answers

_GZIP, _PARQUET = b"\x1f\x8b", b"PAR1"
_ZIP = b"PK\x03\x04"  # what an .xlsx is inside
_SEPARATORS = ",;\t|"
_R_S_MISSING = "NA"
_LONGEST_CELL = 1 << 24
_READ = (
    "JSON Lines, a JSON array, CSV with a line of column names, and Parquet are read, plain or gzip"
)


class UnreadableFile(PerplexedError):
    """A file cannot be opened, is damaged or of no known format; the message names it."""


@dataclass(frozen=True)
class Found:
    """One record and where it stands, or the reason why there is none."""

    place: str
    record: Mapping[str, object] | None
    reason: str = ""


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file, unpacked where it is gzip; raise UnreadableFile where that fails."""
    try:
        with path.open("rb") as file:
            packed = file.read(2) == _GZIP
            file.seek(0)
            yield cast("BinaryIO", gzip.GzipFile(fileobj=file)) if packed else file
    except (OSError, EOFError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UnreadableFile(f"{path}: {reason}.") from error


def records_of(path: Path) -> Iterator[Found]:
    """Yield a file's records in order; raise UnreadableFile with one sentence where it has none."""
    with opened(path) as file:
        start = file.read(4)
        file.seek(0)
        if start == _PARQUET:
            yield from _parquet(file.read(), path)
        elif start == _ZIP:
            raise UnreadableFile(
                f"{path}: it is a workbook or another zip archive, which is not read; save the "
                "sheet as CSV."
            )
        elif json.detect_encoding(start).startswith("utf-8") and _is_json_lines(file):
            yield from _json_lines(file)
        else:
            yield from _whole(file.read(), path)


def _is_json_lines(file: BinaryIO) -> bool:
    """Tell whether the first line that is not blank is a JSON object; go back to the start."""
    first = next((line for line in file if line.removeprefix(codecs.BOM_UTF8).strip()), b"{}")
    file.seek(0)
    return isinstance(_parsed(first.removeprefix(codecs.BOM_UTF8))[0], dict)


def _json_lines(lines: Iterator[bytes] | BinaryIO) -> Iterator[Found]:
    for number, line in enumerate(lines, start=1):
        text = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
        if text.strip():
            value, reason = _parsed(text)
            yield _found(f"line {number}", value, reason)


def _found(place: str, value: object, reason: str = "") -> Found:
    if reason:
        return Found(place, None, f"not JSON ({reason})")
    if not isinstance(value, dict):
        return Found(place, None, "not a JSON object")
    return Found(place, value)


def _parsed(text: bytes) -> tuple[object, str]:
    """Return the JSON value and why there is none; NaN, which others write, is null."""
    try:
        return orjson.loads(text), ""
    except orjson.JSONDecodeError as error:
        if b"NaN" not in text:
            return None, error.msg
        try:
            return json.loads(text, parse_constant=_constant), ""
        except ValueError:
            return None, error.msg


def _constant(name: str) -> None:
    if name != "NaN":
        raise ValueError(name)


def _whole(content: bytes, path: Path) -> Iterator[Found]:
    """Yield the records of a file that is no JSON Lines in UTF-8, or that begins damaged."""
    text = _text(content)
    if text is None and content.lstrip(codecs.BOM_UTF8 + b" \t\r\n").startswith((b"{", b"[")):
        yield from _json_lines(iter(content.splitlines()))
        return
    # German and English Windows write CSV so, Excel and the Provo corpus among them.
    text = content.decode("cp1252", errors="replace") if text is None else text
    if text.lstrip().startswith(("[", "{")):
        yield from _json(text, path)
    else:
        yield from _table(text, path)


def _text(content: bytes) -> str | None:
    encoding = json.detect_encoding(content)
    try:
        return content.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError:
        return None


def _json(text: str, path: Path) -> Iterator[Found]:
    """Yield the items of an array, objects that follow each other on lines of any number, or lines.

    A single object that is not on one line counts as one record.
    """
    decoder = json.JSONDecoder(parse_constant=_constant)
    values: list[object] = []
    end, text = 0, text.strip()
    try:
        while end < len(text):
            value, end = decoder.raw_decode(text, end)
            while end < len(text) and text[end].isspace():
                end += 1
            values.append(value)
    except ValueError as error:
        if text.startswith("["):
            raise UnreadableFile(f"{path}: it begins as JSON, but is not ({error}).") from error
        yield from _json_lines(line.encode("utf-8", "surrogatepass") for line in text.splitlines())
        return
    items = values[0] if len(values) == 1 and isinstance(values[0], list) else values
    for number, value in enumerate(cast("list[object]", items), start=1):
        yield _found(f"item {number}", value)


def _table(text: str, path: Path) -> Iterator[Found]:
    """Yield the rows of a table with a line of column names, whatever separates its cells."""
    csv.field_size_limit(_LONGEST_CELL)
    lines = io.StringIO(text.lstrip("\ufeff"), newline="")
    above = lines.tell()
    if not lines.readline().lower().startswith("sep="):  # Excel's own first line
        lines.seek(above)
    start = lines.tell()
    columns, separator = _columns(lines.readline())
    _require_answers(columns, path)
    lines.seek(start)
    rows = csv.reader(lines, delimiter=separator)
    names = [column_named(name) for name in next(rows)]
    try:
        for row in rows:
            if any(cell.strip() for cell in row):
                yield _table_row(f"line {rows.line_num}", names, row)
    except csv.Error as error:
        raise UnreadableFile(f"{path}, line {rows.line_num}: {error}.") from error


def _columns(header: str) -> tuple[list[str], str]:
    """Return the column names, as compared, by the separator that gives most known ones."""
    cut = [(next(csv.reader([header], delimiter=mark), []), mark) for mark in _SEPARATORS]
    compared = [([column_named(name) for name in names], mark) for names, mark in cut]
    return max(compared, key=lambda found: sum(map(is_known, found[0])))


def _table_row(place: str, names: Sequence[str], row: Sequence[str]) -> Found:
    if len(row) > len(names):
        return Found(place, None, f"it has {len(row)} cells for {len(names)} columns")
    cells = {
        name: None if cell.strip() in ("", _R_S_MISSING) else cell
        for name, cell in zip(names, row, strict=False)
        if is_known(name)
    }
    return Found(place, cells)


def _require_answers(columns: Sequence[str], path: Path) -> None:
    if tells_answers(columns):
        return
    if not any(map(is_known, columns)):
        raise UnreadableFile(f"{path}: its format is not known; {_READ}.")
    raise UnreadableFile(
        f"{path}: no column tells answers (guess, response, stakes or p_target); "
        f"its columns are {', '.join(name for name in columns if name)}."
    )


def _parquet(content: bytes, path: Path) -> Iterator[Found]:
    # Imported here alone: pyarrow is large, and the other formats need none.
    from pyarrow import ArrowException, BufferReader
    from pyarrow.parquet import ParquetFile

    try:
        file = ParquetFile(BufferReader(content))
        names = file.schema_arrow.names
        _require_answers([column_named(name) for name in names], path)
        known = [name for name in names if is_known(column_named(name))]
        number = 0
        for batch in file.iter_batches(columns=known):
            for record in batch.to_pylist():
                number += 1
                yield Found(f"row {number}", record)
    except (ArrowException, OSError) as error:
        raise UnreadableFile(f"{path}: it is Parquet, but damaged ({error}).") from error
