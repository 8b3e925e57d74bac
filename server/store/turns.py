"""Writers of a SQLite file take turns: who has waited longest writes next.

SQLite lets one write at a time, and has the others ask again after ever longer pauses, so that who
comes at the right moment is let in before who has waited for a second. Here the threads of a
process queue; the first of each process's queue waits at a lock file, and only who holds that asks
SQLite, every millisecond.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from server.store.patience import remaining_s, waiting

LOOK_EVERY_S = 0.001
UNHURRIED_S = 60.0  # what is no request can wait
_LOCKED = "database is locked"


class Queue:
    """A lock that is handed to who has waited longest."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._is_held = False

    def acquire(self, timeout_s: float) -> bool:
        """Wait for the lock; return False where it was not to be had in time."""
        with self._lock:
            if not self._is_held:
                self._is_held = True
                return True
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        if turn.acquire(timeout=timeout_s):
            return True
        with self._lock:
            if turn not in self._waiting:
                return True  # it was handed over at the last moment
            self._waiting.remove(turn)
        return False

    def release(self) -> None:
        """Hand the lock on."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_held = False


class Turns:
    """The turns of all who write into one SQLite file."""

    def __init__(self, path: str, wait_s: float) -> None:
        is_file = path not in ("", ":memory:")
        self._path = f"{path}-turns" if is_file else os.devnull
        self._wait_s = wait_s
        self._queue = Queue()

    def begin(self, connection: sqlite3.Connection) -> None:
        """Begin a transaction that writes; raise OperationalError where others write too long."""
        left_s = remaining_s()
        wait_s = UNHURRIED_S if left_s is None else min(self._wait_s, left_s)
        with waiting("turn"):
            until = time.monotonic() + wait_s  # within: what is given up has been waited for
            if not self._queue.acquire(wait_s):
                raise sqlite3.OperationalError(_LOCKED)
            try:
                with self._gate(until), _asking_once(connection, self._wait_s):
                    _repeat(lambda: _begin(connection), until)
            finally:
                self._queue.release()

    @contextmanager
    def _gate(self, until: float) -> Iterator[None]:
        """Hold the lock file, before which the processes wait."""
        file = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
        try:
            _repeat(lambda: _lock(file), until)
            yield
        finally:
            os.close(file)


def _repeat(attempt: Callable[[], bool], until: float) -> None:
    while not attempt():
        if time.monotonic() >= until:
            raise sqlite3.OperationalError(_LOCKED)
        time.sleep(LOOK_EVERY_S)


def _lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _begin(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True


@contextmanager
def _asking_once(connection: sqlite3.Connection, wait_s: float) -> Iterator[None]:
    """Have SQLite say at once that another writes; everything else it waits for as before."""
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        yield
    finally:
        connection.execute(f"PRAGMA busy_timeout = {round(1000 * wait_s)}")
