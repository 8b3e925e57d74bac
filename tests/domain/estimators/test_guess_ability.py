"""A player's ability at guessing, held to hand arithmetic and to players whose ability is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.domain.estimators.guess_ability import (
    DEFAULT_BETWEEN,
    DEFAULT_PASSAGE,
    GRADE_HARDNESS,
    GRADES,
    Curve,
    SiteAbility,
    Tally,
    abilities,
    fit_between,
    fit_curve,
    grade,
)
from tests.domain.made_up_guesses import GuessStudy, tallies_of

EVEN = np.full(GRADES, 1 / GRADES)
SITE = SiteAbility(Curve(1.8, 1.0), 0.12, 0.0, EVEN)


def at_grade(number: int, right: int, guesses: int, passages: int = 1) -> Tally:
    unit = np.eye(GRADES)[number]
    return Tally(right * unit, guesses * unit, guesses**2 / passages)


def test_six_of_twelve_by_hand() -> None:
    """At hardness 2.75 the posterior's slope, 6 − 12p − θ/.12, is 0 where p is .3306."""
    site = SiteAbility(Curve(1.8, 1.0), 0.12, 0.0, np.eye(GRADES)[5])
    (found,) = abilities(site, [at_grade(5, 6, 12)])
    share = found.accuracy.value
    assert 6 - 12 * share == pytest.approx(found.logit.value / 0.12)
    assert share == pytest.approx(1 / (1 + np.exp(2.75 - 1.8 - found.logit.value)))
    information = 12 * share * (1 - share) + 1 / 0.12
    assert found.logit.high - found.logit.value == pytest.approx(1.96 / information**0.5, rel=1e-4)
    assert found.logit.n == 12


def test_the_same_share_at_harder_words_is_worth_more() -> None:
    easy, hard = abilities(SITE, [at_grade(3, 20, 60, 5), at_grade(5, 20, 60, 5)])
    assert easy.accuracy.value < hard.accuracy.value
    assert easy.logit.value < 0 < hard.logit.value


def test_words_of_one_passage_tell_less_than_words_of_many() -> None:
    site = SiteAbility(Curve(1.8, 1.0), 0.12, 0.1, EVEN)
    one, many = abilities(site, [at_grade(4, 40, 60, 1), at_grade(4, 40, 60, 5)])
    assert one.logit.value < many.logit.value
    assert one.logit.high - one.logit.low > many.logit.high - many.logit.low


def test_nobody_has_no_ability() -> None:
    assert abilities(SITE, []) == []


def test_hardness_grows_with_what_the_model_loses() -> None:
    grades = [grade(loss, 4.0) for loss in np.linspace(0, 14, 50)]
    assert grades == sorted(grades)
    assert {grades[0], grades[-1]} == {0, GRADES - 1}


def test_without_guesses_the_curve_is_the_default() -> None:
    nothing = np.zeros(GRADES)
    found = fit_curve(nothing, nothing)
    assert (found.ease, found.slope) == pytest.approx((1.8, 1.0))


def test_many_guesses_find_the_curve() -> None:
    guesses = np.full(GRADES, 1e6)
    truth = Curve(1.2, 0.7)
    found = fit_curve(guesses * truth.shares, guesses)
    assert (found.ease, found.slope) == pytest.approx((1.2, 0.7), abs=1e-3)


def test_one_passage_each_leaves_the_passage_at_its_default() -> None:
    """Then nothing tells who is good from who liked that passage."""
    between, passage = fit_between((30.0, 30.0), 20.0, (100.0, 100.0), 50)
    assert passage == pytest.approx(DEFAULT_PASSAGE)
    assert between == pytest.approx((10 - 100 * DEFAULT_PASSAGE + 10 * DEFAULT_BETWEEN) / 110)


def test_the_spread_of_players_is_recovered() -> None:
    study = GuessStudy.simulated(
        seed=1, players=2_000, passages_of_each=5, between=0.3, passage=0.1
    )
    found = study.site()
    assert found.between == pytest.approx(0.3, abs=0.06)
    assert found.passage == pytest.approx(0.1, abs=0.04)
    assert found.curve.slope == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("passages", [1, 2, 5])
def test_intervals_hold_the_truth_and_beat_raw_accuracy(passages: int) -> None:
    """Each judged by some passages; the site is fitted to five of everybody."""
    study = GuessStudy.simulated(
        seed=2, players=1_500, passages_of_each=5, between=0.15, passage=0.08
    )
    found = abilities(study.site(), tallies_of(study, passages))
    truth = study.skill - study.skill.mean()
    held = [
        one.logit.low <= skill <= one.logit.high for one, skill in zip(found, truth, strict=True)
    ]
    assert 0.93 <= np.mean(held) <= 0.98
    adjusted = np.corrcoef([one.logit.value for one in found], truth)[0, 1]
    raw = np.corrcoef(study.raw_accuracy(passages), truth)[0, 1]
    assert adjusted > raw + 0.03


@settings(max_examples=200)
@given(
    guesses=st.lists(st.integers(0, 10**6), min_size=GRADES, max_size=GRADES),
    shares=st.lists(st.floats(0, 1), min_size=GRADES, max_size=GRADES),
)
def test_whatever_people_have_right_there_is_a_curve_and_an_ability(
    guesses: list[int], shares: list[float]
) -> None:
    """The curve is a maximum: what is expected at it adds up to what was right."""
    n = np.array(guesses, dtype=np.float64)
    right = np.round(n * shares)
    curve = fit_curve(right, n)
    prior = np.full(GRADES, 100 / GRADES)
    gap = right + prior * Curve(1.8, 1.0).shares - (n + prior) * curve.shares
    assert abs(gap.sum()) < 1e-4 * (n.sum() + 100)
    assert abs(gap @ GRADE_HARDNESS) < 1e-3 * (n.sum() + 100)
    (found,) = abilities(SiteAbility(curve, 0.12, 0.08, EVEN), [Tally(right, n, float(n @ n))])
    assert 0 <= found.accuracy.low <= found.accuracy.value <= found.accuracy.high <= 1
