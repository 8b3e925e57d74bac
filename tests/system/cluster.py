"""A Dask scheduler and workers, each a real process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from distributed import Client

from server.config import ROOT
from tests.databases import PATIENCE_S
from tests.system.counted import DEADLY
from tests.system.processes import free_port


class Cluster:
    """A scheduler with workers that count what they score."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.address = f"tcp://127.0.0.1:{free_port()}"
        self._environment = os.environ | {"COUNTED": str(folder)} | settings
        self._folder = folder
        port = self.address.rsplit(":", 1)[1]
        self._scheduler = self._dask("scheduler", "--host", "127.0.0.1", "--port", port)
        self._workers: list[subprocess.Popen[bytes]] = []

    def kill_scheduler(self) -> None:
        """Kill the scheduler, and wait for its workers to end, as they do without one."""
        self._scheduler.kill()
        for process in (self._scheduler, *self._workers):
            process.wait(timeout=PATIENCE_S)

    def workers(self, count: int) -> list[subprocess.Popen[bytes]]:
        """Return that many workers that live: some are started now, or some of them ended."""
        self._workers = [worker for worker in self._workers if worker.poll() is None]
        for surplus in self._workers[count:]:
            surplus.kill()
            surplus.wait(timeout=PATIENCE_S)
        del self._workers[count:]
        while len(self._workers) < count:
            options = ["--nthreads", "1", "--no-nanny", "--preload", "tests/system/counted.py"]
            folder = ["--local-directory", str(self._folder / "scratch")]
            self._workers.append(self._dask("worker", self.address, *options, *folder))
        with Client(self.address, timeout=PATIENCE_S, set_as_default=False) as client:
            client.wait_for_workers(count, timeout=PATIENCE_S)
        return self._workers

    def counted(self, worker: subprocess.Popen[bytes]) -> list[str]:
        """Return the hashes of the texts that a worker has scored, in order."""
        file = self._folder / str(worker.pid)
        return file.read_text().split() if file.exists() else []

    def make_passages_deadly(self) -> None:
        """From now on a worker dies of the first passage it scores, as for want of memory."""
        (self._folder / DEADLY).touch()

    def stop(self) -> None:
        for process in (*self._workers, self._scheduler):
            process.kill()
        for process in (*self._workers, self._scheduler):
            process.wait(timeout=PATIENCE_S)

    def _dask(self, *command: str) -> subprocess.Popen[bytes]:
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "dask", *command, "--no-dashboard"],
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=log,
            )
