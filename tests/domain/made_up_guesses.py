"""Guesses of made-up players whose ability is known, at places as hard as real ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from server.domain.estimators.arrays import BoolArray, FloatArray, IntArray
from server.domain.estimators.guess_ability import GRADES, SiteAbility, Tally, grade
from server.domain.sums.ability_pools import add_graded, site_ability_from
from server.domain.sums.whole_numbers import Sums, together

WORDS = 12  # of a passage


@dataclass(frozen=True)
class GuessStudy:
    """Guesses, (players, passages of each, 12): grades of places, marks; and true abilities."""

    skill: FloatArray
    grades: IntArray
    right: BoolArray

    @classmethod
    def simulated(
        cls, *, seed: int, players: int, passages_of_each: int, between: float, passage: float
    ) -> Self:
        """Let players guess; a model loses about as much as SmolLM2 does on published text."""
        generator = np.random.default_rng(seed)
        shape = (players, passages_of_each, WORDS)
        hard = generator.gamma(4.0, 0.25, shape[:2])[:, :, None]  # some passages are harder
        loss = hard * generator.gamma(0.9, 3.5, shape)
        skill = generator.normal(0, between**0.5, players)
        liking = generator.normal(0, passage**0.5, shape[:2])
        logit = 1.8 - 1.7 * np.sqrt(loss) - 0.06 * 4.0
        logit = logit + skill[:, None, None] + liking[:, :, None]
        right = generator.random(shape) < 1 / (1 + np.exp(-logit))
        return cls(skill, np.vectorize(grade)(loss, 4.0), right)

    def site(self) -> SiteAbility:
        """Return what the sums of all guesses give."""
        parts = []
        for grades, right in zip(self.grades, self.right, strict=True):
            mine: Sums = {}
            guesses = [
                (number, int(place), bool(mark))
                for number, (places, marks) in enumerate(zip(grades, right, strict=True))
                for place, mark in zip(places, marks, strict=True)
            ]
            add_graded(mine, 1, "words", guesses)
            parts.append(mine)
        found = site_ability_from(together(parts), 1, "words")
        assert found is not None
        return found

    def raw_accuracy(self, passages: int) -> FloatArray:
        """Return each player's share right in the first passages, (players,)."""
        return np.asarray(self.right[:, :passages].mean(axis=(1, 2)))


def tallies_of(study: GuessStudy, passages: int) -> list[Tally]:
    """Return every player's tally of the first passages."""
    return [
        Tally(
            np.bincount(grades[right], minlength=GRADES).astype(np.float64),
            np.bincount(grades, minlength=GRADES).astype(np.float64),
            float(passages * WORDS**2),
        )
        for grades, right in (
            (grades[:passages].ravel(), marks[:passages].ravel())
            for grades, marks in zip(study.grades, study.right, strict=True)
        )
    ]
