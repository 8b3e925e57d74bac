"""The swap lab over HTTP: what it answers, what it refuses, and that it stores nothing."""

from __future__ import annotations

from typing import Any

import pytest

from server.domain.inside.presets import PRESETS, Preset
from tests.conftest import CreateApp, Player, settings_for
from tests.databases import on_sqlite

pytestmark = on_sqlite
SITES = ["residual", "attention", "mlp", "heads"]


def body_of(preset: Preset) -> dict[str, Any]:
    pair = preset.pair
    return {
        "clean": pair.clean,
        "corrupt": pair.corrupt,
        "clean_answer": pair.clean_answer,
        "corrupt_answer": pair.corrupt_answer,
        "gate": preset.gate,
    }


def swap(player: Player, **body: Any) -> dict[str, Any]:
    response = player.client.post("/api/v1/inside/swap", json=body)
    assert response.status_code == 200, response.text
    return dict(response.get_json())


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_every_preset_calls_for_its_answers(alice: Player, preset: Preset) -> None:
    answer = swap(alice, **body_of(preset))
    assert answer["clean_difference"] > 0
    assert answer["clean_difference"] > answer["corrupt_difference"]
    assert answer["corrupt_difference"] <= 0
    assert [one["site"] for one in answer["maps"]] == SITES
    columns = len(answer["clean_tokens"])
    assert columns == len(answer["corrupt_tokens"])
    for one in answer["maps"][:3]:
        for direction in ("enough", "needed"):
            assert {len(row) for row in one[direction]} == {columns}
    assert answer["sentence"].endswith(".")


def test_swapping_the_differing_word_before_the_first_layer_is_all(alice: Player) -> None:
    answer = swap(alice, **body_of(PRESETS[0]))
    differing = [
        one != other
        for one, other in zip(answer["clean_tokens"], answer["corrupt_tokens"], strict=True)
    ]
    assert sum(differing) == 1
    for direction in ("enough", "needed"):
        row = answer["maps"][0][direction][0]
        assert row == pytest.approx([float(one) for one in differing], abs=1e-4)


def test_a_hand_built_and_is_needed_and_not_enough_and_an_or_the_reverse(alice: Player) -> None:
    both, either = (swap(alice, **body_of(preset)) for preset in PRESETS[-2:])
    assert (both["model"], either["model"]) == ("A hand-built AND", "A hand-built OR")
    assert both["maps"][3] == {"site": "heads", "enough": [[0, 0]], "needed": [[1, 1]]}
    assert either["maps"][3] == {"site": "heads", "enough": [[1, 1]], "needed": [[0, 0]]}
    assert both["sentence"].startswith(
        "Needed, but not enough alone: head 1 of layer 1 and head 2 of layer 1."
    )
    assert "Enough, though others can stand in: head 1 of layer 1" in either["sentence"]


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"corrupt": "The key to the very old cabinet"}, "corrupt", "is 6 tokens and the second 7"),
        ({"clean_answer": " incomprehensibilities"}, "clean_answer", "an answer is one token"),
        ({"corrupt_answer": " were"}, "corrupt_answer", "two answers are the same"),
        ({"corrupt": "The keys to the old cabinet"}, "corrupt_answer", "nothing to swap"),
        ({"clean": "on " * 100}, "clean", "1 to 32 are allowed"),
        ({"clean": ""}, "clean", "at least 1 character"),
        ({"gate": "and"}, "clean", "three of the words no, yes, ="),
        ({"gate": "xor"}, "gate", "'and' or 'or'"),
        ({"layer": 3}, "layer", "not permitted"),
    ],
)
def test_what_cannot_be_swapped_is_refused_by_field(
    alice: Player, change: dict[str, Any], field: str, words: str
) -> None:
    response = alice.client.post("/api/v1/inside/swap", json=body_of(PRESETS[0]) | change)
    assert response.status_code == 422
    (error,) = response.get_json()["errors"]
    assert error["field"] == field
    assert words in error["message"]


def test_a_visit_makes_no_player(alice: Player) -> None:
    swap(alice, **body_of(PRESETS[0]))
    assert alice.client.get_cookie("perplexed") is None


def test_the_page_offers_every_preset(alice: Player) -> None:
    page = alice.client.get("/inside/swap").get_data(as_text=True)
    for preset in PRESETS:
        assert f'value="{preset.name}"' in page
    assert "Minnow reads two prompts" in page


def test_switched_off_page_and_call_say_so(create: CreateApp, database_url: str) -> None:
    client = create(settings_for(database_url, live_scoring=False)).test_client()
    page = client.get("/inside/swap")
    assert page.status_code == 200
    assert "LIVE_SCORING is off" in page.get_data(as_text=True)
    assert "swap-form" not in page.get_data(as_text=True)
    refused = client.post("/api/v1/inside/swap", json=body_of(PRESETS[0]))
    assert refused.status_code == 503
    assert "LIVE_SCORING is off" in refused.get_json()["detail"]
