"""What the unigram baseline does at the words of a round."""

from __future__ import annotations

from collections.abc import Sequence

from server.domain.estimators.perplexity import bits
from server.domain.scores.unigram import unigram
from server.services.contract.results import BaselineSideView


def baseline_side(targets: Sequence[tuple[str, float]]) -> BaselineSideView:
    """Return what the baseline does at some words, each with the opponent's loss there in nats."""
    known = unigram()
    hits = [loss_nats for target, loss_nats in targets if known.is_right(target)]
    losses = [known.loss_nats(target) for target, _ in targets]
    return BaselineSideView(
        word=known.first_choice,
        right=len(hits),
        answered=len(targets),
        points=bits(sum(hits)),
        bits_per_word=bits(sum(losses) / len(losses)),
    )
