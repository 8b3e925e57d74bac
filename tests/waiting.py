"""How long tests wait for what a slow machine does slowly."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable

PATIENCE_S = 600.0  # a slow machine is slow; only what hangs is broken


def wait_until(answers: Callable[[], bool], server: subprocess.Popen[bytes]) -> None:
    """Wait until a server that was just started answers, and fail where it ends before that."""
    deadline = time.monotonic() + PATIENCE_S
    while not answers():
        assert server.poll() is None, "the server stopped"
        assert time.monotonic() < deadline, "the server does not answer"
        time.sleep(0.05)
