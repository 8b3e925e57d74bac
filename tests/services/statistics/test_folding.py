"""Folding: whatever happens, in whatever order, the sums give what a whole count gives."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from threading import Thread
from typing import Any

import numpy as np
import pytest
from alembic import command
from alembic.config import Config
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, delete, event, func, select
from sqlalchemy.orm import Session

from server.config import ROOT
from server.services.statistics.admin import statistics
from server.services.statistics.folding import fold, fold_some, rebuild
from server.services.statistics.public import public_statistics
from server.services.statistics.whole_count import check, whole_count
from server.store.engine import configure, engine_options, migrating, normalised_url, writing
from server.store.statistics.rollup_tables import (
    ClusterSumsRow,
    DuelSumsRow,
    PlayerMarkRow,
    PlayerSumsRow,
    PlayerTallyRow,
    SumsRow,
)
from server.store.statistics.rollups import mark_player
from server.store.tables import GuessRow, PlayerRow, RoundRow
from tests.services.statistics.made_up import (
    KINDS,
    MODELS,
    NOW,
    PASSAGES,
    PLAYERS,
    Delete,
    Flag,
    Round,
    add_passages,
    happen,
    interrupted,
    memory_engine,
)

ROLLUPS = (
    *(PlayerMarkRow, PlayerSumsRow, PlayerTallyRow),
    *(DuelSumsRow, ClusterSumsRow, SumsRow),
)
FOLD_SOME, FOLD = "fold some", "fold"

players = st.integers(0, PLAYERS - 1)
rounds = st.builds(
    Round,
    player=players,
    kind=st.sampled_from(KINDS),
    passage=st.integers(0, PASSAGES - 1),
    model=st.integers(0, MODELS - 1),
    unit=st.sampled_from(["words", "words", "tokens"]),
    repeated=st.sampled_from([False, False, False, True]),
    fast=st.sampled_from([False, False, False, True]),
    skips=st.sampled_from([False, False, True]),
    seed=st.integers(0, 2**32 - 1),
)
happenings = st.one_of(
    rounds,
    rounds,
    rounds,
    st.builds(Flag, player=players, flagged=st.booleans()),
    st.builds(Delete, player=players),
    st.sampled_from([FOLD_SOME, FOLD]),
    st.integers(1, 40),  # a fold that ends at this statement
)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """One for all tests here, since SQLAlchemy compiles each statement once an engine."""
    engine = memory_engine()
    yield engine
    engine.dispose()


def empty(engine: Engine) -> None:
    with Session(engine) as session, writing(session):
        for table in (PlayerRow, *ROLLUPS):
            session.execute(delete(table))


def let(engine: Engine, what: Round | Flag | Delete | str | int) -> None:
    with Session(engine) as session:
        if what == FOLD_SOME:
            fold_some(session)
        elif what == FOLD:
            fold(session)
        elif isinstance(what, int):
            with interrupted(engine, what):
                fold(session)
        elif not isinstance(what, str):
            happen(session, what)


def differences(engine: Engine) -> list[str]:
    """Fold, and compare with a whole count of everything, for the public and for the admin."""
    with Session(engine) as session:
        fold(session)
        found = check(session, public_statistics(session, NOW))
        seen = statistics(session, NOW.date()).model_dump(mode="json")
        return found + [
            f"{field}: {seen[field]}, not {value}"
            for field, value in counted_for_the_admin(session).items()
            if seen[field] != value
        ]


def counted_for_the_admin(session: Session) -> dict[str, Any]:
    guesses = session.scalars(select(GuessRow)).all()
    groups: dict[tuple[Any, ...], list[GuessRow]] = defaultdict(list)
    by_day: dict[date, list[GuessRow]] = defaultdict(list)
    for guess in guesses:
        by_day[guess.answered_on].append(guess)
        own_guess_skipped = guess.mode == "bet" and guess.skipped
        if not is_settled(session, guess) or guess.draw_kind == "mixed":
            continue
        first = guess.attempt == 1 and not guess.repeated and guess.draw_kind == "uniform"
        if first and not own_guess_skipped:
            groups[guess.model_id, guess.mode, guess.unit, guess.assisted].append(guess)
    begun = [row.started_on for row in session.scalars(select(RoundRow))]
    seen = statistics(session, NOW.date())
    for view, key in zip(seen.groups, sorted(groups), strict=True):
        mine = groups[key]
        assert (view.mode, view.unit, view.assisted) == key[1:]
        assert view.guesses == len(mine)
        assert view.players == len({guess.player_id for guess in mine})
        assert view.skipped == sum(guess.skipped for guess in mine)
        assert view.you.value == sum(g.is_right for g in mine) / len(mine)
        assert view.difference.n == len(mine)
        loss = np.mean([guess.target_loss_nats for guess in mine])
        assert view.model_perplexity == pytest.approx(np.exp(loss), rel=1e-9)
    return {
        "players": session.scalars(select(func.count()).select_from(PlayerRow)).one(),
        "rounds": len(begun),
        "guesses": len(guesses),
        "repeated_guesses": sum(guess.repeated for guess in guesses),
        "waiting": 0,
        "days": [
            {
                "date": day.date.isoformat(),
                "players": len({guess.player_id for guess in by_day[day.date]}),
                "rounds": begun.count(day.date),
                "guesses": len(by_day[day.date]),
            }
            for day in seen.days
        ],
    }


def is_settled(session: Session, guess: GuessRow) -> bool:
    """Whether the guess's player knows the target: by a bet, or by having ended their tries."""
    if guess.mode == "bet":
        return any(bet.position == guess.position for bet in guess.round.bets)
    tried = [other for other in guess.round.guesses if other.position == guess.position]
    ended = any(other.is_right or other.skipped or other.attempt == 5 for other in tried)
    return ended or guess.mode != "tries"


