"""Of what was called this likely, how much was so."""

from __future__ import annotations

import numpy as np
import pytest

from server.domain.estimators.accuracy import wilson_interval
from server.domain.estimators.calibration import calibration


def test_statements_are_gathered_at_the_nearest_step() -> None:
    stated = np.array([0.5, 0.5, 0.45, 0.9])
    bins = calibration(stated, np.array([True, False, True, True]), (0.5, 0.9, 0.99))
    assert [found.step for found in bins] == [0.5, 0.9]
    assert bins[0].stated == pytest.approx(1.45 / 3)
    assert bins[0].right == wilson_interval(2, 3)
    assert bins[1].right == wilson_interval(1, 1)


def test_nothing_stated_gives_no_bins() -> None:
    assert calibration(np.array([]), np.array([], dtype=np.bool_), (0.5,)) == []


def test_who_means_what_they_say_is_right_as_often_as_stated() -> None:
    draw = np.random.default_rng(5)
    stated = draw.uniform(0.05, 0.95, 20_000)
    bins = calibration(stated, draw.random(20_000) < stated, (0.1, 0.3, 0.5, 0.7, 0.9))
    assert sum(found.right.low < found.stated < found.right.high for found in bins) >= 4
