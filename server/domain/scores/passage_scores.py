"""All that a model says about one passage, and how to read it under a unit's rule."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from itertools import chain
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from server.domain.scores.models import Precision
from server.domain.text.tokens import Unit

TOP_EVERYWHERE = 10
TOP_AT_ASKED = 1_000
TOP_AT_MIXED = 200
RIVALS_PER_POSITION = 16

_DRAWN = ("target_drawn_logprob", "rival_drawn_logprob")

Floats = NDArray[np.float32]
Integers = NDArray[np.int32]


def _nowhere() -> Integers:
    return np.zeros(0, dtype=np.int32)


def _no_draws() -> Floats:
    return np.zeros(0, dtype=np.float32)


def _no_ids() -> Integers:
    return np.zeros((0, 1), dtype=np.int32)


def _no_logprobs() -> Floats:
    return np.zeros((0, 1), dtype=np.float32)


@dataclass(frozen=True)
class TooLong:
    """What a model says about a text of more tokens than its window holds."""

    tokens: int


@dataclass(frozen=True)
class Candidate:
    """A token and its log-probability under the unit's rule."""

    token_id: int
    text: str
    logprob_nats: float

    @property
    def probability(self) -> float:
        """The probability, between 0 and 1."""
        return min(1.0, math.exp(self.logprob_nats))


class Draw(StrEnum):
    """How a round's positions were drawn."""

    UNIFORM = "uniform"  # every eligible position alike: what people and models are compared on
    MIXED = "mixed"  # by strata of the model's entropy, for the daily passage alone


class Form(StrEnum):
    """Where a duel's rival comes from."""

    # Without the model's eight suggestions, which bets measure: the headline's duels. In `words`
    # half come from the model's distribution and half from word frequency, so that no answer which
    # either of the two finds likely is met too seldom.
    TAIL = "tail"
    WHOLE = "whole"  # the whole distribution: the published study's form


