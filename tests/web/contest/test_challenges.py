"""Challenges over HTTP: who sees what, and when."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import select

from server.application import db
from server.services.contest.challenges import CHALLENGE_CODE
from server.store.tables import RoundRow
from tests.conftest import Player
from tests.databases import on_sqlite

Truth = Callable[[dict[str, Any], int], str]


@pytest.fixture
def carol(app: APIFlask) -> Player:
    """A third player."""
    return Player(app.test_client())


def skip(state: dict[str, Any]) -> None:
    return None


def every_other(truth: Truth) -> Callable[[dict[str, Any]], str | None]:
    """Answer right at every other position."""
    return lambda s: truth(s, s["asked"]["position"]) if s["asked"]["index"] % 2 else None


def send(player: Player, round_id: str) -> str:
    response = player.client.post(f"/api/v1/rounds/{round_id}/challenge", json={})
    assert response.status_code == 200, response.text
    body = response.get_json()
    assert body["url"] == f"http://localhost/c/{body['code']}"
    return str(body["code"])


def seen_by(player: Player, code: str) -> dict[str, Any]:
    response = player.client.get(f"/api/v1/challenges/{code}")
    assert response.status_code == 200, response.text
    return dict(response.get_json())


def play_challenge(player: Player, code: str, choose: Any) -> dict[str, Any]:
    return player.play(choose, challenge=code)


def test_a_friend_sees_who_asks_the_title_and_the_score(alice: Player, bob: Player) -> None:
    alice.client.patch("/api/v1/player", json={"nickname": "Ada"})
    state = alice.play(skip)
    shown = seen_by(bob, send(alice, state["id"]))
    assert shown["by"]["name"] == "Ada"
    assert shown["passage"]["title"] == state["passage"]["title"]
    assert shown["score"] == state["score"]
    assert shown["asker"] == {
        "is_challenger": False,
        "has_seen": False,
        "round_id": None,
        "finished": False,
    }


def test_a_friend_plays_the_same_words_against_the_same_opponent(
    app: APIFlask, alice: Player, bob: Player, truth: Truth
) -> None:
    state = alice.play(every_other(truth), unit="tokens", assisted=True)
    taken = play_challenge(bob, send(alice, state["id"]), skip)
    assert [a["position"] for a in taken["answers"]] == [a["position"] for a in state["answers"]]
    for same in ("mode", "unit", "assisted", "model", "passage", "draw", "text"):
        assert taken[same] == state[same]
    assert not taken["repeated"]
    with app.app_context():
        rounds = db.session.scalars(select(RoundRow).order_by(RoundRow.id)).all()
        assert len({row.scored_passage_id for row in rounds}) == 1


def test_both_see_both_results_word_by_word_once_both_have_played(
    alice: Player, bob: Player, truth: Truth
) -> None:
    alice.client.patch("/api/v1/player", json={"nickname": "Ada"})
    bob.client.patch("/api/v1/player", json={"nickname": "Bob"})
    state = alice.play(every_other(truth))
    code = send(alice, state["id"])
    taken = play_challenge(bob, code, lambda s: truth(s, s["asked"]["position"]))
    for player in (alice, bob):
        shown = seen_by(player, code)
        assert [word["target"] for word in shown["words"]] == [
            answer["target"] for answer in state["answers"]
        ]
        bobs, alices = shown["results"]  # more points first
        assert (bobs["name"], alices["name"]) == ("Bob", "Ada")
        assert alices["marks"] == [answer["right"] for answer in state["answers"]]
        assert bobs["marks"] == [True] * 12
        assert bobs["points"] == pytest.approx(taken["score"]["points"]["you"])
        assert [bobs["challenger"], alices["challenger"]] == [False, True]
        assert [bobs["you"], alices["you"]] == [player is bob, player is alice]
        page = player.client.get(f"/c/{code}").get_data(as_text=True)
        assert "Everybody who took it" in page
        assert "Ada" in page or player is alice


@on_sqlite
def test_no_word_leaves_the_server_before_it_was_asked(
    alice: Player, bob: Player, carol: Player, truth: Truth
) -> None:
    """Page, call, picture and board are searched at every step of a friend's round."""
    state = alice.play(every_other(truth), daily=True)
    code = send(alice, state["id"])
    play_challenge(carol, code, lambda s: truth(s, s["asked"]["position"]))
    whole = state["text"]
    bobs = bob.start(challenge=code)
    while not bobs["finished"]:
        hidden = whole[len(bobs["text"]) :]
        for path in (
            f"/c/{code}",
            f"/api/v1/challenges/{code}",
            "/api/v1/leaderboard",
            "/api/v1/leaderboard?board=all",
            "/leaderboard",
            "/you",
            "/api/v1/player",
        ):
            sent = bob.client.get(path).get_data(as_text=True)
            for start in range(0, max(1, len(hidden) - 24), 24):
                piece = hidden[start : start + 24].strip()
                assert len(piece) < 12 or piece not in sent, path
        shown = seen_by(bob, code)
        assert shown["results"] is None
        assert shown["words"] is None
        targets = [answer["target"] for answer in state["answers"][len(bobs["answers"]) :]]
        values = set(strings(shown) - strings(seen_by_stranger(bob, code)))
        assert not values & set(targets)
        bobs = bob.answer(bobs["id"], bobs["asked"]["position"], None).get_json()["round"]
    assert seen_by(bob, code)["words"] is not None


