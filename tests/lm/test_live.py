"""A text of any length, held against the passages' scorer and against windows read one by one."""

from __future__ import annotations

import numpy as np
import pytest

from server.domain.errors import InvalidInput
from server.domain.play.own_texts import MOST_TOKENS
from server.domain.text.tokens import windows
from server.lm.score import PassageScorer
from tests.lm.test_score import TEXTS, score

LONG = " ".join(f"On day {day} the ferry was late and nobody said why." for day in range(40))


def test_a_text_within_the_window_is_scored_as_a_passage_is(scorer: PassageScorer) -> None:
    for text, passage in zip(TEXTS, score(scorer, TEXTS), strict=True):
        alone = scorer.score_text(text)
        for name, array in alone.arrays().items():
            if not name.endswith("_top_ids"):  # two equally probable tokens may change places
                np.testing.assert_allclose(array, passage.arrays()[name], atol=1e-4, err_msg=name)


def test_a_longer_text_is_scored_window_by_window(scorer: PassageScorer) -> None:
    """Each token's loss is the one in a passage that is its window's text and nothing else."""
    whole = scorer.score_text(LONG)
    ids, pieces = whole.token_ids.tolist(), scorer.vocabulary.pieces
    size = scorer.identity.window_tokens
    assert len(ids) > 3 * size
    checked = 0
    for window in windows(len(ids), size):
        text = b"".join(pieces[i] for i in ids[window.start : window.stop]).decode()
        part = scorer.score_text(text)
        if part.token_ids.tolist() != ids[window.start : window.stop]:
            continue  # cut here, the text alone would be other tokens
        kept = slice(window.kept - window.start, None)
        np.testing.assert_allclose(
            part.target_logprob[kept], whole.target_logprob[window.kept : window.stop], atol=1e-4
        )
        checked += window.stop - window.kept
    assert checked > len(ids) / 2


def test_a_text_of_too_many_tokens_is_refused_before_it_is_read(scorer: PassageScorer) -> None:
    with pytest.raises(InvalidInput, match=f"{MOST_TOKENS:,} are allowed"):
        scorer.score_text("🦊" * MOST_TOKENS)
