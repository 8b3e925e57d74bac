"""What a room comes to: marks and points of its sides, and the words worth talking about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from server.domain.estimators.accuracy import PairedCounts


@dataclass(frozen=True)
class Standing:
    """How many words a side had right, and the points they bring."""

    right: int
    points: float


@dataclass(frozen=True)
class WordOutcome:
    """One revealed word: what the room and the model said, and the target's surprise in bits.

    `choice` is the room's plurality, None where nobody said anything, and `choice_share` its share
    of all who answered or skipped.
    """

    target: str
    surprise_bits: float
    answered: int
    silent: int
    choice: str | None
    choice_share: float
    room_right: bool
    model_choice: str
    model_right: bool


def standing(marks: Iterable[tuple[bool, float]]) -> Standing:
    """Return a side's standing from its marks, each with the target's surprise in bits.

    Points are Σ −log2 p(target) over right answers: a hard word counts more.

    >>> standing([(True, 3.0), (False, 8.0), (True, 1.5)])
    Standing(right=2, points=4.5)
    """
    right = [bits for is_right, bits in marks if is_right]
    return Standing(len(right), float(sum(right)))


def paired_counts(words: Iterable[WordOutcome]) -> PairedCounts:
    """Count the words by which of room and model was right."""
    pairs = [(word.room_right, word.model_right) for word in words]
    return PairedCounts(
        both=pairs.count((True, True)),
        person_only=pairs.count((True, False)),
        model_only=pairs.count((False, True)),
        neither=pairs.count((False, False)),
    )


def surest_and_wrong(words: Sequence[WordOutcome]) -> WordOutcome | None:
    """Return the word where the largest share of the room agreed on something wrong."""
    wrong = [word for word in words if word.choice is not None and not word.room_right]
    return max(wrong, key=lambda word: (word.choice_share, word.answered), default=None)


def beat_the_model(words: Sequence[WordOutcome]) -> WordOutcome | None:
    """Return the word that the room had and the model missed; of several the most surprising."""
    won = [word for word in words if word.room_right and not word.model_right]
    return max(won, key=lambda word: word.surprise_bits, default=None)
