"""The crowd everywhere: at a position, on the result page, in the statistics, in the export."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import update

from server.application import db
from server.domain.text.tokens import folded
from server.services.play import choosing
from server.store.statistics.crowd import CrowdStatisticsRow, kept_crowd
from server.store.tables import GuessRow
from tests.conftest import CreateApp, Player, settings_for
from tests.databases import on_sqlite
from tests.waiting import PATIENCE_S

WORDS = ("time", "house", "the")
THOUGHTFUL_MS = 2_000
WHOLE = 12  # answers of a round
Truth = Callable[[dict[str, Any], int], str]


@pytest.fixture
def one_passage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let whoever comes first draw the same passage."""
    monkeypatch.setattr(choosing, "_anywhere", lambda: 0.0)


def crowd_of(
    app: APIFlask, players: int, truth: Truth, *, daily: bool = True, answers: int = WHOLE
) -> tuple[Player, dict[str, Any]]:
    """Let so many play today's passage; of ten, three know the first word, one skips all.

    The last one, who is returned, finishes the round; the others leave after so many answers.
    """
    for number in range(players):
        player = Player(app.test_client())
        asked = WHOLE if number == players - 1 else answers

        def choose(state: dict[str, Any], number: int = number) -> str | None:
            if number % 10 == 9:
                return None
            if number % 10 < 3 and state["asked"]["index"] == 0:
                return truth(state, state["asked"]["position"]).strip().upper()
            return WORDS[(number + state["asked"]["index"]) % 3]

        state = player.play(choose, asked, daily=daily)
    with app.app_context():
        db.session.execute(update(GuessRow).values(elapsed_ms=THOUGHTFUL_MS))
        db.session.commit()
    return player, state


def position_of(player: Player, state: dict[str, Any], index: int) -> Any:
    position = state["answers"][index]["position"]
    return player.client.get(f"/api/v1/positions/{state['id']}.{position}")


def test_ten_players_make_a_crowd(app: APIFlask, truth: Truth) -> None:
    player, state = crowd_of(app, 12, truth, answers=2)
    view = position_of(player, state, 0).get_json()
    crowd = view["crowd"]
    assert (crowd["players"], crowd["silent"]) == (12, 1)
    assert sum(answer["count"] for answer in crowd["answers"]) == 11
    right = [answer for answer in crowd["answers"] if answer["right"]]
    assert [answer["count"] for answer in right] == [5]
    assert folded(right[0]["text"]) == folded(view["target"])
    assert right[0]["probability"] >= view["target_probability"]
    assert crowd["choice"] == {"text": right[0]["text"], "right": True}
    assert 0 <= crowd["distance"]["value"] <= 1
    page = player.client.get(f"/rounds/{state['id']}/result").get_data(as_text=True)
    assert "How others answered" in page


@on_sqlite
def test_nine_are_none(app: APIFlask, truth: Truth) -> None:
    player, state = crowd_of(app, 9, truth, answers=2)
    view = position_of(player, state, 0).get_json()
    assert view["crowd"] is None
    assert view["target"]
    page = player.client.get(f"/rounds/{state['id']}/result").get_data(as_text=True)
    assert "How others answered" not in page


def test_only_who_has_settled_a_position_sees_it(app: APIFlask, truth: Truth, bob: Player) -> None:
    player, state = crowd_of(app, 12, truth, answers=2)
    assert position_of(bob, state, 0).status_code == 404
    open_round = bob.start(daily=True)
    asked = open_round["asked"]["position"]
    url = f"/api/v1/positions/{open_round['id']}.{asked}"
    assert bob.client.get(url).status_code == 404
    bob.answer(open_round["id"], asked, "oak")
    told = bob.client.get(url).get_json()
    assert told["crowd"]["players"] == 13
    for malformed in ("x", f"{state['id']}.", f"{state['id']}.9999999999"):
        assert player.client.get(f"/api/v1/positions/{malformed}").status_code == 404


def test_assisted_and_repeated_answers_are_not_the_crowd_s(
    app: APIFlask, truth: Truth, bob: Player
) -> None:
    player, state = crowd_of(app, 12, truth, answers=2)
    again = Player(player.client).play(lambda _state: "again", daily=True, unit="words")
    assert again["id"] == state["id"]
    bob.play(lambda asked: asked["asked"]["suggestions"][0], daily=True, assisted=True)
    assert position_of(player, state, 0).get_json()["crowd"]["players"] == 12


