"""gunicorn's thread worker, with sockets read by the event loop: a slow client holds no thread.

gthread hands a connection to a thread with its first byte, and the thread then waits for the rest
for as long as the client likes. Here the loop gathers each request, within a stated time, and a
thread gets it whole.
"""

from __future__ import annotations

import contextlib
import errno
import resource
import socket
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from enum import Enum
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.http import get_parser
from gunicorn.workers.gthread import TConn, ThreadWorker

from server.web.gateway.inbox import Arrival, Inbox

HEAD_WITHIN_S = 10.0
BODY_WITHIN_S = 10.0  # of at most 64 KB, after the head
ANSWER_WITHIN_S = 30.0  # for a client to take the whole answer, a long export apart
LINGER_S = 2.0  # for what a client still sends after its last answer
SEND_BUFFER_BYTES = 256 * 1024  # holds any page, so that sending one waits for nobody
READ_BYTES = 64 * 1024
LOOK_EVERY_S = 0.5  # for what has waited too long

# Answered without the database, by threads of their own: these answer while all others wait.
PLAIN_PATHS = (b"/healthz", b"/metrics", b"/static/")
PLAIN_THREADS = 2

_REFUSALS = {
    Arrival.HEAD: b"408 Request Timeout",
    Arrival.BODY: b"408 Request Timeout",
    Arrival.ENDLESS: b"431 Request Header Fields Too Large",
    Arrival.UNMEASURED: b"411 Length Required",
}


class Phase(Enum):
    """What the loop waits for on a connection, and for how long."""

    IDLE = "the next request"
    HEAD = "the rest of a head"
    BODY = "the rest of a body"
    CLOSING = "the client's end of the connection"


class GatheringConnection(TConn):  # type: ignore[misc]
    """A connection, what has arrived on it, and until when the loop waits for more."""

    def __init__(self, cfg: Any, sock: socket.socket, client: Any, server: Any) -> None:
        super().__init__(cfg, sock, client, server)
        self.inbox = Inbox()
        self.phase = Phase.HEAD
        self.deadline = 0.0
        self.is_cut = False
        self.initialized = self.data_ready = True  # there is nothing for a thread to wait for


