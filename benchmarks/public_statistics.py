"""Measure the public statistics with 1,000 and 100,000 guesses: a count, a look, and an export.

    python -m benchmarks.public_statistics [GUESSES ...]

To each eight guesses there are one bet and one judgement; 50 guesses a player, in random order.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import insert
from sqlalchemy.orm import Session

from server import create_app
from server.config import Settings
from server.services.exporting import export_chunks
from server.services.records import Kind
from server.store import tables
from server.web.context import db

PASSAGES, POSITIONS, GUESSES_A_PLAYER = 400, 12, 48
NOW = datetime(2026, 11, 22, tzinfo=UTC)
WORDS = ["time", "people", "way", "water", "day", "man", "thing", "woman"]


def fill(session: Session, guesses: int, draw: np.random.Generator) -> None:
    """Insert made-up play."""
    players = max(1, guesses // GUESSES_A_PLAYER)
    _insert(session, tables.LanguageModelRow, 1, _model)
    _insert(session, tables.PassageRow, PASSAGES, _passage)
    _insert(session, tables.ScoredPassageRow, PASSAGES, _scored)
    _insert(session, tables.PlayerRow, players, _player)
    _insert(session, tables.RoundRow, -(-guesses // POSITIONS), lambda n: _round(n, players))
    _insert(session, tables.GuessRow, guesses, lambda n: _guess(n, players, draw))
    _insert(session, tables.BetRow, guesses // 8, lambda n: _bet(n, players, draw))
    _insert(session, tables.JudgementRow, guesses // 8, lambda n: _judgement(n, players, draw))
    session.commit()


def _insert(session: Session, table: Any, count: int, row: Callable[[int], dict[str, Any]]) -> None:
    for start in range(0, count, 5_000):
        rows = [{"id": n + 1} | row(n) for n in range(start, min(start + 5_000, count))]
        session.execute(insert(table), rows)


def _model(_n: int) -> dict[str, Any]:
    names = {"name": "minnow", "revision": "1", "tokenizer_fingerprint": "1"}
    sizes = {"parameters": 1, "window_tokens": 256, "vocabulary": b""}
    return {**names, **sizes, "created_at": NOW}


def _passage(n: int) -> dict[str, Any]:
    said = {"text": "", "title": "", "source": "", "licence": "", "genre": f"genre {n % 19}"}
    return {**said, "content_hash": f"{n:064}", "created_at": NOW}


def _scored(n: int) -> dict[str, Any]:
    numbers = {"asked_words": 12, "asked_tokens": 12, "tail_words": 12, "tail_tokens": 12}
    return {**numbers, "passage_id": n + 1, "model_id": 1, "scores": b"", "created_at": NOW}


def _player(n: int) -> dict[str, Any]:
    return {"public_id": f"player {n}", "flagged": False, "created_at": NOW}


def _round(n: int, players: int) -> dict[str, Any]:
    who = {"player_id": n % players + 1, "model_id": 1, "public_id": f"round {n}"}
    what = {"mode": "guess", "unit": "words", "assisted": False, "repeated": False}
    when = {"started_at": NOW, "started_on": NOW.date(), "asked_at": NOW}
    where = {"scored_passage_id": n * 7 % PASSAGES + 1, "practice": False, "seed": ""}
    return {**who, **what, **when, **where}


def _answer(n: int, players: int) -> dict[str, Any]:
    round_number = n // POSITIONS
    day = NOW - timedelta(days=n % 200)
    when = {"elapsed_ms": 2_000, "answered_at": day, "answered_on": day.date()}
    who = {"round_id": round_number + 1, "player_id": round_number % players + 1, "model_id": 1}
    return {**who, **when, "unit": "words", "position": 20 + n % POSITIONS}


def _guess(n: int, players: int, draw: np.random.Generator) -> dict[str, Any]:
    mode = {"mode": ("guess", "bet", "tries")[n % 3], "assisted": False, "repeated": False}
    right, model_right = draw.random() < 0.3, draw.random() < 0.35
    marks = {"is_right": bool(right), "model_is_right": bool(model_right), "target_rank": 3}
    texts = {"text": "way", "skipped": False, "target": " time", "model_guess": " way"}
    nats = {"target_loss_nats": draw.exponential(3.0), "entropy_nats": draw.exponential(3.0)}
    return {**_answer(n, players), **mode, **marks, **texts, **nats, "attempt": 1}


def _bet(n: int, players: int, draw: np.random.Generator) -> dict[str, Any]:
    shares, given = draw.dirichlet(np.ones(9)), draw.dirichlet(np.ones(9))
    stakes: list[list[Any]] = [
        [w, float(s), float(np.log(g))] for w, s, g in zip(WORDS, shares, given, strict=False)
    ]
    rest = {"other": float(shares[8]), "scored_passage_id": 1}
    hit = {"target": " time", "target_option": "time", "loss_nats": float(-np.log(shares[0]))}
    logprob = {"target_logprob_nats": stakes[0][2], "repeated": False}
    return {**_answer(n, players), **rest, **hit, **logprob, "stakes": stakes}


def _judgement(n: int, players: int, draw: np.random.Generator) -> dict[str, Any]:
    form = {"form": "tail" if n % 4 else "whole", "practice": False, "asked": True}
    target, rival = (float(nats) for nats in -6 - 4 * draw.random(2))
    logprobs = {"target_logprob_nats": target, "rival_logprob_nats": rival}
    texts = {"target": "time", "rival": "way", "target_share": 0.65, "scored_passage_id": 1}
    return {**_answer(n, players), **form, **logprobs, **texts}


def measure(guesses: int, folder: Path) -> None:
    """Print what a count, a look at the page, and an export take."""
    url = f"sqlite:///{folder / f'{guesses}.sqlite3'}"
    app = create_app(
        Settings(database_url=url, secret_key="of the benchmark alone", statistics_every_s=3_600)
    )
    app.test_cli_runner().invoke(args=["db", "upgrade"])
    with app.app_context():
        fill(db.session, guesses, np.random.default_rng(1))
        count_s = _timed(app.extensions["perplexed"].statistics.count_now)
        export_s = _timed(lambda: [len(chunk) for chunk in _exported()])
    client = app.test_client()
    client.get("/stats")
    look_s = min(_timed(lambda: client.get("/stats")) for _ in range(5))
    most_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{guesses:>9,} guesses: count {count_s:.2f} s, page {1000 * look_s:.0f} ms, "
        f"export {export_s:.2f} s; {most_mb:.0f} MB at most"
    )


def _exported() -> Any:
    return export_chunks(db.sessionmaker, Kind.GUESSES, "secret")


def _timed(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        for size in map(int, sys.argv[1:] or ("1000", "100000")):
            measure(size, Path(place))
