"""Losses from bets: the proper logarithmic score, and the headline that adds the tail to it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from server.domain.estimators.arrays import BoolArray, FloatArray
from server.domain.estimators.duels import Judgements, excess_estimate
from server.domain.intervals.clusters import Clusters
from server.domain.intervals.of_bets_and_duels import Estimate, mean_estimate, plus


@dataclass(frozen=True)
class Bets:
    """Bets as columns, shape (n,) each; g is the model that offered the suggestions.

    `share` is the probability staked on the target where it was `offered`, otherwise on "something
    else", above 0 (see `target_share`); `target_logprob` is ln g(target) in nats; `rest` is g's
    probability of all that was not offered.
    """

    share: FloatArray
    offered: BoolArray
    target_logprob: FloatArray
    rest: FloatArray
    clusters: Clusters


def bet_losses(bets: Bets) -> FloatArray:
    """Return the loss of each bet in nats, shape (n,).

    −ln h(x*) where the target was offered; otherwise −ln(other) − ln[g(x*) / (1 − Σ_offered g)]:
    the model's tail stands in for the player's. That rest is never less than g(x*), which is part
    of it. Source: the logarithmic score, Good (1952); the stand-in makes it a score on all tokens.

    Example: 20 % on "something else", g(x*) = 0.01, 60 % of g offered: −ln 0.2 − ln(0.01 / 0.4) =
    1.6094 + 3.6889 = 5.2983.
    """
    in_rest = np.maximum(np.log(np.maximum(bets.rest, 1e-300)), bets.target_logprob)
    stand_in = np.where(bets.offered, 0.0, bets.target_logprob - in_rest)
    losses: FloatArray = -np.log(bets.share) - stand_in
    return losses


def bets_estimate(bets: Bets) -> Estimate:
    """Return the mean loss of bets in nats; raises ValueError where there is none."""
    return mean_estimate(bet_losses(bets), bets.clusters)


def with_tail(head: Estimate, bets: Bets, tail: Judgements | None) -> Estimate:
    """Return a bets' mean (loss or difference) plus what the tail's duels correct in it.

    Where the target was not offered, the model's tail stands in for the player's; there the player
    loses more by the jackknifed ln(mean ratio) of duels drawn from the tail. So
    θ = mean bet + s·mean_q J_q with s the share of bets whose target was not offered. First-order:
    a bet contributes (x − x̄)/n + J̄·(missed − s)/n, a judgement s times its own contribution.
    Without tail duels the stand-in remains.

    Example: mean bet 3.1, a tail excess of 0.4, a quarter not offered: 3.1 + 0.25 · 0.4 = 3.2.
    """
    if tail is None or tail.question.size == 0:
        return head
    return with_tail_excess(head, bets, excess_estimate(tail, jackknife=True))


def with_tail_excess(head: Estimate, bets: Bets, correction: Estimate) -> Estimate:
    """Return what `with_tail` does, from any estimate of the mean excess in the tail."""
    missed = mean_estimate((~bets.offered).astype(np.float64), bets.clusters)
    (by_bets,), (by_missing,), (by_judging,) = head.parts, missed.parts, correction.parts
    contributions = by_bets.contributions + correction.value * by_missing.contributions
    return plus(
        replace(head, parts=(replace(by_bets, contributions=contributions),)),
        replace(
            correction,
            value=missed.value * correction.value,
            parts=(by_judging.scaled(missed.value),),
        ),
    )
