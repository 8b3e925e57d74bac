"""How well a few guesses predict a player's ability: adjusted for difficulty, and raw.

Prints the tables of docs/estimators.md: simulated players whose ability is known, and, with two
files, real ones. The first holds guesses in the interchange format; the second, JSON, what a model
says of each place, {"passage position": {"loss": nats, "entropy": nats}}.

Run: .venv/bin/python -m benchmarks.ability [guesses.jsonl places.json]
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from server.domain.estimators.arrays import FloatArray, IntArray
from server.domain.estimators.guess_ability import (
    GRADES,
    SiteAbility,
    Tally,
    abilities,
    grade,
)
from server.domain.sums.ability_pools import add_graded, site_ability_from
from server.domain.sums.whole_numbers import Sums, together

WORDS = (12, 24, 60)
LEAST_HELD_OUT = 12
WINDOWS = 60  # of each player's guesses, wherever they begin
RESAMPLES = 1_000
SIMULATED_PLAYERS = 1_500


@dataclass(frozen=True)
class Guesses:
    """One player's guesses in their order: passage, grade, and 1 for right, (n,) each."""

    passage: IntArray
    grade: IntArray
    right: IntArray

    def tally(self, chosen: slice | FloatArray) -> Tally:
        """Return the tally of some of them."""
        grades, right = self.grade[chosen], self.right[chosen]
        _, counts = np.unique(self.passage[chosen], return_counts=True)
        return Tally(
            np.bincount(grades, weights=right, minlength=GRADES).astype(np.float64),
            np.bincount(grades, minlength=GRADES).astype(np.float64),
            float(counts @ counts),
        )


def site_of(players: Sequence[Guesses]) -> SiteAbility:
    """Return what all players' guesses give, as the statistics keep them."""
    parts = []
    for one in players:
        mine: Sums = {}
        columns = (one.passage.tolist(), one.grade.tolist(), one.right.tolist())
        rows = zip(*columns, strict=True)
        add_graded(mine, 1, "", [(place, hard, bool(mark)) for place, hard, mark in rows])
        parts.append(mine)
    found = site_ability_from(together(parts), 1, "")
    if found is None:
        raise ValueError("nobody has guessed")
    return found


def simulated(seed: int, between: float = 0.15, passage: float = 0.08) -> list[Guesses]:
    """Let players guess at ten passages of twelve words; some passages are harder."""
    generator = np.random.default_rng(seed)
    shape = (SIMULATED_PLAYERS, 10, 12)
    hard = generator.gamma(4.0, 0.25, shape[:2])[:, :, None]
    loss = hard * generator.gamma(0.9, 3.5, shape)
    skill = generator.normal(0, between**0.5, shape[0])[:, None, None]
    liking = generator.normal(0, passage**0.5, shape[:2])[:, :, None]
    logit = 1.8 - 1.7 * np.sqrt(loss) - 0.06 * 4.0 + skill + liking
    right = generator.random(shape) < 1 / (1 + np.exp(-logit))
    grades = np.vectorize(grade)(loss, 4.0)
    passages = np.repeat(np.arange(10), 12)
    return [
        Guesses(passages, hard_ones.ravel(), marks.ravel().astype(np.int64))
        for hard_ones, marks in zip(grades, right, strict=True)
    ]


def real(guesses: Path, places: Path, *, words: bool) -> list[Guesses]:
    """Return real players' guesses at places that a model knows; at words alone, or at tokens."""
    known = json.loads(places.read_text("utf-8"))
    rows: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
    numbers: dict[str, int] = {}
    for line in guesses.read_text("utf-8").splitlines():
        row = json.loads(line)
        place = known.get(f"{row['passage']} {row['position']}")
        if place is None or (words and not row["is_word"]):
            continue
        guess, target = row["guess"] or "", row["target"]
        right = guess.strip().lower() == target.strip().lower() if words else guess == target
        passage = numbers.setdefault(row["passage"], len(numbers))
        rows[row["player"]].append((passage, grade(place["loss"], place["entropy"]), int(right)))
    return [Guesses(*np.array(mine, dtype=np.int64).T) for mine in rows.values()]


@dataclass(frozen=True)
class Predictions:
    """What windows of guesses say of the rest: whose they are, and their weight, (windows,)."""

    player: IntArray
    raw: FloatArray
    adjusted: FloatArray
    rest: FloatArray  # ability in the guesses held out
    weight: FloatArray

    def correlations(self, players: IntArray | None = None) -> tuple[float, float]:
        """Return how raw accuracy and ability go with the rest; of some players, as often drawn."""
        drawn = np.ones(int(self.player.max()) + 1)
        if players is not None:
            drawn = np.bincount(players, minlength=drawn.size).astype(np.float64)
        weight = self.weight * drawn[self.player]
        return _correlation(self.raw, self.rest, weight), _correlation(
            self.adjusted, self.rest, weight
        )


def predictions(players: Sequence[Guesses], words: int, seed: int = 0) -> Predictions:
    """Let windows of so many guesses in a row predict the player's other guesses."""
    generator, site = np.random.default_rng(seed), site_of(players)
    shares = site.curve.shares
    rows, tallies = [], []
    for number, one in enumerate(players):
        n = one.right.size
        if n < words + LEAST_HELD_OUT:
            continue
        for start in generator.integers(0, n - words + 1, WINDOWS if len(players) < 100 else 1):
            window = slice(int(start), int(start) + words)
            rest = np.delete(np.arange(n), window)
            expected = shares[one.grade[rest]]
            information = float((expected * (1 - expected)).sum())
            ability = float((one.right[rest] - expected).sum()) / information
            weight = 1 / (site.between + 1 / information)
            rows.append((number, one.right[window].mean(), ability, weight))
            tallies.append(one.tally(window))
    player, raw, rest_ability, weights = (np.array(column) for column in zip(*rows, strict=True))
    adjusted = np.array([found.logit.value for found in abilities(site, tallies)])
    return Predictions(player.astype(np.int64), raw, adjusted, rest_ability, weights)


def _correlation(first: FloatArray, second: FloatArray, weight: FloatArray) -> float:
    w = weight / weight.sum()
    x, y = first - w @ first, second - w @ second
    return float((w * x) @ y / np.sqrt(((w * x) @ x) * ((w * y) @ y)))


def table(name: str, players: Sequence[Guesses]) -> list[str]:
    """Return lines in Markdown: correlations with the rest, and how sure their difference is."""
    lines = [f"| {name} | players | raw | adjusted | adjusted better in |", "| --- " * 5 + "|"]
    generator = np.random.default_rng(1)
    for words in WORDS:
        found = predictions(players, words)
        raw, adjusted = found.correlations()
        whose = np.unique(found.player)
        resampled = [
            found.correlations(generator.choice(whose, whose.size)) for _ in range(RESAMPLES)
        ]
        better = float(np.mean([after > before for before, after in resampled]))
        lines.append(
            f"| {words} guesses | {whose.size:,} | {raw:.2f} | {adjusted:.2f} | {better:.0%} |"
        )
    return lines


if __name__ == "__main__":
    print(*table("simulated", simulated(0)), "", sep="\n")
    if len(sys.argv) > 1:
        files = Path(sys.argv[1]), Path(sys.argv[2])
        print(*table("tokens", real(*files, words=False)), "", sep="\n")
        print(*table("words", real(*files, words=True)), sep="\n")
