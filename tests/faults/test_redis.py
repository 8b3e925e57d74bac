"""Redis is frozen and killed: limits are then counted by each process alone, and play goes on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.conftest import skip_or_fail
from tests.databases import redis_server
from tests.faults.conftest import served
from tests.faults.players import PROMISED_S, SLACK_S, Crowd, kept_once


@pytest.fixture
def redis(folder: Path) -> Iterator[tuple[str, psutil.Process]]:
    """A server that may be killed, with its address."""
    binary = shutil.which("redis-server")
    if binary is None:
        skip_or_fail("redis", "there is no redis-server on this machine")
    with redis_server(binary, folder) as (url, running):
        yield url, psutil.Process(running.pid)


@pytest.mark.parametrize("fault", ["frozen", "killed"])
def test_play_goes_on_without_redis(
    sqlite_url: str, folder: Path, redis: tuple[str, psutil.Process], fault: str
) -> None:
    url, process = redis
    settings = {"REDIS_URL": url, "RATE_LIMITS": "true"}
    with served(folder, sqlite_url, **settings) as service, Crowd(service.address, 2) as crowd:
        (process.suspend if fault == "frozen" else process.kill)()
        crowd.wait_for_answers(20)
    assert crowd.statuses.keys() <= {200, 201}
    assert crowd.slowest_s < PROMISED_S + SLACK_S
    assert kept_once(sqlite_url, crowd.acknowledged)
