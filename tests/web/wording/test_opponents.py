"""Who plays, and who reads a player's own text, each in a sentence."""

from __future__ import annotations

import pytest

from server.domain.scores.models import BUNDLED, SMOLLM2, model_label
from server.services.contract.opponents import HomeView, ModelView
from server.services.play.own_texts import StandIn
from server.web.wording.opponents import fallback_notice, opponent_line, stand_in_notice

GPT2 = "openai-community/gpt2"


def model(name: str) -> ModelView:
    return ModelView(
        name=name, revision="r", parameters=124_439_808, label=model_label(name), beginning=""
    )


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (GPT2, "Playing against GPT-2 (124\u00a0million parameters)."),
        (BUNDLED, "Playing against Minnow, the small bundled model (124\u00a0million parameters)."),
    ],
)
def test_the_opponent_is_named_with_its_size(name: str, sentence: str) -> None:
    assert opponent_line(model(name)) == sentence


@pytest.mark.parametrize(
    ("name", "stand_in"),
    [
        (BUNDLED, "Minnow, the small bundled model, plays"),
        (SMOLLM2, "SmolLM2, a small pretrained model, plays"),
        ("somebody/else", "else plays"),
    ],
)
def test_a_model_that_plays_in_another_s_place_is_described(name: str, stand_in: str) -> None:
    home = HomeView(opponent=model(name), passages=1, missing_model=GPT2)
    assert fallback_notice(home) == f"GPT-2 is not on this machine, so {stand_in} in its place."


def test_the_preferred_model_needs_no_notice() -> None:
    assert fallback_notice(HomeView(opponent=model(GPT2), passages=1, missing_model=None)) == ""
    assert fallback_notice(HomeView(opponent=None, passages=0, missing_model=None)) == ""
    assert opponent_line(None) == ""


def test_who_reads_instead_follows_why_the_opponent_cannot() -> None:
    stand_in = StandIn(BUNDLED, "GPT-2 cannot read.")
    sentence = "GPT-2 cannot read. Minnow, the small bundled model, reads it instead."
    assert stand_in_notice(stand_in) == sentence
    assert stand_in_notice(None) == ""
