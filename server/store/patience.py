"""How long a request waits for its database, and what is not tried again while it is silent."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from sqlalchemy.exc import (
    DBAPIError,
    DisconnectionError,
    InterfaceError,
    InternalError,
    OperationalError,
    PendingRollbackError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool
from sqlalchemy.util.queue import Queue

from server.domain.errors import DatabaseSilent

_NO_ROOM = ("53100", "42501")  # PostgreSQL's disk_full and insufficient_privilege
LEAST_CONNECT_S = 2  # psycopg waits no shorter
PAUSE_S = 1.0  # after a failure nobody asks for so long; then one does, for all
TRIAL_S = 3.0  # how long the others wait for what that one finds

# What a database that is down, frozen, locked, full or out of connections makes of a request.
DATABASE_FAILURES: tuple[type[Exception], ...] = (
    DatabaseSilent,
    DisconnectionError,
    InterfaceError,
    InternalError,
    OperationalError,
    PendingRollbackError,
    PoolTimeout,
)

_left_s: ContextVar[list[float] | None] = ContextVar("left_s", default=None)

_watcher: Callable[[str, float], None] = lambda _kind, _waited_s: None  # noqa: E731


@dataclass(frozen=True)
class Waits:
    """How long to wait for a database, in seconds; only a request is bounded by the last three."""

    connect_s: float = 2.0
    pool_s: float = 2.0  # for another request to give back a connection
    lock_s: float = 2.0  # for another transaction to end
    statement_s: float = 2.3  # for one statement
    request_s: float = 2.5  # for all that a request asks, together


def hurry(within_s: float | None) -> None:
    """Bound how long this thread waits for a database from now on, all its waits together.

    Only waiting counts, not what is computed in between. None waits as long as it takes.
    """
    _left_s.set(None if within_s is None else [within_s])


def remaining_s() -> float | None:
    """Return how long this thread may still wait, at least 0; None where it is not bounded."""
    left_s = _left_s.get()
    return None if left_s is None else max(0.0, left_s[0])


def watch_waits(watcher: Callable[[str, float], None]) -> None:
    """Have each wait told from now on: its kind (pool, turn or server) and its seconds."""
    global _watcher
    _watcher = watcher


@contextmanager
def waiting(kind: str) -> Iterator[None]:
    """Count what happens meanwhile as waiting of a kind."""
    began = time.monotonic()
    try:
        yield
    finally:
        note_waiting(kind, began)


def note_waiting(kind: str, began: float) -> None:
    """Count the time since a moment of the monotonic clock as waiting of a kind."""
    waited_s = time.monotonic() - began
    _watcher(kind, waited_s)
    if (left_s := _left_s.get()) is not None:
        left_s[0] -= waited_s


@contextmanager
def unhurried() -> Iterator[None]:
    """Wait as long as it takes meanwhile: for what somebody has to do once."""
    token = _left_s.set(None)
    try:
        yield
    finally:
        _left_s.reset(token)


class _Connections(Queue[ConnectionPoolEntry]):
    """A pool's free connections: who asks for one waits no longer than the request has left."""

    def get(self, block: bool = True, timeout: float | None = None) -> ConnectionPoolEntry:
        left_s = remaining_s()
        if left_s is not None and timeout is not None:
            timeout = min(timeout, left_s)
        return super().get(block, timeout)


class WatchedPool(QueuePool):
    """A pool of connections whose waiting counts, and is bounded for each request."""

    _queue_class = _Connections

    def _do_get(self) -> ConnectionPoolEntry:
        with waiting("pool"):
            return super()._do_get()


def is_full(error: BaseException) -> bool:
    """Tell whether a database refused to write for want of space.

    A provider takes the right to write from who has used up a plan's space: that is refused so too.
    """
    original = error.orig if isinstance(error, DBAPIError) else None
    return getattr(original, "sqlstate", None) in _NO_ROOM or "disk is full" in str(original)


class Breaker:
    """After a silence, sends requests away at once instead of having each wait for it in turn."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._has_failed = False
        self._silent_until = 0.0
        self._trying: int | None = None  # the thread that asks while others are sent away

    def require(self) -> None:
        """Raise DatabaseSilent where a request should not even try; commands always may."""
        if not self._has_failed or remaining_s() is None:
            return
        with self._lock:
            now, thread = time.monotonic(), threading.get_ident()
            if now >= self._silent_until:
                self._silent_until, self._trying = now + TRIAL_S, thread  # this one, for all
            elif self._trying != thread:
                raise DatabaseSilent

    def note_failure(self) -> None:
        """Send others away for a moment."""
        with self._lock:
            self._has_failed, self._trying = True, None
            self._silent_until = time.monotonic() + PAUSE_S

    def note_answer(self) -> None:
        """Let everybody try again."""
        self._has_failed = False
