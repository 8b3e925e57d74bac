"""A duel: two tokens, the author's and one that the model drew; how well does each fit?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum

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


class Question(IntEnum):
    """What a duel asks; a judgement is stored with the question that it answers.

    With h the player's distribution and g the model's, from which the rival y was drawn:
    AUTHOR asked which of the two the author wrote and paid log2 of the share, so that the best
    answer was r = h(x*)g(y) / (h(x*)g(y) + h(y)g(x*)). FIT asks how well each fits, whatever drew
    them, and weighs what it pays (see `Duel.weight`): the best answer is h(x*) / (h(x*) + h(y)).
    """

    AUTHOR = 1
    FIT = 2


CURRENT_QUESTION = Question.FIT


@dataclass(frozen=True)
class Duel:
    """A target and a rival, with the model's log-probabilities of both under the unit's rule.

    `drawn` are the logarithms of how likely each was to be drawn as a rival, scaled as `Rivals`
    says, of the target and of the rival; None where the model drew, so that they are its own.
    `same` where the draw gave the target itself: nobody is asked, and it counts as even.
    """

    target: str
    rival: str
    target_logprob_nats: float
    rival_logprob_nats: float
    same: bool
    drawn: tuple[float, float] | None = None

    @property
    def model_share(self) -> float:
        """The probability, between 0 and 1, that the model gives the target among the two."""
        return _share_of_first(self.target_logprob_nats, self.rival_logprob_nats)

    @property
    def drawn_share(self) -> float:
        """How likely, between 0 and 1, the target rather than the rival was to be drawn."""
        return _share_of_first(*self.drawn) if self.drawn else self.model_share

    def weight(self, asked: Question) -> float:
        """Return w, the weight of an answer's pay: 1 under AUTHOR, else 2·q(x*) / (q(x*) + q(y)).

        The rival is drawn from q, so a duel in which x is the author's and y the rival comes up
        with probability h(x)q(y), the other way round with h(y)q(x). Weighted, both become
        2·q(x)q(y) / (q(x) + q(y)), times h(x) and h(y): what drew the two cancels out.
        """
        return 2.0 * self.drawn_share if asked is Question.FIT else 1.0


def _share_of_first(first_nats: float, second_nats: float) -> float:
    return 1.0 / (1.0 + math.exp(min(second_nats - first_nats, 700.0)))


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
    drawn = None
    if not rivals.by_model:
        target_drawn, rival_drawn = (
            rivals.target_drawn_logprob[row],
            rivals.rival_drawn_logprob[row],
        )
        drawn = float(target_drawn) - gap.log_mass, float(rival_drawn[draw]) - gap.log_mass
    return Duel(
        target=visible(gap.target, gap.unit),
        rival=visible(rival, gap.unit),
        target_logprob_nats=float(rivals.target_logprob[row]) - gap.log_mass,
        rival_logprob_nats=float(rivals.rival_logprob[row, draw]) - gap.log_mass,
        same=same,
        drawn=drawn,
    )


def pay_bits(shown: Duel, target_share: float, asked: Question) -> float:
    """Return what a share of the target earns: w·(1 + log2 r), in bits; even earns nothing.

    Expected pay is highest where r is what the question asks for: the logarithmic score
    (Good 1952), weighted alike whichever of the two is the author's.

    Example: a draw gives the target in 6 % and the rival in 2 %, so w = 1.5; a share of 80 % earns
    1.5·(1 + log2 0.8) = 1.017 bits.
    """
    return shown.weight(asked) * (1.0 + math.log2(max(target_share, SMALLEST_SHARE)))


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
    """Tell whether the author's token stands first: a coin that only the server can toss."""
    return bool(seeded_generator(seed, f"side at {position}").random() < EVEN)


def read_share(share: float) -> float:
    """Return the first token's share; raise InvalidInput (field `first`) where it is not one.

    Any number strictly between 0 and 1 is accepted, so that other clients need not know the steps.
    """
    if not SMALLEST_SHARE <= share <= 1 - SMALLEST_SHARE:
        raise InvalidInput("first", "The share of the first must be above 0 and below 1.")
    return share
