"""Scores from elsewhere are believed only where every array can be what it says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from server.domain.scores.checks import contradiction
from server.domain.scores.passage_scores import PassageScores
from tests.domain.by_hand import VOCABULARY, scored

TEXT = "The cat sat on the mat."
WORDS = [1, 2, 3, 4, 5]  # neither the first word, which has no space before it, nor the full stop


def fitting() -> dict[str, NDArray[Any]]:
    arrays = scored().arrays()
    of_words = {name: array[WORDS] for name, array in arrays.items() if name.startswith("words_")}
    return arrays | of_words | {"asked_words": arrays["asked_words"][WORDS]}


def problem(**changed: NDArray[Any]) -> str | None:
    named = {name.replace("__", "."): array for name, array in changed.items()}
    scores = PassageScores.from_arrays(fitting() | named)
    return contradiction(scores, TEXT, VOCABULARY)


def with_last(name: str, value: float) -> NDArray[Any]:
    array = fitting()[name].copy()
    array.flat[-1] = value
    return array


def test_scores_that_fit_are_believed() -> None:
    assert problem() is None


@pytest.mark.parametrize("name", ["target_logprob", "word_log_mass", "entropy_nats"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_no_number_is_no_probability(name: str, value: float) -> None:
    assert f"{name} holds values that are not" in str(problem(**{name: with_last(name, value)}))


def test_a_probability_above_one_is_none() -> None:
    assert problem(top_logprob=with_last("top_logprob", 0.5)) is not None
    assert problem(entropy_nats=with_last("entropy_nats", -0.5)) is not None


@pytest.mark.parametrize(
    ("name", "kind"),
    [("token_ids", np.int64), ("target_logprob", np.float64), ("words_tail.positions", np.float32)],
)
def test_every_array_is_of_its_kind(name: str, kind: Any) -> None:
    array = fitting()[name].astype(kind)
    assert f"{name} holds {np.dtype(kind)}" in str(problem(**{name.replace(".", "__"): array}))


@pytest.mark.parametrize("name", ["top_ids", "words_top_logprob", "tokens_whole.rival_ids"])
@pytest.mark.parametrize("columns", [0, 1])
def test_every_array_has_its_shape(name: str, columns: int) -> None:
    array = fitting()[name][:, :columns]
    array = array[:, 0] if columns else array
    assert "has the shape" in str(problem(**{name.replace(".", "__"): array.copy()}))


@pytest.mark.parametrize("name", ["token_ids", "top_ids", "words_whole.rival_ids"])
@pytest.mark.parametrize("token_id", [-1, 1_000_000])
def test_no_token_is_beyond_the_vocabulary(name: str, token_id: int) -> None:
    changed = with_last(name, token_id)
    assert "tokens that the vocabulary" in str(problem(**{name.replace(".", "__"): changed}))


@pytest.mark.parametrize(("name", "rank"), [("target_rank", 0), ("word_rank", 1_000_000)])
def test_no_rank_is_beyond_the_vocabulary(name: str, rank: int) -> None:
    assert problem(**{name: with_last(name, rank)}) == "a rank is beyond the vocabulary"


@pytest.mark.parametrize("name", ["words_whole.positions", "tokens_whole.positions"])
def test_the_asked_positions_have_rivals(name: str) -> None:
    positions = fitting()[name].copy()
    positions[-2] = positions[-1]
    assert "rivals" in str(problem(**{name.replace(".", "__"): positions}))


def test_positions_stand_in_order_and_exist() -> None:
    backwards = fitting()["words_tail.positions"][::-1].copy()
    assert problem(words_tail__positions=backwards) is not None
    assert problem(asked_tokens=with_last("asked_tokens", 7)) is not None


def test_a_word_that_is_asked_has_a_rank_among_words() -> None:
    ranks = fitting()["word_rank"].copy()
    ranks[WORDS[0]] = 0
    assert "no rank among words" in str(problem(word_rank=ranks))


def mixed_at(*positions: int) -> dict[str, NDArray[Any]]:
    """Return the arrays of a mixed draw at some positions, with two candidates each."""
    whole = fitting()
    rows = [WORDS.index(position) if position in WORDS else 0 for position in positions]
    return {
        "mixed_words": np.array(positions, dtype=np.int32),
        "mixed_top_ids": whole["words_top_ids"][rows, :2],
        "mixed_top_logprob": whole["words_top_logprob"][rows, :2],
    }


def test_a_mixed_draw_asks_words_of_the_text_in_order() -> None:
    assert problem(**mixed_at(1, 4)) is None
    for positions in ([4, 1], [1, 1], [1, 6], [1, 7]):
        assert "mixed positions" in str(problem(**mixed_at(*positions)))


def test_a_mixed_draw_has_candidates_for_each_of_its_positions() -> None:
    arrays = mixed_at(1, 4)
    with pytest.raises(ValueError, match="mixed_top_ids has 1 rows, not 2"):
        problem(**(arrays | {"mixed_top_ids": arrays["mixed_top_ids"][:1]}))
    assert "has the shape" in str(problem(**(arrays | {"mixed_top_ids": np.zeros((2, 0), "i4")})))
