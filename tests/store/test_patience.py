"""Whoever waits for a connection waits as long as the request has left, and no longer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from threading import Timer

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import TimeoutError as PoolTimeout

from server.store.engine import configure, engine_options
from server.store.patience import Waits, hurry, note_waiting, remaining_s

POOL_S, REQUEST_S = 600.0, 601.0


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A database with one connection, which others may have for ten minutes."""
    url = f"sqlite:///{tmp_path}/one.sqlite3"
    options = engine_options(url, Waits(pool_s=POOL_S, request_s=REQUEST_S))
    engine = create_engine(**options | {"pool_size": 1})
    configure(engine)
    yield engine
    hurry(None)
    engine.dispose()


def waited(seconds: float) -> None:
    """Let so much of what this request may wait be gone."""
    note_waiting("server", time.monotonic() - seconds)


def test_who_has_waited_already_gets_a_connection_that_is_given_back_in_time(
    engine: Engine,
) -> None:
    hurry(REQUEST_S)
    waited(2)  # less is left now than the pool alone may take
    taken = engine.raw_connection()
    Timer(0.05, taken.close).start()
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar() == 1


def test_who_has_waited_long_enough_waits_no_longer(engine: Engine) -> None:
    hurry(REQUEST_S)
    waited(REQUEST_S - 0.05)
    taken = engine.raw_connection()
    began = time.monotonic()
    with pytest.raises(PoolTimeout):
        engine.connect()
    assert time.monotonic() - began < POOL_S / 2
    assert remaining_s() == 0
    taken.close()
