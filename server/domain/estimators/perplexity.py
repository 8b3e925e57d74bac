"""Losses in nats, and the bits and perplexity that pages show."""

from __future__ import annotations

import math

NATS_PER_BIT = math.log(2)


def bits(loss_nats: float) -> float:
    """Return a loss in bits: nats / ln 2. Example: ln 8 nats are 3 bits."""
    return loss_nats / NATS_PER_BIT


def perplexity(mean_loss_nats: float) -> float:
    """Return exp of the mean loss: as uncertain as a fair choice among that many."""
    return math.exp(mean_loss_nats)
