"""Live looks inside the model over HTTP: of one's own finished rounds, and of nothing ahead."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import CreateApp, Player, settings_for
from tests.databases import on_sqlite
from tests.web.inside.test_stored import open_again
from tests.web.test_modes import play_duels
from tests.web.test_own_text import TEXT as OWN_TEXT

pytestmark = on_sqlite
TEXT = "The ferry left at dawn. The keeper watched the ferry leave, and then the keeper slept."
MIDDLE = 6  # each token before a place costs a run, so the last one would take twice as long
WAYS = ["cut", "cut_here", "zeroed", "neutral", "removed"]


def skip(state: dict[str, Any]) -> None:
    return None


def url_of(state: dict[str, Any], call: str, position: int | None = None) -> str:
    place = state["answers"][-1]["position"] if position is None else position
    return f"/api/v1/rounds/{state['id']}/positions/{place}/inside/{call}"


def asked(player: Player, url: str, **body: Any) -> dict[str, Any]:
    response = player.client.post(url, json=body)
    assert response.status_code == 200, response.text
    return dict(response.get_json())


@pytest.mark.parametrize("way", WAYS)
def test_the_context_comes_in_pieces_helped_and_hindered_apart(alice: Player, way: str) -> None:
    state = alice.play(skip)
    position = state["answers"][MIDDLE]["position"]
    url = url_of(state, "context", position)
    first = asked(alice, url, way=way)
    assert first["pieces"] > 1
    pieces = [first, *(asked(alice, url, way=way, piece=n) for n in range(1, first["pieces"]))]
    seen = []
    for piece in pieces:
        assert piece["way"] == way
        assert len(piece["helped"]) + len(piece["hindered"]) <= 16
        assert all(one["effect_nats"] > 0 for one in piece["helped"])
        assert all(one["effect_nats"] < 0 for one in piece["hindered"])
        seen += [one["position"] for one in (*piece["helped"], *piece["hindered"])]
    assert len(seen) == len({*seen})
    assert set(seen) <= set(range(position))
    if way != "neutral":  # "the" in its own place changes nothing, so it is neither
        assert len(seen) >= position - 2
    assert first["tokens"] == position
    none = alice.client.post(url, json={"way": way, "piece": first["pieces"]})
    assert none.status_code == 422
    assert none.get_json()["errors"][0]["field"] == "piece"


def texts(branches: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for branch in branches:
        yield branch
        yield from texts(branch["branches"])


def test_the_tree_is_three_tokens_deep_and_multiplies_out(alice: Player) -> None:
    url = url_of(alice.play(skip), "tree")
    tree = asked(alice, url)
    assert (tree["temperature"], tree["top_k"]) == (1.0, None)
    assert len(list(texts(tree["branches"]))) == 4 + 12 + 24
    for first in tree["branches"]:
        assert first["joint"] == first["probability"]
        for second in first["branches"]:
            assert second["joint"] == pytest.approx(first["joint"] * second["probability"])
            for third in second["branches"]:
                assert third["joint"] == pytest.approx(second["joint"] * third["probability"])
                assert third["branches"] == []


def test_the_tree_s_first_tokens_are_the_stored_candidates(alice: Player) -> None:
    state = alice.play(skip, unit="tokens")
    tree = asked(alice, url_of(state, "tree"))
    stored = state["answers"][-1]["candidates"]
    for branch, candidate in zip(tree["branches"], stored, strict=False):
        assert branch["token"].strip() == candidate["token"].strip("␣")
        assert branch["probability"] == pytest.approx(candidate["probability"], rel=1e-3)


def test_temperature_and_top_k_sharpen_and_cut(alice: Player) -> None:
    url = url_of(alice.play(skip), "tree")
    plain, cold, two = (
        asked(alice, url, **wish) for wish in ({}, {"temperature": 0.2}, {"top_k": 2})
    )
    assert cold["branches"][0]["probability"] > plain["branches"][0]["probability"]
    assert sum(one["probability"] for one in two["branches"]) == pytest.approx(1)
    for wish, field in (
        ({"temperature": 0.25}, "temperature"),
        ({"temperature": 3.0}, "temperature"),
        ({"top_k": 0}, "top_k"),
        ({"top_k": 1001}, "top_k"),
    ):
        refused = alice.client.post(url, json=wish)
        assert refused.status_code == 422
        assert refused.get_json()["errors"][0]["field"] == field


def test_the_same_question_is_asked_of_the_model_once(alice: Player) -> None:
    app = alice.client.application
    live, looks = app.extensions["perplexed"].live, list[str]()
    load = live._models.look_into

    def counted(name: str, revision: str) -> Any:
        looks.append(name)
        return load(name, revision)

    live._models.look_into = counted
    state = alice.play(skip)
    for _ in range(2):
        asked(alice, url_of(state, "context"))
        asked(alice, url_of(state, "tree"), temperature=0.5)
        asked(alice, url_of(state, "tree"), temperature=1.5)
    assert len(looks) == 2


@pytest.mark.parametrize("call", ["context", "tree"])
def test_only_one_s_own_finished_round_is_looked_into(
    alice: Player, bob: Player, call: str
) -> None:
    state = alice.play(skip)
    assert bob.client.post(url_of(state, call), json={}).status_code == 404
    bob.start()  # with a cookie, too
    assert bob.client.post(url_of(state, call), json={}).status_code == 404
    assert alice.client.post(url_of(state, call), json={}).status_code == 200
    for position in (0, 100_000):
        assert alice.client.post(url_of(state, call, position), json={}).status_code == 404
    assert alice.client.post(url_of({"id": "no"}, call, 30), json={}).status_code == 404


@pytest.mark.parametrize("call", ["context", "tree"])
def test_an_open_round_is_closed_to_looks_at_its_settled_positions_too(
    alice: Player, call: str
) -> None:
    state = alice.start()
    first = state["asked"]["position"]
    state = alice.answer(state["id"], first, None).get_json()["round"]
    for position in (first, state["asked"]["position"]):
        refused = alice.client.post(url_of(state, call, position), json={})
        assert refused.status_code == 404
        assert refused.get_json().keys() == {"type", "title", "status", "detail"}


@pytest.mark.parametrize("call", ["context", "tree"])
def test_a_passage_that_is_open_in_another_round_stays_closed(alice: Player, call: str) -> None:
    finished = alice.play(skip)
    assert alice.client.post(url_of(finished, call), json={}).status_code == 200
    open_again(alice, finished)
    assert alice.client.post(url_of(finished, call), json={}).status_code == 404


def test_no_answer_holds_a_token_from_the_position_on(alice: Player) -> None:
    """Every token told stands before the position, or is the model's own."""
    state = alice.play(skip)
    result = alice.client.get(f"/api/v1/rounds/{state['id']}/result").get_json()
    told = [token["text"] for token in result["tokens"]]
    position = state["answers"][0]["position"]
    context = asked(alice, url_of(state, "context", position))
    for one in (*context["helped"], *context["hindered"]):
        assert one["token"] == told[one["position"]]
        assert one["position"] < position
    assert context.keys() == {"way", "piece", "pieces", "tokens", "helped", "hindered"}
    tree = asked(alice, url_of(state, "tree", position))
    assert tree.keys() == {"temperature", "top_k", "branches"}
    fields = {"token", "probability", "joint", "branches"}
    assert {frozenset(branch) for branch in texts(tree["branches"])} == {frozenset(fields)}


