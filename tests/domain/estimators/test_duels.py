"""Comparisons as published and jackknifed, held to hand arithmetic and to known distributions."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.estimators.arrays import FloatArray, IntArray
from server.domain.estimators.duels import (
    Judgements,
    excess_by_question,
    excess_estimate,
    ratios,
)
from server.domain.intervals.clusters import Clusters
from server.domain.intervals.of_bets_and_duels import interval
from tests.domain.samples import drawn, normalised


def judgements(
    question: list[int] | IntArray,
    p_target: list[float] | FloatArray,
    log_ratio: list[float] | FloatArray,
    player: list[int] | IntArray | None = None,
) -> Judgements:
    codes, n = np.asarray(question), len(question)
    who = np.arange(n) if player is None else np.asarray(player)
    return Judgements(
        codes,
        np.asarray(p_target, dtype=float),
        np.asarray(log_ratio, dtype=float),
        np.zeros(n),
        np.zeros(n, dtype=bool),
        Clusters(who, codes, codes),
    )


some_judgements = st.lists(
    st.tuples(
        st.integers(0, 4), st.floats(0, 1), st.floats(-12, 12), st.integers(0, 3), st.booleans()
    ),
    min_size=1,
    max_size=30,
).map(
    lambda rows: replace(
        judgements(*([row[i] for row in rows] for i in range(4))),  # type: ignore[arg-type]
        same=np.array([row[4] for row in rows]),
    )
)


def test_a_ratio_weighs_the_stated_odds_by_the_generator_s() -> None:
    """g(x*)/g(x) = 0.2/0.05 = 4, stated 0.8: odds against 0.25, so 1."""
    assert ratios(judgements([0], [0.8], [math.log(4)])) == pytest.approx([1.0])


def test_a_rival_of_another_draw_counts_by_what_the_generator_gives_it_more() -> None:
    """The docstring's example: 0.06/0.04 · 0.2/0.8; the target itself, drawn in 8 %: 0.06/0.08."""
    rows = judgements([0, 0], [0.8, 0.5], [math.log(0.06 / 0.02), 0.0])
    weight = np.log([0.02 / 0.04, 0.06 / 0.08])
    drawn = replace(rows, log_weight=weight, same=np.array([False, True]))
    assert ratios(drawn) == pytest.approx([0.375, 0.75])


def test_the_mean_of_ratios_is_the_same_whatever_draws_the_rivals() -> None:
    """Exact expectation over three rivals, under g itself, word frequency and half of each."""
    g, h, common = np.array([[0.5, 0.3, 0.2], [0.2, 0.3, 0.5], [0.1, 0.1, 0.8]])
    target = 0
    for q in (g, common, (g + common) / 2):
        rival = np.arange(3)
        shares = h[target] / (h[target] + h[rival])
        rows = judgements(rival, shares, np.log(g[target] / g[rival]))
        rows = replace(rows, log_weight=np.log(g / q), same=rival == target)
        assert q @ ratios(rows) == pytest.approx(g[target] / h[target])


def test_a_rival_that_is_the_target_contributes_one_whatever_is_stated() -> None:
    same = replace(judgements([0, 0], [0.99, 0.1], [0.0, 0.0]), same=np.array([True, True]))
    assert list(ratios(same)) == [1.0, 1.0]


def test_certainty_is_read_as_half_of_the_smallest_step() -> None:
    sure = ratios(judgements([0, 1], [1.0, 0.0], [0.0, 0.0]))
    assert sure == pytest.approx([0.001 / 0.999, 0.999 / 0.001])


def test_the_jackknife_of_ratios_one_and_three_by_hand() -> None:
    """T = ln 2; without either ln 3 and ln 1; J = 2 ln 2 − (ln 3 + 0)/2 = 1.386294 − 0.549306."""
    found = excess_by_question(judgements([0, 0], [0.5, 0.25], [0.0, 0.0]))
    assert found.plain == pytest.approx([math.log(2)])
    assert found.jackknifed == pytest.approx([0.836988], abs=1e-6)


def test_the_jackknife_of_three_by_hand() -> None:
    """Ratios 1, 2, 6: T = ln 3; without each ln 4, ln 3.5, ln 1.5.

    J = 3·1.098612 − 2·(1.386294 + 1.252763 + 0.405465)/3 = 3.295837 − 2.029682 = 1.266155.
    """
    found = excess_by_question(judgements([0] * 3, [0.5] * 3, list(np.log([1.0, 2.0, 6.0]))))
    assert found.jackknifed == pytest.approx([1.266155], abs=1e-6)


def test_a_question_with_one_judgement_keeps_its_plain_value() -> None:
    found = excess_by_question(judgements([3, 8, 3], [0.5] * 3, [0.0, 1.5, 1.0]))
    assert found.jackknifed[1] == found.plain[1] == pytest.approx(1.5)
    assert list(found.judgements) == [2, 1]


