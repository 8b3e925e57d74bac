"""How often intervals of the headline hold the truth: the table of docs/decisions/0015.

Run: .venv/bin/python -m benchmarks.intervals
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import numpy as np

from server.domain.estimators.arrays import FloatArray, IntArray
from server.domain.estimators.bets import bets_estimate, with_tail
from server.domain.estimators.estimates import (
    Estimate,
    interval,
)
from tests.domain.samples import make_bets, make_duels, make_world

REPETITIONS = 300
DRAWS = 200
TEMPER = 0.8
Bounds = tuple[float, float]
Design = tuple[int, int, int, int, float]  # players, passages each, duels each, questions, spread
DESIGNS: list[Design] = [
    (1, 4, 40, 20, 0.0),
    (1, 20, 80, 40, 0.0),
    (3, 5, 40, 30, 0.0),
    (3, 5, 40, 30, 0.15),
    (8, 4, 20, 80, 0.15),
    (20, 3, 20, 80, 0.0),
    (20, 3, 20, 80, 0.15),
    (60, 2, 20, 80, 0.15),
]


def chosen(estimate: Estimate, _: np.random.Generator) -> Bounds:
    """The rule of `server.domain.estimators.estimates.interval`."""
    found = interval(estimate)
    return found.low, found.high


def by_player(estimate: Estimate, generator: np.random.Generator) -> Bounds:
    """Bootstrap percentiles, players drawn anew."""
    return _percentiles(estimate, [estimate.clusters.player], generator)


def by_position(estimate: Estimate, generator: np.random.Generator) -> Bounds:
    """Bootstrap percentiles, positions drawn anew."""
    return _percentiles(estimate, [estimate.clusters.position], generator)


def pigeonhole(estimate: Estimate, generator: np.random.Generator) -> Bounds:
    """Bootstrap percentiles, players and positions drawn anew."""
    who = estimate.clusters
    return _percentiles(estimate, [who.player, who.position], generator)


def _percentiles(
    estimate: Estimate, kinds: list[IntArray], generator: np.random.Generator
) -> Bounds:
    indices = [np.unique(codes, return_inverse=True)[1] for codes in kinds]
    values = np.empty(DRAWS)
    for draw in range(DRAWS):
        weights: FloatArray = np.ones(estimate.contributions.size)
        for index in indices:
            count = int(index.max()) + 1
            weights *= np.bincount(generator.integers(0, count, count), minlength=count)[index]
        values[draw] = estimate.value + weights @ estimate.contributions
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


METHODS: list[Callable[[Estimate, np.random.Generator], Bounds]] = [
    chosen,
    by_player,
    by_position,
    pigeonhole,
]


def true_loss(spread: float) -> float:
    """The mean loss over a large pool and, where players differ, over many of them."""
    world = make_world(np.random.default_rng(1), passages=2_000)
    offsets = np.random.default_rng(2).normal(0, spread, 40) if spread else [0.0]
    return float(np.mean([world.true_loss(TEMPER + offset) for offset in offsets]))


def coverage(design: Design) -> dict[str, tuple[float, float]]:
    """Return each method's share of intervals that hold the truth, and their mean width."""
    players, passages_each, duels, questions, spread = design
    truth = true_loss(spread)
    held: dict[str, int] = defaultdict(int)
    width: dict[str, float] = defaultdict(float)
    for seed in range(REPETITIONS):
        generator = np.random.default_rng(seed)
        tempers = TEMPER + generator.normal(0, spread, players)
        world = make_world(generator, passages=66)
        bets = make_bets(generator, world, tempers, passages_each)
        tail = make_duels(generator, world, tempers, questions, duels)
        estimate = with_tail(bets_estimate(bets), bets, tail)
        for method in METHODS:
            low, high = method(estimate, generator)
            held[method.__name__] += low <= truth <= high
            width[method.__name__] += high - low
    return {name: (held[name] / REPETITIONS, width[name] / REPETITIONS) for name in held}


if __name__ == "__main__":
    for design in DESIGNS:
        found = coverage(design)
        cells = [f"{name} {share:.3f} ({wide:.2f})" for name, (share, wide) in found.items()]
        print(design, *cells, sep="  ", flush=True)
