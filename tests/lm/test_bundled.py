"""The bundled model plays the bundled passages."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from server.commands.passages import BUNDLED_PASSAGES
from server.domain.scores.passage_scores import PassageScores
from server.domain.text.passages import passage_from_record

GENRES_AT_LEAST = 10
PASSAGES_AT_LEAST = 60


@pytest.fixture(scope="module")
def records() -> list[dict[str, str]]:
    lines = BUNDLED_PASSAGES.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_there_are_enough_passages_of_enough_genres(records: list[dict[str, str]]) -> None:
    assert len({passage_from_record(record).content_hash for record in records}) == len(records)
    assert len(records) >= PASSAGES_AT_LEAST
    assert len({record["genre"] for record in records}) >= GENRES_AT_LEAST


def test_each_passage_has_90_to_160_words_and_its_labels(records: list[dict[str, str]]) -> None:
    for record in records:
        assert 90 <= len(record["text"].split()) <= 160, record["title"]
        assert record["licence"] == "CC0-1.0"
        assert record["title"]
        assert record["source"].startswith("Written for Perplexed")


def test_every_passage_fits_and_asks_twelve_words(
    bundled_scorer: Any, records: list[dict[str, str]]
) -> None:
    texts = [record["text"] for record in records]
    outcomes = dict(bundled_scorer.score(texts))
    assert all(isinstance(outcome, PassageScores) for outcome in outcomes.values())
    assert {len(scores.asked_words) for scores in outcomes.values()} == {12}
    assert {len(scores.asked_tokens) for scores in outcomes.values()} == {12}
    ranks = np.concatenate([scores.word_rank[scores.asked_words] for scores in outcomes.values()])
    assert len(ranks) == 12 * len(records)
    assert (ranks == 1).mean() > 0.12  # a model that knew word frequencies alone gets about 0.07
