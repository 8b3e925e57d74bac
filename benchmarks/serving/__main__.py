"""Requests a second of the service beside a bare endpoint, in one run, on each kind of database.

    python -m benchmarks.serving [--seconds S] [--clients N] [--database KIND]

Server and clients share the cores: gunicorn with two workers as in production, rate limits off.
The floor (benchmarks/serving/floor.py) and each kind of request are measured by turns, a second or
two each, since a machine's speed changes within minutes; a ratio is to the floor of the same turns.
Each worker has as many of the clients. The processor's milliseconds a request are those of the web
processes, whatever else the machine does.
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from benchmarks.databases import KINDS, empty_database
from benchmarks.serving import floor
from benchmarks.serving.clients import WARMING_REQUESTS, Client, timed, together
from server import create_app
from server.application import db
from server.commands.passages import BUNDLED_PASSAGES
from server.config import ROOT, Settings
from server.domain.scores.models import BUNDLED
from server.lm.load import load_model
from server.lm.score import PassageScorer
from server.lm.source import find_source
from server.services.corpus.import_files_whole import import_passages
from server.services.scoring.scoring import score_all
from server.store.engine import writing
from server.store.players import add_player

PASSAGES = 12
MOST_TRIES = 500  # of connections, until each worker has its share
TURNS = 5  # of a kind of request, and of the floor between them
WORKERS, THREADS = 2, 8
WORKER_CLASS = "server.web.gateway.worker.GatheringWorker"  # as gunicorn.conf.py has it
SECRET_KEY = "a secret of the benchmark alone"
ROWS = (
    ("create a round", "create", ""),
    ("guess", "guess", ""),
    ("show a round", "show", ""),
    ("a round's state", "state", ""),
    ("statistics page", "get", "/stats"),
    ("statistics, JSON", "get", "/api/v1/stats"),
    ("home page", "get", "/"),
)


@dataclass(frozen=True)
class Measured:
    """What clients saw of one kind of request."""

    elapsed_s: list[float]
    wall_s: float
    processor_s: float

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.elapsed_s) / self.wall_s

    @property
    def processor_ms(self) -> float:
        """Milliseconds of processor that the web processes took for a request."""
        return 1000 * self.processor_s / len(self.elapsed_s)

    def percentile_ms(self, percent: int) -> float:
        """Milliseconds within which so many of a hundred requests were answered."""
        return 1000 * statistics.quantiles(self.elapsed_s, n=100)[percent - 1]

    def __add__(self, other: Measured) -> Measured:
        return Measured(
            self.elapsed_s + other.elapsed_s,
            self.wall_s + other.wall_s,
            self.processor_s + other.processor_s,
        )


@contextmanager
def serving(
    application: str, database_url: str, *options: str, limits: bool = False
) -> Iterator[tuple[int, int]]:
    """Run gunicorn, and yield its port and its process's id once it answers."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    environment = os.environ | {
        "DATABASE_URL": database_url,
        "SECRET_KEY": SECRET_KEY,
        "MODEL": BUNDLED,
        "RATE_LIMITS": str(limits).lower(),
        "APP_ENV": "development",
        "REDIS_URL": "",
    }
    sizes = ["--workers", str(WORKERS), "--threads", str(THREADS), "--worker-class", WORKER_CLASS]
    sizes += ["--keep-alive", "600"]  # a client that waits its turn keeps its connection
    program = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", *sizes, *options]
    process = subprocess.Popen(
        [*program, application],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port, process)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=60).close()
        except urllib.error.HTTPError:
            return  # the floor has no such page, and answers so
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("gunicorn stopped")


def processor_s(process_id: int) -> float:
    """Return the processor's seconds that gunicorn and its workers have taken."""
    main = psutil.Process(process_id)
    times = [each.cpu_times() for each in (main, *main.children())]
    return float(sum(taken.user + taken.system for taken in times))


def shared_alike(port: int, process_id: int, count: int) -> list[Client]:
    """Connect clients so that each worker has as many.

    Which worker takes a connection is luck, and stays so while it is open: where one has them all,
    the other's core is idle, and the same server does half as much.
    """
    workers = psutil.Process(process_id).children()
    share, rest = divmod(count, len(workers))
    wanted = {worker.pid: share + (number < rest) for number, worker in enumerate(workers)}
    clients: list[Client] = []
    surplus: list[Client] = []
    for _ in range(MOST_TRIES):
        client = Client(port)
        client.connection.ask("GET", "/healthz")  # now it is somebody's
        taker = next(w.pid for w in workers if client.connection.port in _ports_asked_from(w))
        (clients if wanted[taker] else surplus).append(client)
        wanted[taker] = max(0, wanted[taker] - 1)
        if not any(wanted.values()):
            for one in surplus:
                one.connection.close()
            return clients
    raise RuntimeError("one worker takes all connections")


