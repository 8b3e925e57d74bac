"""What people said at a passage's positions, put together and held against the model."""

from __future__ import annotations

import math
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy.orm import Session

from server.domain.estimators.answers import (
    LEAST_ANSWERS,
    Distance,
    entropy_nats,
    total_variation,
)
from server.domain.estimators.perplexity import bits
from server.domain.play.guessing import ids_of_answer, is_right, reveal, visible
from server.domain.scores.gap import Gap, Reading
from server.domain.study.crowd import PositionAnswers
from server.domain.text.tokens import Unit, folded
from server.services.contract.crowd import CrowdAnswerView, CrowdView, DistanceView
from server.services.contract.rooms import ChoiceView
from server.store.statistics.crowd import CrowdAnswer, crowd_answers

MOST_ROUNDS_READ = 1_000  # of one passage: a page's cost does not grow with its fame
ANSWERS_SHOWN = 30


@dataclass(frozen=True)
class Said:
    """One different answer at a position, and the model's probability for it where known."""

    text: str
    count: int
    right: bool
    probability: float | None


@dataclass(frozen=True)
class CrowdPosition:
    """What at least ten people said at a position, most frequent first."""

    gap: Gap
    said: list[Said]
    silent: int

    @property
    def answered(self) -> int:
        """How many gave an answer."""
        return sum(answer.count for answer in self.said)

    @property
    def distance(self) -> Distance:
        """How far people are from the model.

        What is no single token of the model, or beyond its stored candidates, counts as
        improbable: what it may have had there is less than one answer of all.
        """
        counts = np.array([answer.count for answer in self.said], dtype=np.int64)
        model = np.array([answer.probability or 0.0 for answer in self.said])
        return total_variation(counts, model)

    def answers(self, passage: int) -> PositionAnswers:
        """Return the same as the crowd's accuracy is estimated from."""
        right = next((place for place, answer in enumerate(self.said) if answer.right), None)
        counts = np.array([answer.count for answer in self.said], dtype=np.int64)
        model_right = reveal(self.gap, None).model_right
        return PositionAnswers(passage, counts, self.silent, right, model_right)


def crowd_positions(
    session: Session, scored_passage_id: int, reading: Reading, most: int | None = MOST_ROUNDS_READ
) -> dict[int, CrowdPosition]:
    """Return the positions of a passage that at least ten people answered, by position."""
    given = crowd_answers(session, scored_passage_id, reading.unit, most, reading.draw)
    return positions_of(given, reading)


def positions_of(given: Iterable[CrowdAnswer], reading: Reading) -> dict[int, CrowdPosition]:
    """Return the positions with at least ten of these answers, skips not counted."""
    by_position: dict[int, list[CrowdAnswer]] = defaultdict(list)
    for answer in given:
        by_position[answer.position].append(answer)
    found = {}
    for position, its in sorted(by_position.items()):
        texts = [answer.text for answer in its if answer.text is not None]
        if len(texts) >= LEAST_ANSWERS:
            gap = reading.at(position)
            found[position] = CrowdPosition(gap, _said(gap, texts), len(its) - len(texts))
    return found


def crowd_view(position: CrowdPosition) -> CrowdView:
    """Return what is shown of the crowd at a position."""
    counts = np.array([answer.count for answer in position.said], dtype=np.int64)
    first, distance = position.said[0], position.distance
    return CrowdView(
        players=position.answered + position.silent,
        silent=position.silent,
        answers=[
            CrowdAnswerView(
                text=answer.text,
                count=answer.count,
                share=answer.count / position.answered,
                right=answer.right,
                probability=answer.probability,
            )
            for answer in position.said[:ANSWERS_SHOWN]
        ],
        different=len(position.said),
        entropy_bits=bits(entropy_nats(counts)),
        choice=ChoiceView(text=first.text, right=first.right),
        distance=DistanceView(value=distance.value, low=distance.low, high=distance.high),
    )


def _said(gap: Gap, texts: Sequence[str]) -> list[Said]:
    alike: dict[str, list[str]] = defaultdict(list)
    for text in texts:
        alike[_compared(text, gap.unit)].append(text)
    answers = []
    for spellings in alike.values():
        usual = Counter(spellings).most_common(1)[0][0]
        right = is_right(usual, gap.target, gap.unit)
        answers.append(
            Said(visible(usual, gap.unit), len(spellings), right, _probability(gap, usual, right))
        )
    return sorted(answers, key=lambda answer: (-answer.count, answer.text))


def _compared(text: str, unit: Unit) -> str:
    return folded(text) if unit is Unit.WORDS else unicodedata.normalize("NFC", text)


def _probability(gap: Gap, text: str, right: bool) -> float | None:
    """Return what the model gave an answer in all its cases; None where that is not stored."""
    logprob = gap.answer_logprob(ids_of_answer(gap.vocabulary, gap.unit, text))
    if right:
        logprob = max(-gap.target_loss_nats, -math.inf if logprob is None else logprob)
    return None if logprob is None else min(1.0, math.exp(logprob))
