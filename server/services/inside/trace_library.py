"""Traces in memory: they never change once stored."""

from __future__ import annotations

import threading

from cachetools import LRUCache
from sqlalchemy.orm import Session

from server.domain.inside.trace import PassageTrace
from server.store.inside.traces import load_trace
from server.store.tables import RoundRow

TRACES_IN_MEMORY = 32


class TraceLibrary:
    """The most recently used traces, about 50 kB each, shared by a process's threads.

    Those of players' own texts are not kept: they can be deleted, and SQLite then reuses their ids.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._traces: LRUCache[int, PassageTrace] = LRUCache(TRACES_IN_MEMORY)

    def trace(self, session: Session, row: RoundRow) -> PassageTrace | None:
        """Return the trace of the passage that a round is played on; None where none is kept."""
        key = row.scored_passage_id
        with self._lock:
            trace = self._traces.get(key)
        if trace is None:
            trace = load_trace(session, key)
            if trace is not None and row.scored_passage.passage.owner_id is None:
                with self._lock:
                    self._traces[key] = trace
        return trace
