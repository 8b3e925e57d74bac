"""What a model expected, as people read it: whole words, each once, and a word for all the rest."""

from __future__ import annotations

import math
from dataclasses import dataclass

from server.domain.play.guessing import (
    CANDIDATES_SHOWN,
    LIKELY_WORDS,
    visible,
)
from server.domain.scores.gap import Gap
from server.domain.scores.passage_scores import Candidate
from server.domain.text.tokens import Unit, folded


@dataclass(frozen=True)
class Bar:
    """A word, or in `tokens` a token, with what the model gives it; all cases of a word together.

    `is_target` and `is_guess` tell whether it is what the author wrote, or what the player said.
    """

    text: str
    probability: float
    is_target: bool
    is_guess: bool


@dataclass(frozen=True)
class Expectation:
    """The most probable words, and the share of tokens that only begin longer words.

    Whatever is left of 1 is on other words, and on rarer beginnings.
    """

    bars: list[Bar]
    beginnings: float


def expectation(gap: Gap, guess: str | None) -> Expectation:
    """Return what the model expected at a gap, most probable first; `guess` is None for a skip.

    In `words` a token such as " sw", after which the model mostly goes on with the same word, is
    no word: such tokens among the 32 most probable ones are summed up and left out.
    """
    if gap.unit is Unit.TOKENS:
        return Expectation([_token_bar(c, gap, guess) for c in gap.candidates(CANDIDATES_SHOWN)], 0)
    whole: dict[str, Candidate] = {}
    beginnings = 0.0
    whole_words = {folded(text.strip()) for text in (gap.target, guess) if text is not None}
    for candidate in gap.candidates(LIKELY_WORDS):
        word = folded(candidate.text.strip())
        # What somebody wrote or said is a word, whatever the model goes on with.
        if word not in whole_words and gap.vocabulary.begins_longer_word(candidate.token_id):
            beginnings += candidate.probability
        else:
            whole.setdefault(word, candidate)
    target = folded(gap.target.strip())
    logprobs = gap.answer_logprobs(_ids_of(word, gap, whole_words) for word in whole)
    bars = [
        Bar(
            text=visible(candidate.text, gap.unit),
            probability=candidate.probability if logprob is None else min(1.0, math.exp(logprob)),
            is_target=word == target,
            is_guess=guess is not None and word == folded(guess.strip()),
        )
        for (word, candidate), logprob in zip(whole.items(), logprobs, strict=True)
    ]
    bars.sort(key=lambda bar: -bar.probability)
    return Expectation(bars[:CANDIDATES_SHOWN], beginnings)


def _ids_of(word: str, gap: Gap, whole_words: set[str]) -> tuple[int, ...]:
    """Return the ids of a word's cases, without those that begin longer words.

    Of what somebody wrote or said all count, as for its mark.
    """
    vocabulary = gap.vocabulary
    ids = vocabulary.ids_of_word(word)
    return (
        ids
        if word in whole_words
        else tuple(i for i in ids if not vocabulary.begins_longer_word(i))
    )


def _token_bar(candidate: Candidate, gap: Gap, guess: str | None) -> Bar:
    return Bar(
        text=visible(candidate.text, gap.unit),
        probability=candidate.probability,
        is_target=candidate.token_id == gap.target_id,
        is_guess=guess is not None and candidate.text in (guess, " " + guess),
    )
