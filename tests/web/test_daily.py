"""The daily passage over HTTP: the same for all, counted apart, and nothing of a day to come."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import func, select

from server.application import db
from server.domain.contest.dailies import number_of
from server.store.contest.tables import DailyRow
from server.store.tables import (
    QUESTION_COUNTS,
    GuessRow,
    LanguageModelRow,
    PassageRow,
    PlayerRow,
    RoundRow,
    ScoredPassageRow,
)
from tests.conftest import ADMIN_TOKEN, Player
from tests.databases import on_sqlite

NOW = datetime.now(UTC)
TODAY = NOW.date()
ADMIN = {"Authorization": f"Bearer {ADMIN_TOKEN}", "Accept": "application/json"}


def skip(_state: dict[str, Any]) -> None:
    return None


def daily(player: Player, day: date | None = None) -> dict[str, Any]:
    response = player.client.get("/api/v1/daily" + (f"/{day.isoformat()}" if day else ""))
    assert response.status_code == 200, response.text
    return dict(response.get_json())


def move_back(app: APIFlask, days: int) -> None:
    """Let some days pass: everything that happened lies further back."""
    with app.app_context():
        for row in db.session.scalars(select(DailyRow).order_by(DailyRow.day)):
            row.day -= timedelta(days=days)
            db.session.flush()
        for round_ in db.session.scalars(select(RoundRow)):
            round_.started_at -= timedelta(days=days)
            round_.started_on -= timedelta(days=days)
            if round_.daily_on:
                round_.daily_on -= timedelta(days=days)
        db.session.commit()


def test_today_has_a_number_and_nobody_has_played_it(alice: Player) -> None:
    view = daily(alice)
    assert (view["number"], view["date"]) == (number_of(TODAY), TODAY.isoformat())
    assert 0 <= view["next_in_s"] <= 24 * 3600
    assert (view["you"], view["words"], view["distribution"]) == (None, 12, [0] * 13)
    assert view["streak"] == {"current": 0, "best": 0}


def test_looking_at_today_writes_nothing(app: APIFlask, alice: Player) -> None:
    for path in ("/", "/daily", "/api/v1/daily"):
        assert alice.client.get(path).status_code == 200
        assert alice.client.head(path).status_code == 200
    with app.app_context():
        for table in (PlayerRow, RoundRow, DailyRow):
            assert db.session.scalar(select(func.count()).select_from(table)) == 0


def test_what_was_shown_before_anybody_played_is_what_is_played(alice: Player) -> None:
    shown = daily(alice)["title"]
    assert alice.start(daily=True)["passage"]["title"] == shown
    assert daily(alice)["title"] == shown


def test_everybody_gets_the_same_twelve_words_drawn_by_difficulty(
    alice: Player, bob: Player
) -> None:
    mine, theirs = alice.play(skip, daily=True), bob.play(skip, daily=True)
    assert (mine["draw"], mine["daily"]) == ("mixed", TODAY.isoformat())
    assert mine["text"] == theirs["text"]
    assert [a["position"] for a in mine["answers"]] == [a["position"] for a in theirs["answers"]]
    assert len(mine["answers"]) == 12


def test_a_daily_round_compares_nobody(app: APIFlask, alice: Player) -> None:
    alice.play(skip, daily=True)
    with app.app_context():
        assert set(db.session.scalars(select(GuessRow.draw_kind))) == {"mixed"}
    assert alice.client.get("/api/v1/player").get_json()["you"] is None
    assert alice.client.get("/admin/stats", headers=ADMIN).get_json()["groups"] == []
    export = alice.client.get("/admin/export/guesses.jsonl", headers=ADMIN).get_data(as_text=True)
    assert export.count('"draw":"mixed"') == 12


def test_the_day_shows_your_score_among_everyones(alice: Player, bob: Player) -> None:
    alice.play(skip, daily=True)
    begun = bob.start(daily=True)
    bob.answer(begun["id"], begun["asked"]["position"], None)
    assert daily(alice)["distribution"] == [1] + [0] * 12
    assert daily(alice)["you"]["finished"]
    theirs = daily(bob)["you"]
    assert (theirs["finished"], theirs["answered"], theirs["right"]) == (False, 1, 0)
    page = alice.client.get("/daily").get_data(as_text=True)
    assert "you got 0 of 12" in page
    assert "1 player has" in page.replace("One player has", "1 player has")


def test_a_player_whom_the_operator_flagged_is_in_no_distribution(
    app: APIFlask, alice: Player
) -> None:
    alice.play(skip, daily=True)
    with app.app_context():
        db.session.scalars(select(PlayerRow)).one().flagged = True
        db.session.commit()
    assert sum(daily(alice)["distribution"]) == 0


def test_a_streak_goes_on_from_day_to_day_and_no_passage_comes_twice(
    app: APIFlask, alice: Player
) -> None:
    titles = set()
    for played in range(1, 6):
        state = alice.play(skip, daily=True)
        assert not state["repeated"]
        titles.add(state["passage"]["title"])
        assert daily(alice)["streak"] == {"current": played, "best": played}
        move_back(app, 1)
    assert len(titles) == 5
    move_back(app, 2)
    assert daily(alice)["streak"] == {"current": 0, "best": 5}


def test_a_past_day_can_be_played_and_counts_for_no_streak(app: APIFlask, alice: Player) -> None:
    alice.play(skip, daily=True)
    move_back(app, 3)
    alice.start(daily=True)
    past = TODAY - timedelta(days=3)
    bob = Player(app.test_client())
    page = bob.client.get("/daily").get_data(as_text=True)
    assert f"Perplexed {number_of(past)}" in page
    state = bob.play(skip, daily=True, date=past.isoformat())
    assert state["daily"] == past.isoformat()
    view = daily(bob, past)
    assert (view["you"]["finished"], view["you"]["on_its_day"]) == (True, False)
    assert view["streak"] == {"current": 0, "best": 0}
    assert sum(view["distribution"]) == 1  # Alice alone played it on its day
    assert view["next_in_s"] is None
    assert bob.client.get(f"/daily/{past.isoformat()}").status_code == 200


@on_sqlite
@pytest.mark.parametrize("ahead", [1, 2, 400])
def test_a_day_to_come_answers_as_one_that_never_was(alice: Player, ahead: int) -> None:
    alice.start(daily=True)
    never = alice.client.get("/api/v1/daily/2001-01-01")
    coming = (TODAY + timedelta(days=ahead)).isoformat()
    for path in (f"/api/v1/daily/{coming}", f"/daily/{coming}", "/api/v1/daily/soon"):
        response = alice.client.get(path, headers={"Accept": "application/json"})
        assert (response.status_code, response.get_data()) == (404, never.get_data())
    begun = alice.client.post("/api/v1/rounds", json={"daily": True, "date": coming})
    assert (begun.status_code, begun.get_data()) == (404, never.get_data())


@on_sqlite
@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"daily": True, "unit": "tokens"}, "daily"),
        ({"date": "2026-01-01"}, "date"),
        ({"daily": True, "date": "tomorrow"}, "date"),
    ],
)
def test_a_daily_that_does_not_exist_is_refused_by_field(
    alice: Player, wish: dict[str, Any], field: str
) -> None:
    response = alice.client.post("/api/v1/rounds", json=wish)
    assert response.status_code == 422
    assert [error["field"] for error in response.get_json()["errors"]] == [field]


@on_sqlite
def test_no_answer_about_a_day_holds_any_of_its_text(alice: Player, bob: Player) -> None:
    """Bob has read it all; Alice has not begun, and is told nothing but the title."""
    text = bob.play(skip, daily=True)["text"]
    stretches = [text[start : start + 16] for start in range(len(text) - 16)]
    assert len(stretches) > 200
    for path in ("/daily", "/api/v1/daily", f"/api/v1/daily/{TODAY.isoformat()}"):
        body = alice.client.get(path).get_data(as_text=True)
        assert [stretch for stretch in stretches if stretch in body] == []


def more_passages(app: APIFlask, copies: int) -> None:
    """Let there be copies of the first passage, so that there are enough to keep some back."""
    with app.app_context():
        one = db.session.scalars(
            select(ScoredPassageRow).where(ScoredPassageRow.draw_number == 1)
        ).one()
        last = db.session.scalar(select(func.max(ScoredPassageRow.draw_number))) or 0
        counts = {name: getattr(one, name) for name in QUESTION_COUNTS}
        for n in range(1, copies + 1):
            labels = {"title": f"copy {n}", "source": "", "licence": "", "genre": "copy"}
            passage = PassageRow(
                text=one.passage.text, content_hash=f"{n:064}", created_at=NOW, **labels
            )
            db.session.add(passage)
            db.session.flush()
            scored = {"passage_id": passage.id, "model_id": one.model_id, "scores": one.scores}
            db.session.add(
                ScoredPassageRow(draw_number=last + n, created_at=NOW, **scored, **counts)
            )
        db.session.commit()


@pytest.mark.parametrize("wish", [{}, {"unit": "tokens"}, {"mode": "tries"}, {"mode": "duel"}])
def test_passages_of_today_and_coming_days_are_met_nowhere_else(
    app: APIFlask, alice: Player, wish: dict[str, Any]
) -> None:
    more_passages(app, 34)
    kept_back = 5  # an eighth of forty
    for _ in range(40 - kept_back):
        alice.start(**wish)
        with app.app_context():
            open_round = db.session.scalars(
                select(RoundRow).where(RoundRow.finished_at.is_(None))
            ).one()
            open_round.finished_at = NOW
            db.session.commit()
    with app.app_context():
        planned = set(db.session.scalars(select(DailyRow.scored_passage_id)))
        met = set(db.session.scalars(select(RoundRow.scored_passage_id)))
        days = db.session.scalars(select(DailyRow.day).order_by(DailyRow.day)).all()
    assert list(days) == [TODAY + timedelta(days=n) for n in range(kept_back)]
    assert (len(planned), len(met)) == (kept_back, 40 - kept_back)
    assert not planned & met


def test_another_opponent_takes_over_the_days_that_nobody_has_begun(
    app: APIFlask, alice: Player
) -> None:
    more_passages(app, 10)  # so that two days are planned
    today = alice.start(daily=True)
    with app.app_context():
        old = db.session.scalars(select(LanguageModelRow)).one()
        model = LanguageModelRow(
            name="bundled",
            revision=old.revision,
            tokenizer_fingerprint="another",
            parameters=1,
            window_tokens=old.window_tokens,
            vocabulary_size=old.vocabulary_size,
            word_answers=old.word_answers,
            vocabulary=old.vocabulary,
            created_at=NOW,
        )
        db.session.add(model)
        db.session.flush()
        for scored in db.session.scalars(select(ScoredPassageRow)).all():
            counts = {name: getattr(scored, name) for name in QUESTION_COUNTS}
            db.session.add(
                ScoredPassageRow(
                    passage_id=scored.passage_id,
                    model_id=model.id,
                    draw_number=scored.draw_number,
                    scores=scored.scores,
                    created_at=NOW,
                    **counts,
                )
            )
        db.session.commit()
        new_id, old_id = model.id, old.id
    bob = Player(app.test_client())
    assert bob.start(daily=True)["passage"] == today["passage"]
    with app.app_context():
        models = db.session.scalars(select(DailyRow.model_id).order_by(DailyRow.day)).all()
    assert list(models) == [old_id, new_id]