@settings(max_examples=25, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(history=st.lists(happenings, max_size=20))
def test_after_whatever_happened_the_sums_give_what_a_whole_count_gives(
    engine: Engine, history: list[Round | Flag | Delete | str | int]
) -> None:
    empty(engine)
    for what in history:
        let(engine, what)
    assert differences(engine) == []
    for player in range(PLAYERS):
        let(engine, Delete(player))
    let(engine, FOLD)
    with Session(engine) as session:
        left = [session.scalars(select(func.count()).select_from(t)).one() for t in ROLLUPS]
    assert left == [0] * len(ROLLUPS), "of those who are gone, nothing stays"


def random_history(
    seed: int, length: int, first_player: int = 0
) -> Iterator[Round | Flag | Delete | str | int]:
    draw = np.random.default_rng(seed)
    for _ in range(length):
        player, chance = first_player + int(draw.integers(PLAYERS)), draw.random()
        if chance < 0.1:
            yield Flag(player, bool(draw.random() < 0.5))
        elif chance < 0.15:
            yield Delete(player)
        elif chance < 0.3:
            yield FOLD_SOME if draw.random() < 0.5 else int(draw.integers(1, 40))
        else:
            yield Round(
                player,
                str(draw.choice(KINDS)),
                int(draw.integers(PASSAGES)),
                int(draw.integers(MODELS)),
                str(draw.choice(["words", "tokens"])),
                repeated=bool(draw.random() < 0.1),
                fast=bool(draw.random() < 0.2),
                skips=bool(draw.random() < 0.2),
                seed=int(draw.integers(2**32)),
            )


@contextmanager
def opened(url: str) -> Iterator[Engine]:
    engine = create_engine(**engine_options(normalised_url(url)))
    configure(engine)
    with Session(engine) as session, writing(session):
        add_passages(session)
    yield engine
    engine.dispose()


def test_so_it_is_on_every_database_also_where_several_fold(empty_database_url: str) -> None:
    with opened(empty_database_url) as engine:
        failures: list[Exception] = []

        def live(seed: int) -> None:
            try:
                for what in random_history(seed, 25, first_player=PLAYERS * seed):
                    let(engine, FOLD if isinstance(what, int) else what)
            except Exception as error:
                failures.append(error)

        live(1)
        others = [Thread(target=live, args=(seed,)) for seed in (2, 3)]
        for thread in others:
            thread.start()
        for _ in range(5):
            let(engine, FOLD)
        for thread in others:
            thread.join()
        assert failures == []
        assert differences(engine) == []


def test_what_was_answered_before_there_were_sums_is_counted(empty_database_url: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    with opened(empty_database_url) as engine:
        let(engine, Round(0, "bet", 0, 0, "words", False, False, False, 1))
        with migrating(engine) as connection:
            config.attributes["connection"] = connection
            command.downgrade(config, "0001")
        with migrating(engine) as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        assert differences(engine) == []
        with Session(engine) as session:
            assert public_statistics(session, NOW).bets > 0


def test_an_answer_that_is_committed_late_is_folded_later(empty_database_url: str) -> None:
    late = Round(0, "guess", 0, 0, "words", repeated=False, fast=False, skips=False, seed=1)
    with opened(empty_database_url) as engine:
        if engine.dialect.name == "sqlite":
            pytest.skip("one writes at a time on SQLite, so nothing is committed late")
        let(engine, late)
        with Session(engine) as session:
            player_id = session.scalars(select(PlayerRow.id)).one()
            session.add(RoundRow(**_round_values(session), player_id=player_id))
            session.flush()
            mark_player(session, player_id)
            let(engine, FOLD)  # sees the first round alone, and leaves the late mark
            session.commit()
        assert differences(engine) == []


def _round_values(session: Session) -> dict[str, Any]:
    row = session.scalars(select(RoundRow)).one()
    left_out = {"id", "public_id", "player_id"}
    values = {c.key: getattr(row, c.key) for c in RoundRow.__table__.c if c.key not in left_out}
    return values | {"public_id": "late"}


def test_an_interrupted_fold_loses_nothing_wherever_it_ends(engine: Engine) -> None:
    empty(engine)
    kinds = iter(KINDS)
    for statement in range(2, 44, 4):
        kind = next(kinds, "tail")
        let(engine, Round(0, kind, 0, 0, "words", False, False, False, statement))
        let(engine, statement)
        assert differences(engine) == []


def test_a_daily_round_is_counted_as_played_and_compares_nobody(engine: Engine) -> None:
    empty(engine)
    let(engine, Round(0, "daily", 0, 0, "words", False, False, False, 1))
    let(engine, FOLD)
    with Session(engine) as session:
        counted = whole_count(session, NOW)
        assert (counted.guesses, counted.opponents) == (0, [])
        keys = [key for key, _ in _rows(session)[1]]
        assert any("played" in str(key) for key in keys)
        assert not any("paired" in str(key) or "group" in str(key) for key in keys)


def test_a_rebuild_gives_the_same_sums(engine: Engine) -> None:
    empty(engine)
    for what in random_history(3, 40):
        let(engine, what)
    let(engine, FOLD)
    with Session(engine) as session:
        folded = _rows(session)
        rebuild(session)
        assert _rows(session) == folded


def _rows(session: Session) -> list[Any]:
    tables = (ClusterSumsRow, SumsRow)
    return [sorted(map(tuple, session.execute(select(t.key, t.numbers)))) for t in tables]


def test_a_fold_reads_no_table_from_end_to_end(engine: Engine) -> None:
    empty(engine)
    for what in random_history(4, 60):
        let(engine, what)
    let(engine, FOLD)
    for seed, kind in enumerate(KINDS):
        let(engine, Round(1, kind, 0, 0, "words", False, False, False, seed))
    asked: list[tuple[str, Any]] = []

    def listen(_connection: object, _cursor: object, sql: str, values: Any, *_rest: object) -> None:
        asked.append((sql, values))

    event.listen(engine, "before_cursor_execute", listen)
    let(engine, FOLD)
    event.remove(engine, "before_cursor_execute", listen)
    plans = [plan for sql, values in asked for plan in plan_of(engine, sql, values)]
    assert len(plans) > 50
    # Marks are of what changed; models are few.
    small = ("CONSTANT ROW", "player_marks", "language_models", "(subquery", "anon_")
    scanned = {plan.removeprefix("SCAN ") for plan in plans if plan.startswith("SCAN ")}
    assert {name for name in scanned if not name.startswith(small)} == set()


def plan_of(engine: Engine, sql: str, values: Any) -> list[str]:
    if sql.startswith(("BEGIN", "INSERT")):
        return []
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values).all()
    return [str(row[3]) for row in rows]