def test_a_text_of_one_s_own_is_looked_into_without_being_stored(alice: Player) -> None:
    read = asked(alice, "/api/v1/try", text=TEXT)
    position = next(n for n, token in enumerate(read["tokens"]) if token["text"] == " leave")
    context = asked(alice, "/api/v1/try/inside/context", text=TEXT, position=position)
    tokens = [token["text"] for token in read["tokens"]]
    strongest = context["helped"][0]
    assert strongest["token"] == tokens[strongest["position"]]
    tree = asked(alice, "/api/v1/try/inside/tree", text=TEXT, position=position)
    candidates = read["tokens"][position]["candidates"]
    assert tree["branches"][0]["probability"] == pytest.approx(
        candidates[0]["probability"], rel=1e-3
    )
    assert alice.client.get_cookie("perplexed") is None
    far = alice.client.post("/api/v1/try/inside/tree", json={"text": TEXT, "position": 999})
    assert far.status_code == 422
    assert far.get_json()["errors"][0]["field"] == "position"


def test_the_layers_of_a_text_of_one_s_own_end_in_what_try_shows(alice: Player) -> None:
    read = asked(alice, "/api/v1/try", text=TEXT)
    position = next(n for n, token in enumerate(read["tokens"]) if token["text"] == ",")
    view = asked(alice, "/api/v1/try/inside", text=TEXT, position=position)
    assert (view["unit"], view["position"], view["target"]) == ("tokens", position, ",")
    assert len(view["layers"]) == 6
    output, token = view["layers"][-1], read["tokens"][position]
    assert output["target"]["probability"] == pytest.approx(token["probability"], rel=1e-4)
    assert output["target"]["rank"] == token["rank"]
    assert view["sentence"].startswith("Minnow")
    assert TEXT.startswith(view["before"])
    assert "slept" not in str(view)  # the last word stands after the position
    plain = asked(alice, "/api/v1/try/inside", text=TEXT, position=position, lens="plain")
    assert plain["layers"][-1] == output
    assert plain["layers"][1] != view["layers"][1]
    assert alice.client.get_cookie("perplexed") is None


