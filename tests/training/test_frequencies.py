"""Counting words as the game asks for them."""

from __future__ import annotations

from server.domain.scores.unigram import read_table
from training.frequencies import as_table, counted

TEXT = "It was the best, the Best of don't don\u2019t e-mails and the time's end. The 3rd the"


def test_words_are_counted_as_a_round_would_ask_them() -> None:
    """The first word has no space before it, and hyphens and endings continue a word."""
    counts = counted([TEXT])
    assert counts["the"] == 5
    assert counts["best"] == 2
    assert counts["don't"] == 2
    assert "e" not in counts
    assert counts["it"] == 0


def test_rare_words_are_named_together() -> None:
    known = read_table(as_table(counted([TEXT, " the best"])))
    assert known.counts == {"the": 6, "best": 3}
    assert known.unnamed * 1.0 <= known.rest
