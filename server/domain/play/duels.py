"""A duel: which of two tokens did the author write?"""

from __future__ import annotations

import math
from dataclasses import dataclass

from server.domain.errors import InvalidInput
from server.domain.play.guessing import visible
from server.domain.play.rounds import PRACTICE_QUESTIONS, seeded_generator
from server.domain.scores.gap import Gap, Reading
from server.domain.scores.passage_scores import Form
from server.domain.text.tokens import Unit, folded

# Log-like steps for the tail, and the eleven of the published study.
TAIL_STEPS = (0.002, 0.01, 0.03, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.97, 0.99, 0.998)
WHOLE_STEPS = (0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99)
SMALLEST_SHARE = 1e-6
EVEN = 0.5


@dataclass(frozen=True)
class Duel:
    """A target and a rival, with the model's log-probabilities of both under the unit's rule.

    `same` where the draw gave the target itself: nobody need be asked, it counts as even.
    """

    target: str
    rival: str
    target_logprob_nats: float
    rival_logprob_nats: float
    same: bool

    @property
    def model_share(self) -> float:
        """The probability, between 0 and 1, that the model gives the target among the two."""
        difference = self.rival_logprob_nats - self.target_logprob_nats
        return 1.0 / (1.0 + math.exp(min(difference, 700.0)))


def steps(form: Form) -> tuple[float, ...]:
    """Return the shares that a player may choose in this form."""
    return TAIL_STEPS if form is Form.TAIL else WHOLE_STEPS


def duel(gap: Gap, form: Form, draw: int) -> Duel:
    """Return the duel of a position with its rival number `draw`."""
    rivals = gap.scores.rivals(gap.unit, form)
    row = rivals.row_of(gap.position)
    rival_id = int(rivals.rival_ids[row, draw])
    rival = gap.vocabulary.text(rival_id)
    in_words = gap.unit is Unit.WORDS
    same = folded(gap.target) == folded(rival) if in_words else gap.target_id == rival_id
    return Duel(
        target=visible(gap.target, gap.unit),
        rival=visible(rival, gap.unit),
        target_logprob_nats=float(rivals.target_logprob[row]) - gap.log_mass,
        rival_logprob_nats=float(rivals.rival_logprob[row, draw]) - gap.log_mass,
        same=same,
    )


def duel_positions(reading: Reading, form: Form, draw: int) -> tuple[list[int], list[int]]:
    """Return the positions to ask with rival number `draw`, and those where it is the target."""
    asked: list[int] = []
    same: list[int] = []
    for position in (int(p) for p in reading.scores.rivals(reading.unit, form).positions):
        chosen = same if duel(reading.at(position), form, draw).same else asked
        chosen.append(position)
    return asked, same


def practice_part(positions: list[int]) -> list[int]:
    """Return the positions that a practice round asks."""
    return positions[:PRACTICE_QUESTIONS]


def target_is_first(seed: str, position: int) -> bool:
    """Tell on which side the author's token stands: a coin that only the server can toss."""
    return bool(seeded_generator(seed, f"side at {position}").random() < EVEN)


def read_share(share: float) -> float:
    """Return the stated share of the first token; raise InvalidInput (field `first`) for no share.

    Every number strictly between 0 and 1 is taken, so that other clients need not know the steps.
    """
    if not SMALLEST_SHARE <= share <= 1 - SMALLEST_SHARE:
        raise InvalidInput("first", "The share of the first is to be above 0 and below 1.")
    return share
