"""How the residual stream's growth is fitted, and when it may be called exponential."""

from __future__ import annotations

import numpy as np
import pytest

from server.domain.inside.growth import growth_of


def test_an_exact_exponential_is_found_to_the_last_digits() -> None:
    growth = growth_of(3 * 1.05 ** np.arange(31))
    assert growth is not None
    assert growth.rate == pytest.approx(1.05, abs=1e-6)
    assert growth.r2 == pytest.approx(1, abs=1e-9)
    assert growth.is_exponential


def test_the_fit_is_that_of_numpy_s_own_least_squares() -> None:
    norms = np.array([2.0, 2.9, 2.7, 4.4, 5.0, 9.1, 8.2, 9.9, 14.0])
    slope, intercept = np.polyfit(np.arange(9), np.log(norms), 1)
    rest = np.log(norms) - intercept - slope * np.arange(9)
    growth = growth_of(norms)
    assert growth is not None
    assert growth.rate == pytest.approx(np.exp(slope))
    assert growth.r2 == pytest.approx(1 - rest.var() / np.log(norms).var())


def test_a_few_layers_are_never_called_exponential_however_well_they_fit() -> None:
    growth = growth_of(3 * 1.05 ** np.arange(6))
    assert growth is not None
    assert (growth.layers, growth.is_exponential) == (5, False)


def test_a_poor_fit_over_many_layers_is_not_called_exponential() -> None:
    growth = growth_of(np.array([1.0, 9, 2, 8, 3, 9, 2, 8, 9, 3]))
    assert growth is not None
    assert not growth.is_exponential


@pytest.mark.parametrize("norms", [[1.0, 2.0], [1.0, 0.0, 2.0], [2.0, 2.0, 2.0]])
def test_norms_that_tell_nothing_have_no_growth(norms: list[float]) -> None:
    assert growth_of(np.array(norms)) is None
