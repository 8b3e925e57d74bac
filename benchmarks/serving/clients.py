"""Clients that cost little themselves: a socket each, kept open, and no library in between."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

WARMING_REQUESTS = 5
JSON = "application/json"


class Connection:
    """One connection to a server, kept open from request to request."""

    def __init__(self, port: int, within_s: float | None = None) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=within_s)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.etag = ""  # of the last answer that had one

    def ask(
        self, method: str, path: str, cookie: str = "", send: object = None, etag: str = ""
    ) -> tuple[int, str, bytes]:
        """Send a request and return its status, the cookie that it sets, and its body.

        With an ETag, a body comes only if that has changed.
        """
        body = b"" if send is None else json.dumps(send).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n"
        head += f"Content-Type: {JSON}\r\n" if send is not None else ""
        head += f"Cookie: {cookie}\r\n" if cookie else ""
        head += f"If-None-Match: {etag}\r\n" if etag else ""
        self._socket.sendall(head.encode() + b"\r\n" + body)
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._more()
        answered, _, rest = received.partition(b"\r\n\r\n")
        length = int(_header(answered, b"content-length") or 0)
        while len(rest) < length:
            rest += self._more()
        self.etag = _header(answered, b"etag").decode() or self.etag
        set_cookie = _header(answered, b"set-cookie").partition(b";")[0].decode()
        return int(answered[9:12]), set_cookie, rest

    @property
    def port(self) -> int:
        """The port that this end has."""
        return int(self._socket.getsockname()[1])

    def close(self) -> None:
        """End the connection."""
        self._socket.close()

    def _more(self) -> bytes:
        received = self._socket.recv(65_536)
        if not received:
            raise ConnectionError("the server closed the connection")
        return received


def _header(head: bytes, name: bytes) -> bytes:
    for line in head.split(b"\r\n")[1:]:
        if line[: len(name)].lower() == name:
            return line[len(name) + 1 :].strip()
    return b""


@dataclass
class Client:
    """A client and the rounds that it has begun, each by a player of its own."""

    port: int
    rounds: list[tuple[str, str, int | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.connection = Connection(self.port)

    def get(self, path: str) -> Iterator[None]:
        """Look at a page again and again."""
        while True:
            status, _, _ = self.connection.ask("GET", path)
            _require(status == 200, path, status)
            yield

    def floor(self, path: str) -> Iterator[None]:
        """Call the floor."""
        while True:
            status, _, _ = self.connection.ask("POST", path, send={})
            _require(status == 200, path, status)
            yield

    def create(self, _path: str) -> Iterator[None]:
        """Begin rounds, each as somebody who has never played."""
        while True:
            status, cookie, body = self.connection.ask("POST", "/api/v1/rounds", send={})
            _require(status == 201, "a round's start", status)
            state = json.loads(body)
            self.rounds.append((state["id"], cookie, state["asked"]["position"]))
            yield

    def guess(self, _path: str) -> Iterator[None]:
        """Play the rounds that were begun, one after the other; ends with the last."""
        for number, (round_id, cookie, position) in enumerate(self.rounds):
            while position is not None:
                answer = {"position": position, "text": "the"}
                path = f"/api/v1/rounds/{round_id}/guesses"
                status, _, body = self.connection.ask("POST", path, cookie, answer)
                _require(status == 200, "a guess", status)
                asked = json.loads(body)["round"]["asked"]
                position = asked["position"] if asked else None
                self.rounds[number] = (round_id, cookie, position)
                yield

    def show(self, _path: str) -> Iterator[None]:
        """Look at the page of a round in play."""
        return self._look("/rounds/")

    def state(self, _path: str) -> Iterator[None]:
        """Ask for the state of a round in play."""
        return self._look("/api/v1/rounds/")

    def _look(self, path: str) -> Iterator[None]:
        round_id, cookie, _ = next(kept for kept in self.rounds if kept[2] is not None)
        while True:
            status, _, _ = self.connection.ask("GET", f"{path}{round_id}", cookie)
            _require(status == 200, "a round in play", status)
            yield


def _require(right: bool, what: str, status: int) -> None:
    if not right:
        raise RuntimeError(f"{what} was answered with {status}")


def timed(steps: Iterator[None], until: float, elapsed_s: list[float]) -> None:
    """Take steps until a moment of the monotonic clock, writing down how long each took."""
    while time.monotonic() < until:
        began = time.perf_counter()
        if next(steps, _ENDED) is _ENDED:
            return
        elapsed_s.append(time.perf_counter() - began)


_ENDED = object()


def together(work: Callable[[Any], None], items: list[Any]) -> None:
    """Do the work on each item in a thread of its own, and raise what one of them raised."""
    failures: list[BaseException] = []

    def do(item: Any) -> None:
        try:
            work(item)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=do, args=(item,)) for item in items]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
