"""A player's own page, nickname and data."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import func, select

from server.application import db
from server.store.tables import GuessRow, PlayerRow, RoundRow
from tests.conftest import Player
from tests.databases import on_sqlite
from tests.web.test_export import at_a_human_pace, play_bets


def count(app: APIFlask, table: Any) -> int:
    with app.app_context():
        return db.session.scalars(select(func.count()).select_from(table)).one()


def skip(state: dict[str, Any]) -> None:
    return None


def test_somebody_new_has_an_empty_page_and_no_row(app: APIFlask, alice: Player) -> None:
    body = alice.client.get("/api/v1/player").get_json()
    assert body["nickname"] is None
    assert body["rounds"] == body["guesses"] == 0
    assert body["you"] is None
    assert body["recent"] == []
    assert alice.client.get("/you").status_code == 200
    assert count(app, PlayerRow) == 0


def test_a_player_sees_their_rounds_and_both_sides_accuracy(alice: Player) -> None:
    state = alice.play(skip)
    alice.start()
    body = alice.client.get("/api/v1/player").get_json()
    assert body["rounds"] == 2
    assert body["guesses"] == 12
    assert body["you"]["value"] == 0
    assert body["you"]["n"] == 12
    assert body["model"]["value"] == state["score"]["model"] / 12
    assert [entry["finished"] for entry in body["recent"]] == [False, True]
    assert body["recent"][1]["id"] == state["id"]


def test_bets_give_a_player_a_number_of_their_own(app: APIFlask, alice: Player) -> None:
    assert alice.client.get("/api/v1/player").get_json()["loss"] is None
    play_bets(alice)
    at_a_human_pace(app)
    app.test_client().get("/api/v1/stats")  # folds
    loss = alice.client.get("/api/v1/player").get_json()["loss"]
    assert loss["words"] == 12
    assert loss["perplexity"]["low"] < loss["perplexity"]["value"] < loss["perplexity"]["high"]
    assert "Your perplexity" in alice.client.get("/you").get_data(as_text=True)


def test_guesses_give_a_player_an_ability_once_they_are_revealed(
    app: APIFlask, alice: Player
) -> None:
    def ability() -> Any:
        app.test_client().get("/api/v1/stats")  # folds
        return alice.client.get("/api/v1/player").get_json()["ability"]

    assert ability() is None
    play_bets(alice)
    at_a_human_pace(app)
    known = ability()
    assert known["words"] == 12
    assert known["accuracy"]["low"] < known["accuracy"]["value"] < known["accuracy"]["high"]
    assert "How well you guess" in alice.client.get("/you").get_data(as_text=True)
    state = alice.start(mode="bet")
    alice.answer(state["id"], state["asked"]["position"], "the")
    assert ability() == known, "whether the guess is right is told with the bet"


def test_assisted_play_does_not_count_in_a_players_accuracy(alice: Player) -> None:
    alice.play(lambda s: s["asked"]["suggestions"][0], assisted=True)
    body = alice.client.get("/api/v1/player").get_json()
    assert body["guesses"] == 12
    assert body["you"] is None


@pytest.mark.parametrize("nickname", ["Ann", "  Zoë ", "🦊 fox", "👩‍🍳", "שלום", None])
def test_a_nickname_may_be_anything_visible(alice: Player, nickname: str | None) -> None:
    response = alice.client.patch("/api/v1/player", json={"nickname": nickname})
    assert response.status_code == 200
    assert response.get_json()["nickname"] == (nickname.strip() if nickname else None)
    page = alice.client.get("/you").get_data(as_text=True)
    assert nickname is None or nickname.strip() in page


@on_sqlite
@pytest.mark.parametrize("nickname", ["", "   ", "a\nb", "a\0b", "\u202eevil", "x" * 33])
def test_an_invisible_or_long_nickname_is_refused(
    app: APIFlask, alice: Player, nickname: str
) -> None:
    response = alice.client.patch("/api/v1/player", json={"nickname": nickname})
    assert response.status_code == 422
    assert response.get_json()["errors"][0]["field"] == "nickname"
    assert count(app, PlayerRow) == 0


@on_sqlite
def test_a_nickname_is_text_on_the_page_never_markup(alice: Player) -> None:
    alice.client.patch("/api/v1/player", json={"nickname": "<script>x</script>"})
    page = alice.client.get("/you").get_data(as_text=True)
    assert "<script>x" not in page
    assert "&lt;script&gt;x" in page


def test_a_player_can_download_their_data(alice: Player) -> None:
    alice.play(skip)
    response = alice.client.get("/api/v1/player/data")
    assert "attachment" in response.headers["Content-Disposition"]
    (round_data,) = response.get_json()["rounds"]
    assert len(round_data["guesses"]) == 12
    assert round_data["guesses"][0]["skipped"] is True


def test_much_data_comes_a_page_at_a_time(alice: Player, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.services.play.players.ROUNDS_ON_A_PAGE", 2)
    played = [alice.play(skip)["id"] for _ in range(5)]
    pages = [alice.client.get(f"/api/v1/player/data?page={page}").get_json() for page in (1, 2, 3)]
    assert [page["pages"] for page in pages] == [3, 3, 3]
    assert [row["id"] for page in pages for row in page["rounds"]] == played[::-1]
    assert alice.client.get("/api/v1/player/data?page=4").status_code == 404
    assert alice.client.get("/api/v1/player/data?page=0").status_code == 422
    assert "part 3 of 3" in alice.client.get("/you").text


def test_deleting_leaves_nothing_of_the_player_and_all_of_others(
    app: APIFlask, alice: Player, bob: Player
) -> None:
    state = alice.play(skip)
    bob.play(skip)
    assert alice.client.delete("/api/v1/player").status_code == 204
    assert [count(app, table) for table in (PlayerRow, RoundRow, GuessRow)] == [1, 1, 12]
    assert alice.client.get(f"/api/v1/rounds/{state['id']}").status_code == 404
    assert alice.client.get("/api/v1/player/data").status_code == 404


def test_deleting_while_another_tab_answers_never_fails(app: APIFlask) -> None:
    for _ in range(4):
        player = Player(app.test_client())
        state = player.start()
        body = {"position": state["asked"]["position"], "skip": True}
        path = f"/api/v1/rounds/{state['id']}/guesses"
        cookie = player.client.get_cookie("perplexed")
        assert cookie is not None

        def send(method: str, path: str, body: Any, value: str = cookie.value) -> int:
            tab = app.test_client()
            tab.set_cookie("perplexed", value)
            return tab.open(path, method=method, json=body).status_code

        with ThreadPoolExecutor(4) as tabs:
            answers = [tabs.submit(send, "POST", path, body) for _ in range(3)]
            deletion = tabs.submit(send, "DELETE", "/api/v1/player", None)
        assert deletion.result() == 204
        assert {answer.result() for answer in answers} <= {200, 404}


def test_somebody_deleted_elsewhere_plays_on_as_somebody_new(app: APIFlask, alice: Player) -> None:
    alice.play(skip)
    with app.app_context():
        db.session.delete(db.session.scalars(select(PlayerRow)).one())
        db.session.commit()
    assert alice.play(skip)["finished"]
    assert count(app, PlayerRow) == 1


@on_sqlite
def test_the_cookie_is_signed_and_out_of_scripts_reach(alice: Player) -> None:
    response = alice.client.post("/api/v1/rounds", json={})
    cookie = response.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    stolen = cookie.split(";")[0].split("=", 1)[1]
    alice.client.set_cookie("perplexed", stolen[:-2] + "xx")
    assert alice.client.get(f"/api/v1/rounds/{response.get_json()['id']}").status_code == 404