def _ports_asked_from(worker: psutil.Process) -> set[int]:
    return {kept.raddr.port for kept in worker.net_connections(kind="tcp") if kept.raddr}


class Asking:
    """Clients that all ask one server for the same thing, as long as their turn lasts."""

    def __init__(self, clients: list[Client], process_id: int, what: str, path: str) -> None:
        self._process_id = process_id
        self._steps: list[Iterator[None]] = [getattr(client, what)(path) for client in clients]
        self.measured = Measured([], 0.0, 0.0)

    def turn(self, seconds: float) -> None:
        """Ask, after some requests that do not count."""
        together(_warm, self._steps)
        elapsed: list[list[float]] = [[] for _ in self._steps]
        before, began = processor_s(self._process_id), time.monotonic()
        until = began + seconds
        together(
            lambda its: timed(its[0], until, its[1]), list(zip(self._steps, elapsed, strict=True))
        )
        wall_s = time.monotonic() - began
        flat = [one for its in elapsed for one in its]
        self.measured += Measured(flat, wall_s, processor_s(self._process_id) - before)


def _warm(steps: Iterator[None]) -> None:
    for _ in range(WARMING_REQUESTS):
        next(steps, None)


def compare(kind: str, clients: int, seconds: float, passages: Path, scorer: PassageScorer) -> None:
    """Print the table of one kind of database."""
    bare_application = "benchmarks.serving.floor:create_app()"
    with empty_database(kind) as url:
        fill(url, passages, scorer)
        with (
            serving(bare_application, url, "--config", os.devnull) as (bare_port, bare_id),
            serving("server:create_app()", url) as (port, process_id),
        ):
            callers = shared_alike(bare_port, bare_id, clients)
            players = shared_alike(port, process_id, clients)
            total = Measured([], 0.0, 0.0)
            for name, what, path in ROWS:
                row = Asking(players, process_id, what, path)
                bare = Asking(callers, bare_id, "floor", floor.PATH)
                for _ in range(TURNS):
                    row.turn(seconds / TURNS)
                    bare.turn(seconds / TURNS)
                print_row(kind, name, row.measured, bare.measured)
                total += bare.measured
            print_row(kind, "floor, all turns", total, total)


def print_row(kind: str, name: str, row: Measured, bare: Measured) -> None:
    """Print what a kind of request took, and its ratios to the floor's turns beside it."""
    p50, p99 = row.percentile_ms(50), row.percentile_ms(99)
    print(
        f"{kind:>10}  {name:<16} {row.rate:9,.0f} {p50:8.1f} {p99:8.1f} "
        f"{row.processor_ms:10.2f} {row.rate / bare.rate:8.2f} "
        f"{p99 / bare.percentile_ms(99):8.1f} {row.processor_ms / bare.processor_ms:10.1f}",
        flush=True,
    )


def fill(url: str, passages: Path, scorer: PassageScorer) -> None:
    """Migrate a database, load and score passages, and add the floor's player."""
    app = create_app(Settings(database_url=url, secret_key=SECRET_KEY))
    if app.test_cli_runner().invoke(args=["db", "upgrade"]).exit_code:
        raise RuntimeError("the database could not be migrated")
    now = datetime.now(UTC)
    with app.app_context():
        import_passages(db.session, [passages], now)
        score_all(db.session, scorer, lambda _done, _total: None)
        with writing(db.session) as session:
            add_player(session, floor.PLAYER, now)
        db.session.close()
        db.engine.dispose()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10.0, help="how long each row takes")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--database", choices=KINDS, action="append", help="this kind alone")
    chosen = parser.parse_args()
    scorer = PassageScorer(load_model(find_source(BUNDLED, "")))
    print(
        f"{chosen.clients} clients, {WORKERS} workers, {os.cpu_count()} cores; ratios to the floor"
    )
    print(f"{'':>28} {'a second':>9} {'p50 ms':>8} {'p99 ms':>8} {'processor':>10}", end=" ")
    print(f"{'rate':>8} {'p99':>8} {'processor':>10}")
    with TemporaryDirectory() as folder:
        passages = Path(folder) / "passages.jsonl"
        lines = BUNDLED_PASSAGES.read_text(encoding="utf-8").splitlines()[:PASSAGES]
        passages.write_text("\n".join(lines), encoding="utf-8")
        for kind in chosen.database or KINDS:
            compare(kind, chosen.clients, chosen.seconds, passages, scorer)


if __name__ == "__main__":
    main()
