"""The public figures can't be bought: what one address contributes, and when a round counts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import inspect, select, update

from server.application import db
from server.services.statistics.admission import release
from server.services.statistics.opponent_views import large_enough
from server.store.operations.tables import AddressDayRow
from server.store.tables import RoundRow
from tests.conftest import CreateApp, Player, settings_for
from tests.databases import on_sqlite
from tests.web.test_export import at_a_human_pace, lines
from tests.web.test_modes import place_bet

Truth = Callable[[dict[str, Any], int], str]
CELLS = ("modes", "genres", "entropy", "periods")


def shown(app: APIFlask) -> dict[str, Any]:
    return dict(app.test_client().get("/api/v1/stats").get_json())


def play_from(app: APIFlask, address: str, text: str = "the") -> None:
    """Play a round as a new player from an address."""
    client = app.test_client()
    client.environ_base["REMOTE_ADDR"] = address
    Player(client).play(lambda _: text)


def test_of_one_address_only_its_share_of_a_day_counts(
    create: CreateApp, database_url: str
) -> None:
    app = create(settings_for(database_url, rounds_per_address=2))
    for host in range(5):
        play_from(app, f"2001:db8::{host + 1}")  # one subscriber, a new address each time
    play_from(app, "192.0.2.7")
    at_a_human_pace(app)
    assert (shown(app)["players"], shown(app)["guesses"]) == (3, 36)
    assert [row["excluded"] for row in lines(app, "guesses")].count(True) == 36
    assert "give the same" in app.test_cli_runner().invoke(args=["stats", "check"]).output


def test_rounds_of_a_challenge_are_in_an_address_s_share_too(
    create: CreateApp, database_url: str
) -> None:
    app = create(settings_for(database_url, rounds_per_address=2))
    asker = Player(app.test_client())
    state = asker.play(lambda _: "the")
    sent = asker.client.post(f"/api/v1/rounds/{state['id']}/challenge", json={}).get_json()
    for _ in range(4):
        friend = app.test_client()
        friend.environ_base["REMOTE_ADDR"] = "192.0.2.7"
        Player(friend).play(lambda _: "the", challenge=sent["code"])
    at_a_human_pace(app)
    assert (shown(app)["players"], shown(app)["guesses"]) == (3, 36)


def test_rounds_of_a_day_and_of_its_challenges_compare_nobody(app: APIFlask) -> None:
    ada, bob = Player(app.test_client()), Player(app.test_client())
    state = ada.play(lambda _: "the", daily=True)
    sent = ada.client.post(f"/api/v1/rounds/{state['id']}/challenge", json={}).get_json()
    bob.play(lambda _: "the", challenge=sent["code"])
    at_a_human_pace(app)
    assert shown(app)["opponents"] == []
    for player in (ada, bob):
        assert player.client.get("/api/v1/player").get_json()["ability"] is None


def test_no_address_is_stored_and_its_hash_is_gone_the_next_day(
    create: CreateApp, database_url: str
) -> None:
    app = create(settings_for(database_url, rounds_per_address=2))
    play_from(app, "192.0.2.7")
    with app.app_context():
        [kept] = db.session.scalars(select(AddressDayRow)).all()
        assert "192.0.2.7" not in kept.digest
        assert kept.rounds == 1
        columns = {c.key for c in inspect(AddressDayRow).columns}
        assert columns == {"day", "digest", "rounds"}, "it leads to no round, player or answer"
        release(db.session, datetime.now(UTC) + timedelta(days=1))
        assert db.session.scalars(select(AddressDayRow)).all() == []


def test_a_round_counts_a_day_after_its_last_answer(create: CreateApp, database_url: str) -> None:
    app = create(settings_for(database_url, quarantine_hours=24))
    alice = Player(app.test_client())
    alice.play(lambda _: "the")
    at_a_human_pace(app)
    assert shown(app)["guesses"] == 0
    assert alice.client.get("/api/v1/player").get_json()["guesses"] == 12, (
        "theirs are theirs at once"
    )
    assert {row["excluded"] for row in lines(app, "guesses")} == {True}
    with app.app_context():
        [row] = db.session.scalars(select(RoundRow)).all()
        assert row.counts_from is not None
        assert timedelta(hours=23) < row.counts_from - datetime.now(UTC) < timedelta(hours=25)
        db.session.execute(update(RoundRow).values(counts_from=datetime.now(UTC)))
        db.session.commit()
    assert shown(app)["guesses"] == 12
    assert {row["excluded"] for row in lines(app, "guesses")} == {False}
    assert "give the same" in app.test_cli_runner().invoke(args=["stats", "check"]).output


def test_beyond_an_address_s_share_a_round_never_counts_however_long_it_waits(
    create: CreateApp, database_url: str
) -> None:
    app = create(settings_for(database_url, quarantine_hours=24, rounds_per_address=1))
    play_from(app, "192.0.2.7")
    play_from(app, "192.0.2.7")
    at_a_human_pace(app)
    with app.app_context():
        release(db.session, datetime.now(UTC) + timedelta(days=400))
    assert shown(app)["guesses"] == 12


def test_who_is_always_right_is_left_out(app: APIFlask, alice: Player, truth: Truth) -> None:
    for _ in range(2):
        alice.play(lambda s: truth(s, s["asked"]["position"]).strip())
    at_a_human_pace(app)
    body = shown(app)
    assert (body["guesses"], body["left_out"]["outlying"]) == (0, 1)
    assert "1 player right so often or so seldom" in app.test_client().get("/stats").text


def test_an_open_position_is_in_no_number_until_its_bet_is_placed(
    app: APIFlask, alice: Player, bob: Player
) -> None:
    """Bob's rounds fill the cells; then nothing may change while Alice has still to bet."""
    state = bob.start(mode="bet")
    while not state["finished"]:
        state = place_bet(bob, state, "water")["round"]
    at_a_human_pace(app)
    state = alice.start(mode="bet")
    for _ in range(4):
        before = shown(app)["opponents"]
        assert alice.answer(state["id"], state["asked"]["position"], "water").status_code == 200
        assert shown(app)["opponents"] == before
        exported = [row for row in lines(app, "guesses") if row["excluded"]]
        assert len(exported) == 1
        state = place_bet(alice, state, "water")["round"]
        assert shown(app)["opponents"] != before


