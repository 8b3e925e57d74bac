"""Sentences about the inside of the model: each story in words that are true of its numbers."""

from __future__ import annotations

from typing import Any

import pytest

from server.services.contract.inside import InsideView, LikenessView
from server.web.wording.inside import growth_sentence, inside_sentence, likeness_sentence

MODEL = {"name": "bundled", "revision": "1", "parameters": 1, "label": "Minnow", "beginning": ""}
PASSAGE = {"title": "A title", "genre": "essay", "source": "here", "private": False}


def view(story: dict[str, Any], ranks: list[int], **changes: Any) -> InsideView:
    """Return a view whose author's word has these ranks after layers 0, 1, and so on."""
    layers = [
        {
            "layer": number,
            "target": {"probability": 0.5 if rank == 1 else 0.02, "rank": rank},
            "model": {"probability": 0.5, "rank": 1},
            "guess": None,
            "top": [{"token": "sea", "probability": 0.5}],
        }
        for number, rank in enumerate(ranks)
    ]
    norms = [{"layer": n, "norm": 1.0, "attention": None, "mlp": None} for n in range(len(ranks))]
    fields = {
        "story": story,
        "position": 30,
        "unit": "words",
        "opponent": MODEL,
        "passage": PASSAGE,
        "before": "once upon a",
        "lens": "fitted",
        "target": "time",
        "model": "sea" if ranks[-1] > 1 else "time",
        "guess": "day",
        "other": "sea",
        "layers": layers,
        "norms": norms,
        "growth": None,
        "parts": [],
    }
    return InsideView.model_validate({**fields, **changes})


@pytest.mark.parametrize(
    ("story", "ranks", "expected"),
    [
        (
            {"kind": "target_dropped", "layer": 2},
            [9, 3, 1, 4],
            "It had “time” on top after layer 2 and dropped it.",
        ),
        (
            {"kind": "guess_dropped", "layer": 1},
            [9, 3, 2, 4],
            "It had your word, “day”, on top after layer 1 and dropped it.",
        ),
        (
            {"kind": "copied", "head_layer": 4, "head": 2, "weight": 0.42, "words_back": 7},
            [9, 3, 1, 1],
            "the same word stands 7 words back, and head\u00a02 of layer\u00a04 spent 42\u202f%",
        ),
        ({"kind": "phrase"}, [9, 3, 1, 1], "after “upon a” it is as good as a set phrase"),
        ({"kind": "nothing"}, [9, 3, 1, 1], "on top after layer 2, and it stayed there."),
        ({"kind": "nothing"}, [9, 3, 2, 1], "only the last layer put it on top."),
        ({"kind": "nothing"}, [9, 3, 2, 4], "after no layer was “time” on top."),
    ],
)
def test_each_story_has_its_sentence(
    story: dict[str, Any], ranks: list[int], expected: str
) -> None:
    sentence = inside_sentence(view(story, ranks))
    assert expected in sentence
    opening = "Minnow had “time”, at 50" if ranks[-1] == 1 else "Minnow said “sea” (50"
    assert sentence.startswith(opening)


def test_growth_is_called_exponential_only_where_it_is() -> None:
    growth = {"rate": 1.09, "r2": 0.95, "exponential": True}
    assert "exponentially, by +9\u202f% a layer (R² 0.95" in growth_sentence(
        view({"kind": "nothing"}, [1] * 9, growth=growth)
    )
    few = {"rate": 1.5, "r2": 0.99, "exponential": False}
    assert "not called exponential" in growth_sentence(
        view({"kind": "nothing"}, [1] * 6, growth=few)
    )


def likeness(**changes: Any) -> LikenessView:
    fields = {"layer": 2, "low": 1, "high": 3, "layers": 5, "n": 9, "typed": True}
    numbers = {"perplexity": 41.0, "perplexity_low": 20.2, "perplexity_high": 90.0}
    return LikenessView.model_validate(fields | numbers | changes)


def test_who_reads_like_a_layer_is_told_which_and_how_surely() -> None:
    sentence = likeness_sentence(likeness(), "Minnow")
    assert sentence.startswith(
        "You read like Minnow after layer 2 of 5: of all its layers, that one"
    )
    assert "perplexity 41, 95\u202f% interval 20 to 90" in sentence
    assert sentence.endswith("So few words cannot tell it from layers 1 to 3.")
    sure = likeness_sentence(likeness(low=2, high=2, typed=False), "Minnow")
    assert "its losses were nearest to yours" in sure
    assert sure.endswith("No other layer is within the interval.")
    assert "before layer 1 of 5" in likeness_sentence(likeness(layer=0, low=0, high=5), "Minnow")
    assert likeness_sentence(None, "Minnow") == ""
