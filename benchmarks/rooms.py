"""Two hundred players in four rooms on one worker: polls, answers, and a worker that is killed.

    python -m benchmarks.rooms [--seconds S] [--players N] [--database KIND]

Every player asks once a second, as a page does, and answers each word after a moment's thought.
Server and players share the machine's cores; the rate limits are on, and all players have one
address. In a second run the worker is killed while answers come in; players who got no answer send
theirs again, as the page does. Then the rows are counted. `server` is the milliseconds of processor
that a request took, `clients` what the players themselves took of one core, `machine` how busy all
cores were with everything, also with what has nothing to do with this.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
from sqlalchemy import create_engine, text

from benchmarks.databases import KINDS, empty_database
from benchmarks.serving.__main__ import fill, processor_s, serving
from benchmarks.serving.clients import Connection, together
from server.commands.passages import BUNDLED_PASSAGES
from server.domain.scores.models import BUNDLED
from server.lm.load import load_model
from server.lm.score import PassageScorer
from server.lm.source import find_source
from server.store.engine import normalised_url

APPLICATION = "server:create_app()"
ROOMS = 4
WORDS = 4
PASSAGES = 6
EVERY_S = 1.0
REVEALED_FOR_S = 3.0
WORDS_SAID = ("time", "house", "the", "water", "again")


@dataclass
class Caller:
    """A browser in a room: it keeps its cookie, and connects again where a connection broke."""

    port: int
    cookie: str = ""
    etag: str = ""
    connection: Connection | None = None

    def ask(
        self, method: str, path: str, send: object = None, *, known: bool = False
    ) -> tuple[int, Any]:
        """Send a request, again and again where no answer comes, and return status and body."""
        while True:
            try:
                if self.connection is None:
                    self.connection = Connection(self.port)
                etag = self.etag if known else ""
                status, cookie, body = self.connection.ask(method, path, self.cookie, send, etag)
            except OSError:
                self.connection = None
                time.sleep(0.2)
                continue
            self.cookie = cookie or self.cookie
            self.etag = self.connection.etag
            return status, json.loads(body) if body else None


@dataclass
class Measured:
    """What all players saw."""

    polls_s: list[float] = field(default_factory=list)
    unchanged: int = 0
    answers_s: list[float] = field(default_factory=list)
    acknowledged: Counter[tuple[str, int]] = field(default_factory=Counter)  # by room and word
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass
class PlayedRoom:
    """A room with its host, and until when a word is asked."""

    host: Caller
    code: str
    over: bool = False

    @property
    def url(self) -> str:
        """Where the room is."""
        return f"/api/v1/rooms/{self.code}"

    def lead(self, seconds: float) -> None:
        """Ask every word, give time, reveal, and go on."""
        for _ in range(WORDS):
            self.host.ask("POST", f"{self.url}/next", {})
            time.sleep(seconds)
            self.host.ask("POST", f"{self.url}/reveal", {})
            time.sleep(REVEALED_FOR_S)
        self.host.ask("POST", f"{self.url}/next", {})
        self.over = True


def opened(port: int) -> PlayedRoom:
    """Open a room."""
    host = Caller(port)
    _, room = host.ask("POST", "/api/v1/rooms", {"words": WORDS})
    return PlayedRoom(host, room["code"])


def play(room: PlayedRoom, port: int, seconds: float, seen: Measured, seed: int) -> None:
    """Join, look once a second, and answer every word at a moment within its time."""
    chance, player = random.Random(seed), Caller(port)
    time.sleep(chance.random() * EVERY_S)
    player.ask("POST", f"{room.url}/players", {})
    answer_at, asked, due = 0.0, -1, time.monotonic()
    while not room.over:
        due += EVERY_S
        time.sleep(max(0.0, min(due, answer_at or due) - time.monotonic()))
        if answer_at and time.monotonic() >= answer_at:
            _answer(room, player, asked, chance.choice(WORDS_SAID), seen)
            answer_at = 0.0
        began = time.perf_counter()
        status, state = player.ask("GET", room.url, known=True)
        with seen.lock:
            seen.polls_s.append(time.perf_counter() - began)
            seen.unchanged += status == 304
        if status == 200 and state["state"] == "asking" and state["asked"]["index"] != asked:
            asked = state["asked"]["index"]
            answer_at = time.monotonic() + chance.random() * (seconds - 4 * EVERY_S)


def _answer(room: PlayedRoom, player: Caller, word: int, text: str, seen: Measured) -> None:
    began = time.perf_counter()
    status, _ = player.ask("POST", f"{room.url}/answers", {"text": text, "index": word})
    with seen.lock:
        seen.answers_s.append(time.perf_counter() - began)
        seen.acknowledged[room.code, word] += status == 200


def run(kind: str, players: int, seconds: float, prepare: Callable[[str], None], kill: bool) -> str:
    """Play four rooms and return the table's row."""
    with empty_database(kind) as url:
        prepare(url)
        with serving(APPLICATION, url, "--workers", "1", limits=True) as (port, process_id):
            seen, rooms = Measured(), [opened(port) for _ in range(ROOMS)]
            before, began, own = processor_s(process_id), time.monotonic(), time.process_time()
            psutil.cpu_percent()
            work: list[Callable[[], None]] = [
                lambda room=room: room.lead(seconds)  # type: ignore[misc]
                for room in rooms
            ]
            work += [
                lambda seed=seed: play(rooms[seed % ROOMS], port, seconds, seen, seed)  # type: ignore[misc]
                for seed in range(players)
            ]
            if kill:
                work.append(lambda: _kill_worker(process_id, seconds))
            together(lambda job: job(), work)
            wall_s = time.monotonic() - began
            used_s = 0.0 if kill else processor_s(process_id) - before
            shares = (time.process_time() - own) / wall_s, psutil.cpu_percent() / 100
        lost, doubled = _compared(url, seen)
    return _row(kind, kill, seen, wall_s, used_s, shares, (lost, doubled))