def test_the_page_of_a_text_of_one_s_own_is_the_same_why_page(alice: Player) -> None:
    form = {"text": TEXT, "position": "12"}
    page = alice.client.post("/try/inside", data=form)
    assert page.status_code == 200
    shown = page.get_data(as_text=True)
    for words in ("Layer by layer", "Parts that pushed", "Words it needed", "could have written"):
        assert words in shown
    assert 'action="/try/inside#layers-title"' in shown
    assert 'data-position="12"' in shown
    plain = alice.client.post("/try/inside", data={**form, "lens": "plain"})
    assert "Back to the fitted lens" in plain.get_data(as_text=True)
    for position in ("", "-1", "x", "1e3", "0", "9999999"):
        assert (
            alice.client.post("/try/inside", data=form | {"position": position}).status_code == 422
        )
    elsewhere = alice.client.post(
        "/try/inside", data=form, headers={"Origin": "https://elsewhere.example"}
    )
    assert elsewhere.status_code == 403


def test_a_round_on_a_text_of_one_s_own_leads_to_looks_on_the_spot(alice: Player) -> None:
    state = alice.client.post("/api/v1/try/rounds", json={"text": OWN_TEXT}).get_json()
    while not state["finished"]:
        answer = alice.answer(state["id"], state["asked"]["position"], None)
        state = answer.get_json()["round"]
    result = alice.client.get(f"/rounds/{state['id']}/result").text
    sent = re.search(r'name="text" value="([^"]*)"', result)
    assert sent
    assert html.unescape(sent[1]) == OWN_TEXT
    for answer in state["answers"][:2]:
        assert f'name="position" value="{answer["position"]}">{answer["target"]}<' in result
        form = {"text": html.unescape(sent[1]), "position": answer["position"]}
        page = alice.client.post("/try/inside", data=form)
        assert page.status_code == 200
        assert f"<b> {answer['target']}</b>" in page.text


def test_after_a_duel_the_result_says_that_there_is_no_look_inside(alice: Player) -> None:
    state = play_duels(alice)
    result = alice.client.get(f"/rounds/{state['id']}/result").text
    assert "There is no look inside the model after a duel" in result


def test_a_token_beyond_the_model_s_window_is_refused(alice: Player) -> None:
    body = {"text": TEXT, "position": 512}
    refused = alice.client.post("/api/v1/try/inside", json=body)
    assert refused.status_code == 422
    assert "512 tokens at once" in refused.get_json()["errors"][0]["message"]


def test_switched_off_the_calls_say_so(create: CreateApp, database_url: str) -> None:
    player = Player(create(settings_for(database_url, live_scoring=False)).test_client())
    state = player.play(skip)
    for url, body in (
        (url_of(state, "context"), {}),
        (url_of(state, "tree"), {}),
        ("/api/v1/try/inside/tree", {"text": TEXT, "position": 3}),
    ):
        refused = player.client.post(url, json=body)
        assert refused.status_code == 503
        assert "LIVE_SCORING is off" in refused.get_json()["detail"]


def test_a_model_that_is_not_on_this_machine_is_named(
    alice: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = alice.play(skip)
    live = alice.client.application.extensions["perplexed"].live
    monkeypatch.setattr(live._models, "why_not", lambda *model: "Minnow is elsewhere.")
    refused = alice.client.post(url_of(state, "tree"), json={})
    assert refused.status_code == 503
    assert refused.get_json()["detail"] == "Minnow is elsewhere."
