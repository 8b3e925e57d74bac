"""Real processes: commands that end, and servers that answer."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

from click.testing import Result

from server import create_app
from server.config import ROOT
from tests.conftest import PATIENT_WAITS_S, close, settings_for
from tests.waiting import PATIENCE_S, wait_until

BIN = Path(sys.executable).parent
RUN_PATIENCE_S = 1_800.0  # all bundled passages are scored, on a machine that may be busy
PATIENT = {name.upper(): str(wait_s) for name, wait_s in PATIENT_WAITS_S.items()}
FIRST_PORT, PORTS, PORTS_OF_A_PROCESS = 20_000, 12_000, 64
_OWN = FIRST_PORT + os.getpid() * PORTS_OF_A_PROCESS % PORTS
_PORTS = chain(range(_OWN, FIRST_PORT + PORTS), range(FIRST_PORT, _OWN))


def run(environment: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=RUN_PATIENCE_S
    )


def run_program(
    environment: dict[str, str], program: str, *arguments: str
) -> subprocess.CompletedProcess[str]:
    """Run a program in Python that ends at once, without a last look for garbage."""
    whole = f"import gc; gc.disable()\n{program}\ngc.freeze()\n"
    return run(environment, sys.executable, "-c", whole, *arguments)


def invoked(database_url: str, *arguments: str, **settings: str) -> Result:
    """Run a `flask` command in this process, which has loaded the model's libraries already."""
    app = create_app(settings_for(database_url, **settings))
    result = app.test_cli_runner().invoke(args=arguments)
    close(app)
    return result


def free_port() -> int:
    """Return a port that nobody listens at, nor will while a server of ours is starting.

    The system gives out ports above 32,767 by itself, to connections too, and again as soon as they
    are free: two servers that start side by side were told the same one. Here each process of tests
    counts upwards from a place of its own.
    """
    for port in _PORTS:
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("no port is free")


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/healthz", timeout=10):
            return True
    except OSError:
        return False


@contextmanager
def running(environment: dict[str, str], port: int, *command: str) -> Iterator[str]:
    """Start a process that serves at a port, and yield its address once it answers."""
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: answers(address), process)
        assert process.poll() is None, "another server answers at that port"
        yield address
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE_S)


@contextmanager
def serving(environment: dict[str, str], *command: str) -> Iterator[str]:
    """Serve the game, and yield its address once it answers."""
    port = free_port()
    with running(PATIENT | environment | {"PORT": str(port)}, port, *command) as address:
        yield address


def status_and_body(address: str, send: object = None) -> tuple[int, Any]:
    """Get an address, or post something to it as JSON."""
    data = None if send is None else json.dumps(send).encode()
    request = urllib.request.Request(address, data, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:
            return response.status, json.loads(response.read())
    except HTTPError as error:
        with error:
            return error.code, json.loads(error.read())