def strings(node: Any) -> set[str]:
    """Return every text in a JSON document."""
    if isinstance(node, dict):
        return {text for part in node.values() for text in strings(part)}
    if isinstance(node, list):
        return {text for part in node for text in strings(part)}
    return {node} if isinstance(node, str) else set()


def seen_by_stranger(player: Player, code: str) -> dict[str, Any]:
    client = player.client.application.test_client()
    return dict(client.get(f"/api/v1/challenges/{code}").get_json())


def test_a_challenge_tells_nothing_of_a_player_but_nickname_and_emblem(
    alice: Player, bob: Player
) -> None:
    state = alice.play(skip)
    shown = seen_by(bob, send(alice, state["id"]))
    assert shown["by"].keys() == {"name", "emblem"}
    assert shown["by"]["name"] is None
    sent = json.dumps(shown) + bob.client.get(f"/c/{shown['code']}").get_data(as_text=True)
    with alice.client.session_transaction() as cookie:
        assert cookie["player"] not in sent
    assert state["id"] not in sent


def test_any_number_of_friends_stand_in_one_table(
    app: APIFlask, alice: Player, truth: Truth
) -> None:
    code = send(alice, alice.play(skip)["id"])
    for _ in range(3):
        play_challenge(Player(app.test_client()), code, every_other(truth))
    shown = seen_by(alice, code)
    assert len(shown["results"]) == 4
    assert [row["right"] for row in shown["results"]] == [6, 6, 6, 0]


def test_a_friend_who_has_seen_the_passage_is_told_and_marked(
    alice: Player, bob: Player, truth: Truth
) -> None:
    state = alice.play(skip, daily=True)
    bob.play(skip, daily=True, assisted=True)  # the same passage, another kind of round
    code = send(alice, state["id"])
    assert seen_by(bob, code)["asker"]["has_seen"]
    assert "You have had this passage before" in bob.client.get(f"/c/{code}").text
    assert play_challenge(bob, code, every_other(truth))["repeated"]
    (bobs,) = (row for row in seen_by(alice, code)["results"] if not row["challenger"])
    assert bobs["repeated"]
    assert "knew the passage" in alice.client.get(f"/c/{code}").text


def test_taking_it_twice_goes_on_with_the_same_round(alice: Player, bob: Player) -> None:
    code = send(alice, alice.play(skip)["id"])
    first = bob.client.post("/api/v1/rounds", json={"challenge": code})
    again = bob.client.post("/api/v1/rounds", json={"challenge": code})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.get_json()["id"] == again.get_json()["id"]


def test_a_day_s_challenge_is_the_day_s_round(alice: Player, bob: Player, carol: Player) -> None:
    state = alice.play(skip, daily=True)
    code = send(alice, state["id"])
    own = bob.play(skip, daily=True)
    asker = seen_by(bob, code)["asker"]
    assert (asker["has_seen"], asker["round_id"]) == (False, own["id"])
    assert bob.client.post(f"/c/{code}").headers["Location"] == f"/c/{code}"
    assert bob.start(challenge=code)["id"] == own["id"]
    assert seen_by(bob, code)["asker"]["finished"]
    taken = play_challenge(carol, code, skip)
    assert taken["daily"] == state["daily"]
    assert carol.start(daily=True)["id"] == taken["id"]


@pytest.mark.parametrize("mode", ["bet", "duel", "tries"])
def test_every_mode_can_be_sent(mode: str, alice: Player, bob: Player, truth: Truth) -> None:
    from tests.web.contest.playing import finish

    state = finish(alice, mode)
    code = send(alice, state["id"])
    taken = finish(bob, mode, challenge=code)
    assert [a["position"] for a in taken["answers"]] == [a["position"] for a in state["answers"]]
    if mode == "duel":
        assert [a["rival"] for a in taken["answers"]] == [a["rival"] for a in state["answers"]]
    for player in (alice, bob):
        assert len(seen_by(player, code)["results"]) == 2
        assert player.client.get(f"/c/{code}").status_code == 200