def _kill_worker(process_id: int, seconds: float) -> None:
    """Kill the worker in the middle of each word's time."""
    for _ in range(WORDS):
        time.sleep(seconds / 2)
        for child in psutil.Process(process_id).children():
            os.kill(child.pid, signal.SIGKILL)
        time.sleep(seconds / 2 + REVEALED_FOR_S)


def _compared(url: str, seen: Measured) -> tuple[int, int]:
    """Return how many acknowledged answers are not stored, and how many are stored twice."""
    engine = create_engine(normalised_url(url))
    query = (
        "SELECT code, room_answers.word, count(*), count(DISTINCT room_player_id) "
        "FROM room_answers JOIN rooms ON rooms.id = room_id GROUP BY code, room_answers.word"
    )
    with engine.connect() as connection:
        rows = {(code, word): (n, each) for code, word, n, each in connection.execute(text(query))}
    engine.dispose()
    lost = sum(max(0, n - rows.get(key, (0, 0))[1]) for key, n in seen.acknowledged.items())
    return lost, sum(n - each for n, each in rows.values())


def _row(
    kind: str,
    kill: bool,
    seen: Measured,
    wall_s: float,
    used_s: float,
    shares: tuple[float, float],
    wrong: tuple[int, int],
) -> str:
    polls, answers = _percentiles(seen.polls_s), _percentiles(seen.answers_s)
    requests = len(seen.polls_s) + len(seen.answers_s)
    used = "" if kill else f"{1000 * used_s / requests:.2f}"
    return (
        f"{kind:>10}  {'killed' if kill else 'quiet':<7} {len(seen.polls_s) / wall_s:8.0f} "
        f"{seen.unchanged / len(seen.polls_s):9.0%} {polls[0]:7.1f} {polls[1]:7.1f} "
        f"{sum(seen.acknowledged.values()):8} {answers[0]:7.1f} {answers[1]:7.1f} "
        f"{wrong[0]:5} {wrong[1]:8} {used:>8} {shares[0]:8.0%} {shares[1]:8.0%}"
    )


def _percentiles(elapsed_s: list[float]) -> tuple[float, float]:
    cuts = statistics.quantiles(elapsed_s, n=100)
    return 1000 * cuts[49], 1000 * cuts[94]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=12.0, help="time for each word")
    parser.add_argument("--players", type=int, default=200)
    parser.add_argument("--database", choices=KINDS, action="append", help="this kind alone")
    chosen = parser.parse_args()
    scorer = PassageScorer(load_model(find_source(BUNDLED, "")))
    print(f"{chosen.players} players in {ROOMS} rooms, one worker, {os.cpu_count()} cores; ms")
    print(
        f"{'':>19} {'polls/s':>8} {'unchanged':>9} {'p50':>7} {'p95':>7} {'answers':>8} "
        f"{'p50':>7} {'p95':>7} {'lost':>5} {'doubled':>8} "
        f"{'server':>8} {'clients':>8} {'machine':>8}"
    )
    with TemporaryDirectory() as folder:
        passages = Path(folder) / "passages.jsonl"
        lines = BUNDLED_PASSAGES.read_text(encoding="utf-8").splitlines()[:PASSAGES]
        passages.write_text("\n".join(lines), encoding="utf-8")
        for kind in chosen.database or KINDS:
            for kill in (False, True):
                row = run(
                    kind,
                    chosen.players,
                    chosen.seconds,
                    lambda url: fill(url, passages, scorer),
                    kill,
                )
                print(row, flush=True)


if __name__ == "__main__":
    main()
