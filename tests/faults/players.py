"""Players who go on whatever happens: they write down what was acknowledged, and every status."""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

from sqlalchemy import create_engine, text

from server.store.engine import normalised_url

PATIENCE_S = 240.0  # a slow machine is slow; only what hangs is broken
PROMISED_S = 3.0  # how long a request waits for what does not answer
SLACK_S = 6.0  # what the rest of a request may take on a machine eight times slower
NO_ANSWER = 0  # the connection was lost, as when a worker is killed
PAUSE_S = 0.05


@dataclass
class Seen:
    """What one request came to."""

    status: int
    elapsed_s: float
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as it was meant."""
        return json.loads(self.body)


class Browser:
    """Somebody's requests to a server, with their cookie."""

    def __init__(self, address: str) -> None:
        self._place = urlsplit(address).netloc
        self._cookie = ""

    def ask(self, path: str, send: object = None, **headers: str) -> Seen:
        """Get an address, or post something to it as JSON, on a connection of its own."""
        began = time.monotonic()
        connection = http.client.HTTPConnection(self._place, timeout=PATIENCE_S)
        body = None if send is None else json.dumps(send)
        kind = {} if send is None else {"Content-Type": "application/json"}
        cookie = {"Cookie": self._cookie} if self._cookie else {}
        try:
            connection.request("POST" if body else "GET", path, body, {**kind, **cookie, **headers})
            response = connection.getresponse()
            found = response.read()
        except (OSError, http.client.HTTPException):
            return Seen(NO_ANSWER, time.monotonic() - began, {}, b"")
        finally:
            connection.close()
        sent = {name.lower(): value for name, value in response.getheaders()}
        if cookie_sent := sent.get("set-cookie"):
            self._cookie = cookie_sent.partition(";")[0]
        return Seen(response.status, time.monotonic() - began, sent, found)


@dataclass
class Crowd:
    """Several players at once, each in a thread, until they are told to stop."""

    address: str
    players: int = 4
    statuses: Counter[int] = field(default_factory=Counter)
    slowest_s: float = 0.0
    acknowledged: list[tuple[str, int, str]] = field(default_factory=list)  # round, position, text
    refusals: Counter[str] = field(default_factory=Counter)  # what those were told who had a 503

    def __enter__(self) -> Self:
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._play) for _ in range(self.players)]
        for thread in self._threads:
            thread.start()
        self.wait_for_answers(self.players)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(timeout=PATIENCE_S)
        seen = dict(sorted(self.statuses.items()))
        sys.stdout.write(f"statuses seen: {seen}, slowest {self.slowest_s:.2f} s\n")

    def wait_for_answers(self, more: int) -> None:
        """Wait until so many more answers have been acknowledged."""
        wanted, deadline = len(self.acknowledged) + more, time.monotonic() + PATIENCE_S
        while len(self.acknowledged) < wanted:
            assert time.monotonic() < deadline, f"nobody can play: {dict(self.statuses)}"
            time.sleep(PAUSE_S)

    def wait_for_status(self, status: int, times: int = 1) -> None:
        """Wait until a status has been seen so often."""
        deadline = time.monotonic() + PATIENCE_S
        while self.statuses[status] < times:
            assert time.monotonic() < deadline, f"no {status}: {dict(self.statuses)}"
            time.sleep(PAUSE_S)

    def _play(self) -> None:
        browser, number = Browser(self.address), 0
        state: Any = None
        while not self._over.is_set():
            if state is None or state["finished"]:
                state = self._insisted(browser, "/api/v1/rounds", {})
                continue
            number += 1
            position, guess = state["asked"]["position"], f"word{'abcdefghij'[number % 10]}"
            path = f"/api/v1/rounds/{state['id']}/guesses"
            outcome = self._insisted(browser, path, {"position": position, "text": guess})
            if outcome is not None:
                self.acknowledged.append((state["id"], position, guess))
                state = outcome["round"]

    def _insisted(self, browser: Browser, path: str, send: object) -> Any:
        """Send the same until it is answered, as the page does; None once all is over."""
        while not self._over.is_set():
            seen = browser.ask(path, send)
            self.statuses[seen.status] += 1
            self.slowest_s = max(self.slowest_s, seen.elapsed_s)
            if seen.status in (200, 201):
                return seen.json()
            assert seen.status in (NO_ANSWER, 503), seen.body
            if seen.status:
                assert seen.headers["retry-after"] == "2"
                self.refusals[seen.json()["detail"]] += 1
            time.sleep(PAUSE_S)
        return None


def kept_once(database_url: str, acknowledged: list[tuple[str, int, str]]) -> bool:
    """Tell whether the database holds each acknowledged answer, and no position twice."""
    engine = create_engine(normalised_url(database_url))
    query = (
        "SELECT r.public_id, g.position, g.text FROM guesses g JOIN rounds r ON r.id = g.round_id"
    )
    with engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(text(query))]
    engine.dispose()
    places = Counter((round_id, position) for round_id, position, _ in rows)
    with suppress(IndexError):
        assert places.most_common(1)[0][1] == 1, "a position was answered twice"
    return set(acknowledged) <= set(rows) and len(set(acknowledged)) == len(acknowledged)
