"""Who answered nothing is deleted after a week, who is idle for two years is nobody's any more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from apiflask import APIFlask
from sqlalchemy import func, select, update

from server.application import db
from server.services.operations.audit import BY_COMMAND, Operator
from server.services.operations.purging import Purged, purge
from server.store.tables import GuessRow, PassageRow, PlayerRow, RoundRow
from tests.conftest import Player
from tests.web.test_export import at_a_human_pace

TEXT = (
    "When the rain had stopped, the children ran down to the river and looked for the boat that "
    "their uncle had left there in the spring, tied with an old rope to the largest of the trees. "
    "The water was high and brown, and the boat was gone."
)


def count(app: APIFlask, table: Any) -> int:
    with app.app_context():
        return db.session.scalars(select(func.count()).select_from(table)).one()


def purged(app: APIFlask, later: timedelta) -> Purged:
    with app.app_context():
        return purge(db.session, Operator(BY_COMMAND, datetime.now(UTC) + later))


def test_who_answers_nothing_is_deleted_after_a_week(
    app: APIFlask, alice: Player, bob: Player
) -> None:
    alice.play(lambda _: "the")
    bob.start()
    assert purged(app, timedelta(days=6)) == Purged(0, 0)
    assert purged(app, timedelta(days=8)) == Purged(1, 0)
    assert [count(app, table) for table in (PlayerRow, RoundRow)] == [1, 1]
    assert bob.client.get("/api/v1/player/data").status_code == 404
    assert purged(app, timedelta(days=8)) == Purged(0, 0)


def test_after_two_years_no_cookie_leads_to_the_answers_which_stay(
    app: APIFlask, alice: Player
) -> None:
    alice.play(lambda _: "the")
    alice.client.patch("/api/v1/player", json={"nickname": "Alice"})
    assert alice.client.post("/api/v1/try/rounds", json={"text": TEXT}).status_code == 201
    at_a_human_pace(app)
    before = app.test_client().get("/api/v1/stats").get_json()["guesses"]
    assert purged(app, timedelta(days=729)) == Purged(0, 0)
    assert purged(app, timedelta(days=732)) == Purged(0, 1)
    assert purged(app, timedelta(days=732)) == Purged(0, 0)
    with app.app_context():
        player = db.session.scalars(select(PlayerRow)).one()
        assert (player.nickname, player.unlinked_at is None) == (None, False)
        owned = select(func.count()).where(PassageRow.owner_id.is_not(None))
        assert db.session.scalar(owned) == 0
    assert alice.client.get("/api/v1/player/data").status_code == 404
    assert count(app, GuessRow) == 12
    assert app.test_client().get("/api/v1/stats").get_json()["guesses"] == before == 12
    assert "give the same" in app.test_cli_runner().invoke(args=["stats", "check"]).output


def test_who_played_since_is_left_alone(app: APIFlask, alice: Player) -> None:
    alice.play(lambda _: "the")
    with app.app_context():
        long_ago = datetime.now(UTC) - timedelta(days=900)
        db.session.execute(update(PlayerRow).values(created_at=long_ago))
        db.session.commit()
    assert purged(app, timedelta(0)) == Purged(0, 0)


def test_the_command_says_what_it_did(app: APIFlask, bob: Player) -> None:
    bob.start()
    with app.app_context():
        db.session.execute(update(PlayerRow).values(created_at=datetime(2020, 1, 1, tzinfo=UTC)))
        db.session.commit()
    ran = app.test_cli_runner().invoke(args=["purge"])
    assert ran.output.strip() == (
        "Deleted 1 player without an answer; unlinked 0 idle players; closed 0 rooms."
    )
