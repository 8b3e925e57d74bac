"""A player's own page: numbers that are theirs alone, of what is finished alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import select

from server.application import db, service
from server.services.contest.profile import ENTROPY_BOUNDS_BITS, profile_view
from server.services.contract.profile import ProfileView
from server.store.tables import GuessRow, PlayerRow, RoundRow
from server.web.wording.daily import STREAK_RULE
from tests.conftest import Player
from tests.web.contest.playing import finish

Truth = Callable[[dict[str, Any], int], str]


def first_right(truth: Truth, count: int) -> Callable[[dict[str, Any]], str | None]:
    return lambda s: truth(s, s["asked"]["position"]) if s["asked"]["index"] < count else None


def profile(app: APIFlask, player: Player) -> ProfileView | None:
    with player.client.session_transaction() as cookie:
        public_id = cookie.get("player")
    with app.app_context():
        return profile_view(db.session, public_id, service().opponent)


def test_the_sums_are_those_of_the_player_s_answers(
    app: APIFlask, alice: Player, bob: Player, truth: Truth
) -> None:
    states = [alice.play(first_right(truth, count)) for count in (3, 7, 7)]
    bob.play(first_right(truth, 12))
    shown = profile(app, alice)
    assert shown is not None
    assert {right: n for right, n in enumerate(shown.scores) if n} == {3: 1, 7: 2}
    (week,) = shown.weeks
    model_right = sum(state["score"]["model"] for state in states)
    assert (week.rounds, week.asked, week.right, week.model_right) == (3, 36, 17, model_right)
    points = [state["score"]["points"]["you"] for state in states]
    assert week.points == pytest.approx(sum(points))
    assert shown.best is not None
    assert shown.best.points == pytest.approx(max(points))
    (mode,) = shown.modes
    assert (mode.key, mode.rounds, mode.asked, mode.right) == ("guess", 3, 36, 17)
    assert sum(genre.right for genre in shown.genres) == 17
    assert sum(genre.asked for genre in shown.genres) == 36


def test_steps_hold_every_guess_once_where_it_belongs(
    app: APIFlask, alice: Player, truth: Truth
) -> None:
    alice.play(first_right(truth, 5))
    with app.app_context():
        guesses = db.session.scalars(select(GuessRow).order_by(GuessRow.id)).all()
        for number, guess in enumerate(guesses):
            guess.elapsed_ms = 1000 * (3 * number + 1)
        bits = [guess.entropy_nats / 0.6931471805599453 for guess in guesses]
        db.session.commit()
    shown = profile(app, alice)
    assert shown is not None
    expected = [sum(b < bound for b in bits) for bound in ENTROPY_BOUNDS_BITS]
    counted = [step.guesses for step in shown.by_entropy_bits]
    assert [sum(counted[: i + 1]) for i in range(len(expected))] == expected
    assert sum(counted) == 12
    assert sum(step.right for step in shown.by_entropy_bits) == 5
    # 1, 4, 7, 10, 13, … 34 s in steps that end below 2, 5, 10, 20 and 40 s
    assert [step.guesses for step in shown.by_seconds] == [1, 1, 1, 4, 5, 0]


def test_weeks_are_apart_and_in_order(app: APIFlask, alice: Player, truth: Truth) -> None:
    for _ in range(2):
        alice.play(first_right(truth, 2))
    with app.app_context():
        row = db.session.scalars(select(RoundRow).order_by(RoundRow.id)).first()
        assert row is not None
        row.started_on -= timedelta(days=7)
        db.session.commit()
    shown = profile(app, alice)
    assert shown is not None
    first, second = shown.weeks
    assert second.monday - first.monday == timedelta(days=7)
    assert first.monday.weekday() == 0


def test_an_open_round_tells_nothing(app: APIFlask, alice: Player, truth: Truth) -> None:
    """A guess before a bet, and a first try, are on record before their word is shown."""
    state = alice.start(mode="tries")
    position = state["asked"]["position"]
    before = alice.client.get("/you").get_data(as_text=True)
    alice.client.post(
        f"/api/v1/rounds/{state['id']}/guesses",
        json={"position": position, "text": "water", "attempt": 1},
    )
    assert profile(app, alice) is None
    after = alice.client.get("/you").get_data(as_text=True)
    assert truth(state, position).strip() not in set(after.split()) - set(before.split())


def test_every_mode_stands_in_the_table(app: APIFlask, alice: Player) -> None:
    for mode in ("guess", "bet", "duel", "tries"):
        finish(alice, mode)
    shown = profile(app, alice)
    assert shown is not None
    assert {row.key for row in shown.modes} == {"guess", "bet", "duel", "tries"}
    assert all(row.right <= row.asked and row.model_right <= row.asked for row in shown.modes)
    page = alice.client.get("/you").get_data(as_text=True)
    for name in ("Guesses", "Bets", "Duels", "Tries"):
        assert f'<th scope="row">{name}</th>' in page


def test_rounds_come_in_pages(app: APIFlask, alice: Player) -> None:
    alice.play(lambda s: None)
    with app.app_context():
        (row,) = db.session.scalars(select(RoundRow)).all()
        columns = {c.key: getattr(row, c.key) for c in RoundRow.__table__.columns}
        for number in range(24):
            started_at = row.started_at - timedelta(hours=number + 1)
            changed = {"id": None, "public_id": f"copy-{number}", "started_at": started_at}
            db.session.add(RoundRow(**(columns | changed)))
        db.session.commit()
    first = alice.client.get("/you").get_data(as_text=True)
    last = alice.client.get("/you?page=2").get_data(as_text=True)
    assert "Page 1 of 2" in first
    assert "Page 2 of 2" in last
    assert 'href="/rounds/copy-23/result"' in last
    assert 'href="/rounds/copy-23/result"' not in first
    for odd in ("99", "0", "-1", "x"):
        assert alice.client.get(f"/you?page={odd}").status_code == 200


def test_somebody_new_has_no_numbers(app: APIFlask, alice: Player) -> None:
    assert profile(app, alice) is None
    assert alice.client.get("/you").status_code == 200
    with app.app_context():
        assert db.session.scalars(select(PlayerRow)).all() == []


def test_the_page_tells_the_streak_once_a_daily_is_played(alice: Player, truth: Truth) -> None:
    alice.play(first_right(truth, 5))
    assert "streak" not in alice.client.get("/you").text
    alice.play(first_right(truth, 5), daily=True)
    page = alice.client.get("/you").text
    assert "Your streak is 1 day; your best is 1 day." in page
    assert STREAK_RULE in page


def test_a_daily_is_compared_with_nobody_and_stands_in_a_row_of_its_own(
    app: APIFlask, alice: Player, truth: Truth
) -> None:
    alice.play(first_right(truth, 9), daily=True)
    shown = profile(app, alice)
    assert shown is not None
    assert (shown.weeks, shown.genres) == ([], [])
    assert sum(step.guesses for step in (*shown.by_entropy_bits, *shown.by_seconds)) == 0
    assert [(row.key, row.asked, row.right) for row in shown.modes] == [("mixed", 12, 9)]
    assert (shown.scores[9], sum(shown.scores)) == (1, 1)
    assert shown.best is not None
    assert (shown.best.right, shown.best.asked) == (9, 12)
    assert '<th scope="row">Dailies</th>' in alice.client.get("/you").text
    alice.play(first_right(truth, 2))
    both = profile(app, alice)
    assert both is not None
    assert [(week.rounds, week.right) for week in both.weeks] == [(1, 2)]
    assert {row.key: row.right for row in both.modes} == {"mixed": 9, "guess": 2}
    assert sum(both.scores) == 2
