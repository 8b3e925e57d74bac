"""Keep the public statistics fresh while nobody waits: counted beside play, read whole."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from pydantic import BaseModel
from sqlalchemy.orm import Session

from server.services.contract.statistics import PublicStatistics
from server.services.statistics.folding import fold
from server.services.statistics.public import public_statistics
from server.store.engine import writing
from server.store.patience import DATABASE_FAILURES, unhurried
from server.store.statistics.rollups import (
    count_marked_players,
    keep_statistics,
    kept_statistics,
)

MOST_BATCHES_AT_A_LOOK = 20

Counted = TypeVar("Counted", bound=BaseModel)
_log = logging.getLogger(__name__)


class LastSeen(Generic[Counted]):
    """What this process saw last of a count; each document is read once."""

    def __init__(self, kind: type[Counted]) -> None:
        self._kind = kind
        self._last: tuple[str, Counted] | None = None

    def read(self, document: str) -> Counted:
        """Return the statistics of a document."""
        last = self._last
        if last is None or last[0] != document:
            last = self._last = document, self._kind.model_validate_json(document)
        return last[1]

    def note(self, found: Counted) -> Counted:
        """Return what was counted just now, and have it at hand; no document was read for it."""
        self._last = "", found
        return found

    def or_last(self, look: Callable[[], Counted]) -> Counted:
        """Return what a look finds; while the database does not answer, what was seen last."""
        try:
            return look()
        except DATABASE_FAILURES:
            if self._last is None:
                raise
            return self._last[1]


class StatisticsKeeper:
    """Counts on a thread of its own after a change, at most once in `every_s` seconds in all.

    All processes agree by way of the database. The thread begins with the first change, since
    threads outlive no fork, and ends when nothing is left to count. With `every_s` 0 every look
    counts.
    """

    def __init__(self, sessions: Callable[[], Session], every_s: float) -> None:
        self._sessions, self._every = sessions, timedelta(seconds=every_s)
        self._lock = threading.Lock()
        self._changed_at: datetime | None = None
        self._counting = False
        self._last = LastSeen(PublicStatistics)

    def current(self) -> PublicStatistics:
        """Return the statistics as last counted; a look at old ones asks for a new count.

        While the database does not answer, they are those that this process saw last.
        """
        return self._last.or_last(self._current)

    def warm_up(self) -> None:
        """Read what was counted last, so far as there is anything, to have it at hand."""
        with self._sessions() as session:
            document = kept_statistics(session).document
        if document is not None:
            self._last.read(document)

    def progress(self) -> tuple[datetime, int]:
        """Return when the newest count began, and how many players wait to be folded."""
        with self._sessions() as session:
            return kept_statistics(session).begun_at, count_marked_players(session)

    def _current(self) -> PublicStatistics:
        if not self._every:
            with self._sessions() as session:
                return self._last.note(_folded(session, _now()))
        with self._sessions() as session:
            kept = kept_statistics(session)
            document, begun_at = kept.document, kept.begun_at
        if document is None:
            return self._last.note(self.count_now())
        if begun_at + self._every < _now():
            self.note_change()
        return self._last.read(document)

    def note_change(self) -> None:
        """See to it that what has just changed is counted, `every_s` seconds from now at latest."""
        if not self._every:
            return
        with self._lock:
            self._changed_at = _now()
            if self._counting:
                return
            self._counting = True
        threading.Thread(target=self._count_changes, name="statistics", daemon=True).start()

    def fold_waiting(self) -> None:
        """Fold what waits, so far as somebody who looks can wait for it."""
        with self._sessions() as session:
            fold(session, MOST_BATCHES_AT_A_LOOK)

    def count_now(self) -> PublicStatistics:
        """Count, whoever else may be counting, and keep the result."""
        begun_at = _now()
        with unhurried(), self._sessions() as session:
            with writing(session):
                kept_statistics(session, lock=True).begun_at = begun_at
            return self._count(session, begun_at, rest=lambda _took_s: None)

    def _count(
        self, session: Session, begun_at: datetime, rest: Callable[[float], None]
    ) -> PublicStatistics:
        found = _folded(session, begun_at, rest)
        with writing(session):
            keep_statistics(session, begun_at, found.model_dump_json())
        return found

    def _count_changes(self) -> None:
        while changed_at := self._next_change():
            try:
                self._count_since(changed_at)
            except DATABASE_FAILURES as error:  # the next change begins anew
                _log.warning("the statistics could not be counted: %s", type(error).__name__)
            except Exception:  # the next change begins anew; play must not end for it
                _log.exception("the statistics could not be counted")

    def _next_change(self) -> datetime | None:
        with self._lock:
            changed_at, self._changed_at = self._changed_at, None
            self._counting = changed_at is not None
            return changed_at

    def _count_since(self, changed_at: datetime) -> None:
        """Wait until a count is due and count, unless another process has begun one since."""
        while True:
            with self._sessions() as session:
                begun_at = _now()
                with writing(session):
                    kept = kept_statistics(session, lock=True)
                    if kept.begun_at > changed_at:
                        return
                    wait = kept.begun_at + self._every - begun_at
                    if wait <= timedelta(0):
                        kept.begun_at = begun_at
                if wait <= timedelta(0):
                    # Beside play, which gets at least half of the time and of the turns to write.
                    self._count(session, begun_at, rest=time.sleep)
                    return
            threading.Event().wait(wait.total_seconds())


def _folded(
    session: Session, now: datetime, rest: Callable[[float], None] = lambda _took_s: None
) -> PublicStatistics:
    fold(session, rest=rest)
    return public_statistics(session, now)


def _now() -> datetime:
    return datetime.now(UTC)
