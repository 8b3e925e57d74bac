"""Which tokens go on as longer words is what the model itself says after them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from server.domain.text.tokens import continues_word

FRAGMENTS = (" g", " sw", " thr", " cr")
WORDS = (" the", " he", " be", " walk", " every")


def ids(scorer: Any, texts: tuple[str, ...]) -> list[int]:
    found = [scorer.vocabulary.id_of(text) for text in texts]
    assert None not in found
    return [int(token_id) for token_id in found]


def test_fragments_go_on_and_words_do_not(bundled_scorer: Any) -> None:
    assert min(bundled_scorer.continued(ids(bundled_scorer, FRAGMENTS))) > 0.8
    assert max(bundled_scorer.continued(ids(bundled_scorer, WORDS))) < 0.4


def test_no_share_is_above_that_after_nothing_at_all(bundled_scorer: Any) -> None:
    """The model's own forward pass, over the beginning of a text and the token."""
    loaded = bundled_scorer._loaded
    vocabulary = loaded.vocabulary
    going_on = [i for i in range(len(vocabulary)) if continues_word(vocabulary.text(i))]
    hyphen = vocabulary.id_of("-")
    for token_id in ids(bundled_scorer, FRAGMENTS + WORDS):
        with torch.no_grad():
            logits = loaded.model(torch.tensor([[loaded.beginning_id, token_id]])).logits[0, -1]
        probabilities = torch.softmax(logits[: len(vocabulary)], dim=0).numpy()
        alone = probabilities[going_on].sum() + probabilities[hyphen]
        (share,) = bundled_scorer.continued([token_id])
        assert share <= alone + 1e-4
        if alone < 0.5:
            assert share == pytest.approx(alone, abs=1e-4)


def test_shares_do_not_depend_on_which_are_asked_together(bundled_scorer: Any) -> None:
    all_ids = ids(bundled_scorer, FRAGMENTS + WORDS)
    together = bundled_scorer.continued(all_ids)
    alone = [bundled_scorer.continued([token_id])[0] for token_id in all_ids]
    np.testing.assert_allclose(together, alone, atol=1e-5)
