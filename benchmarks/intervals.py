"""How often intervals of accuracy, difference and loss hold the truth: docs/decisions/0024.

Studies are simulated from the model x = μ + player + passage + position + player × passage + rest;
a mark is right where such an x lies above a threshold. The truth is that of all players
and passages; of one player alone, that player's.

Run: .venv/bin/python -m benchmarks.intervals [studies]
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from server.domain.estimators.accuracy import Z_95, Interval, wilson_interval
from server.domain.estimators.arrays import FloatArray, IntArray
from server.domain.intervals.clusters import ClusterKind, codes_by_kind, squares_of
from server.domain.intervals.of_means_and_shares import mean_interval, share_interval
from server.domain.intervals.student_t import t_quantile
from server.domain.intervals.variance_components import (
    LOSS_NATS,
    RIGHT,
    RIGHT_DIFFERENCE,
    Default,
    fit_components,
    mean_variance,
)

POSITIONS = 12  # asked in each passage
THRESHOLDS = 0.65, 0.5  # of a person's mark and the model's: 26 and 31 % right
LOSS_MEAN, LOSS_SPREAD = 4.0, 2.2  # nats
FEWEST_PASSAGES = 5  # by which the rule before took them as places
Design = tuple[int, int, int]  # players, passages of the study, passages of each player
DESIGNS: list[Design] = [
    (1, 1, 1),
    (1, 4, 4),
    (1, 20, 20),
    (1, 66, 66),
    (2, 4, 4),
    (2, 66, 30),
    (3, 5, 5),
    (5, 66, 3),
    (20, 1, 1),
    (20, 3, 3),
    (20, 66, 3),
    (100, 1, 1),
    (100, 5, 2),
    (100, 20, 4),
    (100, 66, 3),
]
Effects = tuple[float, float, float, float]  # shares of player, passage, position, player × passage
EFFECTS: dict[str, Effects] = {
    "none": (0.0, 0.0, 0.0, 0.0),
    "as in studies": (0.03, 0.01, 0.3, 0.01),
    "player": (0.1, 0.01, 0.3, 0.01),
    "passage": (0.03, 0.05, 0.3, 0.01),
    "position": (0.03, 0.01, 0.6, 0.01),
    "player × passage": (0.03, 0.01, 0.3, 0.05),
    "all": (0.08, 0.04, 0.4, 0.04),
}


@dataclass(frozen=True)
class Study:
    """One value for each answer, who answered where, and the true mean."""

    values: FloatArray
    clusters: dict[ClusterKind, IntArray]
    truth: float


def losses(generator: np.random.Generator, design: Design, effects: Effects) -> Study:
    """Let players lose nats; the hardness of positions is skewed, as it is for people."""
    hardness = generator.exponential(size=design[1] * POSITIONS) - 1
    latent, clusters, player, _ = _latent(generator, design, effects, hardness)
    own = LOSS_SPREAD * player if design[0] == 1 else 0.0
    return Study(LOSS_MEAN + LOSS_SPREAD * latent, clusters, LOSS_MEAN + own)


def marks(generator: np.random.Generator, design: Design, effects: Effects) -> Study:
    """Let players be right or wrong."""
    hardness = generator.normal(size=design[1] * POSITIONS)
    latent, clusters, player, _ = _latent(generator, design, effects, hardness)
    truth = _share_right(player if design[0] == 1 else None, effects[0])
    return Study((latent > THRESHOLDS[0]).astype(np.float64), clusters, truth)


def differences(generator: np.random.Generator, design: Design, effects: Effects) -> Study:
    """Let players and a model be right or wrong; what is hard for them is hard for it too."""
    hardness = generator.normal(size=design[1] * POSITIONS)
    latent, clusters, player, passage = _latent(generator, design, effects, hardness)
    _, by_passage, by_position, _ = effects
    model = (
        np.repeat(math.sqrt(by_passage) * passage, POSITIONS)
        + math.sqrt(by_position) * hardness
        + math.sqrt(1 - by_passage - by_position) * generator.normal(size=hardness.size)
    )
    model_right = (model > THRESHOLDS[1])[clusters[ClusterKind.POSITION]]
    values = (latent > THRESHOLDS[0]).astype(np.float64) - model_right
    person = _share_right(player if design[0] == 1 else None, effects[0])
    return Study(values, clusters, person - NormalDist().cdf(-THRESHOLDS[1]))


def _latent(
    generator: np.random.Generator, design: Design, effects: Effects, hardness: FloatArray
) -> tuple[FloatArray, dict[ClusterKind, IntArray], float, FloatArray]:
    """Return each answer's x, its clusters, the first player's effect and those of passages."""
    players, passages, each = design
    by_player, by_passage, by_position, by_both = map(math.sqrt, effects)
    skill, ease = by_player * generator.normal(size=players), generator.normal(size=passages)
    liking = by_both * generator.normal(size=(players, passages))
    player = np.repeat(np.arange(players), each * POSITIONS)
    chosen = [generator.permutation(passages)[:each] for _ in range(players)]
    passage = np.repeat(np.concatenate(chosen), POSITIONS)
    position = passage * POSITIONS + np.tile(np.arange(POSITIONS), players * each)
    latent = (
        skill[player]
        + by_passage * ease[passage]
        + by_position * hardness[position]
        + liking[player, passage]
        + math.sqrt(1 - sum(effects)) * generator.normal(size=player.size)
    )
    return latent, codes_by_kind(player, passage, position), float(skill[0]), ease


def _share_right(player: float | None, by_player: float) -> float:
    if player is None:
        return NormalDist().cdf(-THRESHOLDS[0])
    return NormalDist().cdf((player - THRESHOLDS[0]) / math.sqrt(1 - by_player))


def by_components(study: Study, default: Default) -> Interval:
    """The rule that the product uses."""
    n = study.values.size
    squares = squares_of(study.values, np.full(n, 1 / n), study.clusters)
    components = fit_components(squares, default)
    if not study.clusters[ClusterKind.PLAYER].any():
        components = components.of_one_player()
    if default is RIGHT:
        return share_interval(int(study.values.sum()), n, components, squares.weights)
    return mean_interval(float(study.values.mean()), n, mean_variance(components, squares.weights))


def before(study: Study, default: Default) -> Interval:
    """The earlier rules: Wilson, Agresti and Min for marks; losses by player and place."""
    values, n = study.values, study.values.size
    if default is RIGHT:
        return wilson_interval(int(values.sum()), n)
    if default is RIGHT_DIFFERENCE:
        person, model = (values > 0).sum() + 0.5, (values < 0).sum() + 0.5
        centre = (person - model) / (n + 2)
        half = Z_95 * math.sqrt(((person + model) / (n + 2) - centre**2) / (n + 2))
        return Interval(float(values.mean()), centre - half, centre + half, n)
    return _by_player_and_place(study)


def _by_player_and_place(study: Study) -> Interval:
    n, value = study.values.size, float(study.values.mean())
    residuals = squares_of(study.values, np.full(n, 1 / n), study.clusters).residuals

    def shown(kind: ClusterKind) -> tuple[float, int]:
        clusters = np.unique(study.clusters[kind]).size
        square = residuals[list(ClusterKind).index(kind)]
        return float(clusters / max(clusters - 1, 1) * square), clusters

    place, passage = shown(ClusterKind.POSITION), shown(ClusterKind.PASSAGE)
    if passage[1] >= FEWEST_PASSAGES and passage[0] > place[0]:
        place = passage
    player = shown(ClusterKind.PLAYER)
    parts = [place, player] if player[1] > 1 else [place]
    total = sum(part for part, _ in parts)
    freedom = total**2 / sum(part**2 / (clusters - 1) for part, clusters in parts)
    half = t_quantile(freedom) * math.sqrt(total)
    return Interval(value, value - half, value + half, n)


MEASURES: dict[str, tuple[Callable[[np.random.Generator, Design, Effects], Study], Default]] = {
    "accuracy": (marks, RIGHT),
    "difference": (differences, RIGHT_DIFFERENCE),
    "loss": (losses, LOSS_NATS),
}


def coverage(
    measure: str,
    design: Design,
    effects: Effects,
    studies: int,
    rule: Callable[[Study, Default], Interval] = by_components,
) -> tuple[float, float]:
    """Return the share of a rule's intervals that hold the truth, and their mean width."""
    make, default = MEASURES[measure]
    held, width = 0, 0.0
    for seed in range(studies):
        study = make(np.random.default_rng(seed), design, effects)
        found = rule(study, default)
        held += found.low <= study.truth <= found.high
        width += found.high - found.low
    return held / studies, width / studies


def table(measure: str, studies: int) -> list[str]:
    """Return a measure's lines in Markdown: by effects, and the earlier rule on usual ones."""
    usual = EFFECTS["as in studies"]
    lines = [
        f"| {measure}: players, passages, of each | " + " | ".join(EFFECTS) + " | before |",
        "| --- |" + " --- |" * (len(EFFECTS) + 1),
    ]
    for design in DESIGNS:
        cells = []
        for effects in EFFECTS.values():
            held, width = coverage(measure, design, effects, studies)
            cells.append(f"{held:.3f} ±{width / 2:.2f}")
        held, width = coverage(measure, design, usual, studies, before)
        cells.append(f"{held:.3f} ±{width / 2:.2f}")
        lines.append(f"| {', '.join(map(str, design))} | " + " | ".join(cells) + " |")
    return lines


if __name__ == "__main__":
    for name in MEASURES:
        print(
            *table(name, int(sys.argv[1]) if len(sys.argv) > 1 else 400), "", sep="\n", flush=True
        )
