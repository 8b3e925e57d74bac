"""Import a large corpus in batches: what is unfit is dropped and counted, and nothing is lost."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Protocol

from sqlalchemy.orm import Session

from server.domain.errors import InvalidInput
from server.domain.text.corpus import Dropped, Tally, Wanted, passage_of, word_share
from server.domain.text.passages import Passage, mended_label
from server.domain.text.tokens import TokenizedText
from server.services.corpus.cutting import cut_passage
from server.services.corpus.languages import language_of
from server.services.corpus.near_duplicates import NearDuplicates
from server.services.corpus.sources import (
    PLAIN_COLUMNS,
    Columns,
    Entry,
    Record,
    Source,
    Start,
    Unreadable,
    no_text_column,
)
from server.store.engine import writing
from server.store.imports import (
    ImportProgress,
    forget_progress,
    import_progress,
    keep_progress,
)
from server.store.passages import add_passages, known_hashes

RECORDS_PER_BATCH = 500
_NOTHING = "nothing"
_KINDS = {str: "text", dict: "object", list: "list", bool: "yes or no", type(None): _NOTHING}


class Reader(Protocol):
    """A model's tokenizer, as importing sees it."""

    def count_tokens(self, text: str) -> int:
        """Return how many tokens the model reads `text` as."""
        ...

    def tokenized(self, text: str) -> TokenizedText:
        """Return `text` as the model reads it."""
        ...


@dataclass(frozen=True)
class CorpusImport:
    """One source, what is wanted of it, and the tokenizer where that is asked."""

    source: Source
    wanted: Wanted
    columns: Columns = PLAIN_COLUMNS
    reader: Reader | None = None

    @property
    def fingerprint(self) -> str:
        """SHA-256 of source and wishes: an import with other wishes is another import."""
        wishes = repr((self.source.identity, self.wanted, self.columns))
        return hashlib.sha256(wishes.encode("utf-8")).hexdigest()

    def run(self, session: Session, advance: Callable[[int, int | None], None]) -> Tally:
        """Import all that is left of the source; `advance(position, size)` reports progress.

        Each batch is committed together with its position and tally. An import that was stopped
        goes on exactly behind its last batch, and its tally goes on counting. Raises InvalidInput
        where the source cannot be read, has no texts in the named column, or no records at all.
        """
        begun = import_progress(session, self.fingerprint)
        tally, size = begun.tally, self.source.size
        start = Start(begun.position, self.columns, begun.bookmark)
        for batch in _batches(self.source.entries(start)):
            if not tally.read:
                self._require_texts(batch)
            chosen = list(self._choose(batch, tally))
            progress = ImportProgress(batch[-1].position, tally, batch[-1].bookmark)
            now = datetime.now(UTC)
            with writing(session):
                self._store(session, chosen, tally, now)
                keep_progress(session, self.fingerprint, progress, now)
            advance(progress.position, size)
        if not tally.read:
            raise InvalidInput("file", f"{self.source.name}: there are no records in it.")
        with writing(session):
            forget_progress(session, self.fingerprint)
        return tally

    def _require_texts(self, batch: list[Entry]) -> None:
        """Raise InvalidInput, listing the columns, where no record of the first batch has text."""
        column = self.columns.text
        found: dict[str, str] = {}  # column: what it holds
        for entry in batch:
            if isinstance(entry.record, Unreadable):
                continue
            if isinstance(entry.record.get(column), str):
                return
            for name, value in entry.record.items():
                if found.get(name, _NOTHING) == _NOTHING:
                    found[name] = _KINDS.get(type(value), "number")
        if found:
            raise no_text_column(self.source.name, column, found)

    def _choose(self, batch: list[Entry], tally: Tally) -> Iterator[tuple[str, Passage]]:
        """Yield each wanted passage with its place; the others are dropped and counted."""
        for entry in batch:
            tally.read += 1
            try:
                passage = self._passage(entry)
            except Dropped as reason:
                tally.drop(str(reason), entry.place)
                continue
            for part in self._parts(passage):
                yield entry.place, part

    def _passage(self, entry: Entry) -> Passage:
        if isinstance(entry.record, Unreadable):
            raise Dropped(entry.record.reason)
        passage = passage_of(self._labelled(entry.record, entry.place), self.wanted)
        language = self.wanted.language
        if language is not None and language_of(entry.record, passage.text) != language:
            raise Dropped(f"language is not {language}")
        least = self.wanted.word_share
        if least is None or self.reader is None:
            return passage
        if word_share(self.reader.tokenized(passage.text)) < least:
            raise Dropped(f"share of word positions below {least:g}")
        return passage

    def _labelled(self, record: Record, place: str) -> dict[str, object]:
        """Return the record's text and mended labels, absent ones filled in, without the rest."""
        columns = self.columns
        labels = {
            "title": columns.title or place.rsplit("/", 1)[-1],
            "source": columns.source,
            "licence": columns.licence,
            "genre": columns.genre,
        }
        found = {
            label: mended
            for label in labels
            if isinstance(value := record.get(label), str) and (mended := mended_label(value))
        }
        return {**labels, **found, "text": record.get(columns.text)}

    def _parts(self, passage: Passage) -> list[Passage]:
        most = self.wanted.most_tokens
        if most is None or self.reader is None:
            return [passage]
        return cut_passage(passage, most, self.reader.count_tokens)

    def _store(
        self, session: Session, chosen: list[tuple[str, Passage]], tally: Tally, now: datetime
    ) -> None:
        """Store what is neither known nor nearly so; count the rest."""
        known = known_hashes(session, [passage.content_hash for _, passage in chosen])
        threshold = self.wanted.near_duplicate
        alike = None
        if threshold is not None:
            alike = NearDuplicates(session, threshold, [passage.text for _, passage in chosen])
        new: list[Passage] = []
        for place, passage in chosen:
            if passage.content_hash in known:
                tally.known += 1
            elif alike is not None and alike.is_one(passage.text):
                tally.drop("near-duplicate", place)
            else:
                new.append(passage)
                known.add(passage.content_hash)
                if alike is not None:
                    alike.add(passage.text, passage.content_hash)
        add_passages(session, new, now)
        tally.added += len(new)
        if alike is not None:
            alike.store(session)


def _batches(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    waiting = iter(entries)
    while batch := list(islice(waiting, RECORDS_PER_BATCH)):
        yield batch
