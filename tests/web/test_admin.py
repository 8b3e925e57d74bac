"""The admin's statistics."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from tests.conftest import ADMIN_TOKEN, CreateApp, Player, settings_for
from tests.databases import on_sqlite

Truth = Callable[[dict[str, Any], int], str]
BEARER = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
JSON = {"Accept": "application/json"}


@pytest.fixture
def admin(app: APIFlask) -> FlaskClient:
    return app.test_client()


@on_sqlite
def test_without_a_configured_token_the_page_does_not_exist(
    create: CreateApp, database_url: str
) -> None:
    app = create(settings_for(database_url, admin_token=""))
    client = app.test_client()
    assert client.get("/admin/stats", headers=BEARER).status_code == 404
    assert client.get("/admin/stats", headers={"Authorization": "Bearer "}).status_code == 404


@on_sqlite
@pytest.mark.parametrize("header", [None, "Bearer wrong", "Bearer", "Bearer ünïcode", "Basic !!"])
def test_a_wrong_token_is_refused(admin: FlaskClient, header: str | None) -> None:
    headers = {"Authorization": header} if header else {}
    response = admin.get("/admin/stats", headers=headers)
    assert response.status_code == 401
    assert response.content_type == "application/problem+json"
    assert "WWW-Authenticate" in response.headers


@on_sqlite
def test_a_browser_is_asked_for_a_password(admin: FlaskClient) -> None:
    response = admin.get("/admin/stats", headers={"Accept": "text/html"})
    assert response.headers["WWW-Authenticate"].startswith("Basic")


@on_sqlite
def test_a_browser_may_send_the_token_as_its_password(admin: FlaskClient) -> None:
    credentials = base64.b64encode(f"anyone:{ADMIN_TOKEN}".encode()).decode()
    headers = {"Authorization": f"Basic {credentials}", "Accept": "text/html"}
    response = admin.get("/admin/stats", headers=headers)
    assert response.status_code == 200
    assert response.mimetype == "text/html"


def test_an_empty_database_gives_zeros_and_a_sentence(empty_app: APIFlask) -> None:
    client = empty_app.test_client()
    body = client.get("/admin/stats", headers=BEARER | JSON).get_json()
    assert (body["players"], body["rounds"], body["guesses"]) == (0, 0, 0)
    assert body["groups"] == []
    assert len(body["days"]) == 30
    assert body["days"][-1] == {
        "date": datetime.now(UTC).date().isoformat(),
        "players": 0,
        "rounds": 0,
        "guesses": 0,
    }
    page = client.get("/admin/stats", headers=BEARER | {"Accept": "text/html"})
    assert "Nobody has answered yet" in page.get_data(as_text=True)


def test_groups_compare_both_sides_on_the_same_positions(
    admin: FlaskClient, alice: Player, bob: Player, truth: Truth
) -> None:
    right = alice.play(lambda s: truth(s, s["asked"]["position"]).strip())
    wrong = bob.play(lambda s: None)
    bob.play(lambda s: s["asked"]["suggestions"][0], assisted=True)
    body = admin.get("/admin/stats", headers=BEARER | JSON).get_json()
    assert (body["players"], body["rounds"], body["guesses"]) == (2, 3, 36)
    assert [group["assisted"] for group in body["groups"]] == [False, True]
    group = body["groups"][0]
    answers = right["answers"] + wrong["answers"]
    model_right = sum(answer["model_right"] for answer in answers)
    assert (group["mode"], group["unit"], group["model"]) == ("guess", "words", "bundled")
    assert (group["players"], group["guesses"], group["skipped"]) == (2, 24, 12)
    assert group["you"]["value"] == 0.5
    assert group["you"]["n"] == 24
    assert group["model_accuracy"]["value"] == model_right / 24
    difference = group["difference"]
    assert difference["value"] == pytest.approx((12 - model_right) / 24)
    assert (difference["p_value"] < 0.05) == (difference["low"] > 0 or difference["high"] < 0)
    mean_bits = sum(answer["target_loss_bits"] for answer in answers) / 24
    assert group["model_perplexity"] == pytest.approx(2**mean_bits)
    today = body["days"][-1]
    assert (today["players"], today["rounds"], today["guesses"]) == (2, 3, 36)


def test_the_page_shows_what_the_json_says(admin: FlaskClient, alice: Player) -> None:
    alice.play(lambda s: "the")
    page = admin.get("/admin/stats", headers=BEARER | {"Accept": "text/html"})
    text = page.get_data(as_text=True)
    assert page.mimetype == "text/html"
    assert "1 player began 1 round and settled 12 positions" in text
    assert "Minnow" in text
    assert '<th scope="row">bundled' not in text
    assert "words" in text
