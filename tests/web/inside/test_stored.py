"""What is stored of the inside of the model: to whom it is shown, and that it adds up."""

from __future__ import annotations

import re
from typing import Any

import pytest
from apiflask import APIFlask

from server.application import db
from server.config import ROOT
from server.services.play.library import ScoreLibrary
from server.store.tables import RoundRow
from tests.conftest import Player
from tests.databases import on_sqlite

pytestmark = on_sqlite


def skip(state: dict[str, Any]) -> None:
    return None


def the(state: dict[str, Any]) -> str:
    return "the"


def url_of(state: dict[str, Any], position: int | None = None) -> str:
    place = state["answers"][-1]["position"] if position is None else position
    return f"/api/v1/rounds/{state['id']}/positions/{place}/inside"


def seen(player: Player, url: str) -> dict[str, Any]:
    response = player.client.get(url)
    assert response.status_code == 200, response.text
    return dict(response.get_json())


def open_again(player: Player, finished: dict[str, Any]) -> None:
    """Begin another round on a passage, which comes again when all others have been played."""
    while player.start()["passage"]["title"] != finished["passage"]["title"]:
        player.play(skip)


def bet_evenly(player: Player, **wishes: str) -> dict[str, Any]:
    """Play a round of bets: a tenth on each option, the rest on another word."""
    state = player.start(mode="bet", **wishes)
    while not state["finished"]:
        position = state["asked"]["position"]
        guessed = player.answer(state["id"], position, None).get_json()
        options = guessed["round"]["asked"]["options"]
        stakes = dict.fromkeys(options, 0.1)
        bet = {"position": position, "stakes": stakes, "other": 1 - 0.1 * len(options)}
        response = player.client.post(f"/api/v1/rounds/{state['id']}/bets", json=bet)
        assert response.status_code == 200, response.text
        state = response.get_json()["round"]
    return state


@pytest.mark.parametrize("unit", ["words", "tokens"])
@pytest.mark.parametrize("lens", ["fitted", "plain"])
def test_the_last_row_is_the_output_and_the_contract_s_fields_are_there(
    carol: Player, unit: str, lens: str
) -> None:
    state = carol.play(the, unit=unit)
    for answer in state["answers"]:
        view = seen(carol, f"{url_of(state, answer['position'])}?lens={lens}")
        last = view["layers"][-1]
        assert [layer["layer"] for layer in view["layers"]] == [0, 1, 2, 3, 4, 5]
        assert last["target"]["probability"] == pytest.approx(
            answer["target_probability"], rel=1e-4
        )
        assert last["target"]["rank"] == answer["target_rank"]
        assert (view["target"], view["model"]) == (answer["target"], answer["model_guess"])
        assert last["top"][0]["token"] == answer["model_guess"]
        assert (view["context"], view["tree"]) == (None, None)
        assert view["sentence"]
        assert view["why_not_live"]  # LIVE_SCORING is off here
        assert [norm["layer"] for norm in view["norms"]] == [0, 1, 2, 3, 4, 5]
        assert view["growth"]["exponential"] is False  # five layers are too few to say so
        assert len(view["parts"]) == 37


def test_pushes_add_up_to_the_difference_of_the_stored_log_probabilities(
    carol: Player, traced: APIFlask
) -> None:
    state = carol.play(skip)
    with traced.app_context():
        row = db.session.query(RoundRow).filter_by(public_id=state["id"]).one()
        reading = ScoreLibrary().scene(db.session, row).reading
        for answer in state["answers"]:
            view = seen(carol, url_of(state, answer["position"]))
            gap = reading.at(answer["position"])
            best = next(one for one in gap.candidates(2) if one.token_id != gap.target_id)
            together = sum(part["push"] for part in view["parts"])
            assert view["other"] == best.text.strip()
            assert together == pytest.approx(-gap.target_loss_nats - best.logprob_nats, abs=1e-3)


def test_layers_hold_every_word_s_place_within_bounds(carol: Player) -> None:
    state = carol.play(the)
    for answer in state["answers"]:
        for layer in seen(carol, url_of(state, answer["position"]))["layers"]:
            shown = [one["probability"] for one in layer["top"]]
            assert shown == sorted(shown, reverse=True)
            for side in ("target", "model", "guess"):
                standing = layer[side]
                if standing is None:
                    assert side == "guess"
                    continue
                assert 0 <= standing["probability"] <= 1
                if standing["rank"] <= len(shown):
                    assert standing["probability"] == pytest.approx(
                        shown[standing["rank"] - 1], rel=2e-3
                    )


def test_a_kept_word_of_the_player_s_own_has_a_place_after_every_layer(
    carol: Player,
) -> None:
    state = carol.play(lambda _state: "and")
    known = [
        view
        for answer in state["answers"]
        if (view := seen(carol, url_of(state, answer["position"])))["layers"][0]["guess"]
    ]
    assert known
    for view in known:
        assert view["guess"] == "and"
        assert all(layer["guess"] for layer in view["layers"])


