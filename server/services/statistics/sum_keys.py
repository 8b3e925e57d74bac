"""The keys of the statistics' sums, and what numbers they hold.

| key | numbers |
| --- | --- |
| PLAYED | players, rounds, guesses, repeated ones; of everybody, as the next two |
| DAY, ISO date | players who guessed, rounds begun, guesses |
| GROUP, model, mode, unit, assisted | a Pair |
| COUNTED | players who gave any, guesses, bets, judgements that count; first question's answers |
| EXCLUDED, reason | players; for FAST of whom some modes are left out |
| PAIRED, facet, model, unit, key … | a Pair |
| ROWS, model, unit | bets, judgements and tries |
| BASELINE, model, unit | BaselineSums, of the guesses of PAIRED, all |
| CALIBRATION, what, model, unit, step | statements, Σw, Σw², Σw·right, Σw·share (fixed) |
| QUESTIONS, block, model, unit | Questions |
| TOTAL, block, model, unit | the numbers of a block, in all |

Clusters and their moments have keys of `domain.sums`. A model is its row's id.
"""

from __future__ import annotations

from typing import NamedTuple

from server.domain.estimators.accuracy import PairedCounts
from server.domain.sums.whole_numbers import real
from server.store.statistics.first_guesses import paired_counts

PLAYED, DAY, GROUP = "played", "day", "group"
COUNTED, EXCLUDED = "counted", "excluded"
PAIRED, ROWS, BASELINE = "paired", "rows", "baseline"
CALIBRATION, BETS, DUELS = "calibration", "bets", "duels"


class Pair(NamedTuple):
    """First guesses, person and model on the same positions; the model's loss is fixed."""

    players: int
    guesses: int
    both: int
    person: int
    model: int
    skipped: int
    loss: int

    @property
    def counts(self) -> PairedCounts:
        """Who was right where."""
        return paired_counts(self.guesses, self.both, self.person, self.model)

    @property
    def mean_loss_nats(self) -> float:
        """The model's mean loss."""
        return float(real(self.loss) / self.guesses)


class BaselineSums(NamedTuple):
    """What the unigram baseline does where people guessed; its loss is fixed."""

    guesses: int
    right: int
    loss: int

    @property
    def mean_loss_nats(self) -> float:
        """Its mean loss."""
        return float(real(self.loss) / self.guesses)
