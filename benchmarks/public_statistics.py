"""Measure the public statistics with 10,000 to 10,000,000 guesses: folds, whole counts, looks.

    python -m benchmarks.public_statistics [GUESSES ...]

For every eight guesses there are one bet and one judgement; each player has 48 guesses. Beyond
100,000 guesses, players are copies of others. Times are processor time.
"""

from __future__ import annotations

import math
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import numpy as np
from flask.testing import FlaskClient
from sqlalchemy import insert
from sqlalchemy.orm import Session

from benchmarks.play_copies import multiply
from server import create_app
from server.application import db
from server.config import Settings
from server.domain.text.tokens import Unit, Vocabulary
from server.services.contract.crowd import CrowdStatistics
from server.services.statistics.folding import fold, fold_some
from server.services.statistics.guess_abilities import guess_abilities
from server.services.statistics.whole_count import check, whole_count
from server.store import tables
from server.store.engine import writing
from server.store.scoring.blobs import vocabulary_to_blob
from server.store.scoring.scores import models_by_id
from server.store.statistics.crowd import begin_crowd_count, keep_crowd, kept_crowd
from server.store.statistics.rollups import count_marked_players, mark_player, start_over

PASSAGES, POSITIONS, GUESSES_A_PLAYER = 400, 12, 48
NEW_ANSWERS = 100
LOOKS = 25
MOST_PLAYED, MOST_COUNTED = 100_000, 1_000_000
PAGES = ("/stats", "/api/v1/stats", "/leaderboard")
SHARES = (0.2, 0.35, 0.65, 0.8, 0.9)
NOW = datetime(2026, 11, 22, tzinfo=UTC)
WORDS = ["time", "people", "way", "water", "day", "man", "thing", "woman"]
_VOCABULARY = Vocabulary(tuple(f" {n}".encode() for n in range(50_257)))


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
    sizes = {"parameters": 1, "window_tokens": 256, "vocabulary_size": len(_VOCABULARY)}
    sizes["word_answers"] = len(_VOCABULARY)
    blob = {"vocabulary": vocabulary_to_blob(_VOCABULARY)}
    return {**names, **sizes, **blob, "created_at": NOW}


def _passage(n: int) -> dict[str, Any]:
    fields = {"text": "", "title": "", "source": "", "licence": "", "genre": f"genre {n % 19}"}
    return {**fields, "content_hash": f"{n:04}".ljust(64, "0"), "created_at": NOW}


def _scored(n: int) -> dict[str, Any]:
    numbers = {"asked_words": 12, "asked_tokens": 12, "tail_words": 12, "tail_tokens": 12}
    return {**numbers, "passage_id": n + 1, "model_id": 1, "scores": b"", "created_at": NOW}


def _player(n: int) -> dict[str, Any]:
    return {"public_id": f"player {n}", "flagged": False, "created_at": NOW}


def _round(n: int, players: int) -> dict[str, Any]:
    who = {"player_id": n % players + 1, "model_id": 1, "public_id": f"round {n}"}
    what = {"mode": "guess", "unit": "words", "assisted": False, "repeated": False}
    when = {"started_at": NOW, "started_on": NOW.date(), "asked_at": NOW}
    where = {"scored_passage_id": _scored_passage(n), "practice": False, "seed": ""}
    return {**who, **what, **when, **where}


def _scored_passage(round_number: int) -> int:
    return round_number * 7 % PASSAGES + 1