class GatheringWorker(ThreadWorker):  # type: ignore[misc]
    """Threads answer whole requests; everything slow is the loop's."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._gathering: dict[GatheringConnection, None] = {}  # the longest waiting first
        self._next_look = 0.0
        self._plain_threads: ThreadPoolExecutor

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        """Refuse TLS, which belongs to whatever stands in front."""
        super().check_config(cfg, log)
        if cfg.is_ssl:
            raise RuntimeError("this worker speaks plain HTTP; put a proxy with TLS in front")

    def init_process(self) -> None:
        """Make room for as many sockets as connections are allowed, then begin."""
        _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self._plain_threads = ThreadPoolExecutor(PLAIN_THREADS, "plain")
        super().init_process()

    def accept(self, listener: Any) -> None:
        """Take a connection and wait for its request in the loop."""
        try:
            sock, client = listener.accept()
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ECONNABORTED, errno.EMFILE):
                raise
            return
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        self.nr_conns += 1
        self._wait(GatheringConnection(self.cfg, sock, client, listener.getsockname()), Phase.HEAD)
        if self.nr_conns >= self.worker_connections - 1:
            self._drop(next(iter(self._gathering)))  # who has waited longest makes room

    def enqueue_req(self, conn: GatheringConnection) -> None:
        """Give a whole request to a thread."""
        plain = conn.inbox.path.startswith(PLAIN_PATHS)
        conn.is_cut = conn.inbox.is_too_large
        conn.parser = get_parser(self.cfg, [conn.inbox.take()], conn.client)
        future = (self._plain_threads if plain else self.tpool).submit(self.handle, conn)
        done: Callable[[Future[bool]], None] = partial(
            self.method_queue.defer, self.finish_request, conn
        )
        future.add_done_callback(done)

    def handle_request(self, req: Any, conn: GatheringConnection) -> Any:
        """Answer a request; a client that does not take the answer in time loses it."""
        conn.sock.settimeout(ANSWER_WITHIN_S)
        if conn.is_cut:
            req.force_close()  # the rest of its body would be taken for a request
        try:
            return super().handle_request(req, conn)
        except TimeoutError:
            raise ConnectionResetError(errno.ECONNRESET, "the answer was not taken") from None

    def finish_request(self, conn: GatheringConnection, fs: Future[bool]) -> None:
        """Wait for the connection's next request, or for its end; in the loop, as all waiting."""
        failed = fs.cancelled() or fs.exception() is not None
        if not failed and fs.result():
            self._wait(conn, Phase.IDLE)
            if conn in self._gathering and conn.inbox.arrival is not Arrival.NOTHING:
                self._advance(conn)  # it was sent along with the last one
        else:
            self._linger(conn)

    def murder_keepalived(self, force: bool = False) -> None:
        """Close what has waited too long, telling a client whose request is unfinished."""
        now = time.monotonic()
        if now < self._next_look and not force:
            return
        self._next_look = now + LOOK_EVERY_S
        for conn in [c for c in self._gathering if force or c.deadline <= now]:
            if conn.phase in (Phase.HEAD, Phase.BODY) and conn.inbox.arrival in _REFUSALS:
                self._refuse(conn)
            else:
                self._drop(conn)

    def _cap_keepalive(self, deadline: float) -> None:
        for conn in self._gathering:
            conn.deadline = min(conn.deadline, deadline)

    def handle_error(self, req: Any, client: Any, _addr: Any, exc: BaseException) -> None:
        """Answer what cannot be read, and log it without the client's address."""
        super().handle_error(req, client, ("unlogged", 0), exc)

    def _wait(self, conn: GatheringConnection, phase: Phase) -> None:
        within_s = {
            Phase.IDLE: float(self.cfg.keepalive),
            Phase.HEAD: HEAD_WITHIN_S,
            Phase.BODY: BODY_WITHIN_S,
            Phase.CLOSING: LINGER_S,
        }
        conn.phase, conn.deadline = phase, time.monotonic() + within_s[phase]
        if conn not in self._gathering:
            self._gathering[conn] = None
            conn.sock.setblocking(False)
            self.poller.register(conn.sock, EVENT_READ, partial(self._read, conn))

    def _read(self, conn: GatheringConnection, _sock: object) -> None:
        try:
            data = conn.sock.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._drop(conn)
        elif conn.phase is not Phase.CLOSING:  # what is sent after the end is thrown away
            conn.inbox.add(data)
            self._advance(conn)

    def _advance(self, conn: GatheringConnection) -> None:
        """Go on as far as what has arrived allows."""
        arrival = conn.inbox.arrival
        if arrival is Arrival.WHOLE:
            self._forget(conn)
            self.enqueue_req(conn)
        elif arrival in (Arrival.ENDLESS, Arrival.UNMEASURED):
            self._refuse(conn)
        elif arrival is Arrival.HEAD and conn.phase is Phase.IDLE:
            self._wait(conn, Phase.HEAD)
        elif arrival is Arrival.BODY and conn.phase is not Phase.BODY:
            self._wait(conn, Phase.BODY)
            if conn.inbox.expects_a_sign:
                self._send(conn, b"HTTP/1.1 100 Continue\r\n\r\n")

    def _refuse(self, conn: GatheringConnection) -> None:
        status = _REFUSALS[conn.inbox.arrival]
        head = b"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        self._send(conn, b"HTTP/1.1 " + status + head)
        self._linger(conn)

    def _linger(self, conn: GatheringConnection) -> None:
        """End our side; the rest of what the client sends is read away, lest it lose the answer."""
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._drop(conn)
        else:
            self._wait(conn, Phase.CLOSING)

    def _send(self, conn: GatheringConnection, data: bytes) -> None:
        with contextlib.suppress(OSError):  # a client that is gone will be noticed by reading
            conn.sock.send(data)

    def _forget(self, conn: GatheringConnection) -> None:
        if conn in self._gathering:
            del self._gathering[conn]
            self.poller.unregister(conn.sock)

    def _drop(self, conn: GatheringConnection) -> None:
        self._forget(conn)
        self.nr_conns -= 1
        conn.close()
