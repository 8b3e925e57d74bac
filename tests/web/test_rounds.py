"""The round over HTTP: what is sent, what is recorded, what is refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import func, select

from server.application import db
from server.store.tables import GuessRow, RoundRow
from tests.conftest import ADMIN_TOKEN, Player
from tests.databases import on_sqlite

Truth = Callable[[dict[str, Any], int], str]
ANSWER_FIELDS = {
    *("position", "guess", "skipped", "target", "right", "model_guess", "model_right"),
    *("target_probability", "target_rank", "target_loss_bits"),
    *("guess_probability", "guess_rank", "candidates", "points"),
}

SCORE_FIELDS = {"answered", "you", "model", "you_bits", "model_bits", "points"}


LONG_ENOUGH_TO_BE_UNIQUE = 12
ADMIN = {"Authorization": f"Bearer {ADMIN_TOKEN}", "Accept": "application/json"}


def stored_guesses(app: APIFlask) -> list[GuessRow]:
    with app.app_context():
        return list(db.session.scalars(select(GuessRow).order_by(GuessRow.id)))


def test_points_are_the_surprise_of_what_each_side_had_right(
    app: APIFlask, alice: Player, truth: Truth
) -> None:
    state = alice.start()
    for number in range(12):
        position = state["asked"]["position"]
        text = truth(state, position) if number % 2 else None
        body = alice.answer(state["id"], position, text).get_json()
        answer, state = body["answer"], body["round"]
        worth = answer["target_loss_bits"]
        assert answer["points"] == {
            "you": pytest.approx(worth if answer["right"] else 0),
            "model": pytest.approx(worth if answer["model_right"] else 0),
        }
    for side in ("you", "model"):
        total = sum(answer["points"][side] for answer in state["answers"])
        assert state["score"]["points"][side] == pytest.approx(total)
    assert state["score"]["points"]["you"] > 0
    with app.app_context():
        row = db.session.scalars(select(RoundRow)).one()
        assert (row.right_answers, row.model_right_answers) == (6, state["score"]["model"])
        assert row.points_bits == pytest.approx(state["score"]["points"]["you"])
        assert row.model_points_bits == pytest.approx(state["score"]["points"]["model"])


def skip_everything(state: dict[str, Any]) -> None:
    return None


def test_a_new_round_shows_the_text_up_to_the_first_gap(alice: Player) -> None:
    response = alice.client.post("/api/v1/rounds", json={})
    state = response.get_json()
    assert response.status_code == 201
    assert response.headers["Location"] == f"/api/v1/rounds/{state['id']}"
    assert (state["mode"], state["unit"], state["assisted"]) == ("guess", "words", False)
    assert state["asked"]["index"] == 0
    assert state["asked"]["of"] == 12
    assert state["asked"]["suggestions"] is None
    assert len(state["text"].split()) >= 10
    assert state["answers"] == []
    nothing = {"answered": 0, "you": 0, "model": 0, "you_bits": None, "model_bits": None}
    assert state["score"] == nothing | {"points": {"you": 0, "model": 0}}
    assert state["draw"] == "uniform"
    assert state["model"]["name"] == "bundled"


ASKED_FIELDS = {"position", "index", "of", "suggestions", "tries", "tries_left"} | {
    *("guess", "options", "own_option", "pair", "steps")
}


@on_sqlite
@pytest.mark.parametrize("unit", ["words", "tokens"])
@pytest.mark.parametrize("assisted", [False, True])
def test_only_revealed_text_ever_leaves_the_server(
    alice: Player, truth: Truth, unit: str, assisted: bool
) -> None:
    state = alice.start(unit=unit, assisted=assisted)
    whole = full_text_of(alice, state)
    while not state["finished"]:
        position = state["asked"]["position"]
        hidden = whole[len(state["text"]) :][:24].strip()
        for path in (f"/api/v1/rounds/{state['id']}", f"/rounds/{state['id']}", "/you"):
            sent = alice.client.get(path).get_data(as_text=True)
            assert len(hidden) < LONG_ENOUGH_TO_BE_UNIQUE or hidden not in sent
        inside = f"/api/v1/rounds/{state['id']}/positions/{position}/inside"
        for looked in (
            alice.client.get(inside),
            alice.client.get(f"/rounds/{state['id']}/inside/{position}"),
            alice.client.post(f"{inside}/context", json={}),
            alice.client.post(f"{inside}/tree", json={}),
        ):
            assert looked.status_code == 404
            sent = looked.get_data(as_text=True)
            assert len(hidden) < LONG_ENOUGH_TO_BE_UNIQUE or hidden not in sent
        again = alice.client.get(f"/api/v1/rounds/{state['id']}").get_json()
        assert again["text"] == state["text"]
        assert whole.startswith(state["text"])
        assert "".join(s["text"] for s in again["segments"]) == state["text"]
        assert again["asked"].keys() == ASKED_FIELDS
        assert len(again["answers"]) == again["asked"]["index"]
        target = truth(state, position)
        assert whole[len(state["text"]) :].startswith(target)
        state = alice.answer(state["id"], position, None).get_json()["round"]
    assert state["text"] == whole


def full_text_of(player: Player, state: dict[str, Any]) -> str:
    from server.store.passages import unscored_passages

    with player.client.application.app_context():
        passages = unscored_passages(db.session, None)
        return next(p.text for p in passages if p.text.startswith(state["text"]))


@on_sqlite
def test_before_a_reveal_a_response_holds_nothing_but_what_was_revealed(alice: Player) -> None:
    """Every field is accounted for, so there is no place where a target could hide."""
    first = alice.start()
    state: dict[str, Any] = first
    reveals: list[dict[str, Any]] = []
    while not state["finished"]:
        body = alice.client.get(f"/api/v1/rounds/{state['id']}").get_json()
        constant = {"id", "mode", "unit", "assisted", "repeated", "daily", "model", "passage"}
        constant |= {"practice", "form", "draw"}
        assert {name: body[name] for name in constant} == {name: first[name] for name in constant}
        assert body["answers"] == reveals
        assert body["asked"] == {
            "position": body["asked"]["position"],
            "index": len(reveals),
            "of": 12,
            **dict.fromkeys(ASKED_FIELDS - {"position", "index", "of"}),
            "tries": [],
        }
        assert body["score"].keys() == SCORE_FIELDS
        shown = {*constant, "finished", "answers", "asked", "score", "text", "segments"}
        assert body.keys() == shown  # the last two are searched in the test above
        outcome = alice.answer(state["id"], state["asked"]["position"], None).get_json()
        reveals.append(outcome["answer"])
        state = outcome["round"]


def test_a_right_guess_is_right_whatever_its_case(alice: Player, truth: Truth) -> None:
    state = alice.start()
    position = state["asked"]["position"]
    target = truth(state, position).strip()
    answer = alice.answer(state["id"], position, f"  {target.upper()} ").get_json()["answer"]
    assert answer["right"]
    assert answer["target"] == target
    assert answer["guess_probability"] == answer["target_probability"]
    assert answer["guess_rank"] == answer["target_rank"]
    assert answer.keys() >= ANSWER_FIELDS


def test_probabilities_are_those_of_the_models_own_distribution(alice: Player) -> None:
    state = alice.start()
    answer = alice.answer(state["id"], state["asked"]["position"], "the").get_json()["answer"]
    probabilities = [candidate["probability"] for candidate in answer["candidates"]]
    assert probabilities == sorted(probabilities, reverse=True)
    assert 0 < sum(probabilities) <= 1 + 1e-6
    assert answer["target_loss_bits"] == pytest.approx(-math.log2(answer["target_probability"]))
    shown = sum(probabilities) + answer["beginnings"]
    assert shown <= 1 + 1e-6
    assert answer["model_right"] == (
        answer["model_guess"].casefold() == answer["target"].casefold()
    )


def test_each_row_holds_both_sides_marks_and_the_models_loss(
    app: APIFlask, alice: Player, truth: Truth
) -> None:
    state = alice.play(lambda s: truth(s, s["asked"]["position"]).strip())
    rows = stored_guesses(app)
    assert [row.position for row in rows] == [a["position"] for a in state["answers"]]
    assert len(rows) == 12
    for row, answer in zip(rows, state["answers"], strict=True):
        assert row.is_right
        assert row.text == answer["target"] == row.target.strip()
        assert row.model_is_right == answer["model_right"]
        assert row.model_guess.strip() == answer["model_guess"]
        assert row.target_loss_nats / math.log(2) == pytest.approx(answer["target_loss_bits"])
        assert row.elapsed_ms >= 0
    assert state["score"]["you"] == 12


def test_a_skip_is_an_outcome_of_its_own(app: APIFlask, alice: Player) -> None:
    state = alice.start()
    answer = alice.answer(state["id"], state["asked"]["position"], None).get_json()["answer"]
    assert answer["skipped"]
    assert answer["guess"] is None
    assert not answer["right"]
    (row,) = stored_guesses(app)
    assert row.skipped
    assert row.text is None


def test_a_repeated_request_gives_the_same_answer_and_one_row(app: APIFlask, alice: Player) -> None:
    state = alice.start()
    position = state["asked"]["position"]
    first = alice.answer(state["id"], position, "water")
    second = alice.answer(state["id"], position, " water ")
    assert second.status_code == 200
    assert first.get_json() == second.get_json()
    assert len(stored_guesses(app)) == 1


def test_another_answer_to_a_settled_position_is_a_conflict(app: APIFlask, alice: Player) -> None:
    state = alice.start()
    position = state["asked"]["position"]
    alice.answer(state["id"], position, "water")
    for other in ("fire", None):
        response = alice.answer(state["id"], position, other)
        assert response.status_code == 409
        assert response.content_type == "application/problem+json"
        assert "settled already" in response.get_json()["detail"]
    assert [row.text for row in stored_guesses(app)] == ["water"]


def test_a_position_that_is_not_asked_now_is_a_conflict(app: APIFlask, alice: Player) -> None:
    state = alice.start()
    response = alice.answer(state["id"], state["asked"]["position"] + 1, "water")
    assert response.status_code == 409
    assert stored_guesses(app) == []


def test_another_players_round_is_not_found(alice: Player, bob: Player) -> None:
    state = alice.start()
    url = f"/api/v1/rounds/{state['id']}"
    bob.start()
    assert bob.client.get(url).status_code == 404
    assert bob.client.get(f"{url}/result").status_code == 404
    assert bob.answer(state["id"], state["asked"]["position"], "water").status_code == 404
    assert bob.client.get(f"/rounds/{state['id']}").status_code == 404


@on_sqlite
def test_somebody_without_a_cookie_sees_no_round(app: APIFlask, alice: Player) -> None:
    state = alice.start()
    assert app.test_client().get(f"/api/v1/rounds/{state['id']}").status_code == 404


def test_a_reload_goes_on_where_it_was(alice: Player) -> None:
    state = alice.start()
    after = alice.answer(state["id"], state["asked"]["position"], "water").get_json()["round"]
    assert alice.client.get(f"/api/v1/rounds/{state['id']}").get_json() == after


@on_sqlite
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "position"),
        ({"position": 30}, "_schema"),
        ({"position": 30, "text": "a", "skip": True}, "_schema"),
        ({"position": "30", "text": "a"}, "position"),
        ({"position": -1, "text": "a"}, "position"),
        ({"position": 30.5, "text": "a"}, "position"),
        ({"position": 10**30, "text": "a"}, "position"),
        ({"position": 30, "text": 5}, "text"),
        ({"position": 30, "text": "a" * 300}, "text"),
        ({"position": 30, "text": "a", "right": True}, "right"),
        ({"position": 30, "skip": "yes"}, "skip"),
    ],
)
def test_a_malformed_guess_is_refused_by_field_and_nothing_is_written(
    app: APIFlask, alice: Player, body: dict[str, Any], field: str
) -> None:
    state = alice.start()
    response = alice.client.post(f"/api/v1/rounds/{state['id']}/guesses", json=body)
    assert response.status_code == 422
    assert field in [error["field"] for error in response.get_json()["errors"]]
    assert stored_guesses(app) == []


@on_sqlite
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Type a guess"),
        ("   ", "Type a guess"),
        ("two words", "One word only"),
        ("1945", "letters only"),
        ("🙂", "letters only"),
        ("a\0b", "letters only"),
        ("x" * 65, "At most 64"),
    ],
)
def test_what_can_be_no_guess_costs_nothing(
    app: APIFlask, alice: Player, text: str, sentence: str
) -> None:
    state = alice.start()
    response = alice.answer(state["id"], state["asked"]["position"], text)
    assert response.status_code == 422
    assert sentence in response.get_json()["detail"]
    assert response.get_json()["errors"][0]["field"] == "text"
    assert stored_guesses(app) == []


@on_sqlite
@pytest.mark.parametrize(
    ("body", "sentence"),
    [({"position": 30}, "Send either a text or skip: true."), ([], "Send a JSON object.")],
)
def test_a_body_that_is_wrong_as_a_whole_is_refused_in_a_sentence(
    alice: Player, body: Any, sentence: str
) -> None:
    state = alice.start()
    response = alice.client.post(f"/api/v1/rounds/{state['id']}/guesses", json=body)
    assert response.get_json()["detail"] == sentence
    assert response.get_json()["errors"] == [{"field": "_schema", "message": sentence}]


def test_a_lone_surrogate_is_refused(app: APIFlask, alice: Player) -> None:
    state = alice.start(unit="tokens")
    response = alice.client.post(
        f"/api/v1/rounds/{state['id']}/guesses",
        data=f'{{"position": {state["asked"]["position"]}, "text": "\\ud800"}}',
        content_type="application/json",
    )
    assert response.status_code == 422
    assert stored_guesses(app) == []


@on_sqlite
@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"mode": "chess"}, "mode"),
        ({"unit": "letters"}, "unit"),
        ({"assisted": "yes"}, "assisted"),
        ({"daily": 1}, "daily"),
        ({"passage": 5}, "passage"),
        ({"room": "x"}, "room"),
        ({"date": 20261127}, "date"),
        ([], "_schema"),
    ],
)
def test_a_malformed_wish_is_refused_by_field(
    app: APIFlask, alice: Player, wish: Any, field: str
) -> None:
    response = alice.client.post("/api/v1/rounds", json=wish)
    assert response.status_code == 422
    assert [error["field"] for error in response.get_json()["errors"]] == [field]
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(RoundRow)) == 0


def test_a_double_click_on_start_begins_one_round(alice: Player) -> None:
    first = alice.client.post("/api/v1/rounds", json={})
    second = alice.client.post("/api/v1/rounds", json={})
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.get_json() == second.get_json()


def test_after_an_answer_start_begins_another_passage(alice: Player) -> None:
    titles = set()
    for _ in range(6):
        state = alice.start()
        titles.add(state["passage"]["title"])
        alice.answer(state["id"], state["asked"]["position"], None)
    assert len(titles) == 6
    again = alice.start()
    assert again["passage"]["title"] in titles
    assert again["repeated"]


def test_a_passage_that_was_seen_before_counts_in_no_comparison(alice: Player) -> None:
    seen = alice.play(skip_everything, daily=True, assisted=True)
    again = alice.play(skip_everything, daily=True)
    assert (seen["repeated"], again["repeated"]) == (False, True)
    assert again["passage"] == seen["passage"]
    assert alice.client.get("/api/v1/player").get_json()["you"] is None
    stats = alice.client.get("/admin/stats", headers=ADMIN).get_json()
    assert stats["groups"] == []  # the first round's words were not drawn uniformly
    assert (stats["guesses"], stats["repeated_guesses"]) == (24, 12)


def test_a_round_begun_before_its_passage_was_read_elsewhere_counts_in_no_comparison(
    alice: Player,
) -> None:
    begun = alice.start(daily=True)
    alice.answer(begun["id"], begun["asked"]["position"], None)
    read = alice.play(skip_everything, daily=True, assisted=True)
    gone_on = alice.play(skip_everything, daily=True)
    assert gone_on["id"] == begun["id"]
    assert (gone_on["repeated"], read["repeated"]) == (True, True)
    stats = alice.client.get("/admin/stats", headers=ADMIN).get_json()
    assert (stats["groups"], stats["repeated_guesses"]) == ([], 24)


def test_a_passage_of_the_day_does_not_come_again_as_a_fresh_one(alice: Player) -> None:
    daily = alice.start(daily=True)
    titles = set()
    for _ in range(5):
        state = alice.start()
        assert not state["repeated"]
        titles.add(state["passage"]["title"])
        alice.answer(state["id"], state["asked"]["position"], None)
    assert daily["passage"]["title"] not in titles


def test_a_round_may_wait_for_months(app: APIFlask, alice: Player) -> None:
    state = alice.start()
    with app.app_context():
        row = db.session.scalars(select(RoundRow)).one()
        row.asked_at = datetime.now(UTC) - timedelta(days=200)
        db.session.commit()
    response = alice.answer(state["id"], state["asked"]["position"], "water")
    assert response.status_code == 200
    assert stored_guesses(app)[0].elapsed_ms == 2**31 - 1


@pytest.mark.parametrize("round_id", ["none", "a%00b", "x" * 500, "%F0%9F%99%82", "a%0Ab"])
def test_a_round_that_never_was_is_not_found(alice: Player, round_id: str) -> None:
    alice.start()
    assert alice.client.get(f"/api/v1/rounds/{round_id}").status_code == 404
    assert alice.client.get(f"/rounds/{round_id}").status_code == 404


def test_all_players_meet_the_same_positions(alice: Player, bob: Player) -> None:
    mine, theirs = alice.start(daily=True), bob.start(daily=True)
    assert mine["id"] != theirs["id"]
    assert mine["asked"] == theirs["asked"]
    assert mine["text"] == theirs["text"]


def test_the_daily_round_is_one_round_all_day(alice: Player) -> None:
    state = alice.start(daily=True)
    alice.answer(state["id"], state["asked"]["position"], "water")
    again = alice.client.post("/api/v1/rounds", json={"daily": True})
    assert again.status_code == 200
    assert again.get_json()["id"] == state["id"]
    assert again.get_json()["asked"]["index"] == 1


@on_sqlite
def test_suggestions_are_eight_in_alphabetical_order(alice: Player) -> None:
    state = alice.start(assisted=True)
    offered = state["asked"]["suggestions"]
    assert len(offered) == len({text.casefold() for text in offered}) == 8
    assert offered == sorted(offered, key=lambda text: (text.casefold(), text))
    answer = alice.answer(state["id"], state["asked"]["position"], offered[0]).get_json()["answer"]
    assert answer["guess_rank"] is not None


def test_assisted_play_is_recorded_as_such(app: APIFlask, alice: Player) -> None:
    alice.play(lambda s: s["asked"]["suggestions"][0], assisted=True)
    alice.play(skip_everything)
    assert [row.assisted for row in stored_guesses(app)] == [True] * 12 + [False] * 12


@on_sqlite
def test_in_tokens_the_exact_token_counts_with_or_without_its_space(
    alice: Player, truth: Truth
) -> None:
    state = alice.play(
        lambda s: truth(s, s["asked"]["position"]).replace("\n", "⏎").lstrip(" ") or "␣",
        unit="tokens",
    )
    assert [answer["right"] for answer in state["answers"]] == [True] * 12


@on_sqlite
def test_in_tokens_spaces_and_line_ends_are_visible(alice: Player) -> None:
    state = alice.play(skip_everything, unit="tokens")
    shown = [answer["target"] for answer in state["answers"]]
    assert any(text.startswith("␣") for text in shown)
    assert not any(character in text for text in shown for character in " \n")


def test_the_result_has_every_token_with_both_sides_marks(alice: Player, truth: Truth) -> None:
    state = alice.play(lambda s: truth(s, s["asked"]["position"]).strip())
    result = alice.client.get(f"/api/v1/rounds/{state['id']}/result").get_json()
    assert "".join(token["text"] for token in result["tokens"]) == state["text"]
    asked = [token for token in result["tokens"] if token["asked"]]
    assert [token["text"].strip() for token in asked] == [a["target"] for a in state["answers"]]
    assert all(token["right"] for token in asked)
    mean_bits = sum(token["loss_bits"] for token in asked) / 12
    assert result["model"]["bits_per_target"] == pytest.approx(mean_bits)
    assert result["model"]["bits_per_word"] == result["model"]["bits_per_target"]
    assert result["model"]["perplexity"] == pytest.approx(2**mean_bits)
    assert result["you"]["accuracy"]["value"] == 1
    assert result["you"]["accuracy"]["n"] == 12
    # Twelve independent answers would bound it by Wilson's 0.7575; one passage's tell less.
    assert 0.55 < result["you"]["accuracy"]["low"] < 0.7575
    assert result["model"]["accuracy"]["value"] == state["score"]["model"] / 12


def test_the_result_s_boxes_are_the_passage_and_a_tenth_of_them_is_coloured(
    alice: Player, truth: Truth
) -> None:
    state = alice.play(lambda s: truth(s, s["asked"]["position"]).strip())
    result = alice.client.get(f"/api/v1/rounds/{state['id']}/result").get_json()
    words = result["words"]
    assert "".join(word["text"] for word in words) == state["text"]
    asked = [word for word in words if word["answer"] is not None]
    assert [word["answer"] for word in asked] == list(range(12))
    assert [word["text"].strip() for word in asked] == [a["target"] for a in state["answers"]]
    assert [word["loss_bits"] for word in asked] == pytest.approx(
        [answer["target_loss_bits"] for answer in state["answers"]]
    )
    coloured = [word["loss_bits"] for word in words if word["surprising"]]
    plain = [word["loss_bits"] for word in words if not word["surprising"]]
    assert len(coloured) == math.ceil(len(words) / 10)
    assert min(coloured) >= max(plain)
    total = sum(token["loss_bits"] for token in result["tokens"])
    assert sum(coloured) + sum(plain) == pytest.approx(total)


def test_the_result_waits_for_the_last_answer(alice: Player) -> None:
    state = alice.start()
    response = alice.client.get(f"/api/v1/rounds/{state['id']}/result")
    assert response.status_code == 409


def test_a_finished_round_takes_no_more_answers(app: APIFlask, alice: Player) -> None:
    state = alice.play(skip_everything)
    response = alice.answer(state["id"], 500, "water")
    assert response.status_code == 409
    assert "finished" in response.get_json()["detail"]
    assert len(stored_guesses(app)) == 12


def test_without_scored_passages_nothing_can_be_played(empty_app: APIFlask) -> None:
    response = empty_app.test_client().post("/api/v1/rounds", json={})
    assert response.status_code == 503
    assert "No passage is ready" in response.get_json()["detail"]
