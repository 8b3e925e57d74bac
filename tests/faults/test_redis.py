"""Redis is frozen and killed: limits are then counted by each process alone, and play goes on."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.conftest import skip_or_fail
from tests.faults.conftest import served
from tests.faults.players import PATIENCE_S, PROMISED_S, SLACK_S, Crowd, kept_once


@pytest.fixture
def redis(folder: Path) -> Iterator[tuple[str, psutil.Process]]:
    """A server that may be killed, with its address."""
    binary = shutil.which("redis-server")
    if binary is None:
        skip_or_fail("redis", "there is no redis-server on this machine")
    place = folder / "redis.sock"
    options = ["--port", "0", "--unixsocket", str(place), "--save", "", "--dir", str(folder)]
    running = subprocess.Popen([binary, *options], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + PATIENCE_S
    while not place.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    yield f"redis+unix://{place}", psutil.Process(running.pid)
    running.kill()
    running.wait(timeout=PATIENCE_S)


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
