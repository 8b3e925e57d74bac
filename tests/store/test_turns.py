"""Writers take turns, and waiting is bounded."""

from __future__ import annotations

import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

from server.domain.errors import DatabaseSilent
from server.store import patience
from server.store.patience import Breaker, hurry, remaining_s, waiting
from server.store.turns import Queue, Turns
from tests.waiting import PATIENCE_S


def test_a_queue_lets_in_who_has_waited_longest() -> None:
    queue, order = Queue(), list[int]()
    assert queue.acquire(1)

    def wait(number: int) -> None:
        assert queue.acquire(PATIENCE_S)
        order.append(number)
        queue.release()

    threads = []
    for number in range(5):
        threads.append(threading.Thread(target=wait, args=(number,)))
        threads[-1].start()
        while len(queue._waiting) <= number:
            time.sleep(0.001)
    queue.release()
    for thread in threads:
        thread.join(timeout=PATIENCE_S)
    assert order == [0, 1, 2, 3, 4]


def test_who_gives_up_waiting_is_passed_over() -> None:
    queue = Queue()
    assert queue.acquire(1)
    assert not queue.acquire(0.01)
    queue.release()
    assert queue.acquire(0.01)


def test_a_request_s_wait_for_another_writer_ends(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite3"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    ours = sqlite3.connect(path, isolation_level=None)
    turns = Turns(str(path), wait_s=30)
    hurry(0.05)
    try:
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            turns.begin(ours)
        assert remaining_s() == 0
    finally:
        hurry(None)
    other.execute("ROLLBACK")
    turns.begin(ours)
    assert ours.in_transaction
    for connection in (ours, other):
        connection.close()


def test_only_waiting_is_counted() -> None:
    hurry(10)
    try:
        time.sleep(0.05)
        assert remaining_s() == 10
        with waiting("server"):
            time.sleep(0.05)
        left_s = remaining_s()
        assert left_s is not None
        assert left_s <= 9.95
    finally:
        hurry(None)
    assert remaining_s() is None


def test_after_a_failure_one_request_tries_for_all_and_an_answer_lets_everybody_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    breaker, now = Breaker(), [1_000.0]
    monkeypatch.setattr(patience, "time", SimpleNamespace(monotonic=lambda: now[0]))
    hurry(10)
    try:
        breaker.require()
        breaker.note_failure()
        now[0] += patience.PAUSE_S - 0.01
        with pytest.raises(DatabaseSilent):
            breaker.require()
        now[0] += 0.01
        breaker.require()  # this one tries,
        breaker.require()  # for a connection and then with it
        with ThreadPoolExecutor(1) as another, pytest.raises(DatabaseSilent):
            another.submit(hurried_require, breaker).result()
        breaker.note_answer()
        with ThreadPoolExecutor(1) as another:
            another.submit(hurried_require, breaker).result()
    finally:
        hurry(None)


def hurried_require(breaker: Breaker) -> None:
    hurry(10)
    breaker.require()


def test_a_command_may_always_try() -> None:
    breaker = Breaker()
    breaker.note_failure()
    breaker.require()
