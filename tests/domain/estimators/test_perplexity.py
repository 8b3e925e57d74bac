"""Losses in nats, and the bits and perplexity that pages show."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.estimators.perplexity import bits, perplexity


@pytest.mark.parametrize(
    ("probability", "expected"), [(1, 0), (1 / 2, 1), (1 / 8, 3), (2**-20, 20)]
)
def test_a_halved_probability_costs_one_bit_more(probability: float, expected: float) -> None:
    assert bits(-math.log(probability)) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("choices", [1, 2, 50_257])
def test_a_fair_choice_is_as_perplexing_as_it_has_choices(choices: int) -> None:
    assert perplexity(math.log(choices)) == pytest.approx(choices)


@pytest.mark.parametrize(
    ("loss_nats", "expected"), [(3.182, 24.095), (4.469, 87.269), (2.926, 18.653)]
)
def test_the_study_s_losses_have_their_perplexities(loss_nats: float, expected: float) -> None:
    assert perplexity(loss_nats) == pytest.approx(expected, abs=5e-4)


@given(st.floats(0, 100))
def test_perplexity_is_two_to_the_bits(loss_nats: float) -> None:
    assert perplexity(loss_nats) == pytest.approx(2 ** bits(loss_nats))