def _answer(n: int, players: int) -> dict[str, Any]:
    round_number = n // POSITIONS
    day = NOW - timedelta(days=round_number % 200)
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
    rest = {"other": float(shares[8]), "scored_passage_id": _scored_passage(n // POSITIONS)}
    hit = {"target": " time", "target_option": "time", "loss_nats": float(-np.log(shares[0]))}
    logprob = {"target_logprob_nats": stakes[0][2], "repeated": False}
    return {**_answer(n, players), **rest, **hit, **logprob, "stakes": stakes}


def _judgement(n: int, players: int, draw: np.random.Generator) -> dict[str, Any]:
    form = {"form": "tail" if n % 4 else "whole", "practice": False, "asked": True}
    rival = float(-6 - 4 * draw.random())
    logprobs = {"target_logprob_nats": -7.0 - n % POSITIONS / 10, "rival_logprob_nats": rival}
    texts = {"target": "time", "rival": "way", "target_share": float(draw.choice(SHARES))}
    texts |= {"scored_passage_id": _scored_passage(n // POSITIONS), "question_version": 2}
    return {**_answer(n, players), **form, **logprobs, **texts}


def measure(guesses: int, folder: Path) -> None:
    """Print what the first fold, a fold of 100 new answers, a whole count and a look take."""
    url = f"sqlite:///{folder / f'{guesses}.sqlite3'}"
    app = create_app(
        Settings(database_url=url, secret_key="of the benchmark alone", statistics_every_s=3_600)
    )
    app.test_cli_runner().invoke(args=["db", "upgrade"])
    keeper = app.extensions["perplexed"].statistics
    with app.app_context():
        rebuild_s = _timed(lambda: _play(db.session, guesses, db_of(url)))
        folds = [
            _fold_new_answers(db.session, min(guesses, MOST_PLAYED), number) for number in range(3)
        ]
        count_s = _timed(keeper.count_now)
        whole_s = math.nan
        if guesses <= MOST_COUNTED:
            whole_s = _timed(lambda: whole_count(db.session, NOW))
            assert check(db.session, keeper.count_now()) == []
        model_id = min(models_by_id(db.session))
        ranking_s = _timed(lambda: guess_abilities(db.session, model_id, Unit.WORDS, 1))
        with writing(db.session):  # made-up passages have no scores that a crowd could be held to
            nobody = CrowdStatistics(counted_at=datetime.now(UTC), opponents=[])
            before = kept_crowd(db.session).begun_at
            begin_crowd_count(db.session, nobody.counted_at, before)
            keep_crowd(db.session, nobody.counted_at, nobody.model_dump_json())
    client = app.test_client()
    looks = {page: _looked_at(client, page) for page in PAGES}
    fold_s, longest_s = min(folds)
    times = ", ".join(f"{page} {ms:.1f} ms" for page, ms in looks.items())
    print(
        f"{guesses:>9,} guesses: fold of {NEW_ANSWERS} answers {1000 * fold_s:.0f} ms "
        f"(longest batch {1000 * longest_s:.0f} ms), new document {1000 * count_s:.0f} ms, "
        f"{times}, ranking of all players {1000 * ranking_s:.0f} ms; "
        f"play and fold {rebuild_s:.1f} s, whole count {whole_s:.2f} s, "
        f"{whole_s / (fold_s + count_s):.0f} times a refresh; sums {_megabytes(db_of(url)):.0f} MB",
        flush=True,
    )


def _play(session: Session, guesses: int, path: str) -> None:
    """Fill the database and fold it all."""
    played = min(guesses, MOST_PLAYED)
    fill(session, played, np.random.default_rng(1))
    with writing(session):
        start_over(session)
    while count_marked_players(session):
        fold_some(session)
    session.commit()
    if guesses > played:
        session.close()
        db.engine.dispose()
        multiply(path, guesses // played)
    fold(session)


def _looked_at(client: FlaskClient, page: str) -> float:
    """Return the milliseconds that a look takes once the page was seen."""
    if client.get(page).status_code != HTTPStatus.OK:
        raise RuntimeError(f"{page} could not be shown")
    return 1000 * min(_timed(lambda: client.get(page)) for _ in range(LOOKS))


def _fold_new_answers(session: Session, guesses: int, number: int) -> tuple[float, float]:
    """Add one answer each of many players, in all modes; return the seconds that folding takes."""
    players = max(1, guesses // GUESSES_A_PLAYER)
    draw = np.random.default_rng(number + 2)
    tables_: list[tuple[Any, Any, int]] = [
        (tables.GuessRow, _guess, 80),
        (tables.BetRow, _bet, 10),
        (tables.JudgementRow, _judgement, 10),
    ]
    for table, make, count in tables_:
        rounds = draw.choice(guesses // POSITIONS, count, replace=False)
        rows = [make(int(n) * POSITIONS, players, draw) for n in rounds]
        rows = [row | {"position": 1_000 + number} for row in rows]
        session.execute(insert(table), rows)
        for row in rows:
            mark_player(session, row["player_id"])
    session.commit()
    batches: list[float] = []
    going = True
    while going:
        start = time.process_time()
        going = fold_some(session)
        batches.append(time.process_time() - start)
    return sum(batches), max(batches)


def db_of(url: str) -> str:
    """Return the path of a SQLite database."""
    return url.removeprefix("sqlite:///")


def _megabytes(path: str) -> float:
    """Return what the rollups take on disk."""
    query = (
        "SELECT sum(pgsize) FROM dbstat WHERE name IN "
        "('player_sums', 'player_tallies', 'duel_sums', 'cluster_sums', 'statistics_sums')"
    )
    with sqlite3.connect(path) as connection:
        return float(connection.execute(query).fetchone()[0]) / 1e6


def _timed(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        for size in map(int, sys.argv[1:] or ("10000", "100000", "1000000", "10000000")):
            measure(size, Path(place))
