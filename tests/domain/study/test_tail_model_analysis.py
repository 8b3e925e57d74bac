"""The headline with its tail by the model, from rows, is what hand arithmetic gives."""

from __future__ import annotations

import math
from typing import Any

import pytest

from server.domain.study.analysis import analyse
from tests.domain.rows import G, bet, comparison, rows


def records(questions: int) -> list[dict[str, Any]]:
    """Four bets, one on what was not offered, and tail questions of two players.

    One player's rival is 2 nats less likely than the target and has log-odds 1, the other's is as
    likely, nearly, and has even odds: the tail's excess is 0.683781 (see `tail_model`).
    """
    missed = bet(position=23, target=" hen", target_logprob={G: -5.0})
    bets = [bet(position=position) for position in (20, 21, 22)] + [missed]
    judgements = [("alice", -7.0, 1 / (1 + math.exp(-1))), ("bob", -5.0000001, 0.5)]
    return bets + [
        comparison(
            player=player,
            question=f"q{number}",
            p_target=share,
            target_logprob={G: -5.0},
            rival_logprob={G: rival},
            tail=True,
        )
        for number in range(questions)
        for player, rival, share in judgements
    ]


def test_the_loss_is_the_bets_and_a_quarter_of_the_model_s_excess() -> None:
    found = analyse(rows(*records(12)))
    assert found.bets is not None
    assert found.headline is not None
    assert found.tail_model is not None
    assert found.tail_model.tail_excess_nats.value == pytest.approx(0.683781, abs=1e-5)
    mean = found.bets.loss_nats.value
    assert found.tail_model.loss_nats.value == pytest.approx(mean + 0.683781 / 4, abs=1e-5)
    assert found.tail_model.perplexity == pytest.approx(math.exp(mean + 0.683781 / 4), rel=1e-5)
    gap = found.bets.difference_nats.value
    assert found.tail_model.difference_nats.value == pytest.approx(gap + 0.683781 / 4, abs=1e-5)
    assert found.tail_model.exponent == pytest.approx(0.5, abs=1e-6)
    assert found.tail_model.taste_nats == pytest.approx(0.0, abs=1e-6)
    assert found.headline.tail_questions == 12


def test_with_few_tail_questions_the_headline_stands_alone() -> None:
    found = analyse(rows(*records(9)))
    assert found.tail_model is None
    assert found.headline is not None
    assert found.headline.tail_questions == 9
