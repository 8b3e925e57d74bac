"""Where a corpus comes from: JSON Lines, Parquet, text files, or a dataset by name."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Protocol

from server.domain.errors import InvalidInput

_ROWS_PER_BATCH = 1_000
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Entry:
    """One record, or the reason why it is none; `position` is where the source goes on after it."""

    place: str
    record: Mapping[str, object] | str
    position: int


class Source(Protocol):
    """Records in a fixed order, which can be read from any position on."""

    @property
    def name(self) -> str:
        """What the source is called, with all that tells it from another one."""
        ...

    @property
    def size(self) -> int | None:
        """The position behind the last record, or None where that is not known."""
        ...

    def entries(self, position: int) -> Iterator[Entry]:
        """Yield the records from `position` on; 0 is the first one."""
        ...


@dataclass(frozen=True)
class _File:
    path: Path

    @property
    def name(self) -> str:
        """The path, with size and time of the last change: another content is another source."""
        status = self.path.stat()
        return f"{self.path.resolve()} {status.st_size} {status.st_mtime_ns}"


class JsonLines(_File):
    """A .jsonl file; positions are bytes."""

    @property
    def size(self) -> int:
        """The file's bytes."""
        return self.path.stat().st_size

    def entries(self, position: int) -> Iterator[Entry]:
        """Yield one record a line; empty lines are none."""
        with self.path.open("rb") as file:
            number = sum(1 for _ in _lines(file, position))
            for line in file:
                number += 1
                position += len(line)
                if line.strip():
                    place = f"{self.path}, line {number}"
                    yield Entry(place, _json(line.removeprefix(_BYTE_ORDER_MARK)), position)


class TextFile(_File):
    """A .txt file: one passage, titled by the file's name."""

    @property
    def size(self) -> int:
        """One record."""
        return 1

    def entries(self, position: int) -> Iterator[Entry]:
        """Yield the file's text."""
        if position:
            return
        record: Mapping[str, object] | str
        try:
            title = self.path.stem.replace("_", " ").replace("-", " ")
            record = {"text": self.path.read_text(encoding="utf-8-sig"), "title": title}
        except UnicodeDecodeError:
            record = "not UTF-8 text"
        yield Entry(str(self.path), record, 1)


class Parquet(_File):
    """A .parquet file; positions are rows."""

    @property
    def size(self) -> int:
        """The file's rows."""
        with self._open() as file:
            return int(file.metadata.num_rows)

    def entries(self, position: int) -> Iterator[Entry]:
        """Yield a record a row; row groups before `position` are not read."""
        with self._open() as file:
            rows = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
            groups = [group for group in range(len(rows)) if sum(rows[: group + 1]) > position]
            start = sum(rows[: groups[0]]) if groups else 0
            for row, record in enumerate(self._records(file, groups), start=start + 1):
                if row > position:
                    yield Entry(f"{self.path}, row {row}", record, row)

    def _records(self, file: Any, groups: list[int]) -> Iterator[Mapping[str, object]]:
        try:
            for batch in file.iter_batches(_ROWS_PER_BATCH, row_groups=groups):
                yield from batch.to_pylist()
        except OSError as error:  # what pyarrow raises for pages that it cannot read
            raise InvalidInput("file", f"{self.path} is damaged: {error}") from error

    def _open(self) -> Any:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            return pq.ParquetFile(self.path)
        except pa.ArrowInvalid as error:
            raise InvalidInput("file", f"{self.path} is no Parquet file, or cut short.") from error


@dataclass(frozen=True)
class HubDataset:
    """A dataset of the Hugging Face hub, or a folder that `datasets` reads; positions are rows."""

    dataset: str
    configuration: str | None
    split: str

    @property
    def name(self) -> str:
        """Name, configuration and split."""
        return f"dataset {self.dataset} {self.configuration} {self.split}"

    @property
    def size(self) -> None:
        """Not known of a stream."""
        return

    def entries(self, position: int) -> Iterator[Entry]:
        """Yield a record a row, streamed: nothing is downloaded beforehand."""
        import datasets

        try:
            stream = datasets.load_dataset(
                self.dataset, self.configuration, split=self.split, streaming=True
            )
        except Exception as error:  # datasets passes on whatever its libraries raise
            reason = str(error).splitlines()[0]
            raise InvalidInput(
                "dataset", f"The dataset {self.dataset} could not be had: {reason}"
            ) from error
        for row, record in zip(count(position + 1), stream.skip(position), strict=False):
            yield Entry(f"{self.dataset}, row {row}", dict(record), row)


def file_source(path: Path) -> Source:
    """Return the source that `path` is by its suffix; raise InvalidInput where it is none."""
    kinds: dict[str, Callable[[Path], Source]]
    kinds = {".jsonl": JsonLines, ".txt": TextFile, ".parquet": Parquet}
    if path.suffix not in kinds:
        raise InvalidInput("file", f"{path}: only .txt, .jsonl and .parquet files can be imported.")
    if not path.is_file():
        raise InvalidInput("file", f"{path}: there is no such file.")
    return kinds[path.suffix](path)


def _lines(file: Any, position: int) -> Iterator[bytes]:
    """Yield the lines before `position`, and leave the file there."""
    while file.tell() < position:
        yield file.readline()


def _json(line: bytes) -> Mapping[str, object] | str:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):  # also numbers of thousands of digits
        return "not JSON"
    return record if isinstance(record, dict) else "not a JSON object"
