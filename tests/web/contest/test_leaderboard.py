"""The leaderboard: who stands in it, in which order, and what it must not tell."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import select

from server.application import db
from server.store.tables import PlayerRow, RoundRow
from tests.conftest import Player
from tests.databases import on_sqlite
from tests.web.test_export import at_a_human_pace

Truth = Callable[[dict[str, Any], int], str]


def skip(state: dict[str, Any]) -> None:
    return None


def board(player: Player, **query: Any) -> dict[str, Any]:
    response = player.client.get("/api/v1/leaderboard", query_string=query)
    assert response.status_code == 200, response.text
    return dict(response.get_json())


def people(shown: dict[str, Any]) -> list[str]:
    return [row["name"] for row in shown["rows"] if not row["model"]]


def named(app: APIFlask, nickname: str | None) -> Player:
    player = Player(app.test_client())
    if nickname:
        assert player.client.patch("/api/v1/player", json={"nickname": nickname}).status_code == 200
    return player


def first_right(truth: Truth, count: int) -> Callable[[dict[str, Any]], str]:
    """Answer the first so many positions right, and the others wrong."""
    return lambda s: truth(s, s["asked"]["position"]) if s["asked"]["index"] < count else "zebra"


def test_today_s_board_goes_by_points(app: APIFlask, truth: Truth) -> None:
    states = {}
    for name, count in (("Ada", 3), ("Bob", 9), ("Cy", 6)):
        states[name] = named(app, name).play(first_right(truth, count), daily=True)
    ada = named(app, "Dora")
    ada.play(skip, daily=True)
    shown = board(ada)
    assert people(shown) == ["Bob", "Cy", "Ada", "Dora"]
    for row in shown["rows"]:
        if row["name"] in states:
            score = states[row["name"]]["score"]
            assert row["points"] == pytest.approx(score["points"]["you"])
            assert (row["right"], row["of"]) == (score["you"], 12)
    ranked = [(row["rank"], row["points"]) for row in shown["rows"]]
    assert ranked == sorted(ranked, key=lambda pair: (pair[0], -pair[1]))
    assert [row["name"] for row in shown["rows"] if row["you"]] == ["Dora"]


def test_equal_points_share_a_rank(app: APIFlask) -> None:
    for name in ("Ada", "Bob"):
        named(app, name).play(skip, daily=True)
    rows = board(named(app, None))["rows"]
    assert [row["rank"] for row in rows] == [1, 1]


def test_the_models_stand_in_it_once_one_has_played(app: APIFlask, truth: Truth) -> None:
    """How often “the” is right tells how often it is the answer: before, nobody may know."""
    ada, bob = named(app, "Ada"), named(app, None)
    state = ada.play(first_right(truth, 12), daily=True)
    assert [row["model"] for row in board(bob)["rows"]] == [False]
    models = [row for row in board(ada)["rows"] if row["model"]]
    assert {row["name"] for row in models} == {"Minnow", "Always “the”"}
    opponent = next(row for row in models if row["name"] == "Minnow")
    assert opponent["right"] == state["score"]["model"]
    assert opponent["points"] == pytest.approx(state["score"]["points"]["model"])
    the = next(row for row in models if row["name"] != "Minnow")
    assert the["right"] == sum(answer["target"].lower() == "the" for answer in state["answers"])
    assert opponent["emblem"] is the["emblem"] is None
    bob.start(daily=True)
    assert all(not row["model"] for row in board(bob)["rows"])


def test_who_has_no_name_or_a_hidden_one_or_is_flagged_is_left_out(app: APIFlask) -> None:
    for name in ("Ada", "Bob", "Cy", None):
        named(app, name).play(skip, daily=True)
    with app.app_context():
        rows = {row.nickname: row for row in db.session.scalars(select(PlayerRow))}
        rows["Bob"].flagged = True
        db.session.commit()
        cy = rows["Cy"].public_id
    assert people(board(named(app, None))) == ["Ada", "Cy"]
    result = app.test_cli_runner().invoke(args=["players", "hide", cy])
    assert result.exit_code == 0, result.output
    assert people(board(named(app, None))) == ["Ada"]
    app.test_cli_runner().invoke(args=["players", "hide", "--show", cy])
    assert people(board(named(app, None))) == ["Ada", "Cy"]


def test_with_suggestions_is_a_board_apart(app: APIFlask) -> None:
    named(app, "Ada").play(skip, daily=True)
    named(app, "Bob").play(skip, daily=True, assisted=True)
    anybody = named(app, None)
    assert people(board(anybody)) == ["Ada"]
    assert people(board(anybody, assisted="true")) == ["Bob"]
    page = anybody.client.get("/leaderboard").get_data(as_text=True)
    assert "With suggestions" in page


def test_a_day_s_board_takes_what_was_played_on_the_day(app: APIFlask) -> None:
    named(app, "Ada").play(skip, daily=True)
    today = datetime.now(UTC).date()
    with app.app_context():
        row = db.session.scalars(select(RoundRow)).one()
        row.daily_on = today - timedelta(days=3)
        db.session.commit()
    anybody = named(app, None)
    day = (today - timedelta(days=3)).isoformat()
    assert people(board(anybody, date=day)) == []  # begun today: too late for that board
    with app.app_context():
        row = db.session.scalars(select(RoundRow)).one()
        row.started_on = today - timedelta(days=3)
        db.session.commit()
    assert people(board(anybody, date=day)) == ["Ada"]
    assert people(board(anybody)) == []


def test_all_time_needs_sixty_words_and_goes_by_what_is_sure(app: APIFlask, truth: Truth) -> None:
    steady, lucky = named(app, "Steady"), named(app, "Lucky")
    for _ in range(5):
        steady.play(first_right(truth, 4))
    for _ in range(4):
        lucky.play(first_right(truth, 8))
    assert board(steady, board="all")["rows"] == [], "nothing is folded yet"
    at_a_human_pace(app)
    shown = board(steady, board="all")
    assert people(shown) == ["Steady"]
    lucky.play(first_right(truth, 8))
    at_a_human_pace(app)
    shown = board(steady, board="all")
    assert people(shown) == ["Lucky", "Steady"]
    assert sum(row["model"] for row in shown["rows"]) == 2
    lows = [row["ability"]["low"] for row in shown["rows"]]
    assert lows == sorted(lows, reverse=True)
    assert all(row["points"] is None for row in shown["rows"])


def test_all_time_ranks_by_ability_as_a_player_s_own_page_has_it(
    app: APIFlask, truth: Truth
) -> None:
    for name, count in (("Ada", 3), ("Bob", 7)):
        player = named(app, name)
        for _ in range(5):
            player.play(first_right(truth, count))
    at_a_human_pace(app)
    rows = {row["name"]: row for row in board(player, board="all")["rows"]}
    own = player.client.get("/api/v1/player").get_json()["ability"]
    assert rows["Bob"]["ability"]["low"] == pytest.approx(own["accuracy"]["low"])
    assert rows["Bob"]["ability"]["value"] == pytest.approx(own["accuracy"]["value"])
    assert (rows["Bob"]["right"], rows["Bob"]["of"]) == (35, own["words"]) == (35, 60)


def test_the_models_of_all_time_are_held_to_the_words_that_people_met(
    app: APIFlask, truth: Truth
) -> None:
    ada = named(app, "Ada")
    states = [ada.play(first_right(truth, 4)) for _ in range(5)]
    at_a_human_pace(app)
    rows = {row["name"]: row for row in board(ada, board="all")["rows"] if row["model"]}
    (opponent,) = app.test_client().get("/api/v1/stats").get_json()["opponents"]
    assert set(rows) == {"Minnow", "Always “the”"}
    assert rows["Minnow"]["right"] == sum(state["score"]["model"] for state in states)
    assert rows["Minnow"]["ability"] == pytest.approx(opponent["accuracy"]["model"])
    the = rows["Always “the”"]
    targets = [answer["target"].lower() for state in states for answer in state["answers"]]
    assert (the["right"], the["of"]) == (targets.count("the"), 60)
    assert the["ability"] == pytest.approx(opponent["baseline"]["accuracy"])


def test_all_time_with_suggestions_goes_by_plain_accuracy(app: APIFlask, truth: Truth) -> None:
    steady = named(app, "Steady")
    for _ in range(5):
        steady.play(first_right(truth, 8), assisted=True)
    shown = board(steady, board="all", assisted="true")
    assert people(shown) == ["Steady"]
    (row,) = (row for row in shown["rows"] if not row["model"])
    assert (row["right"], row["of"]) == (40, 60)
    assert row["ability"]["value"] == pytest.approx(40 / 60)
    assert row["ability"]["low"] < 40 / 60 < row["ability"]["high"]
    assert sum(row["model"] for row in shown["rows"]) == 2


def test_all_time_leaves_out_who_is_flagged_or_hidden_without_waiting_for_a_fold(
    app: APIFlask, truth: Truth
) -> None:
    for name in ("Ada", "Bob", "Cy"):
        player = named(app, name)
        for _ in range(5):
            player.play(first_right(truth, 4))
    at_a_human_pace(app)
    assert set(people(board(player, board="all"))) == {"Ada", "Bob", "Cy"}
    with app.app_context():
        rows = {row.nickname: row for row in db.session.scalars(select(PlayerRow))}
        rows["Ada"].flagged, rows["Bob"].hidden = True, True
        db.session.commit()
    assert people(board(player, board="all")) == ["Cy"]


@pytest.mark.parametrize("assisted", [False, True])
def test_all_time_leaves_out_the_day_s_mixed_words(app: APIFlask, assisted: bool) -> None:
    ada = named(app, "Ada")
    ada.play(lambda _: "the", assisted=assisted, daily=True)
    for _ in range(4):
        ada.play(lambda _: "the", assisted=assisted)
    at_a_human_pace(app)
    wish = {"board": "all", "assisted": str(assisted).lower()}
    assert people(board(ada, **wish)) == []
    ada.play(lambda _: "the", assisted=assisted)
    at_a_human_pace(app)
    (row,) = (row for row in board(ada, **wish)["rows"] if not row["model"])
    assert (row["name"], row["of"]) == ("Ada", 60)


@on_sqlite
@pytest.mark.parametrize(
    "query", [{"board": "x"}, {"date": "x"}, {"date": "2999-01-01"}, {"x": "1"}]
)
def test_a_board_that_is_not_there_is_refused(alice: Player, query: dict[str, str]) -> None:
    response = alice.client.get("/api/v1/leaderboard", query_string=query)
    assert response.status_code == 422
    assert response.get_json()["errors"][0]["field"] in query


@on_sqlite
@pytest.mark.parametrize("path", ["", "?board=all", "?date=2026-01-01", "?date=x"])
def test_the_page_is_there_whoever_has_played(app: APIFlask, path: str) -> None:
    anybody = named(app, "Ada")
    assert anybody.client.get(f"/leaderboard{path}").status_code == 200
    anybody.play(skip, daily=True)
    assert anybody.client.get(f"/leaderboard{path}").status_code == 200


def test_an_empty_site_has_an_empty_board(empty_app: APIFlask) -> None:
    body = empty_app.test_client().get("/api/v1/leaderboard?board=all").get_json()
    assert body["rows"] == []
    assert empty_app.test_client().get("/leaderboard").status_code == 200
