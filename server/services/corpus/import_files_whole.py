"""Import passages from files: all of a call's passages, or none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from server.domain.errors import InvalidInput, PerplexedError
from server.domain.text.corpus import PLACES_NAMED
from server.domain.text.passages import Passage, passage_from_record
from server.services.corpus.files import file_source
from server.services.corpus.sources import Source, Unreadable
from server.store.engine import writing
from server.store.passages import add_passages, known_hashes

_PASSAGES_PER_QUERY = 500
_MOST_PROBLEMS_SHOWN = 20
_INSTEAD = "With --in-batches other fields are ignored, and unfit records dropped and counted."


class ImportRejected(PerplexedError):
    """Some records cannot become passages; nothing was imported."""

    def __init__(self, problems: Mapping[str, Sequence[str]]) -> None:
        lines = [_named(problem, places) for problem, places in problems.items()]
        shown, more = lines[:_MOST_PROBLEMS_SHOWN], len(lines) - _MOST_PROBLEMS_SHOWN
        if more > 0:
            shown.append(f"There are {more} problems more.")
        instead = _INSTEAD if any(any(places) for places in problems.values()) else ""
        super().__init__("\n".join([*shown, f"Nothing was imported. {instead}".rstrip()]))


def _named(problem: str, places: Sequence[str]) -> str:
    """Return the problem behind its first few places; without one it names the file itself."""
    named = ", ".join(place for place in places[:PLACES_NAMED] if place)
    if len(places) > PLACES_NAMED:
        named += f" and {len(places) - PLACES_NAMED:,} more"
    return f"{named}: {problem}" if named else problem


@dataclass(frozen=True)
class Imported:
    """How many passages were added, and how many were there before or twice in the files."""

    added: int
    duplicates: int


def import_passages(session: Session, files: Sequence[Path], now: datetime) -> Imported:
    """Import every passage of `files` (.txt: one passage a file; JSON: one a record).

    Duplicates by content hash are skipped. Raises ImportRejected, naming file and line of the
    records that are refused; nothing is half imported.
    """
    passages: dict[str, Passage] = {}
    problems: dict[str, list[str]] = {}
    read = 0
    for path in files:
        for place, outcome in _read_file(path):
            if isinstance(outcome, str):
                problems.setdefault(outcome, []).append(place)
                continue
            read += 1
            passages.setdefault(outcome.content_hash, outcome)
    if problems:
        raise ImportRejected(problems)
    with writing(session):
        added = _add_new(session, list(passages.values()), now)
    return Imported(added=added, duplicates=read - added)


def _add_new(session: Session, passages: list[Passage], now: datetime) -> int:
    added = 0
    for start in range(0, len(passages), _PASSAGES_PER_QUERY):
        portion = passages[start : start + _PASSAGES_PER_QUERY]
        known = known_hashes(session, [passage.content_hash for passage in portion])
        new = [passage for passage in portion if passage.content_hash not in known]
        add_passages(session, new, now)
        added += len(new)
    return added


def _read_file(path: Path) -> Iterator[tuple[str, Passage | str]]:
    """Yield each place of a file with its passage, or the sentence that names the problem.

    The place is empty where the sentence names the whole file.
    """
    try:
        yield from _read_source(file_source(path))
    except InvalidInput as error:
        yield "", str(error)


def _read_source(source: Source) -> Iterator[tuple[str, Passage | str]]:
    empty = True
    for entry in source.entries():
        empty = False
        if isinstance(entry.record, Unreadable):
            yield entry.place, f"{entry.record}."
            continue
        try:
            yield entry.place, passage_from_record(entry.record)
        except InvalidInput as error:
            yield entry.place, f"{error.field}: {error}"
    if empty:
        yield source.name, "there are no records in it."
