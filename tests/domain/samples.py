"""Synthetic players, positions and rivals whose true losses are known.

At each position a reference g over a few tokens, an author who draws the target, and players who
hold a distribution of their own: h ∝ g^a · noise. What they state is exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from server.domain.estimators.arrays import FloatArray, IntArray
from server.domain.estimators.bets import Bets
from server.domain.estimators.duels import Judgements
from server.domain.intervals.clusters import Clusters

VOCABULARY = 60
OFFERED = 8
PER_PASSAGE = 12


@dataclass(frozen=True)
class World:
    """A pool of positions: the reference's probabilities (best first), targets and passages."""

    reference: FloatArray  # (positions, vocabulary)
    noise: FloatArray  # (positions, vocabulary): in what all players differ from the reference
    target: IntArray  # (positions,)
    passage: IntArray  # (positions,)

    def human(self, positions: IntArray, temper: FloatArray) -> FloatArray:
        """Return what players of a given temper hold probable, shape (n, vocabulary)."""
        powers = np.exp(temper[:, None] * np.log(self.reference[positions]))
        return normalised(powers * np.exp(self.noise[positions]))

    def true_loss(self, temper: float) -> float:
        """Return the mean loss of a player of this temper over the whole pool, in nats."""
        everywhere = np.arange(self.target.size)
        human = self.human(everywhere, np.full(everywhere.size, temper))
        return float(-np.log(human[everywhere, self.target]).mean())


def normalised(weights: FloatArray) -> FloatArray:
    """Return rows that sum to 1."""
    scaled: FloatArray = weights / weights.sum(axis=1, keepdims=True)
    return scaled


def drawn(generator: np.random.Generator, probabilities: FloatArray) -> IntArray:
    """Draw one token from each row."""
    picks = (generator.random(len(probabilities))[:, None] > probabilities.cumsum(axis=1)).sum(1)
    tokens: IntArray = np.minimum(picks, probabilities.shape[1] - 1).astype(np.int64)
    return tokens


def make_world(generator: np.random.Generator, passages: int) -> World:
    """Make a pool of twelve positions a passage."""
    n = passages * PER_PASSAGE
    sharpness = generator.gamma(4, 0.4, n) + 0.3 + np.repeat(generator.normal(0, 0.2, passages), 12)
    powers: FloatArray = np.arange(1.0, VOCABULARY + 1) ** -np.maximum(sharpness, 0.2)[:, None]
    reference = np.sort(normalised(powers * np.exp(generator.normal(0, 0.5, powers.shape))))
    reference = reference[:, ::-1]
    author = normalised(reference**1.2 * np.exp(generator.normal(0, 0.3, powers.shape)))
    return World(
        reference,
        generator.normal(0, 0.7, powers.shape),
        drawn(generator, author),
        np.arange(n) // PER_PASSAGE,
    )


def clusters_of(world: World, player: IntArray, position: IntArray) -> Clusters:
    """Return who answered where."""
    return Clusters(player, position, world.passage[position])


def make_bets(
    generator: np.random.Generator, world: World, tempers: FloatArray, passages_each: int
) -> Bets:
    """Let each player bet on every position of a few passages."""
    passages = world.target.size // PER_PASSAGE
    chosen = [generator.choice(passages, passages_each, replace=False) for _ in tempers]
    position = np.concatenate(
        [(passages[:, None] * PER_PASSAGE + np.arange(PER_PASSAGE)).ravel() for passages in chosen]
    )
    player = np.repeat(np.arange(tempers.size), passages_each * PER_PASSAGE)
    human, target = world.human(position, tempers[player]), world.target[position]
    rows, offered = np.arange(position.size), target < OFFERED
    return Bets(
        share=np.where(offered, human[rows, target], human[:, OFFERED:].sum(axis=1)),
        offered=offered,
        target_logprob=np.log(world.reference[position, target]),
        rest=world.reference[position, OFFERED:].sum(axis=1),
        clusters=clusters_of(world, player, position),
    )


def make_duels(
    generator: np.random.Generator, world: World, tempers: FloatArray, questions: int, each: int
) -> Judgements:
    """Let each player judge `each` rivals from the tail, at some of the pool's tail positions."""
    tail = generator.permutation(np.flatnonzero(world.target >= OFFERED))[:questions]
    player = np.repeat(np.arange(tempers.size), each)
    position = generator.choice(tail, player.size)
    reference, target = world.reference[position], world.target[position]
    rival = drawn(generator, normalised(np.where(np.arange(VOCABULARY) < OFFERED, 0.0, reference)))
    human, rows = world.human(position, tempers[player]), np.arange(position.size)
    return Judgements(
        question=position,
        p_target=human[rows, target] / (human[rows, target] + human[rows, rival]),
        log_ratio=np.log(reference[rows, target] / reference[rows, rival]),
        log_weight=np.zeros(target.size),
        same=target == rival,
        clusters=clusters_of(world, player, position),
    )