def test_nothing_after_the_position_is_in_any_answer(carol: Player) -> None:
    state = carol.play(skip)
    result = carol.client.get(f"/api/v1/rounds/{state['id']}/result").get_json()
    text = "".join(token["text"] for token in result["tokens"])
    for answer in state["answers"][:4]:
        view = seen(carol, url_of(state, answer["position"]))
        before = view["before"].removeprefix("… ")
        assert before in text
        assert all(
            watched["position"] is None or watched["position"] < answer["position"]
            for part in view["parts"]
            for watched in part["watched"] or ()
        )
        start = text.index(before) + len(before) + 1 + len(answer["target"])
        following = re.findall(r"[A-Za-z]{7,}", text[start : start + 200])
        page = carol.client.get(f"/rounds/{state['id']}/inside/{answer['position']}").text
        empty_page = (ROOT / "templates" / "inside.html").read_text(encoding="utf-8")
        guesses = " ".join(one["token"] for layer in view["layers"] for one in layer["top"])
        shown = f"{text[:start]} {guesses} {empty_page} {view['passage']}"
        ahead = [word for word in following if word not in shown]
        assert [word for word in ahead if word in page or word in str(view)] == []


def test_only_one_s_own_finished_round_is_shown(carol: Player, dave: Player) -> None:
    state = carol.play(skip)
    assert dave.client.get(url_of(state)).status_code == 404
    dave.start()
    assert dave.client.get(url_of(state)).status_code == 404
    assert dave.client.get(f"/rounds/{state['id']}/inside/30").status_code == 404
    assert carol.client.get(url_of(state)).status_code == 200
    assert carol.client.get(url_of({"id": "no"}, 30)).status_code == 404


def test_a_position_that_was_not_asked_is_not_shown(carol: Player) -> None:
    state = carol.play(skip)
    asked = {answer["position"] for answer in state["answers"]}
    for position in (0, next(n for n in range(20, 400) if n not in asked), 100_000):
        assert carol.client.get(url_of(state, position)).status_code == 404


def test_an_open_round_is_closed_at_its_settled_positions_too(carol: Player) -> None:
    state = carol.start()
    first = state["asked"]["position"]
    state = carol.answer(state["id"], first, None).get_json()["round"]
    for position in (first, state["asked"]["position"]):
        refused = carol.client.get(url_of(state, position))
        assert refused.status_code == 404
        assert refused.get_json().keys() == {"type", "title", "status", "detail"}


def test_a_passage_that_is_open_in_another_round_stays_closed(carol: Player) -> None:
    finished = carol.play(skip)
    assert carol.client.get(url_of(finished)).status_code == 200
    open_again(carol, finished)
    assert carol.client.get(url_of(finished)).status_code == 404
    page = carol.client.get(f"/rounds/{finished['id']}/result")
    assert page.status_code == 200
    assert "/inside/" not in page.text


def test_an_unknown_lens_is_refused_by_its_name(carol: Player) -> None:
    state = carol.play(skip)
    refused = carol.client.get(f"{url_of(state)}?lens=rosy")
    assert refused.status_code == 422
    assert "lens" in refused.text


def test_without_traces_there_is_no_page_and_no_link(alice: Player) -> None:
    state = alice.play(skip)
    assert alice.client.get(url_of(state)).status_code == 404
    page = alice.client.get(f"/rounds/{state['id']}/result").text
    assert "/inside/" not in page


def test_the_result_links_every_asked_word_and_says_which_layer_you_read_like(
    carol: Player,
) -> None:
    state = carol.play(the)
    page = carol.client.get(f"/rounds/{state['id']}/result").text
    for answer in state["answers"]:
        assert f"/rounds/{state['id']}/inside/{answer['position']}" in page
    assert "You read like Minnow" in page or "Why did Minnow say that?" in page


def test_a_round_of_bets_compares_losses_with_the_layers(carol: Player) -> None:
    state = bet_evenly(carol)
    page = carol.client.get(f"/rounds/{state['id']}/result").text
    sentence = re.search(r"You read like Minnow (after layer (\d) of 5|before layer 1 of 5)", page)
    assert sentence
    assert "its losses were nearest to yours" in page


def test_pages_show_the_sentence_and_the_tables(carol: Player) -> None:
    state = carol.play(the)
    for answer in state["answers"]:
        page = carol.client.get(f"/rounds/{state['id']}/inside/{answer['position']}")
        view = seen(carol, url_of(state, answer["position"]))
        assert page.status_code == 200
        assert "style=" not in page.text
        for title in ("Layer by layer", "Parts that pushed", "Words it needed"):
            assert title in page.text
        assert page.text.count("<table") == 3
        assert view["sentence"].split("“")[0].strip() in page.text
