"""All that a model says about one passage, and how to read it under a unit's rule."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from server.domain.scores.models import Precision
from server.domain.text.tokens import Unit

TOP_EVERYWHERE = 10
TOP_AT_ASKED = 1_000
RIVALS_PER_POSITION = 16

Floats = NDArray[np.float32]
Integers = NDArray[np.int32]


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


class Form(StrEnum):
    """Where a duel's rival comes from."""

    TAIL = "tail"  # the model's distribution without its eight suggestions: the headline's duels
    WHOLE = "whole"  # the whole distribution: the published study's form


@dataclass(frozen=True, eq=False)
class Rivals:
    """Sixteen draws from the model's distribution at each of k positions of one passage.

    Log-probabilities are raw and of answers: in `words`, all cases of a word together.
    """

    positions: Integers  # (k,) ascending
    target_logprob: Floats  # (k,)
    rival_ids: Integers  # (k, 16) draws with replacement, so the target may be among them
    rival_logprob: Floats  # (k, 16)

    def __post_init__(self) -> None:
        for field in fields(self):
            rows = len(getattr(self, field.name))
            if rows != len(self.positions):
                raise ValueError(f"{field.name} has {rows} rows, not {len(self.positions)}")

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
    precision: Precision = Precision.FLOAT32  # what the model computed in

    def __post_init__(self) -> None:
        n, a, b = len(self.token_ids), len(self.asked_words), len(self.asked_tokens)
        self._require_length(n, "token_ends", "target_logprob", "target_rank", "entropy_nats")
        self._require_length(n, "word_log_mass", "word_rank", "top_ids", "top_logprob")
        self._require_length(a, "words_top_ids", "words_top_logprob")
        self._require_length(b, "tokens_top_ids", "tokens_top_logprob")
        self._require_length(a, "words_whole")
        self._require_length(b, "tokens_whole")

    def _require_length(self, length: int, *names: str) -> None:
        for name in names:
            value = getattr(self, name)
            rows = len(value.positions if isinstance(value, Rivals) else value)
            if rows != length:
                raise ValueError(f"{name} has {rows} rows, not {length}")

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return every array by its name; those of the rivals as `words_tail.rival_ids`."""
        flat: dict[str, NDArray[Any]] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Precision):
                continue
            if isinstance(value, Rivals):
                flat |= {f"{field.name}.{f.name}": getattr(value, f.name) for f in fields(Rivals)}
            else:
                flat[field.name] = value
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

    def asked(self, unit: Unit) -> list[int]:
        """Return the positions that a round in `unit` asks, ascending."""
        positions = self.asked_words if unit is Unit.WORDS else self.asked_tokens
        return [int(position) for position in positions]

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
