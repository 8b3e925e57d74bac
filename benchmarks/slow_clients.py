"""How a server answers while hundreds of sockets send half a request and fall silent.

    python -m benchmarks.slow_clients [--sockets N] [--seconds S] [--server NAME]

A third of the sockets send nothing, a third half a head, a third a head and half a body; all stay
open, and each adds one byte every two seconds. Meanwhile one client asks /healthz, another plays.
Printed: how many were answered, within how many milliseconds, and after how many seconds the last
of the slow sockets was closed. nginx is measured where it is installed (Debian's nginx-light).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.databases import empty_database
from benchmarks.serving.clients import Connection
from server import create_app
from server.config import ROOT, Settings
from server.domain.scores.models import BUNDLED

HALVES = (
    b"",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-",
    b"POST /api/v1/rounds HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    b"Content-Length: 400\r\n\r\n{",
)
TRICKLE_EVERY_S = 2.0
GIVEN_UP_AFTER_S = 10.0
WORKERS, THREADS = 2, 8

NGINX = """
daemon off; pid {folder}/nginx.pid; error_log /dev/null; worker_processes 1;
events {{ worker_connections 4096; }}
http {{
  access_log off; client_header_timeout 10s; client_body_timeout 10s; send_timeout 10s;
  client_max_body_size 64k; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream game {{ server 127.0.0.1:{inner}; keepalive 16; }}
  server {{ listen 127.0.0.1:{port}; location / {{
    proxy_pass http://game; proxy_http_version 1.1; proxy_set_header Connection "";
    proxy_set_header Host $http_host; }} }}
}}
"""


def _gunicorn(port: int, *options: str) -> list[str]:
    bind = ["--bind", f"127.0.0.1:{port}", "--workers", str(WORKERS), "--threads", str(THREADS)]
    return [sys.executable, "-m", "gunicorn", *bind, *options, "server:create_app()"]


def _waitress(port: int) -> list[str]:
    serve = [sys.executable, "-m", "waitress", f"--listen=127.0.0.1:{port}"]
    limits = [f"--threads={WORKERS * THREADS}", "--connection-limit=2000", "--channel-timeout=10"]
    return [*serve, *limits, "--asyncore-use-poll", "--call", "server:create_app"]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _programs(name: str, port: int, folder: Path) -> list[list[str]]:
    gthread = ("--worker-class", "gthread")
    if name == "nginx, gthread":
        inner = _free_port()
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder, inner=inner, port=port))
        nginx = [shutil.which("nginx") or "nginx", "-c", str(folder / "nginx.conf")]
        return [_gunicorn(inner, *gthread), nginx]
    return {
        "gthread": [_gunicorn(port, *gthread)],
        "gevent": [_gunicorn(port, "--worker-class", "gevent")],
        "waitress": [_waitress(port)],
        "gathering": [_gunicorn(port)],
    }[name]


SERVERS = ("gthread", "gevent", "waitress", "nginx, gthread", "gathering")


@contextmanager
def serving(name: str, database_url: str, model: str = BUNDLED) -> Iterator[int]:
    """Run a server, and what stands in front of it, and yield the port."""
    port = _free_port()
    environment = os.environ | {
        "DATABASE_URL": database_url,
        "SECRET_KEY": "a secret of the benchmark alone",
        "MODEL": model,
        "RATE_LIMITS": "false",
        "APP_ENV": "development",
        "REDIS_URL": "",
    }
    with TemporaryDirectory() as folder:
        programs = _programs(name, port, Path(folder))
        silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        running = [
            subprocess.Popen(program, cwd=ROOT, env=environment, **silent)  # type: ignore[call-overload]
            for program in programs
        ]
        try:
            _wait_for(port)
            yield port
        finally:
            for process in running:
                process.kill() if name == "gevent" else process.terminate()
                process.wait()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            if Connection(port).ask("GET", "/healthz")[0] == 200:
                return
        time.sleep(0.2)
    raise RuntimeError("the server does not answer")


class SlowSockets:
    """Sockets that are never done; a thread feeds them and sees which are closed."""

    def __init__(self, port: int, how_many: int) -> None:
        self.open: dict[socket.socket, bytes] = {}
        self.last_closed_s: float | None = None
        self._began, self._ended = time.monotonic(), False
        for number in range(how_many):
            half = HALVES[number % len(HALVES)]
            slow = socket.create_connection(("127.0.0.1", port))
            slow.sendall(half)
            slow.setblocking(False)
            self.open[slow] = half
        self._thread = threading.Thread(target=self._feed)
        self._thread.start()

    def _feed(self) -> None:
        while not self._ended:
            time.sleep(TRICKLE_EVERY_S / 4)
            fed = int(time.monotonic() / TRICKLE_EVERY_S) != int(
                (time.monotonic() - TRICKLE_EVERY_S / 4) / TRICKLE_EVERY_S
            )
            for slow, half in list(self.open.items()):
                if self._is_closed(slow, half if fed else b""):
                    del self.open[slow]
                    slow.close()
                    self.last_closed_s = time.monotonic() - self._began

    def _is_closed(self, slow: socket.socket, feeds: bytes) -> bool:
        try:
            if feeds:
                slow.send(b"a")
            while slow.recv(4096):
                pass
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True

    def end(self) -> None:
        """Close what is still open."""
        self._ended = True
        self._thread.join()
        for slow in self.open:
            slow.close()


def _asked(ask: Callable[[], int], until: float, elapsed_ms: list[float]) -> None:
    """Ask until a moment; an answer that does not come counts with the time that was waited."""
    while (began := time.monotonic()) < until:
        with contextlib.suppress(OSError):
            status = ask()
            if status not in (200, 201):
                raise RuntimeError(f"answered with {status}")
        elapsed_ms.append(1000 * (time.monotonic() - began))
        time.sleep(0.02)


def _play(port: int) -> Callable[[], int]:
    """Return a client's next step of play, each on a connection of its own."""
    state: dict[str, object] = {}

    def step() -> int:
        connection = Connection(port, within_s=GIVEN_UP_AFTER_S)
        asked = state.get("position")
        if asked is None:
            status, cookie, body = connection.ask("POST", "/api/v1/rounds", send={})
            found = json.loads(body)
            state.update(id=found["id"], cookie=cookie)
        else:
            path = f"/api/v1/rounds/{state['id']}/guesses"
            answer = {"position": asked, "text": "the"}
            status, _, body = connection.ask("POST", path, str(state["cookie"]), answer)
            found = json.loads(body)["round"]
        state["position"] = found["asked"]["position"] if found["asked"] else None
        connection.close()
        return status

    return step


