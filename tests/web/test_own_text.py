"""A player's own text: scored by the bundled model, kept only to be played, counted nowhere."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from apiflask import APIFlask
from sqlalchemy import func, select

from server.application import db
from server.config import ROOT
from server.store.tables import PassageRow, PlayerRow, RoundRow, ScoredPassageRow
from tests.conftest import ADMIN_TOKEN, CreateApp, Player, settings_for
from tests.databases import on_sqlite

TEXT = (
    "The last ferry of the season was due to leave at six, but by half past five the wind had "
    "turned and the captain stood on the quay with his hands in his pockets, looking at the water "
    "the way other men look at a bill. Nobody asked him anything. The lorry drivers went back to "
    "their cabs, the children to the vending machine, and a woman with two dogs sat down on her "
    "suitcase and began to peel an orange."
)
ADMIN = {"Authorization": f"Bearer {ADMIN_TOKEN}", "Accept": "application/json"}


def scored(player: Player, text: str) -> dict[str, Any]:
    response = player.client.post("/api/v1/try", json={"text": text})
    assert response.status_code == 200, response.text
    return dict(response.get_json())


def play(player: Player, text: str = TEXT) -> dict[str, Any]:
    response = player.client.post("/api/v1/try/rounds", json={"text": text})
    assert response.status_code in (200, 201), response.text
    return dict(response.get_json())


def finish(player: Player, state: dict[str, Any]) -> dict[str, Any]:
    while not state["finished"]:
        answer = player.answer(state["id"], state["asked"]["position"], None)
        state = answer.get_json()["round"]
    return state


def count(app: APIFlask, table: Any) -> int:
    with app.app_context():
        return db.session.scalars(select(func.count()).select_from(table)).one()


@on_sqlite
def test_every_token_comes_with_its_surprise_and_the_models_candidates(alice: Player) -> None:
    body = scored(alice, f"  {TEXT}\r\n")
    assert body["text"] == TEXT
    assert "".join(token["text"] for token in body["tokens"]) == TEXT
    assert body["model"]["name"] == "bundled"
    for token in body["tokens"]:
        assert token["pieces"] == 1
        assert token["loss_bits"] == pytest.approx(-math.log2(token["probability"]), abs=1e-6)
        shares = [candidate["probability"] for candidate in token["candidates"]]
        assert len(shares) == 5
        assert shares == sorted(shares, reverse=True)
        if token["rank"] <= 5:
            assert token["probability"] == pytest.approx(shares[token["rank"] - 1], rel=1e-5)
        else:
            assert token["probability"] <= shares[-1] * (1 + 1e-6)


@on_sqlite
def test_the_totals_are_the_sums_of_the_tokens(alice: Player) -> None:
    body = scored(alice, TEXT)
    totals = body["totals"]
    losses = [token["loss_bits"] for token in body["tokens"]]
    assert totals["bits"] == pytest.approx(sum(losses))
    assert (totals["tokens"], totals["words"]) == (len(losses), len(TEXT.split()))
    assert totals["bits_per_word"] == pytest.approx(sum(losses) / len(TEXT.split()))
    assert totals["bits_per_character"] == pytest.approx(sum(losses) / len(TEXT))
    assert totals["perplexity"] == pytest.approx(2 ** (sum(losses) / len(losses)))


@on_sqlite
def test_a_text_longer_than_the_models_window_is_scored_to_its_end(alice: Player) -> None:
    long = " ".join([TEXT.upper()] * 6)[:2000].strip()  # capitals are two tokens a word and more
    body = scored(alice, long)
    assert "".join(token["text"] for token in body["tokens"]) == long
    assert len(body["tokens"]) > 512
    # It has read these sentences before: they surprise it less than the first time.
    half = len(body["tokens"]) // 2
    first, second = body["tokens"][:half], body["tokens"][half:]
    assert sum(t["loss_bits"] for t in second) < sum(t["loss_bits"] for t in first)


@on_sqlite
@pytest.mark.parametrize(
    "text",
    [
        "x",
        "👩‍🍳🦊 and 🇩🇪",
        "שלום עולם",
        "e\u0301",
        "你好，世界。",
        "a\n\n\tb",
        "<b>&amp;</b>",
        "‮evil",
    ],
)
def test_any_visible_text_is_scored_whole(alice: Player, text: str) -> None:
    body = scored(alice, text)
    assert "".join(token["text"] for token in body["tokens"]) == text
    assert all(token["candidates"] for token in body["tokens"] if token["pieces"] == 1)
    assert all(token["rank"] is None for token in body["tokens"] if token["pieces"] > 1)


@on_sqlite
@pytest.mark.parametrize("path", ["/api/v1/try", "/api/v1/try/rounds"])
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "The text is empty; 1 to 2,000 characters are allowed."),
        (" \n\t ", "The text is empty"),
        ("x" * 2001, "The text has 2,001 characters; 1 to 2,000 are allowed"),
        ("a\0b", "control character U+0000; line ends and tabs are the only ones allowed"),
        ("a\ud800b", "U+D800"),
        ("🦊" * 1000, "2,048 are allowed"),
    ],
)
def test_a_text_that_is_not_allowed_is_refused_in_a_sentence(
    app: APIFlask, alice: Player, path: str, text: str, sentence: str
) -> None:
    response = alice.client.post(path, json={"text": text})
    assert response.status_code == 422
    assert response.content_type == "application/problem+json"
    assert sentence.removesuffix("are allowed") in response.get_json()["detail"]
    assert response.get_json()["errors"][0]["field"] == "text"
    assert count(app, PlayerRow) == 0


@on_sqlite
@pytest.mark.parametrize("body", [{}, {"text": 3}, {"text": "x", "title": "y"}])
def test_other_fields_and_types_are_refused(alice: Player, body: dict[str, Any]) -> None:
    assert alice.client.post("/api/v1/try", json=body).status_code == 422


def test_a_text_that_is_only_looked_at_is_not_stored(app: APIFlask, alice: Player) -> None:
    before = [count(app, table) for table in (PassageRow, ScoredPassageRow, PlayerRow)]
    scored(alice, TEXT)
    assert [count(app, table) for table in (PassageRow, ScoredPassageRow, PlayerRow)] == before


@on_sqlite
def test_a_text_too_short_to_play_says_so_beforehand_and_when_played(
    app: APIFlask, alice: Player
) -> None:
    sentence = scored(alice, "Too short to play.")["why_no_round"]
    assert "A round needs at least 5 words" in sentence
    response = alice.client.post("/api/v1/try/rounds", json={"text": "Too short to play."})
    assert (response.status_code, response.get_json()["detail"]) == (422, sentence)
    assert count(app, PlayerRow) == 0


def test_a_text_of_ones_own_is_played_like_any_other(alice: Player) -> None:
    looked_at = scored(alice, TEXT)
    state = play(alice)
    assert looked_at["why_no_round"] is None
    assert state["asked"]["of"] == looked_at["words_to_ask"]
    assert state["passage"]["private"]
    assert state["passage"]["title"] == "The last ferry of the season was due to…"
    page = alice.client.get(f"/rounds/{state['id']}").get_data(as_text=True)
    assert "Your own text" in page
    assert finish(alice, state)["text"] == TEXT
    result = alice.client.get(f"/rounds/{state['id']}/result").get_data(as_text=True)
    assert "stays out of every comparison" in result


def test_a_double_click_begins_one_round(app: APIFlask, alice: Player) -> None:
    first, second = play(alice), play(alice)
    assert first["id"] == second["id"]
    finish(alice, first)
    assert play(alice)["id"] != first["id"]
    assert count(app, RoundRow) == 2
    with app.app_context():
        owned = select(func.count()).where(PassageRow.owner_id.is_not(None))
        assert db.session.scalars(owned).one() == 1


def test_nobody_ever_draws_a_text_that_a_player_owns(
    app: APIFlask, alice: Player, bob: Player
) -> None:
    own = play(alice)
    for player in (alice, bob):
        for _ in range(10):  # more often than there are passages
            state = finish(player, player.start())
            assert not state["passage"]["private"]
        assert not player.start(daily=True)["passage"]["private"]
    assert bob.client.get(f"/api/v1/rounds/{own['id']}").status_code == 404
    assert "66" not in alice.client.get("/readyz").get_data(as_text=True)
    assert alice.client.get("/readyz").get_json()["passages"] == 6


def test_an_unanswered_round_on_a_text_of_ones_own_is_not_given_back_by_start(
    alice: Player,
) -> None:
    assert play(alice)["id"] != alice.start()["id"]


def test_a_round_on_a_text_of_ones_own_counts_nowhere(alice: Player) -> None:
    finish(alice, play(alice))
    body = alice.client.get("/api/v1/player").get_json()
    assert body["you"] is None
    assert body["comparison"] is None
    statistics = alice.client.get("/admin/stats", headers=ADMIN).get_json()
    assert statistics["groups"] == []
    assert statistics["repeated_guesses"] == body["guesses"]


def test_two_players_with_one_text_have_a_copy_each_and_delete_their_own(
    app: APIFlask, alice: Player, bob: Player
) -> None:
    passages, scores = count(app, PassageRow), count(app, ScoredPassageRow)
    finish(alice, play(alice))
    kept = play(bob)
    assert count(app, PassageRow) == passages + 2
    assert alice.client.get("/api/v1/player/data").get_json()["texts"] == [TEXT]
    assert alice.client.delete("/api/v1/player").status_code == 204
    assert count(app, PassageRow) == passages + 1
    assert count(app, ScoredPassageRow) == scores + 1
    assert finish(bob, kept)["text"] == TEXT
    assert bob.client.delete("/api/v1/player").status_code == 204
    assert (count(app, PassageRow), count(app, ScoredPassageRow)) == (passages, scores)


def test_a_deleted_text_is_never_shown_to_who_comes_next(alice: Player, bob: Player) -> None:
    """SQLite gives the numbers of deleted rows to new ones."""
    state = play(alice)
    alice.client.get(f"/api/v1/rounds/{state['id']}")
    alice.client.delete("/api/v1/player")
    other = TEXT.replace("ferry", "train").replace("The last", "An early")
    state = play(bob, other)
    shown = bob.client.get(f"/api/v1/rounds/{state['id']}").get_json()["text"]
    assert shown
    assert other.startswith(shown)


def test_the_model_does_not_score_players_texts_again(
    app: APIFlask, alice: Player, bundled_scorer: Any
) -> None:
    from server.services.scoring.scoring import has_unscored

    play(alice)
    identity = bundled_scorer.identity
    with app.app_context():
        assert not has_unscored(db.session, identity.name, identity.revision)
        assert not any(
            row.owner_id for row in db.session.scalars(select(PassageRow)) if row.text != TEXT
        )


def test_a_players_text_leaves_with_no_score_file(
    app: APIFlask, alice: Player, tmp_path: Path
) -> None:
    play(alice)
    file = tmp_path / "minnow.scores"
    exported = app.test_cli_runner().invoke(args=["scores", "export", str(file)])
    assert exported.exit_code == 0, exported.output
    assert pq.read_table(file).num_rows == 6
    assert TEXT not in pq.read_table(file).column("text").to_pylist()


@on_sqlite
def test_switched_off_the_page_its_link_and_its_calls_are_gone(
    create: CreateApp, database_url: str
) -> None:
    client = create(settings_for(database_url, live_scoring=False)).test_client()
    assert client.get("/try").status_code == 404
    for path in ("/api/v1/try", "/api/v1/try/rounds"):
        response = client.post(path, json={"text": TEXT})
        assert response.status_code == 404
        assert response.content_type == "application/problem+json"
    assert "/try" not in client.get("/").get_data(as_text=True)
    assert "/api/v1/try" not in client.get("/openapi.json").get_json()["paths"]


@on_sqlite
def test_the_page_is_linked_from_the_first_one(alice: Player) -> None:
    assert alice.client.get("/").get_data(as_text=True).count('href="/try"') == 2
    page = alice.client.get("/try").get_data(as_text=True)
    assert "2,000 characters" in page


@on_sqlite
def test_opening_the_page_begins_to_load_the_model(app: APIFlask, alice: Player) -> None:
    live = app.extensions["perplexed"].live
    assert alice.client.get("/").status_code == 200
    assert not live._begun
    assert alice.client.get("/try").status_code == 200
    assert {name for name, _ in live._begun} == {"bundled"}


@on_sqlite
def test_scores_without_the_model_s_weights_are_told_plainly(
    create: CreateApp, database_url: str
) -> None:
    app = create(settings_for(database_url))
    with app.app_context():
        from server.store.tables import LanguageModelRow

        row = db.session.scalars(select(LanguageModelRow)).one()
        row.revision = "scored elsewhere"
        db.session.commit()
    client = app.test_client()
    page = client.get("/try")
    assert page.status_code == 200
    assert "Minnow plays here from scores of another revision" in page.get_data(as_text=True)
    assert "reads it instead" in page.get_data(as_text=True)
    assert "<textarea" in page.get_data(as_text=True)


@on_sqlite
def test_a_model_whose_weights_are_elsewhere_is_told_plainly(
    create: CreateApp, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    name = "openai-community/gpt2"
    app = create(settings_for(database_url, app_env="production", model=name))
    with app.app_context():
        from server.store.tables import LanguageModelRow

        row = db.session.scalars(select(LanguageModelRow)).one()
        row.name, row.revision = name, app.extensions["perplexed"].settings.model_revision
        db.session.commit()
    page = app.test_client().get("/try", base_url="https://localhost").get_data(as_text=True)
    assert "GPT-2 plays here from stored scores alone" in page
    assert "Minnow, the small bundled model, reads it instead" in page
    assert "through Minnow’s eyes" in page


@on_sqlite
def test_without_any_model_the_page_says_so(empty_app: APIFlask) -> None:
    client = empty_app.test_client()
    assert "No model plays here yet" in client.get("/try").get_data(as_text=True)
    assert client.post("/api/v1/try", json={"text": TEXT}).status_code == 503


@on_sqlite
def test_many_texts_in_a_minute_have_to_wait(create: CreateApp, database_url: str) -> None:
    client = create(settings_for(database_url, rate_limits=True)).test_client()
    codes = [client.post("/api/v1/try", json={"text": ""}).status_code for _ in range(25)]
    assert codes.count(429) == 5


def test_the_web_server_has_threads_left_while_texts_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))  # else the file sets it for good
    from server.services.scoring.live_scoring import WAITING_TEXTS

    settings: dict[str, Any] = {}
    exec((ROOT / "gunicorn.conf.py").read_text(encoding="utf-8"), settings)
    assert settings["threads"] >= 2 * (1 + WAITING_TEXTS)


@on_sqlite
def test_layers_are_offered_where_a_lens_is_fitted_to_who_reads(
    app: APIFlask, alice: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Layer by layer, on a page of its own" in alice.client.get("/try").text
    models = app.extensions["perplexed"].live._models
    monkeypatch.setattr(models, "has_lens", lambda name, revision: False)
    page = alice.client.get("/try").text
    assert "No lens is fitted to Minnow on this server" in page
    assert "Layer by layer, on a page of its own" not in page