def test_one_s_own_challenge_cannot_be_taken(alice: Player) -> None:
    code = send(alice, alice.play(skip)["id"])
    response = alice.client.post("/api/v1/rounds", json={"challenge": code})
    assert response.status_code == 409
    assert "your own challenge" in response.get_json()["detail"]


def test_only_one_s_own_finished_round_can_be_sent(alice: Player, bob: Player) -> None:
    state = alice.start()
    path = f"/api/v1/rounds/{state['id']}/challenge"
    assert alice.client.post(path, json={}).status_code == 409
    assert bob.client.post(path, json={}).status_code == 404
    alice.play(skip)
    assert bob.client.post(path, json={}).status_code == 404


def test_a_round_keeps_its_code(alice: Player) -> None:
    state = alice.play(skip)
    assert send(alice, state["id"]) == send(alice, state["id"])


def test_a_withdrawn_code_leads_nowhere_and_never_again(alice: Player, bob: Player) -> None:
    state = alice.play(skip)
    code = send(alice, state["id"])
    assert bob.client.delete(f"/api/v1/challenges/{code}").status_code == 404
    assert seen_by(bob, code)
    assert alice.client.delete(f"/api/v1/challenges/{code}").status_code == 204
    for path in (f"/c/{code}", f"/api/v1/challenges/{code}", f"/c/{code}/preview.png"):
        assert bob.client.get(path).status_code == 404
    response = bob.client.post("/api/v1/rounds", json={"challenge": code})
    assert response.status_code == 404
    assert "withdrawn" in response.get_json()["detail"]
    assert send(alice, state["id"]) != code


def test_the_admin_ends_a_challenge_for_good(app: APIFlask, alice: Player, bob: Player) -> None:
    state = alice.play(skip)
    code = send(alice, state["id"])
    result = app.test_cli_runner().invoke(args=["players", "end-challenge", code])
    assert result.exit_code == 0, result.output
    assert bob.client.get(f"/c/{code}").status_code == 404
    response = alice.client.post(f"/api/v1/rounds/{state['id']}/challenge", json={})
    assert response.status_code == 409


def test_a_code_stands_alone(alice: Player, bob: Player) -> None:
    code = send(alice, alice.play(skip)["id"])
    response = bob.client.post("/api/v1/rounds", json={"challenge": code, "assisted": True})
    assert response.status_code == 422
    assert "no other field" in response.get_json()["detail"]


@pytest.mark.parametrize("code", ["x", "a" * 16, "a" * 32, "%00" * 3])
def test_a_code_that_nobody_was_given_is_not_there(alice: Player, code: str) -> None:
    assert alice.client.get(f"/c/{code}").status_code == 404
    assert alice.client.get(f"/api/v1/challenges/{code}").status_code == 404


def test_a_deleted_player_s_challenge_is_gone_and_what_friends_played_stays(
    alice: Player, bob: Player
) -> None:
    code = send(alice, alice.play(skip)["id"])
    taken = play_challenge(bob, code, skip)
    assert alice.client.delete("/api/v1/player").status_code == 204
    assert bob.client.get(f"/c/{code}").status_code == 404
    assert bob.client.get(f"/api/v1/rounds/{taken['id']}/result").status_code == 200
    assert bob.client.get(f"/rounds/{taken['id']}/result").status_code == 200


def test_the_page_begins_the_round_and_the_round_leads_back(alice: Player, bob: Player) -> None:
    code = send(alice, alice.play(skip)["id"])
    begun = bob.client.post(f"/c/{code}")
    assert begun.status_code == 303
    page = bob.client.get(begun.headers["Location"]).get_data(as_text=True)
    assert f'data-next-url="/c/{code}"' in page
    state = bob.start(challenge=code)
    while not state["finished"]:
        state = bob.answer(state["id"], state["asked"]["position"], None).get_json()["round"]
    assert f'href="/c/{code}"' in bob.client.get(f"/rounds/{state['id']}/result").text


def test_a_text_of_one_s_own_is_never_sent(app: APIFlask, alice: Player) -> None:
    with app.app_context():
        state_id = alice.play(skip)["id"]
        row = db.session.scalars(select(RoundRow)).one()
        row.scored_passage.passage.owner_id = row.player_id
        db.session.commit()
    response = alice.client.post(f"/api/v1/rounds/{state_id}/challenge", json={})
    assert response.status_code == 409
    assert "of your own" in response.get_json()["detail"]


def test_a_challenge_s_code_is_sixteen_characters_of_an_address() -> None:
    assert CHALLENGE_CODE.fullmatch("a" * 16)
    assert not CHALLENGE_CODE.fullmatch("a" * 15)
    assert not CHALLENGE_CODE.fullmatch("ä" * 16)