def test_leaving_out_a_giant_loses_no_digits() -> None:
    """Ratios 1 and e⁸⁰: without the giant ln 1 = 0, although e⁸⁰ + 1 − e⁸⁰ is 0 in floats."""
    found = excess_by_question(judgements([0, 0], [0.5, 0.5], [80.0, 0.0]))
    assert found.jackknifed == pytest.approx([2 * (80 - math.log(2)) - 40])


def test_every_question_counts_alike() -> None:
    """Excess ln 2 from three judgements, ln 8 from one: their mean is ln 4."""
    found = excess_estimate(
        judgements([0, 0, 0, 1], [0.5] * 4, list(np.log([2.0, 2.0, 2.0, 8.0]))), jackknife=False
    )
    assert found.value == pytest.approx(math.log(4))
    assert found.n == 4


def test_without_judgements_there_is_no_estimate() -> None:
    with pytest.raises(ValueError, match="no judgements"):
        excess_estimate(judgements([], [], []), jackknife=True)


@given(some_judgements, st.randoms(use_true_random=False))
def test_the_order_of_rows_and_the_names_of_questions_change_nothing(
    rows: Judgements, random: object
) -> None:
    order = np.array(random.sample(range(rows.question.size), rows.question.size))  # type: ignore[attr-defined]
    mixed = Judgements(
        -rows.question[order],
        rows.p_target[order],
        rows.log_ratio[order],
        rows.log_weight[order],
        rows.same[order],
        Clusters(rows.clusters.player[order], -rows.question[order], -rows.question[order]),
    )
    for jackknife in (False, True):
        one = interval(excess_estimate(rows, jackknife=jackknife))
        other = interval(excess_estimate(mixed, jackknife=jackknife))
        assert one.value == pytest.approx(other.value, abs=1e-9)
        assert one.high == pytest.approx(other.high, rel=1e-6, abs=1e-9)


@given(some_judgements)
def test_contributions_cancel_and_nothing_is_ever_undefined(rows: Judgements) -> None:
    for jackknife in (False, True):
        found = excess_estimate(rows, jackknife=jackknife)
        assert math.isfinite(found.value)
        assert found.parts[0].contributions.sum() == pytest.approx(0, abs=1e-9)


@given(some_judgements)
def test_who_states_the_generator_s_own_odds_has_no_excess(rows: Judgements) -> None:
    own = replace(rows, p_target=1 / (1 + np.exp(-rows.log_ratio)))
    for jackknife in (False, True):
        assert excess_estimate(own, jackknife=jackknife).value == pytest.approx(0, abs=1e-9)


def test_many_rivals_recover_a_known_player_s_loss_and_the_jackknife_comes_nearer() -> None:
    generator = np.random.default_rng(11)
    g = normalised(generator.gamma(0.5, 1, (400, 20)) + 1e-3)
    h = normalised(g**0.7 * np.exp(generator.normal(0, 0.5, g.shape)))
    target, every = drawn(generator, h), np.arange(400)
    truth = float((np.log(g[every, target]) - np.log(h[every, target])).mean())
    question = np.repeat(every, 12)
    rival = drawn(generator, g[question])
    h_target, h_rival = h[question, target[question]], h[question, rival]
    log_ratio = np.log(g[question, target[question]] / g[question, rival])
    rows = judgements(question, h_target / (h_target + h_rival), log_ratio)
    plain = excess_estimate(rows, jackknife=False).value
    jackknifed = interval(excess_estimate(rows, jackknife=True))
    assert plain < truth
    assert abs(jackknifed.value - truth) < abs(plain - truth)
    assert jackknifed.low <= truth <= jackknifed.high


def test_the_interval_by_player_agrees_with_a_bootstrap_that_estimates_anew() -> None:
    """19 players who differ, 30 questions: resample players, and compute the excess each time."""
    generator = np.random.default_rng(5)
    question, player = np.tile(np.arange(30), 19), np.repeat(np.arange(19), 30)
    log_odds = generator.normal(0, 1, 19)[player] + generator.normal(0, 0.3, player.size)
    log_ratio = generator.normal(0, 0.5, player.size)
    rows = judgements(question, 1 / (1 + np.exp(-log_odds)), log_ratio, player)
    found = excess_estimate(rows, jackknife=False)
    sums = np.bincount(player, weights=found.parts[0].contributions)
    weights = generator.multinomial(19, np.full(19, 1 / 19), size=2_000)  # (draws, players)
    by_player = ratios(rows).reshape(19, 30)
    again = np.log(weights @ by_player / 19).mean(axis=1)
    assert math.sqrt(19 / 18 * float(sums @ sums)) == pytest.approx(again.std(), rel=0.12)
