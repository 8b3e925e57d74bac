"""Datasets of the Hugging Face hub, or folders that its library reads."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from server.domain.errors import InvalidInput
from server.services.corpus.sources import BEGINNING, Bookmark, Entry, Start
from server.services.corpus.tables import columns_to_read, records

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS_PER_BATCH = 500
_CHARACTERS_OF_REASON = 300


class Stream(Protocol):
    """What is used here of `datasets.IterableDataset`, which has no types."""

    num_shards: int

    def iter(self, batch_size: int) -> Iterator[pa.Table]:
        """Yield the rows in tables."""
        ...

    def state_dict(self) -> Bookmark:
        """Return where the stream stands: file and row, as plain values."""
        ...

    def load_state_dict(self, state: Bookmark) -> None:
        """Go there; files before are not read again."""
        ...


@dataclass(frozen=True)
class HubDataset:
    """A dataset by name; positions are rows, bookmarks are the library's own."""

    dataset: str
    configuration: str | None
    split: str

    @property
    def name(self) -> str:
        """The name as it was given."""
        return f"The dataset {self.dataset}"

    @property
    def identity(self) -> str:
        """Name, configuration and split."""
        return f"dataset {self.dataset} {self.configuration} {self.split}"

    @property
    def size(self) -> None:
        """Not known of a stream."""
        return

    def entries(self, start: Start = BEGINNING) -> Iterator[Entry]:
        """Yield a record a row, streamed: nothing is downloaded beforehand.

        A bookmark holds the row before the table that was being read, and the stream's state
        there: what comes before is passed over by the library, which opens no earlier file.
        """
        bookmark = start.bookmark or {"row": 0, "state": None}
        row = cast("int", bookmark["row"])
        for table, state in self._tables(cast("Bookmark | None", bookmark["state"])):
            names = columns_to_read(self.name, table.schema, start.columns)
            for record in records(table, names):
                row += 1
                if row > start.position:
                    yield Entry(f"{self.dataset}, row {row}", record, row, bookmark)
            bookmark = {"row": row, "state": state}

    def _tables(self, state: Bookmark | None) -> Iterator[tuple[pa.Table, Bookmark]]:
        """Yield the tables from `state` on, each with the state behind it."""
        stream, files = self._opened()
        try:
            if state is not None:
                stream.load_state_dict(state)
            for table in stream.iter(_ROWS_PER_BATCH):
                yield table, stream.state_dict()
        except Exception as error:  # datasets passes on whatever its libraries raise
            raise self._unreadable(error, _file_being_read(stream, files)) from error

    def _opened(self) -> tuple[Stream, list[str]]:
        """Return the stream and the files that it reads, where the library knows them."""
        import datasets

        datasets.logging.set_verbosity(datasets.logging.CRITICAL)  # errors are told once, below
        datasets.disable_progress_bars()
        try:
            builder = datasets.load_dataset_builder(self.dataset, self.configuration)
            stream = builder.as_streaming_dataset(split=self.split)
        except Exception as error:  # as above
            raise self._unreadable(error, "") from error
        files = (getattr(builder.config, "data_files", None) or {}).get(self.split, [])
        return stream.with_format("arrow"), [str(file) for file in files]

    def _unreadable(self, error: Exception, file: str) -> InvalidInput:
        reason = " ".join(str(error).split()) or type(error).__name__
        reason = textwrap.shorten(reason, _CHARACTERS_OF_REASON, placeholder=" …")
        at = f" at {file}" if file else ""
        return InvalidInput("dataset", f"{self.name} cannot be read{at}: {reason}")


def _file_being_read(stream: Stream, files: list[str]) -> str:
    """Return the file at which the stream stands, or nothing where that is not known."""
    state: object = stream.state_dict()
    while isinstance(state, dict) and "examples_iterable" in state:
        state = state["examples_iterable"]
    number = state.get("shard_idx") if isinstance(state, dict) else None
    if isinstance(number, int) and number < len(files) == stream.num_shards:
        return files[number]
    return ""
