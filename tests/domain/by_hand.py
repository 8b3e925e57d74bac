"""A passage and a model small enough to check every figure with a pencil.

The passage is "The cat sat on the mat." At every position the model gives the same probabilities.
Word tokens have 0.64 together, so restricted to words " cat" has 0.32 / 0.64 = 0.5, " The" 0.25.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from server.domain.scores.passage_scores import (
    RIVAL_TABLES,
    RIVALS_PER_POSITION,
    TOP_EVERYWHERE,
    Form,
    PassageScores,
    Rivals,
)
from server.domain.text.tokens import TokenizedText, Unit, Vocabulary

END_OF_TEXT_ID = 11
PROBABILITIES = {  # by token, most probable first
    b" cat": 0.32,
    b".": 0.20,
    b" The": 0.16,
    b"the": 0.10,
    b" the": 0.08,
    b" dog": 0.04,
    b"\n": 0.03,
    b" mat": 0.02,
    b" sat": 0.012,
    b" ": 0.011,
    b"\xc3": 0.010,
    b"": 0.009,
    b" on": 0.008,
}
VOCABULARY = Vocabulary((*PROBABILITIES, b"The", b"\xa9"))
PASSAGE = [b"The", b" cat", b" sat", b" on", b" the", b" mat", b"."]
CAT, SAT, ON, THE, MAT, STOP = range(1, 7)
ALMOST_NOTHING = 1e-9


def scored(
    vocabulary: Vocabulary = VOCABULARY,
    passage: list[bytes] | None = None,
    probabilities: dict[bytes, float] | None = None,
    stored: int = 1_000,
    **replaced: Any,
) -> PassageScores:
    """Return the scores of a passage whose every position is asked, `stored` candidates each."""
    pieces = passage or PASSAGE
    by_piece = probabilities or PROBABILITIES
    ids = [vocabulary.pieces.index(piece) for piece in pieces]
    given = np.array([by_piece.get(piece, ALMOST_NOTHING) for piece in vocabulary.pieces])
    words = np.array(vocabulary.word_ids, dtype=int)
    order = np.argsort(-given, kind="stable")
    word_order = words[np.argsort(-given[words], kind="stable")]
    n = len(ids)

    def everywhere(row: Any, dtype: type[np.generic]) -> Any:
        return np.tile(np.array(row, dtype=dtype), (n, 1))

    def rank(token_id: int, among: Any) -> int:
        return int((given[among] > given[token_id]).sum()) + 1

    arrays: dict[str, Any] = {
        "token_ids": np.array(ids, dtype=np.int32),
        "token_ends": np.array(TokenizedText(pieces).ends, dtype=np.int32),
        "target_logprob": np.log(given[ids]).astype(np.float32),
        "target_rank": np.array([rank(i, slice(None)) for i in ids], dtype=np.int32),
        "entropy_nats": np.full(n, -(given * np.log(given)).sum(), dtype=np.float32),
        "word_log_mass": np.full(n, np.log(given[words].sum()), dtype=np.float32),
        "word_rank": np.array([rank(i, words) if i in words else 0 for i in ids], dtype=np.int32),
        "top_ids": everywhere(order[:TOP_EVERYWHERE], np.int32),
        "top_logprob": everywhere(np.log(given[order[:TOP_EVERYWHERE]]), np.float32),
        "asked_words": np.arange(n, dtype=np.int32),
        "asked_tokens": np.arange(n, dtype=np.int32),
        "words_top_ids": everywhere(word_order[:stored], np.int32),
        "words_top_logprob": everywhere(np.log(given[word_order[:stored]]), np.float32),
        "tokens_top_ids": everywhere(order[:stored], np.int32),
        "tokens_top_logprob": everywhere(np.log(given[order[:stored]]), np.float32),
        **{name: rivals(vocabulary, given, ids, unit) for (unit, _), name in RIVAL_TABLES.items()},
    }
    arrays |= replaced
    for unit in Unit:  # every asked position has rivals of the whole form
        name = RIVAL_TABLES[unit, Form.WHOLE]
        arrays[name] = at_positions(arrays[name], arrays[f"asked_{unit}"])
    return PassageScores(**arrays)


def at_positions(rivals: Rivals, positions: Any) -> Rivals:
    """Return the rows of some positions; every position has one."""
    rows = np.array(positions, dtype=int)
    return Rivals(**{name: column[rows] for name, column in rivals.arrays().items()})


def rivals(vocabulary: Vocabulary, given: Any, ids: list[int], unit: Unit) -> Rivals:
    """Return rivals at every position: the first 16 tokens that the unit knows, in turn."""
    answers = vocabulary.word_answers if unit is Unit.WORDS else np.arange(len(given))
    drawn = np.resize(np.flatnonzero(answers >= 0), RIVALS_PER_POSITION)

    def logprob(token_id: int) -> float:
        if answers[token_id] < 0:
            return float(np.log(given[token_id]))
        return float(np.log(given[answers == answers[token_id]].sum()))

    return Rivals(
        positions=np.arange(len(ids), dtype=np.int32),
        target_logprob=np.array([logprob(i) for i in ids], dtype=np.float32),
        rival_ids=np.tile(drawn.astype(np.int32), (len(ids), 1)),
        rival_logprob=np.tile(
            np.array([logprob(i) for i in drawn.tolist()], dtype=np.float32), (len(ids), 1)
        ),
    )
