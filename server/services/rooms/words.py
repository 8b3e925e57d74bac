"""A room's words: what both sides said to each, and what is shown of the present one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from server.domain.estimators.perplexity import bits
from server.domain.play.guessing import reveal, visible
from server.domain.rooms.answers import Bar, Given, plurality, tally
from server.domain.rooms.course import Course
from server.domain.rooms.outcome import WordOutcome
from server.domain.scores.gap import Gap, Reading
from server.domain.text.tokens import Unit
from server.services.contract.answers import CandidateView
from server.services.contract.rooms import (
    ChoiceView,
    RoomAnswerView,
    RoomAskedView,
    RoomRevealView,
)
from server.store.rooms.rooms import GivenAnswer


@dataclass(frozen=True)
class RoomWord:
    """A revealed word: how it went, and the room's answers, most frequent first."""

    outcome: WordOutcome
    bars: list[Bar]


def gap_of(reading: Reading, word: int) -> Gap:
    """Return the gap of a room's word, counted from 0."""
    return reading.at(reading.asked[word])


def room_words(
    reading: Reading | None,
    answers: Sequence[GivenAnswer],
    from_words: Sequence[int],
    settled: int,
) -> list[RoomWord]:
    """Return the words that are revealed, in their order.

    `from_words` says for each player which word they could answer first. Where the text is deleted
    (`reading` None) the answers themselves know; a word that nobody answered is gone with it.
    """
    words = []
    for word in range(settled):
        its = [answer for answer in answers if answer.word == word]
        players = sum(first <= word for first in from_words)
        if reading is not None or its:
            gap = None if reading is None else gap_of(reading, word)
            words.append(_word(gap, its, players))
    return words


def _word(gap: Gap | None, its: Sequence[GivenAnswer], players: int) -> RoomWord:
    if gap is not None:
        shown = reveal(gap, None)
        target, loss_nats = shown.target, shown.target_loss_nats
        model_guess, model_right = shown.model_guess, shown.model_right
    else:
        target, loss_nats = its[0].target, its[0].target_loss_nats
        model_guess, model_right = its[0].model_guess, its[0].model_is_right
    bars = tally(Given(row.text, row.is_right, row.guess_logprob_nats) for row in its)
    choice, answers = plurality(bars), sum(bar.count for bar in bars)
    outcome = WordOutcome(
        target=visible(target, Unit.WORDS),
        surprise_bits=bits(loss_nats),
        answered=answers,
        silent=max(players, len(its)) - answers,
        choice=choice.text if choice else None,
        choice_share=choice.count / max(players, len(its)) if choice else 0.0,
        room_right=choice is not None and choice.right,
        model_choice=visible(model_guess, Unit.WORDS),
        model_right=model_right,
    )
    return RoomWord(outcome, bars)


def asked_view(course: Course) -> RoomAskedView:
    """Return the present word's place and, while its clock runs, when its time is up."""
    ends_at = course.ends_at if course.paused_at is None else None
    return RoomAskedView(index=course.word, of=course.words, ends_at=ends_at)


def reveal_view(gap: Gap, word: RoomWord) -> RoomRevealView:
    """Return what is shown of a word once it is revealed."""
    shown, outcome = reveal(gap, None), word.outcome
    return RoomRevealView(
        target=outcome.target,
        target_probability=math.exp(-shown.target_loss_nats),
        answers=[_bar_view(bar) for bar in word.bars],
        silent=outcome.silent,
        crowd=ChoiceView(text=outcome.choice, right=outcome.room_right),
        model=ChoiceView(text=outcome.model_choice, right=outcome.model_right),
        candidates=[
            CandidateView(token=visible(c.text, Unit.WORDS), probability=c.probability)
            for c in shown.candidates
        ],
    )


def _bar_view(bar: Bar) -> RoomAnswerView:
    probability = None if bar.logprob_nats is None else math.exp(bar.logprob_nats)
    return RoomAnswerView(text=bar.text, count=bar.count, right=bar.right, probability=probability)