@dataclass(frozen=True, eq=False)
class Rivals:
    """Sixteen draws at each of k positions of one passage.

    Log-probabilities are raw and of answers: in `words`, all cases of a word together. Where
    not the model alone drew (see `Form.TAIL`), `drawn` columns hold the logarithm of how likely
    each answer was drawn, times the model's mass of all that could be; else they are empty.
    """

    positions: Integers  # (k,) ascending
    target_logprob: Floats  # (k,)
    rival_ids: Integers  # (k, 16) draws with replacement, so the target may be among them
    rival_logprob: Floats  # (k, 16)
    target_drawn_logprob: Floats = field(default_factory=_no_draws)  # (k,) or (0,)
    rival_drawn_logprob: Floats = field(default_factory=_no_draws)  # (k, 16) or (0,)

    def __post_init__(self) -> None:
        wanted = len(self.positions)
        for column in fields(self):
            rows = len(getattr(self, column.name))
            if rows != wanted and not (column.name in _DRAWN and self.by_model):
                raise ValueError(f"{column.name} has {rows} rows, not {wanted}")

    @property
    def by_model(self) -> bool:
        """Whether the model alone drew, as in scores of before word frequency drew too."""
        return not (len(self.target_drawn_logprob) or len(self.rival_drawn_logprob))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return every column by its name, but for what is left empty."""
        columns = {column.name: getattr(self, column.name) for column in fields(self)}
        return {n: c for n, c in columns.items() if n not in _DRAWN or not self.by_model}

    def row_of(self, position: int) -> int:
        """Return the row of a position that is asked."""
        return int(np.searchsorted(self.positions, position))


RIVAL_TABLES = {
    (unit, form): f"{unit}_{form}" for unit in Unit for form in Form
}  # names of PassageScores' fields


@dataclass(frozen=True, eq=False)
class PassageScores:
    """A model's scores of one passage of n tokens; log-probabilities are natural logarithms.

    Position i is predicted from a beginning-of-text token and tokens 0..i-1. In `words` the
    distribution is restricted to word tokens: restricted = raw - word_log_mass.
    a and b are the numbers of positions asked in `words` and in `tokens`.
    """

    token_ids: Integers  # (n,)
    token_ends: Integers  # (n,) end of each token in the passage's UTF-8 bytes
    target_logprob: Floats  # (n,)
    target_rank: Integers  # (n,) 1 is the model's first choice
    entropy_nats: Floats  # (n,)
    word_log_mass: Floats  # (n,) log of the probability of all word tokens together
    word_rank: Integers  # (n,) rank among word tokens; 0 where the target is not one
    top_ids: Integers  # (n, 10) most probable first
    top_logprob: Floats  # (n, 10)
    asked_words: Integers  # (a,) ascending
    asked_tokens: Integers  # (b,) ascending
    words_top_ids: Integers  # (a, up to 1000) most probable word tokens
    words_top_logprob: Floats  # (a, up to 1000) raw
    tokens_top_ids: Integers  # (b, up to 1000)
    tokens_top_logprob: Floats  # (b, up to 1000)
    words_tail: Rivals  # at positions whose target is not among the eight suggestions
    words_whole: Rivals  # at the asked positions
    tokens_tail: Rivals
    tokens_whole: Rivals
    # The daily's draw, see `Draw.MIXED`: m words, or none, as in scores of before it existed.
    mixed_words: Integers = field(default_factory=_nowhere)  # (m,) ascending
    mixed_top_ids: Integers = field(default_factory=_no_ids)  # (m, up to 200) word tokens
    mixed_top_logprob: Floats = field(default_factory=_no_logprobs)  # (m, up to 200) raw
    precision: Precision = Precision.FLOAT32  # what the model computed in

    def __post_init__(self) -> None:
        n, a, b = len(self.token_ids), len(self.asked_words), len(self.asked_tokens)
        self._require_length(n, "token_ends", "target_logprob", "target_rank", "entropy_nats")
        self._require_length(n, "word_log_mass", "word_rank", "top_ids", "top_logprob")
        self._require_length(a, "words_top_ids", "words_top_logprob")
        self._require_length(b, "tokens_top_ids", "tokens_top_logprob")
        self._require_length(a, "words_whole")
        self._require_length(b, "tokens_whole")
        self._require_length(len(self.mixed_words), "mixed_top_ids", "mixed_top_logprob")

    def _require_length(self, length: int, *names: str) -> None:
        for name in names:
            value = getattr(self, name)
            rows = len(value.positions if isinstance(value, Rivals) else value)
            if rows != length:
                raise ValueError(f"{name} has {rows} rows, not {length}")

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return every array by its name; those of the rivals as `words_tail.rival_ids`."""
        flat: dict[str, NDArray[Any]] = {}
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, Precision):
                continue
            if isinstance(value, Rivals):
                flat |= {f"{each.name}.{name}": column for name, column in value.arrays().items()}
            else:
                flat[each.name] = value
        return flat

    @classmethod
    def from_arrays(
        cls, arrays: dict[str, NDArray[Any]], precision: Precision = Precision.FLOAT32
    ) -> Self:
        """Return the scores whose `arrays` these are; raise TypeError where one is missing."""
        tables: dict[str, dict[str, NDArray[Any]]] = {name: {} for name in RIVAL_TABLES.values()}
        plain: dict[str, Any] = {}
        for name, array in arrays.items():
            table, _, column = name.partition(".")
            if column:
                tables[table][column] = array
            else:
                plain[name] = array
        plain |= {name: Rivals(**columns) for name, columns in tables.items()}
        return cls(**plain, precision=precision)

    def only(self, unit: Unit, draw: Draw) -> Self:
        """Return the same without the candidates of other units and draws: half of what is kept.

        Nothing else is left out, since a round looks at its whole passage.
        """
        tables = {
            (Unit.WORDS, Draw.UNIFORM): ("words_top_ids", "words_top_logprob"),
            (Unit.TOKENS, Draw.UNIFORM): ("tokens_top_ids", "tokens_top_logprob"),
            (Unit.WORDS, Draw.MIXED): ("mixed_top_ids", "mixed_top_logprob"),
        }
        others = (names for key, names in tables.items() if key != (unit, draw))
        # Copies: a part of an array keeps the whole in memory.
        return replace(self, **{name: getattr(self, name)[:, :0].copy() for name in chain(*others)})

    def asked(self, unit: Unit, draw: Draw = Draw.UNIFORM) -> list[int]:
        """Return the positions that a round in `unit` asks, ascending; mixed ones are words."""
        positions = self.asked_words if unit is Unit.WORDS else self.asked_tokens
        if draw is Draw.MIXED:
            positions = self.mixed_words if unit is Unit.WORDS else _nowhere()
        return [int(position) for position in positions]

    def ranked(self, unit: Unit, draw: Draw, row: int) -> tuple[Integers, Floats]:
        """Return the stored candidates, best first, at the asked position of this row.

        Log-probabilities are raw.
        """
        if draw is Draw.MIXED:
            return self.mixed_top_ids[row], self.mixed_top_logprob[row]
        if unit is Unit.WORDS:
            return self.words_top_ids[row], self.words_top_logprob[row]
        return self.tokens_top_ids[row], self.tokens_top_logprob[row]

    def rivals(self, unit: Unit, form: Form) -> Rivals:
        """Return the rivals that duels of this form draw on."""
        table: Rivals = getattr(self, RIVAL_TABLES[unit, form])
        return table

    def target_loss_nats(self, unit: Unit, position: int) -> float:
        """Return the model's loss for the target, given what the player is told in `unit`."""
        # The last bit of a float32 can put a sure word above its mass: no loss is below zero.
        return max(0.0, self.log_mass(unit, position) - float(self.target_logprob[position]))

    def rank(self, unit: Unit, position: int) -> int:
        """Return the target's rank under the unit's rule; 1 is the model's first choice."""
        ranks = self.word_rank if unit is Unit.WORDS else self.target_rank
        return int(ranks[position])

    def log_mass(self, unit: Unit, position: int) -> float:
        """Return the log of the probability of all that may be answered in `unit`."""
        return float(self.word_log_mass[position]) if unit is Unit.WORDS else 0.0


# What a model says of a text: its scores, that it is too long, or why else there are none.
Outcome = PassageScores | TooLong | str