def test_an_open_try_is_in_no_number(app: APIFlask, alice: Player, bob: Player) -> None:
    bob.play(lambda _: None, mode="tries")
    state = alice.start(mode="tries")
    before = shown(app)["opponents"]
    assert alice.answer(state["id"], state["asked"]["position"], "water").status_code == 200
    assert shown(app)["opponents"] == before


def test_small_cells_are_withheld_and_none_is_the_rest_of_a_sum(
    app: APIFlask, alice: Player
) -> None:
    alice.play(lambda _: "the")
    at_a_human_pace(app)
    [opponent] = shown(app)["opponents"]
    for name in CELLS:
        assert all(cell["guesses"] >= 5 for cell in opponent[name])
        total = sum(cell["guesses"] for cell in opponent[name]) + opponent["withheld"][name]
        assert total == 12


def test_one_small_cell_takes_the_next_smallest_with_it() -> None:
    from types import SimpleNamespace

    def cells(*sizes: int) -> Any:
        return [SimpleNamespace(counts=SimpleNamespace(n=n)) for n in sizes]

    def sizes(*given: int) -> list[int]:
        return [cell.counts.n for cell in large_enough(cells(*given))]

    assert sizes(40, 4, 9, 30) == [40, 30]
    assert sizes(40, 4, 1, 30) == [40, 30]
    assert sizes(40, 5, 30) == [40, 5, 30]
    assert sizes(4) == []


@on_sqlite
@pytest.mark.parametrize("path", ["/methods", "/stats"])
def test_the_rule_is_stated(create: CreateApp, database_url: str, path: str) -> None:
    settings = settings_for(database_url, quarantine_hours=24, rounds_per_address=30)
    page = create(settings).test_client().get(path).text
    assert "A round counts 24 hours after its last answer" in page
    assert "the first 30 rounds of a day count" in page
