"""What a room came to: its own choices against the model's, with an interval."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from server.domain.intervals.of_accuracy import PairedComponents
from server.domain.rooms.outcome import (
    WordOutcome,
    beat_the_model,
    paired_counts,
    standing,
    surest_and_wrong,
)
from server.services.contract.figures import IntervalView
from server.services.contract.rooms import RaceView, RoomOutcomeView, RoomStandingView, RoomWordView
from server.services.play.figures import comparison, comparison_view


def outcome_view(words: Sequence[WordOutcome], components: PairedComponents) -> RoomOutcomeView:
    """Return the room's end, as one player's round is summed up: the room is that player."""
    intervals = comparison(paired_counts(words), components)
    return RoomOutcomeView(
        room=IntervalView.of(intervals.person),
        model=IntervalView.of(intervals.model),
        comparison=comparison_view(intervals),
        words=[_word_view(word) for word in words],
        surest_and_wrong=_or_none(surest_and_wrong(words)),
        beat_the_model=_or_none(beat_the_model(words)),
    )


def race_view(words: Sequence[WordOutcome]) -> RaceView:
    """Return both sides' standing over the words revealed so far."""
    return RaceView(
        words=len(words),
        room=standing_view((word.room_right, word.surprise_bits) for word in words),
        model=standing_view((word.model_right, word.surprise_bits) for word in words),
    )


def standing_view(marks: Iterable[tuple[bool, float]]) -> RoomStandingView:
    """Return a side's standing from its marks, each with the target's surprise in bits."""
    found = standing(marks)
    return RoomStandingView(right=found.right, points=found.points)


def _word_view(word: WordOutcome) -> RoomWordView:
    return RoomWordView(**vars(word))


def _or_none(word: WordOutcome | None) -> RoomWordView | None:
    return None if word is None else _word_view(word)
