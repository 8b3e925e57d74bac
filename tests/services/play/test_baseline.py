"""The baseline that comes with the release."""

from __future__ import annotations

import math

import pytest

from server.domain.scores.unigram import unigram
from server.services.play.result import baseline_side


def test_the_table_is_of_english() -> None:
    known = unigram()
    assert known.first_choice == "the"
    assert 0.03 < math.exp(-known.loss_nats("the")) < 0.08
    assert known.loss_nats("of") < known.loss_nats("water") < known.loss_nats("zxqvjk")


def test_points_are_the_opponents_surprise_at_what_was_right() -> None:
    side = baseline_side([(" The", 3 * math.log(2)), (" water", 9.0), (" the", math.log(2))])
    assert (side.word, side.right, side.answered) == ("the", 2, 3)
    assert side.points == pytest.approx(4)
    mean = (2 * unigram().loss_nats("the") + unigram().loss_nats("water")) / 3
    assert side.bits_per_word == pytest.approx(mean / math.log(2))
