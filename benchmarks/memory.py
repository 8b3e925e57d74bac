"""Memory of a web process over many requests, as production runs it: prepared, preloaded, forked.

    python -m benchmarks.memory [--requests N] [--database KIND]

One worker plays rounds, shows them, and looks at the pages in between. Printed after each tenth:
resident memory, and the part that no other process shares (what one more worker costs).
"""

from __future__ import annotations

import argparse
import itertools
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil

from benchmarks.databases import KINDS, empty_database
from benchmarks.serving.clients import Client
from server import create_app
from server.config import ROOT, Settings
from server.domain.scores.models import SMOLLM2

PAGES = ("/", "/stats", "/methods", "/you", "/api/v1/stats")
ROUNDS_AT_ONCE = 20


def steps(client: Client) -> Iterator[None]:
    """Play for ever: rounds are begun, played and looked at, with pages in between."""
    pages = itertools.cycle(client.get(page) for page in PAGES)
    while True:
        client.rounds.clear()
        yield from itertools.islice(client.create(""), ROUNDS_AT_ONCE)
        for _ in client.guess(""):
            yield next(next(pages))
        yield from client.guess("")


def measure(url: str, requests: int) -> None:
    """Print memory as requests go by."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    settings = {
        "DATABASE_URL": url,
        "SECRET_KEY": "x" * 16,
        "MODEL": SMOLLM2,
        "RATE_LIMITS": "false",
    }
    program = [
        sys.executable,
        "-m",
        "gunicorn",
        "--bind",
        f"127.0.0.1:{port}",
        "--keep-alive",
        "600",
    ]
    silent = subprocess.DEVNULL
    running = subprocess.Popen(
        [*program, "--workers", "1", "server:create_app()"],
        cwd=ROOT,
        env=os.environ | settings | {"APP_ENV": "development", "REDIS_URL": ""},
        stdout=silent,
        stderr=silent,
    )
    try:
        client = _connected(port)
        worker = psutil.Process(running.pid).children()[0]
        play = steps(client)
        for portion in range(11):
            memory = worker.memory_full_info()
            done = portion * requests // 10
            print(f"{done:>8,} {memory.rss / 1e6:10.0f} {memory.uss / 1e6:10.0f}", flush=True)
            for _ in range(requests // 10):
                next(play)
    finally:
        running.terminate()
        running.wait()


def _connected(port: int) -> Client:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            client = Client(port)
        except OSError:
            time.sleep(0.2)
            continue
        next(client.get("/healthz"))  # answered by the worker: it has been forked
        return client
    raise RuntimeError("the server does not answer")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--database", choices=KINDS, default="postgresql")
    chosen = parser.parse_args()
    with empty_database(chosen.database) as url:
        app = create_app(Settings(database_url=url, secret_key="x" * 16, model=SMOLLM2))
        if app.test_cli_runner().invoke(args=["prepare"]).exit_code:
            raise RuntimeError("the database could not be prepared")
        print(f"{'requests':>8} {'MB':>10} {'its own MB':>10}")
        measure(url, chosen.requests)


if __name__ == "__main__":
    main()
