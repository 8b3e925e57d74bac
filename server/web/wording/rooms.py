"""Sentences of a room: how long it is open, and what it came to."""

from __future__ import annotations

from dataclasses import dataclass

from server.services.contract.figures import ComparisonView
from server.services.contract.rooms import RoomView, RoomWordView
from server.web.wording.figures import SPACE, counted, two_digits


@dataclass(frozen=True)
class EndWording:
    """The texts of the sheet at a room's end."""

    headline: str
    lead: str
    surest: str
    beat: str


def closing_line(room: RoomView) -> str:
    """Return until when a room is open, and what is deleted then."""
    moment = room.closes_at.strftime("%H:%M UTC on %d %B")
    private = room.passage is not None and room.passage.private
    text = " The text is the host’s own; it belongs to this room and is deleted then."
    return f"This room is open until {moment}.{text if private else ''}"


def end_wording(room: RoomView) -> EndWording:
    """Return the texts of a finished room's sheet."""
    outcome = room.outcome
    if outcome is None:
        return EndWording("This room is over.", "No word was revealed in it.", "", "")
    label, race = room.model.label, room.race
    return EndWording(
        headline=_headline(race.room.right, race.model.right, race.words, label),
        lead=_lead(outcome.comparison, label),
        surest=_surest(outcome.surest_and_wrong),
        beat=_beat(outcome.beat_the_model, label),
    )


def _headline(room: int, model: int, words: int, label: str) -> str:
    total = counted(words, "word")
    if room == model:
        return f"The room and {label} both had {room} of {total}."
    if room > model:
        return f"The room had {room} of {total}, {label} {model}."
    return f"{label} had {model} of {total}, the room {room}."


def _lead(comparison: ComparisonView, label: str) -> str:
    n, more = comparison.difference.n, comparison.answers_to_settle
    if more == 0:
        return f"After {counted(n, 'word')} the difference is more than chance alone often makes."
    start = f"{counted(n, 'word')} cannot tell whether this room or {label} is better"
    if more is None:
        return f"{start}."
    return f"{start}; at this rate about {two_digits(more):,} more could."


def _surest(word: RoomWordView | None) -> str:
    if word is None or word.choice is None:
        return "The room was never sure of a wrong word."
    share = f"{round(100 * word.choice_share)}{SPACE}%"
    return f"{share} of the room said “{word.choice}” where the author wrote “{word.target}”."


def _beat(word: RoomWordView | None, label: str) -> str:
    if word is None:
        return f"There was no word that the room had and {label} missed."
    return f"The room had “{word.target}”; {label} expected “{word.model_choice}”."
