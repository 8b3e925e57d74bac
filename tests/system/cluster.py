"""A Dask scheduler and workers, each a real process."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from multiprocessing.process import BaseProcess
from pathlib import Path

from distributed import Client
from distributed.cli import dask_worker

from server.config import ROOT
from tests.system.counted import DEADLY
from tests.system.processes import free_port
from tests.waiting import PATIENCE_S

# Workers are forked from a process that has imported what they need: that took most of their time.
_FORKED = multiprocessing.get_context("forkserver")
_FORKED.set_forkserver_preload(["tests.system.counted", "distributed.cli.dask_worker"])


def _work(arguments: list[str], settings: dict[str, str], log: Path) -> None:
    """Be `dask worker`, as its command would be."""
    os.environ.update(settings)
    with log.open("ab") as file:
        os.dup2(file.fileno(), sys.stdout.fileno())
        os.dup2(file.fileno(), sys.stderr.fileno())
    dask_worker.main(arguments)


def _wait_for(worker: BaseProcess) -> None:
    worker.join(PATIENCE_S)
    assert worker.exitcode is not None, "a worker goes on"


class Cluster:
    """A scheduler with workers that count what they score."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.address = f"tcp://127.0.0.1:{free_port()}"
        self._settings = {"COUNTED": str(folder)} | settings
        self._folder = folder
        port = self.address.rsplit(":", 1)[1]
        place = ["--host", "127.0.0.1", "--port", port, "--no-dashboard"]
        with (folder / "log").open("ab") as log:
            self._scheduler = subprocess.Popen(
                [sys.executable, "-m", "dask", "scheduler", *place],
                cwd=ROOT,
                env=os.environ | settings,
                stdout=log,
                stderr=log,
            )
        self._workers: list[BaseProcess] = []

    def kill_scheduler(self) -> None:
        """Kill the scheduler, and wait for its workers to end, as they do without one."""
        self._scheduler.kill()
        self._wait()

    def workers(self, count: int) -> list[BaseProcess]:
        """Return that many workers that live: some are started now, or some of them ended."""
        self._workers = [worker for worker in self._workers if worker.is_alive()]
        for surplus in self._workers[count:]:
            surplus.kill()
            _wait_for(surplus)
        del self._workers[count:]
        while len(self._workers) < count:
            self._workers.append(self._worker())
        with Client(self.address, timeout=PATIENCE_S, set_as_default=False) as client:
            client.wait_for_workers(count, timeout=PATIENCE_S)
        return self._workers

    def counted(self, worker: BaseProcess) -> list[str]:
        """Return the hashes of the texts that a worker has scored, in order."""
        file = self._folder / str(worker.pid)
        return file.read_text().split() if file.exists() else []

    def make_passages_deadly(self) -> None:
        """From now on a worker dies of the first passage it scores, as for want of memory."""
        (self._folder / DEADLY).touch()

    def stop(self) -> None:
        self._scheduler.kill()
        for worker in self._workers:
            worker.kill()
        self._wait()

    def _wait(self) -> None:
        self._scheduler.wait(timeout=PATIENCE_S)
        for worker in self._workers:
            _wait_for(worker)

    def _worker(self) -> BaseProcess:
        options = ["--nthreads", "1", "--no-nanny", "--preload", "tests/system/counted.py"]
        folder = ["--local-directory", str(self._folder / "scratch"), "--no-dashboard"]
        arguments = [self.address, *options, *folder]
        worker = _FORKED.Process(
            target=_work, args=(arguments, self._settings, self._folder / "log"), daemon=True
        )
        worker.start()
        return worker
