"""The first page: a passage up to its first gap, on which the round then begins."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from apiflask import APIFlask
from sqlalchemy import func, select

from server.application import db
from server.store.tables import PlayerRow, RoundRow
from tests.conftest import Player

Truth = Callable[[dict[str, Any], int], str]


def shown(player: Player) -> tuple[dict[str, Any], str, str]:
    """Return the round that the first page shows, its sign, and the whole page."""
    page = player.client.get("/").get_data(as_text=True)
    data = re.search(r'id="round-data">(.*?)</script>', page, re.DOTALL)
    sign = re.search(r'data-sign="([^"]*)"', page)
    assert data is not None
    return json.loads(data[1]), sign[1] if sign else "", page


def test_the_round_begins_on_the_passage_that_was_shown(alice: Player) -> None:
    for _ in range(4):
        first, sign, page = shown(alice)
        assert first["id"] == ""
        assert first["text"] in page.replace("&#39;", "'").replace("&#34;", '"')
        begun = alice.client.post("/api/v1/rounds", json={"passage": sign}).get_json()
        assert begun["text"] == first["text"]
        assert begun["asked"] == first["asked"]
        alice.answer(begun["id"], begun["asked"]["position"], None)


def test_the_page_holds_nothing_beyond_the_gap(alice: Player, truth: Truth) -> None:
    first, sign, page = shown(alice)
    begun = alice.client.post("/api/v1/rounds", json={"passage": sign}).get_json()
    finished = alice.play(lambda _: None, passage=sign)
    assert finished["id"] == begun["id"]
    rest = finished["text"][len(first["text"]) :]
    assert len(rest) > 200
    assert all(rest[i : i + 20] not in page for i in range(0, len(rest) - 20, 5))


def test_a_look_writes_nothing_and_sets_no_cookie(app: APIFlask, alice: Player) -> None:
    response = alice.client.get("/")
    assert "Set-Cookie" not in response.headers
    assert alice.client.head("/").status_code == 200
    with app.app_context():
        for table in (PlayerRow, RoundRow):
            assert db.session.scalar(select(func.count()).select_from(table)) == 0


def test_a_round_that_waits_for_its_first_answer_is_shown_again(alice: Player) -> None:
    begun = alice.start()
    first, sign, _ = shown(alice)
    assert (first["id"], sign) == (begun["id"], "")


def test_a_round_left_in_the_middle_can_be_continued(alice: Player) -> None:
    begun = alice.start()
    assert "Continue" not in shown(alice)[2]
    alice.answer(begun["id"], begun["asked"]["position"], None)
    first, _, page = shown(alice)
    assert first["text"] != begun["text"]
    assert "Continue" in page
    assert f"/rounds/{begun['id']}" in page


def test_a_sign_that_is_not_ours_begins_another_passage(alice: Player) -> None:
    for sign in ("", "x", "MQ.aaaa.bbbb"):
        response = alice.client.post("/api/v1/rounds", json={"passage": sign})
        assert response.status_code in (200, 201)


def test_a_passage_that_was_played_meanwhile_is_not_played_again(alice: Player) -> None:
    _, sign, _ = shown(alice)
    state = alice.play(lambda _: None, passage=sign)
    again = alice.start(passage=sign)
    assert again["passage"]["title"] != state["passage"]["title"]
    assert not again["repeated"]


def test_without_script_a_button_begins_the_round_that_is_shown(alice: Player) -> None:
    first, sign, _ = shown(alice)
    response = alice.client.post("/play", data={"passage": sign, "guess": ""})
    assert response.status_code == 303
    page = alice.client.get(response.headers["Location"]).get_data(as_text=True)
    data = re.search(r'id="round-data">(.*?)</script>', page, re.DOTALL)
    assert data is not None
    assert json.loads(data[1])["text"] == first["text"]


def test_the_page_says_how_today_stands(alice: Player) -> None:
    assert "not played yet" in shown(alice)[2]
    alice.play(lambda _: None, daily=True)
    page = shown(alice)[2]
    assert "you got 0 of 12" in page
    assert "next in" in page
