r"""Text files and JSON: what kind a file is, and its records.

Files are UTF-8, plain or compressed with gzip or Zstandard; their content says which. Lines end
with \n, \r\n or \r.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal, cast

from server.domain.errors import InvalidInput
from server.services.corpus.sources import (
    BEGINNING,
    Entry,
    File,
    Record,
    Source,
    Start,
    Unreadable,
)
from server.services.corpus.tables import Parquet

LARGEST_ARRAY_BYTES = 256 * 1024 * 1024
TABLE_SUFFIXES = (".parquet",)
_JSON_SUFFIXES = (".jsonl", ".ndjson", ".json")
_COMPRESSED_SUFFIXES = (".gz", ".zst")
_ALLOWED = (
    "allowed are .txt, .jsonl, .ndjson and .json, each also as .gz or .zst, and .parquet. Unpack "
    "archives first; a folder of other files, such as .csv, can be read with --dataset"
)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BYTES_THAT_TELL = 512
_PRETTY_OBJECT = re.compile(rb'\{\s*[\r\n]\s*"')
_CODECS: dict[bytes, Literal["gzip", "zstd"]] = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_OTHER_KINDS = {
    b"PK\x03\x04": "a zip archive",
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ\x00": "an xz file",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"PAR1": "a Parquet file",
    b"ARROW1": "an Arrow file",
    b"%PDF-": "a PDF",
}


def file_source(path: Path) -> Source:
    """Return the source that `path` is; raise InvalidInput where it is none.

    The name's last part says the kind, in small or capital letters; whether JSON is an array or
    lines is seen from its first character.
    """
    suffix, plain_suffix = path.suffix.casefold(), plain_name(path).suffix.casefold()
    if path.is_dir():
        raise InvalidInput("file", f"{path} is a folder; it can be read with --dataset.")
    if suffix not in TABLE_SUFFIXES and plain_suffix not in (".txt", *_JSON_SUFFIXES):
        raise InvalidInput("file", f"{path}: this kind of file is not read; {_ALLOWED}.")
    if not path.is_file():
        raise InvalidInput("file", f"{path}: there is no such file.")
    if suffix in TABLE_SUFFIXES:
        return Parquet(path)
    with opened(path) as file:
        begins = file.peek(_BYTES_THAT_TELL).removeprefix(_BYTE_ORDER_MARK).lstrip()
    if plain_suffix == ".txt":
        return TextFile(path)
    if _PRETTY_OBJECT.match(begins):
        raise InvalidInput(
            "file",
            f"{path} is one JSON object over many lines; allowed are an object a line, or an array "
            "of objects.",
        )
    return JsonArray(path) if begins.startswith(b"[") else JsonLines(path)


def plain_name(path: Path) -> Path:
    """Return the path without the suffix that says how it is compressed."""
    return path.with_suffix("") if path.suffix.casefold() in _COMPRESSED_SUFFIXES else path


@contextmanager
def opened(path: Path) -> Iterator[io.BufferedReader]:
    """Open a file, unpacked, at its beginning; raise InvalidInput where it is no UTF-8 text.

    That a file breaks off in the middle shows only while it is read: InvalidInput, too.
    """
    try:
        with _unpacked(path) as file:
            _require_text(path, file.peek(_BYTES_THAT_TELL))
            yield file
    except OSError as error:
        raise InvalidInput("file", f"{path} cannot be read: {error.strerror or error}.") from error


def _unpacked(path: Path) -> io.BufferedReader:
    with path.open("rb") as file:
        head = file.read(_BYTES_THAT_TELL)
    for magic, codec in _CODECS.items():
        if head.startswith(magic):
            import pyarrow as pa  # large, and most files are plain

            stream = pa.input_stream(str(path), compression=codec)
            return io.BufferedReader(cast("io.RawIOBase", stream))
    return path.open("rb")


def _require_text(path: Path, head: bytes) -> None:
    for magic, kind in _OTHER_KINDS.items():
        if head.startswith(magic):
            raise InvalidInput("file", f"{path} is {kind}, whatever its name says; {_ALLOWED}.")
    if head[257:262] == b"ustar":
        raise InvalidInput("file", f"{path} is a tar archive; {_ALLOWED}.")
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in head[:4]:
        raise InvalidInput(
            "file", f"{path}: not UTF-8 text but UTF-16 or UTF-32; save it as UTF-8."
        )


class JsonLines(File):
    """JSON Lines; positions are bytes of the unpacked file."""

    @property
    def size(self) -> int | None:
        """The file's bytes; not known of a compressed file."""
        return None if plain_name(self.path) != self.path else self.path.stat().st_size

    def entries(self, start: Start = BEGINNING) -> Iterator[Entry]:
        """Yield one record a line, with all its columns; empty lines are none."""
        behind = 0
        with opened(self.path) as file:
            for number, line in enumerate(_lines(file), start=1):
                behind += len(line)
                if behind > start.position and line.strip():
                    record = _json_record(line.removeprefix(_BYTE_ORDER_MARK))
                    yield Entry(f"{self.path}, line {number}", record, behind)


class JsonArray(File):
    """A JSON array of records; positions are elements. It is read whole."""

    size = None

    def entries(self, start: Start = BEGINNING) -> Iterator[Entry]:
        """Yield one record an element."""
        for number, element in enumerate(self._elements(), start=1):
            if number > start.position:
                yield Entry(f"{self.path}, element {number}", _as_record(element), number)

    def _elements(self) -> list[object]:
        with opened(self.path) as file:
            content = file.read(LARGEST_ARRAY_BYTES + 1)
        if len(content) > LARGEST_ARRAY_BYTES:
            most = f"{LARGEST_ARRAY_BYTES // 1024**2} MB"
            raise InvalidInput(
                "file", f"{self.path}: a JSON array may have {most}; write more as JSON Lines."
            )
        try:
            array = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise InvalidInput(
                "file", f"{self.path} begins like a JSON array but is none: {error}."
            ) from error
        return cast("list[object]", array)  # it begins with a bracket


class TextFile(File):
    """A text file: one passage, titled by the file's name."""

    size = 1

    def entries(self, start: Start = BEGINNING) -> Iterator[Entry]:
        """Yield the file's text, in whichever column is asked."""
        if start.position:
            return
        record: Record | Unreadable
        with opened(self.path) as file:
            content = file.read()
        try:
            title = plain_name(self.path).stem.replace("_", " ").replace("-", " ")
            record = {"title": title, start.columns.text: content.decode("utf-8-sig")}
        except UnicodeDecodeError as error:
            record = _not_utf8(error)
        yield Entry(str(self.path), record, 1)


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield each line with its end; within JSON a carriage return can be nothing else."""
    for line in file:
        yield from line.splitlines(keepends=True)  # of bytes: at \n, \r\n and \r alone


def _json_record(line: bytes) -> Record | Unreadable:
    try:
        return _as_record(json.loads(line.decode("utf-8")))
    except UnicodeDecodeError as error:
        return _not_utf8(error)
    except json.JSONDecodeError as error:
        return Unreadable("not JSON", f"{error.msg} at character {error.colno}")
    except (ValueError, RecursionError) as error:  # also numbers of thousands of digits
        return Unreadable("not JSON", str(error))


def _as_record(value: object) -> Record | Unreadable:
    return value if isinstance(value, dict) else Unreadable("not a JSON object")


def _not_utf8(error: UnicodeDecodeError) -> Unreadable:
    return Unreadable("not UTF-8 text", f"byte {error.start + 1}; save it as UTF-8")
