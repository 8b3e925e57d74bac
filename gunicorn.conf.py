"""gunicorn's settings; it reads PORT and WEB_CONCURRENCY from the environment by itself."""

import ctypes
import gc
import os
import sys
import tempfile
from typing import Any

if not gc.get_freeze_count():  # a reload reads this again, and loads nothing
    gc.disable()  # until the application is loaded: what is imported stays

# gthread, with requests gathered by the event loop: a slow client holds no thread.
worker_class = "server.web.gateway.worker.GatheringWorker"
threads = 8  # at most half of them wait for live scoring; the others are kept for play
keepalive = os.environ.get("KEEP_ALIVE_S") or 95  # longer than whatever stands in front keeps idle
worker_connections = 2_000  # for each process; beyond, who has waited longest makes room
preload_app = True  # forked workers share the application's memory
control_socket_disable = True
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8  # as malloc.h has them
access_log_format = '"%(r)s" %(s)s %(b)s %(L)s'  # where it is switched on: no address

# Where the processes count for /metrics together; before the application is loaded.
made_for_metrics = None
if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
    made_for_metrics = tempfile.mkdtemp(prefix="perplexed-metrics-")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = made_for_metrics


def when_ready(arbiter: Any) -> None:
    """Read ahead once the application is loaded and before the first worker is forked."""
    from server.application import warm_up  # gunicorn finds this folder after it has read this file

    warm_up(arbiter.app.wsgi())
    gc.collect()
    gc.freeze()  # what is here stays: workers look for garbage in what they make themselves
    gc.enable()
    spare_memory()


def spare_memory() -> None:
    """Have glibc keep one heap for each process, not one a thread, and give back what is free.

    Python's threads take turns anyway, so none waits for another's heap.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):  # glibc alone
        library.mallopt(M_ARENA_MAX, 1)
        library.mallopt(M_MMAP_THRESHOLD, 32 * 1024)
        library.mallopt(M_TRIM_THRESHOLD, 128 * 1024)
        library.malloc_trim(0)


def post_fork(_arbiter: Any, _worker: Any) -> None:
    """Let threads take turns often: while the statistics are counted, play waits for each turn."""
    sys.setswitchinterval(0.001)


def child_exit(_arbiter: Any, worker: Any) -> None:
    """Take what only a living process has out of the metrics."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)


def on_exit(_arbiter: Any) -> None:
    """Leave no files behind; a folder that the operator named is the operator's."""
    import shutil

    if made_for_metrics is not None:
        shutil.rmtree(made_for_metrics, ignore_errors=True)
