"""The bundled model plays the bundled passages."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from server.commands.passages import BUNDLED_PASSAGES
from server.config import ROOT
from server.domain.scores.models import BUNDLED
from server.domain.scores.passage_scores import PassageScores
from server.domain.text.passages import passage_from_record
from server.lm.source import find_source
from server.lm.tokenizing import TokenReader

GENRES_AT_LEAST = 25
PASSAGES_AT_LEAST = 200
ASKED = 12  # places of a passage, in words and in tokens
AFTER_NEWS = 5  # five news reports come first, which other tests play
SCORED_EVERY = 6  # scoring all would take six times as long and tell no more


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


def test_neighbours_differ_in_genre(records: list[dict[str, str]]) -> None:
    genres = [record["genre"] for record in records[AFTER_NEWS:]]
    assert all(one != next_one for one, next_one in pairwise(genres))


def test_the_page_on_passages_counts_them_by_genre(records: list[dict[str, str]]) -> None:
    page = (ROOT / "docs" / "passages.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|\n]+) \| (\d+) \|$", page, re.MULTILINE)
    genres = Counter(record["genre"] for record in records)
    assert {genre: int(count) for genre, count in rows} == genres
    assert f"{len(records)} passages in {len(genres)} genres" in page
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"{len(records)} original passages in {len(genres)} genres" in changes


def test_every_passage_fits_and_has_twelve_places_to_ask(
    bundled_scorer: Any, records: list[dict[str, str]]
) -> None:
    reader = TokenReader(find_source(BUNDLED, ""))
    for record in records:
        read = reader.tokenized(record["text"])
        assert len(read) <= bundled_scorer.identity.window_tokens, record["title"]
        places = sum(read.is_word_position(position) for position in range(1, len(read)))
        assert places >= ASKED, record["title"]


def test_the_bundled_model_knows_more_than_how_common_words_are(
    bundled_scorer: Any, records: list[dict[str, str]]
) -> None:
    texts = [record["text"] for record in records[::SCORED_EVERY]]
    outcomes = dict(bundled_scorer.score(texts))
    assert all(isinstance(outcome, PassageScores) for outcome in outcomes.values())
    assert {len(scores.asked_words) for scores in outcomes.values()} == {ASKED}
    assert {len(scores.asked_tokens) for scores in outcomes.values()} == {ASKED}
    ranks = np.concatenate([scores.word_rank[scores.asked_words] for scores in outcomes.values()])
    assert len(ranks) == ASKED * len(texts)
    assert (ranks == 1).mean() > 0.12  # a model that knew word frequencies alone gets about 0.07
