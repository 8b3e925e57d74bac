"""A tree's probabilities at any temperature and top-k, against whole distributions."""

from __future__ import annotations

import numpy as np
import pytest

from server.domain.errors import InvalidInput
from server.domain.inside.tree import (
    PLAIN,
    TEMPERATURES,
    NextToken,
    branches_of,
    normalisers,
    require_sampling,
)

SHARES = np.array([0.4, 0.3, 0.15, 0.1, 0.05])


def node(kept: int) -> NextToken:
    """Return a distribution of five tokens, of which the best few are kept."""
    logs = np.log(SHARES)
    return NextToken(np.arange(kept, dtype=np.int32), logs[:kept], normalisers(logs))


@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_what_is_kept_gives_the_whole_distribution_s_probabilities(temperature: float) -> None:
    powers = SHARES ** (1 / temperature)
    found = node(3).probabilities(temperature, None)
    np.testing.assert_allclose(found, (powers / powers.sum())[:3], rtol=1e-12)


def test_at_temperature_one_nothing_is_changed() -> None:
    assert TEMPERATURES[PLAIN] == 1
    assert normalisers(np.log(SHARES))[PLAIN] == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(node(5).probabilities(1.0, None), SHARES)


def test_top_k_shares_out_what_it_leaves() -> None:
    np.testing.assert_allclose(node(5).probabilities(1.0, 2), [4 / 7, 3 / 7, 0, 0, 0])
    np.testing.assert_allclose(node(5).probabilities(0.5, 2), [16 / 25, 9 / 25, 0, 0, 0])


def test_an_improbable_token_is_not_lost_at_a_low_temperature() -> None:
    logs = np.array([-1e-9, -60.0])
    cold = NextToken(np.array([0, 1], dtype=np.int32), logs, normalisers(logs))
    first, second = cold.probabilities(0.1, None)
    assert first == pytest.approx(1)
    assert second == pytest.approx(np.exp(-600), rel=1e-6)


def test_joint_probabilities_multiply_along_paths_and_stop_where_nothing_is_known() -> None:
    nodes = {(): node(5), (0,): node(5)}
    first, second, *_ = branches_of(nodes, 1.0, None)
    assert [one.joint for one in first.branches] == pytest.approx([0.16, 0.12, 0.06])
    assert second.branches == ()


@pytest.mark.parametrize("temperature", [0.0, 0.05, 0.55, 2.1, float("nan")])
def test_a_temperature_without_a_normaliser_is_refused(temperature: float) -> None:
    with pytest.raises(InvalidInput, match=r"0\.1 to 2"):
        require_sampling(temperature, None)


def test_tenths_are_taken_however_they_are_rounded() -> None:
    assert require_sampling(0.1 + 0.2, 1000) == (0.3, 1000)
    for top_k in (0, 1001):
        with pytest.raises(InvalidInput, match="1 to 1,000"):
            require_sampling(1.0, top_k)
