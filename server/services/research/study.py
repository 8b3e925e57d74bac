"""Read a study's files: guesses, bets and comparisons in JSON Lines, plain or gzip."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import orjson

from server.domain.errors import InvalidInput, PerplexedError
from server.domain.study.interchange import Row, row_from_record

_GZIP_MAGIC = b"\x1f\x8b"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class UnreadableFile(PerplexedError):
    """A file cannot be opened, or is damaged; the message names it."""


@dataclass(frozen=True)
class StudyRows:
    """The rows of some files, and for each malformed one a sentence with file, line and reason."""

    rows: list[Row]
    problems: list[str]


def read_rows(paths: Sequence[Path]) -> StudyRows:
    """Read all rows of some files; empty lines are no rows. Raises UnreadableFile."""
    found = StudyRows([], [])
    for path in paths:
        for number, line in enumerate(_lines(path), start=1):
            if line.strip():
                _read_line(line, f"{path}, line {number}", found)
    return found


def _read_line(line: bytes, place: str, found: StudyRows) -> None:
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        found.problems.append(f"{place}: not JSON ({error.msg}).")
        return
    if not isinstance(record, dict):
        found.problems.append(f"{place}: not a JSON object.")
        return
    try:
        found.rows.append(row_from_record(record))
    except InvalidInput as error:
        found.problems.append(f"{place}, {error.field}: {error}.")


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            packed = file.read(2) == _GZIP_MAGIC
            file.seek(0)
            lines = cast("BinaryIO", gzip.GzipFile(fileobj=file)) if packed else file
            for number, line in enumerate(lines):
                yield line.removeprefix(_BYTE_ORDER_MARK) if number == 0 else line
    except (OSError, EOFError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UnreadableFile(f"{path}: {reason}.") from error
