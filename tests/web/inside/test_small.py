"""Where less is kept of the inside of a model: what is absent is said to be absent."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from server import create_app
from server.application import db
from server.store.inside.blobs import trace_from_blob, trace_to_blob
from server.store.inside.traces import TraceRow
from tests.conftest import Player, close, settings_for
from tests.databases import on_sqlite
from tests.web.inside.test_stored import bet_evenly, seen, skip, the, url_of

pytestmark = on_sqlite

ONLY_WORDS = "is kept here for rounds of words alone"


@pytest.fixture
def erin(small_url: str) -> Iterator[Player]:
    """A player where small traces are stored."""
    app = create_app(settings_for(small_url, live_scoring=False))
    app.testing = True
    yield Player(app.test_client())
    close(app)


def forget_heads(player: Player) -> None:
    """Keep of no head what it looked at."""
    with player.client.application.app_context():
        for row in db.session.query(TraceRow):
            trace = trace_from_blob(row.trace)
            assert trace.heads_kept is not None
            trace.heads_kept[:] = np.False_
            row.trace = trace_to_blob(trace)
        db.session.commit()


def test_words_are_shown_with_what_the_five_strongest_heads_looked_at(erin: Player) -> None:
    state = erin.play(the)
    result = erin.client.get(f"/rounds/{state['id']}/result").text
    assert ONLY_WORDS not in result
    for answer in state["answers"]:
        assert f"/rounds/{state['id']}/inside/{answer['position']}" in result
        view = seen(erin, url_of(state, answer["position"]))
        assert sum(part["watched"] is not None for part in view["parts"]) == 5
        page = erin.client.get(f"/rounds/{state['id']}/inside/{answer['position']}")
        assert page.status_code == 200
        assert "is not kept" not in page.text


@pytest.mark.parametrize("mode", ["guess", "bet"])
def test_after_a_round_of_tokens_the_result_says_that_words_alone_are_kept(
    erin: Player, mode: str
) -> None:
    state = erin.play(skip, unit="tokens") if mode == "guess" else bet_evenly(erin, unit="tokens")
    assert erin.client.get(url_of(state)).status_code == 404
    result = erin.client.get(f"/rounds/{state['id']}/result")
    assert result.status_code == 200
    assert ONLY_WORDS in result.text
    assert "/inside/" not in result.text
    assert "You read like" not in result.text


def test_a_head_of_which_nothing_is_kept_is_shown_so_and_not_as_looking_nowhere(
    erin: Player,
) -> None:
    forget_heads(erin)
    state = erin.play(skip)
    pages = ""
    for answer in state["answers"]:
        view = seen(erin, url_of(state, answer["position"]))
        assert all(part["watched"] is None for part in view["parts"])
        pages += erin.client.get(f"/rounds/{state['id']}/inside/{answer['position']}").text
    assert "what it looked at is not kept" in pages
    assert "looked at “" not in pages