def _health(port: int) -> Callable[[], int]:
    def step() -> int:
        connection = Connection(port, within_s=GIVEN_UP_AFTER_S)
        status, _, _ = connection.ask("GET", "/healthz")
        connection.close()
        return status

    return step


def measure(name: str, database_url: str, sockets: int, seconds: float) -> None:
    """Print one server's row."""
    with serving(name, database_url) as port:
        for _ in range(10):
            _health(port)()
        slow = SlowSockets(port, sockets)
        began = time.monotonic()
        health, play = [], []  # type: list[float], list[float]
        threads = [
            threading.Thread(target=_asked, args=(step, began + seconds, elapsed))
            for step, elapsed in ((_health(port), health), (_play(port), play))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        left = len(slow.open)
        slow.end()
    last = "never" if slow.last_closed_s is None else f"{slow.last_closed_s:.0f} s"
    print(f"{name:>16} {_row(health)} {_row(play)} {left:>10} {last:>8}", flush=True)


def _row(elapsed_ms: list[float]) -> str:
    p95 = statistics.quantiles(elapsed_ms, n=20)[-1] if len(elapsed_ms) > 1 else elapsed_ms[0]
    return f"{len(elapsed_ms):>8} {p95:>8.0f} {max(elapsed_ms):>8.0f}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sockets", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=25.0)
    parser.add_argument("--server", choices=SERVERS, action="append")
    chosen = parser.parse_args()
    print(f"{chosen.sockets} slow sockets, each given a byte every {TRICKLE_EVERY_S:.0f} s")
    print(
        f"{'':>16} {'/healthz':>8} {'p95 ms':>8} {'max ms':>8} {'play':>8} {'p95 ms':>8}", end=" "
    )
    print(f"{'max ms':>8} {'still open':>10} {'last end':>8}")
    with empty_database("sqlite") as url:
        app = create_app(Settings(database_url=url, secret_key="x" * 16, model=BUNDLED))
        if app.test_cli_runner().invoke(args=["prepare"]).exit_code:
            raise RuntimeError("the database could not be prepared")
        for name in chosen.server or SERVERS:
            if name.startswith("nginx") and shutil.which("nginx") is None:
                print(f"{name:>16} not installed")
                continue
            measure(name, url, chosen.sockets, chosen.seconds)


if __name__ == "__main__":
    main()
