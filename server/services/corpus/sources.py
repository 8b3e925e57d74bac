"""What an import reads: records in a fixed order, from files or a dataset."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from server.domain.errors import InvalidInput

Record: TypeAlias = Mapping[str, object]
Bookmark: TypeAlias = dict[str, object]  # JSON: stored with the position
LABELS = ("title", "source", "licence", "genre")
LANGUAGE_COLUMNS = ("language", "lang")
_CHARACTERS_OF_COLUMNS = 500


@dataclass(frozen=True)
class Columns:
    """Which column holds the text, and what stands for labels that a record does not have."""

    text: str = "text"
    title: str = ""
    source: str = ""
    licence: str = ""
    genre: str = ""

    @property
    def read(self) -> frozenset[str]:
        """The names of the columns that an import reads; it ignores all others."""
        return frozenset((self.text, *LABELS, *LANGUAGE_COLUMNS))


PLAIN_COLUMNS = Columns()


@dataclass(frozen=True)
class Unreadable:
    """Why a record cannot be read: a reason, the same for all alike, and where exactly."""

    reason: str
    detail: str = ""

    def __str__(self) -> str:
        """Return both."""
        return f"{self.reason} ({self.detail})" if self.detail else self.reason


@dataclass(frozen=True)
class Entry:
    """One record, or why it is none.

    `position` is where the source goes on after it; `bookmark` what the source may want beside
    that, so that it need not read everything before.
    """

    place: str
    record: Record | Unreadable
    position: int
    bookmark: Bookmark | None = None


@dataclass(frozen=True)
class Start:
    """Where to begin: a position, the bookmark beside it, and the columns that will be read."""

    position: int = 0
    columns: Columns = PLAIN_COLUMNS
    bookmark: Bookmark | None = None


BEGINNING = Start()


class Source(Protocol):
    """Records in a fixed order, which can be read from any position on."""

    @property
    def name(self) -> str:
        """What a person calls the source."""
        ...

    @property
    def identity(self) -> str:
        """The name with all that tells this source from another one."""
        ...

    @property
    def size(self) -> int | None:
        """The position behind the last record, or None where that is not known."""
        ...

    def entries(self, start: Start = BEGINNING) -> Iterator[Entry]:
        """Yield the records behind the start's position; 0 is before the first one.

        Raises InvalidInput with a sentence where the source cannot be read.
        """
        ...


@dataclass(frozen=True)
class File:
    """A file as a source; its kind says how its records are read."""

    path: Path

    @property
    def name(self) -> str:
        """The path as it was given."""
        return str(self.path)

    @property
    def identity(self) -> str:
        """The path, with size and time of the last change: another content is another source."""
        status = self.path.stat()
        return f"{self.path.resolve()} {status.st_size} {status.st_mtime_ns}"


def no_text_column(source: str, column: str, found: Mapping[str, str]) -> InvalidInput:
    """Return the error for a source without text in `column`; `found` maps columns to types."""
    columns = ", ".join(f"{name} ({kind})" for name, kind in found.items()) or "none"
    listed = textwrap.shorten(columns, _CHARACTERS_OF_COLUMNS, placeholder=" …")
    return InvalidInput(
        "text_column",
        f"{source}: no text in a column {column!r}. Its columns are: {listed}. "
        "Name the one that holds the text with --text-column.",
    )