@pytest.mark.usefixtures("one_passage")
def test_a_room_is_a_part_of_the_crowd_once_its_words_are_revealed(
    app: APIFlask, truth: Truth
) -> None:
    player, state = crowd_of(app, 12, truth, daily=False, answers=2)
    title = state["passage"]["title"]
    host = app.test_client()
    (choice,) = [
        choice
        for choice in host.get("/api/v1/rooms/choices").get_json()["passages"]
        if choice["title"] == title
    ]
    room = host.post("/api/v1/rooms", json={"passage": choice["passage"], "words": 2}).get_json()
    url = f"/api/v1/rooms/{room['code']}"
    newcomer, known = app.test_client(), player.client
    for client in (newcomer, known):
        assert client.post(f"{url}/players", json={}).status_code == 201
    host.post(f"{url}/next", json={})
    for client in (newcomer, known):
        assert client.post(f"{url}/answers", json={"text": "yes"}).status_code == 200
    other, other_state = crowd_of(app, 1, truth, daily=False)
    assert position_of(other, other_state, 0).get_json()["crowd"]["players"] == 13
    host.post(f"{url}/reveal", json={})
    after = position_of(other, other_state, 0).get_json()["crowd"]
    assert after["players"] == 14  # who had met the passage before is not counted again
    host.post(f"{url}/end", json={})


@pytest.mark.usefixtures("one_passage")
def test_the_statistics_say_how_often_a_crowd_is_right(app: APIFlask, truth: Truth) -> None:
    player, _ = crowd_of(app, 12, truth, daily=False)
    (view,) = player.client.get("/api/v1/stats/crowd").get_json()["opponents"]
    assert (view["model"]["name"], view["unit"], view["positions"]) == ("bundled", "words", 12)
    sizes = {one["size"]: one for one in view["accuracies"]}
    assert set(sizes) == {1, 3, 10}
    # Of those who count, one in eleven positions apart, five know one word of twelve.
    assert sizes[1]["crowd"]["value"] == sizes[1]["person"]["value"]
    assert 0 <= view["distance"]["value"] <= 1
    page = player.client.get("/stats").get_data(as_text=True)
    assert "The crowd against" in page
    assert "Most frequent answer of" in page


def test_a_daily_round_s_own_positions_are_in_no_statistics(
    app: APIFlask, truth: Truth, tmp_path: Path
) -> None:
    player, _ = crowd_of(app, 12, truth)
    assert player.client.get("/api/v1/stats/crowd").get_json()["opponents"] == []
    file = tmp_path / "cloze.jsonl"
    ran = app.test_cli_runner().invoke(args=["export", "cloze", str(file)])
    assert ran.exit_code == 0, ran.output
    assert not file.read_text()


@pytest.mark.usefixtures("one_passage")
def test_norms_are_a_row_for_each_answer(app: APIFlask, truth: Truth, tmp_path: Path) -> None:
    player, state = crowd_of(app, 14, truth, daily=False)
    file = tmp_path / "cloze.jsonl"
    ran = app.test_cli_runner().invoke(args=["export", "cloze", str(file)])
    assert ran.exit_code == 0, ran.output
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    by_position: Counter[int] = Counter()
    for row in rows:
        by_position[row["position"]] += row["count"]
    asked = [answer["position"] for answer in state["answers"]]
    assert by_position == dict.fromkeys(asked, 13)
    first = [row for row in rows if row["position"] == asked[0]]
    crowd = position_of(player, state, 0).get_json()["crowd"]
    assert {row["guess"]: row["count"] for row in first} == {
        answer["text"]: answer["count"] for answer in crowd["answers"]
    }
    analysed = app.test_cli_runner().invoke(
        args=["study", "analyse", str(file), "--json", "--strict"]
    )
    assert analysed.exit_code == 0, analysed.output
    assert json.loads(analysed.stdout)["guesses"]["words"]["n"] == 12 * 13


@pytest.mark.usefixtures("one_passage")
def test_the_crowd_is_counted_once_an_hour(
    create: CreateApp, database_url: str, truth: Truth
) -> None:
    app = create(settings_for(database_url, statistics_every_s=1))
    app.testing = True

    def looked() -> dict[str, Any]:
        return dict(app.test_client().get("/api/v1/stats/crowd").get_json())

    first = looked()
    assert first["opponents"] == []
    crowd_of(app, 12, truth, daily=False)
    assert looked() == first
    with app.app_context():
        earlier = kept_crowd(db.session).begun_at - timedelta(hours=1)
        db.session.execute(update(CrowdStatisticsRow).values(begun_at=earlier))
        db.session.commit()
    looked()  # an old count is shown once more, while a new one is made
    deadline = time.monotonic() + PATIENCE_S
    while looked() == first and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [view["positions"] for view in looked()["opponents"]] == [12]


@on_sqlite
@pytest.mark.parametrize("path", ["/api/v1/stats/crowd", "/stats"])
def test_without_answers_there_is_no_crowd(app: APIFlask, path: str) -> None:
    answer = app.test_client().get(path)
    assert answer.status_code == 200
    assert "The crowd against" not in answer.get_data(as_text=True)
