"""The operator's morning: what it says, what can be done there, and the line that each leaves."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from server.application import db
from server.services.research.records import Kind
from server.store.operations.tables import AdminActionRow
from server.store.tables import GuessRow, PassageRow, PlayerRow, RoundRow, ScoredPassageRow
from tests.conftest import CreateApp, Player, settings_for
from tests.databases import on_sqlite
from tests.web.test_admin import BEARER, JSON
from tests.web.test_export import at_a_human_pace

Truth = Callable[[dict[str, Any], int], str]
HTML = {"Accept": "text/html"}
TEXT = " ".join(["The lamp stood by the window and the street below was quiet."] * 12)


@pytest.fixture
def admin(app: APIFlask) -> FlaskClient:
    return app.test_client()


def seen(admin: FlaskClient) -> dict[str, Any]:
    response = admin.get("/admin", headers=BEARER | JSON)
    assert response.status_code == 200, response.text
    return dict(response.get_json())


def press(admin: FlaskClient, path: str, **fields: Any) -> int:
    return admin.post(f"/admin{path}", data=fields, headers=BEARER | HTML).status_code


def actions(app: APIFlask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(select(AdminActionRow.action).order_by(AdminActionRow.id)))


def test_an_empty_service_has_a_quiet_morning(empty_app: APIFlask) -> None:
    page = empty_app.test_client().get("/admin", headers=BEARER | HTML)
    assert page.status_code == 200
    assert "So far today nobody played." in page.text
    assert "Nothing needs a hand this morning." in page.text
    body = empty_app.test_client().get("/admin", headers=BEARER | JSON).get_json()
    assert [day["rounds"] for day in body["days"]] == [0] * 14


@pytest.mark.parametrize("path", ["/admin", "/admin/"])
def test_only_the_token_opens_it(app: APIFlask, path: str) -> None:
    assert app.test_client().get(path).status_code == 401
    assert app.test_client().post("/admin/players/flag", data={"name": "x"}).status_code == 401


@on_sqlite
def test_without_a_token_nothing_of_it_exists(create: CreateApp, database_url: str) -> None:
    client = create(settings_for(database_url, admin_token="")).test_client()
    assert client.get("/admin", headers=BEARER).status_code == 404
    assert client.post("/admin/players/flag", headers=BEARER).status_code == 404


def test_a_page_elsewhere_cannot_press_its_buttons(admin: FlaskClient) -> None:
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        response = admin.post("/admin/players/flag", data={"name": "x"}, headers=BEARER | headers)
        assert response.status_code == 403


def test_it_counts_days_returns_and_where_people_left(
    app: APIFlask, admin: FlaskClient, alice: Player, bob: Player
) -> None:
    alice.play(lambda _: "the")
    state = bob.start()
    for _ in range(3):
        position = state["asked"]["position"]
        state = bob.answer(state["id"], position, "the").get_json()["round"]
    yesterday = datetime.now(UTC) - timedelta(days=1)
    with app.app_context():
        db.session.execute(update(RoundRow).values(started_on=yesterday.date(), asked_at=yesterday))
        db.session.execute(update(PlayerRow).values(created_at=yesterday - timedelta(days=1)))
        db.session.commit()
    body = seen(admin)
    assert body["days"][-2] == {
        "date": yesterday.date().isoformat(),
        "players": 2,
        "new_players": 0,
        "rounds": 2,
        "finished": 1,
    }
    assert body["days"][-3]["new_players"] == 2
    assert body["returns"][0] == {"after_days": 1, "new_players": 2, "returned": 2}
    assert body["left_after"] == {"3": 1}
    page = admin.get("/admin", headers=BEARER | HTML).text
    assert "Yesterday 2 players (0 new) began 2 rounds and finished 1" in page
    assert "Of 2 newcomers, 2 came back the next day (100%)." in page
    assert "left unfinished, most often after 3 answers" in page
    assert page.count("<svg role=") == 4
    assert "style=" not in page


def test_words_that_everybody_or_nobody_had_are_named_once_they_are_settled(
    app: APIFlask, admin: FlaskClient, truth: Truth
) -> None:
    for _ in range(5):
        Player(app.test_client()).play(
            lambda s: (
                truth(s, s["asked"]["position"]).strip() if s["asked"]["index"] % 2 else "zebra"
            ),
            daily=True,
        )
    places = seen(admin)["odd_places"]
    assert {place["why"] for place in places} >= {"everybody", "nobody"}
    assert all(place["guesses"] >= 5 for place in places)
    assert seen(admin)["hardest"][0]["guesses"] == 60


def test_an_odd_player_is_named_with_a_reason_and_flagged_with_a_press(
    app: APIFlask, admin: FlaskClient, alice: Player, truth: Truth
) -> None:
    for _ in range(2):
        alice.play(lambda s: truth(s, s["asked"]["position"]).strip())
    at_a_human_pace(app)
    [suspect] = seen(admin)["suspects"]
    assert (suspect["rounds"], suspect["reasons"]) == (2, ["outlying"])
    assert press(admin, "/players/flag", name=suspect["name"]) == 303
    assert seen(admin)["suspects"] == []
    assert press(admin, "/players/flag", name=suspect["name"], undo="true") == 303
    assert len(seen(admin)["suspects"]) == 1
    assert [action for action in actions(app) if action != "look"] == ["flag", "unflag"]


def test_a_window_is_flagged_and_undone_on_the_page(
    app: APIFlask, admin: FlaskClient, alice: Player
) -> None:
    alice.play(lambda _: "the")
    since, until = (
        (datetime.now(UTC) + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M")
        for minutes in (-5, 5)
    )
    assert press(admin, "/players/flag-window", since=since, until=until, least_right="") == 303
    [flagging] = seen(admin)["flaggings"]
    assert (flagging["players"], flagging["undone_at"]) == (1, None)
    assert press(admin, "/players/undo-flagging", number=flagging["id"]) == 303
    assert seen(admin)["flaggings"][0]["players"] == 0
    assert press(admin, "/players/flag-window", since=until, until=since) == 422
    assert press(admin, "/players/flag-window", since="yesterday", until=since) == 422
    assert press(admin, "/players/undo-flagging", number="x") == 422


def test_a_retired_passage_is_drawn_no_more_and_the_draw_stays_dense(
    app: APIFlask, admin: FlaskClient
) -> None:
    def numbers() -> list[int]:
        with app.app_context():
            drawn = select(ScoredPassageRow.draw_number).where(
                ScoredPassageRow.draw_number.is_not(None)
            )
            return sorted(number for number in db.session.scalars(drawn) if number)

    everything = numbers()
    with app.app_context():
        first = db.session.scalars(select(PassageRow).order_by(PassageRow.id)).first()
        assert first is not None
        number, title = first.id, first.title
    for _ in range(2):  # twice is once
        assert press(admin, "/passages/retire", number=number) == 303
    assert numbers() == everything[:-1]
    titles = set()
    for _ in range(len(everything) - 1):
        player = Player(app.test_client())
        titles.add(player.start()["passage"]["title"])
    assert title not in titles
    assert seen(admin)["retired"] == [[number, title]]
    assert press(admin, "/passages/retire", number=number, undo="true") == 303
    assert numbers() == everything
    assert press(admin, "/passages/retire", number=987_654) == 404


def test_a_nickname_is_hidden_from_others_and_shown_again(
    app: APIFlask, admin: FlaskClient, alice: Player, bob: Player
) -> None:
    def names() -> list[str]:
        rows = bob.client.get("/api/v1/leaderboard").get_json()["rows"]
        return [row["name"] for row in rows if not row["model"]]

    alice.client.patch("/api/v1/player", json={"nickname": "Rude"})
    alice.play(lambda _: "the", daily=True)
    assert names() == ["Rude"]
    assert press(admin, "/players/hide-nickname", nickname="Rude") == 303
    assert names() == []
    alice.client.patch("/api/v1/player", json={"nickname": "Ruder"})
    assert names() == [], "another name is hidden, too"
    assert press(admin, "/players/hide-nickname", nickname="Rude") == 404
    assert press(admin, "/players/hide-nickname", nickname="Ruder", undo="true") == 303
    assert names() == ["Ruder"]
    log = [action for action in actions(app) if action != "look"]
    assert log == ["hide nickname", "show nickname again"]


def test_who_is_hidden_is_listed_and_shown_again_under_whatever_name(
    app: APIFlask, admin: FlaskClient, alice: Player, bob: Player
) -> None:
    for player in (alice, bob):
        player.client.patch("/api/v1/player", json={"nickname": "Rude"})
        player.play(lambda _: "the", daily=True)
    assert press(admin, "/players/hide-nickname", nickname="Rude") == 303
    alice.client.patch("/api/v1/player", json={"nickname": "Kind"})
    hidden = {one["nickname"]: one["name"] for one in seen(admin)["hidden"]}
    assert hidden.keys() == {"Rude", "Kind"}
    page = admin.get("/admin", headers=BEARER | HTML).text
    assert "Kind" in page
    assert "Show again" in page
    assert press(admin, "/players/show-name", name=hidden["Kind"]) == 303
    assert [one["nickname"] for one in seen(admin)["hidden"]] == ["Rude"]
    rows = bob.client.get("/api/v1/leaderboard").get_json()["rows"]
    assert "Kind" in [row["name"] for row in rows]
    assert press(admin, "/players/show-name", name="nobody") == 404
    assert press(admin, "/players/show-name") == 422
    log = [action for action in actions(app) if action != "look"]
    assert log == ["hide nickname", "show nickname again"]


def test_a_challenge_is_ended_for_good(app: APIFlask, admin: FlaskClient, alice: Player) -> None:
    rounds = [alice.play(lambda _: "the")["id"] for _ in range(2)]
    for number, round_id in enumerate(rounds):
        sent = alice.client.post(f"/api/v1/rounds/{round_id}/challenge", json={}).get_json()
        named = sent["url"] if number else sent["code"]
        assert press(admin, "/challenges/end", code=named) == 303
        assert admin.get(f"/c/{sent['code']}").status_code == 404
        assert press(admin, "/challenges/end", code=named) == 404
        again = alice.client.post(f"/api/v1/rounds/{round_id}/challenge", json={})
        assert again.status_code == 409
    assert press(admin, "/challenges/end") == 422
    assert [action for action in actions(app) if action != "look"] == ["end challenge"] * 2


@pytest.mark.parametrize("named", ["{}", "http://localhost/r/{}", "http://localhost/r/{}/host"])
def test_a_room_is_ended_for_everybody(app: APIFlask, admin: FlaskClient, named: str) -> None:
    host = app.test_client()
    code = host.post("/api/v1/rooms", json={"text": TEXT}).get_json()["code"]
    host.post(f"/api/v1/rooms/{code}/next", json={})
    assert press(admin, "/rooms/end", code=named.format(code)) == 303
    state = host.get(f"/api/v1/rooms/{code}").get_json()
    assert (state["state"], state["passage"], state["text"]) == ("finished", None, "")
    assert press(admin, "/rooms/end", code="BCDFGH") == 404
    assert press(admin, "/rooms/end") == 422
    assert [action for action in actions(app) if action != "look"] == ["end room"]


def test_rooms_are_counted_beside_rounds(app: APIFlask, admin: FlaskClient) -> None:
    host, ann = app.test_client(), app.test_client()
    code = host.post("/api/v1/rooms", json={"words": 1}).get_json()["code"]
    ann.post(f"/api/v1/rooms/{code}/players", json={})
    host.post(f"/api/v1/rooms/{code}/next", json={})
    ann.post(f"/api/v1/rooms/{code}/answers", json={"text": "oak"})
    before, now = seen(admin)["rooms"]
    assert (before["rooms"], now["rooms"], now["players"], now["answers"]) == (0, 1, 1, 1)
    page = admin.get("/admin", headers=BEARER | HTML).text
    assert "Rooms: today 1 room with 1 player and 1 answer; yesterday none was opened." in page


def test_the_command_ends_a_room_too(app: APIFlask) -> None:
    host = app.test_client()
    code = host.post("/api/v1/rooms", json={"words": 1}).get_json()["code"]
    ran = app.test_cli_runner().invoke(args=["players", "end-room", code])
    assert ran.output.strip() == "The room is over."
    assert host.get(f"/api/v1/rooms/{code}").get_json()["state"] == "finished"


def test_it_says_how_fast_answers_came_and_how_many_were_refused(admin: FlaskClient) -> None:
    def answers() -> dict[str, int]:
        return dict(seen(admin)["serving"]["all"])

    before = answers()
    admin.get("/methods")
    admin.get("/no-such-page")
    admin.get("/healthz")
    after = answers()
    # The look that told `before` counts itself only afterwards.
    assert after["requests"] - before["requests"] == 3
    assert after["refused"] - before["refused"] == 1
    assert after["half_within_s"] <= (after["nearly_all_within_s"] or 10)
    since = datetime.fromisoformat(seen(admin)["serving"]["since"])
    assert datetime.now(UTC) - timedelta(days=1) < since < datetime.now(UTC)


def test_every_column_of_its_tables_has_a_name_and_every_page_a_link(
    app: APIFlask, admin: FlaskClient, alice: Player
) -> None:
    alice.play(lambda _: "the")
    for path in ("/admin", "/admin/stats"):
        page = admin.get(path, headers=BEARER | HTML).text
        heads = re.findall(r"<th scope=\"col\"[^>]*>(.*?)</th>", page)
        assert heads
        assert all(head.strip() for head in heads)
    page = admin.get("/admin", headers=BEARER | HTML).text
    for path in ("/", "/daily", "/try", "/rooms", "/leaderboard", "/stats", "/inside/swap"):
        assert f'<a href="{path}">' in page
    for kind in Kind:
        assert f"/admin/export/{kind}.jsonl.gz" in page


def test_passages_are_brought_in_by_the_command_s_rules(
    app: APIFlask, admin: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bring(name: str, content: bytes) -> Any:
        data = {"file": (io.BytesIO(content), name)}
        return admin.post("/admin/passages", data=data, headers=BEARER | HTML)

    line = (
        f'{{"title": "A lamp", "text": "{TEXT}", "source": "us", "licence": "CC0", "genre": "a"}}'
    )
    assert bring("more.jsonl", line.encode()).status_code == 303
    with app.app_context():
        titles = set(db.session.scalars(select(PassageRow.title)))
        assert "A lamp" in titles
    refused = bring("more.jsonl", b'{"title": "", "text": "x"}')
    assert refused.status_code in (400, 422)
    assert "Nothing was imported" in refused.text
    assert bring("more.exe", b"x").status_code == 422
    monkeypatch.setattr("server.web.operator.pages.LARGEST_UPLOAD_BYTES", 1_000)
    assert bring("big.txt", b"word " * 1_000).status_code == 413
    monkeypatch.undo()
    assert press(admin, "/passages") == 422
    log = [action for action in actions(app) if action != "look"]
    assert log == ["import passages"]


def test_every_look_and_export_leaves_a_line(app: APIFlask, admin: FlaskClient) -> None:
    for path in ("/admin", "/admin/stats", "/admin/export/guesses.jsonl"):
        assert admin.get(path, headers=BEARER | JSON).status_code == 200
        assert admin.get(path).status_code == 401
    with app.app_context():
        lines = db.session.execute(select(AdminActionRow.by, AdminActionRow.detail)).all()
    assert [tuple(line) for line in lines] == [
        ("web", "the morning"),
        ("web", "statistics"),
        ("web", "export of guesses"),
    ]
    # The page shows what was done and taken away, not that it was looked at.
    assert [action["detail"] for action in seen(admin)["actions"]] == ["export of guesses"]


@on_sqlite
def test_nothing_there_tells_a_word_that_is_still_asked(
    app: APIFlask, admin: FlaskClient, alice: Player, truth: Truth
) -> None:
    state = alice.start(mode="bet")
    target = truth(state, state["asked"]["position"]).strip()
    alice.answer(state["id"], state["asked"]["position"], "zebra")
    with app.app_context():
        assert db.session.scalars(select(GuessRow.target)).one().strip() == target
    for headers in (JSON, HTML):
        text = admin.get("/admin", headers=BEARER | headers).text
        assert not re.search(rf"\b{re.escape(target)}\b", text.partition("odd_places")[2][:200])
    assert seen(admin)["odd_places"] == []
