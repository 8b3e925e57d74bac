"""A SQLite file is locked by another program, and has no room left."""

from __future__ import annotations

import resource
import sqlite3
from pathlib import Path

import psutil

from tests.faults.conftest import served
from tests.faults.players import PROMISED_S, SLACK_S, Browser, Crowd, kept_once

UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


def limit_files(workers: list[psutil.Process], limit: tuple[int, int]) -> None:
    """Allow processes no file beyond a size: to SQLite that is a disk without room."""
    for worker in workers:
        worker.rlimit(psutil.RLIMIT_FSIZE, limit)


def test_a_locked_file_is_told_and_reading_goes_on(sqlite_url: str, folder: Path) -> None:
    with served(folder, sqlite_url) as service, Crowd(service.address) as crowd:
        browser = Browser(service.address)
        other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        crowd.wait_for_status(503, times=4)
        for path in ("/healthz", "/", "/methods", "/stats", "/you"):
            assert browser.ask(path).status == 200, path
        assert browser.ask("/readyz").status == 503
        other.execute("ROLLBACK")
        other.close()
        crowd.wait_for_answers(12)
        assert service.is_ready_again()
    assert crowd.slowest_s < PROMISED_S + SLACK_S
    assert crowd.statuses.keys() <= {200, 201, 503}
    assert kept_once(sqlite_url, crowd.acknowledged)


def test_a_full_disk_is_told_and_nothing_acknowledged_is_lost(
    sqlite_url: str, folder: Path
) -> None:
    with served(folder, sqlite_url) as service, Crowd(service.address) as crowd:
        browser = Browser(service.address)
        limit_files(service.workers(), (1, resource.RLIM_INFINITY))
        crowd.wait_for_status(503, times=4)
        for path in ("/healthz", "/", "/methods", "/stats"):
            assert browser.ask(path).status == 200, path
        assert browser.ask("/readyz").status == 503
        limit_files(service.workers(), UNLIMITED)
        crowd.wait_for_answers(12)
        assert service.is_ready_again()
    assert crowd.statuses.keys() <= {200, 201, 503}
    assert kept_once(sqlite_url, crowd.acknowledged)
