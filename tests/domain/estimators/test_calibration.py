"""Of what was called this likely, how much was so."""

from __future__ import annotations

import math

import numpy as np
import pytest

from server.domain.estimators.accuracy import wilson_interval
from server.domain.estimators.calibration import Statement, calibration, weight_of
from server.domain.play.duels import Duel, Question


def test_statements_are_gathered_at_the_nearest_step() -> None:
    stated = [Statement(0.5, True), Statement(0.5, False), Statement(0.45, True)]
    bins = calibration([*stated, Statement(0.9, True)], (0.5, 0.9, 0.99))
    assert [found.step for found in bins] == [0.5, 0.9]
    assert bins[0].stated == pytest.approx(1.45 / 3)
    for found, counted in zip(bins, (wilson_interval(2, 3), wilson_interval(1, 1)), strict=True):
        assert (found.right.value, found.right.n) == (counted.value, counted.n)
        assert (found.right.low, found.right.high) == pytest.approx((counted.low, counted.high))


def test_nothing_stated_gives_no_bins() -> None:
    assert calibration([], (0.5,)) == []
    assert calibration([Statement(0.5, True, weight=0)], (0.5,)) == []


def test_a_statement_counts_by_its_weight() -> None:
    """Weights 1.5 and 0.5: three quarters right, and as much as 2²/2.5 = 1.6 equal ones."""
    stated = [Statement(0.6, True, weight_of(1.5)), Statement(0.8, False, weight_of(0.5))]
    [found] = calibration(stated, (0.7,))
    assert found.stated == pytest.approx(0.65)
    assert (found.right.value, found.right.n) == (0.75, 2)
    z2 = 1.959964**2
    centre = (0.75 + z2 / 3.2) / (1 + z2 / 1.6)
    half = math.sqrt(z2 * (0.1875 / 1.6 + z2 / (4 * 1.6**2))) / (1 + z2 / 1.6)
    assert found.right.low == pytest.approx(centre - half, abs=1e-6)
    assert found.right.high == pytest.approx(centre + half, abs=1e-6)


def test_who_means_what_they_say_is_right_as_often_as_stated() -> None:
    draw = np.random.default_rng(5)
    stated = draw.uniform(0.05, 0.95, 20_000).tolist()
    statements = [Statement(share, bool(draw.random() < share)) for share in stated]
    bins = calibration(statements, (0.1, 0.3, 0.5, 0.7, 0.9))
    assert sum(found.right.low < found.stated < found.right.high for found in bins) >= 4


def test_duels_answered_as_they_fit_are_calibrated_only_when_weighted() -> None:
    """The author draws x from h, the model its rival from g, much apart; r = h(x)/(h(x) + h(y))."""
    draw = np.random.default_rng(7)
    h, g = draw.dirichlet(np.ones(30) * 0.7), draw.dirichlet(np.ones(30) * 0.7)
    weighted, plain = [], []
    for x, y in zip(*(draw.choice(30, 30_000, p=p) for p in (h, g)), strict=True):
        share, pair = h[x] / (h[x] + h[y]), Duel("x", "y", np.log(g[x]), np.log(g[y]), same=x == y)
        if x != y:
            sure, right = max(share, 1 - share), bool(share > 0.5)
            weighted.append(Statement(sure, right, weight_of(pair.weight(Question.FIT))))
            plain.append(Statement(sure, right))
    steps = (0.65, 0.8, 0.9)
    off = [
        max(abs(found.right.value - found.stated) for found in calibration(statements, steps))
        for statements in (weighted, plain)
    ]
    assert off[0] < 0.02
    assert off[1] > 0.1
