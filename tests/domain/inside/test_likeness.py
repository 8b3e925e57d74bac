"""Which layer a player reads like."""

from __future__ import annotations

import math

import numpy as np
import pytest

from server.domain.inside.likeness import by_guesses, by_loss


def test_a_player_who_pays_what_a_layer_pays_reads_like_it() -> None:
    rng = np.random.default_rng(7)
    layers = np.array([6.0, 5.0, 4.0, 3.0]) + rng.normal(0, 0.2, (40, 4))
    likeness = by_loss(layers[:, 1] + rng.normal(0, 0.1, 40), layers)
    assert likeness is not None
    assert (likeness.layer, likeness.low, likeness.high, likeness.layers) == (1, 1, 1, 3)


def test_the_perplexity_is_the_player_s_own_with_student_s_interval() -> None:
    losses = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    likeness = by_loss(losses, np.tile([3.0, 9.0], (5, 1)))
    assert likeness is not None
    half = 2.776 * math.sqrt(2.5 / 5)  # t at 97.5 % with four degrees of freedom
    assert likeness.perplexity.n == 5
    assert [
        math.log(one)
        for one in (
            likeness.perplexity.value,
            likeness.perplexity.low,
            likeness.perplexity.high,
        )
    ] == pytest.approx([3, 3 - half, 3 + half], abs=1e-3)


def test_layers_that_the_positions_cannot_tell_apart_are_all_within_the_interval() -> None:
    losses = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    layers = np.stack([losses + 9, losses - 0.1 * losses, losses, losses + 3], axis=1)
    noisy = layers + np.random.default_rng(1).normal(0, 1.5, layers.shape)
    likeness = by_loss(losses, noisy)
    assert likeness is not None
    assert likeness.low == 1
    assert likeness.high >= 2


def test_typed_words_go_to_the_layer_that_they_surprise_least() -> None:
    rng = np.random.default_rng(3)
    layers = np.array([5.0, 2.0, 4.0]) + rng.normal(0, 0.3, (12, 3))
    likeness = by_guesses(layers)
    assert likeness is not None
    assert (likeness.layer, likeness.low, likeness.high) == (1, 1, 1)
    assert likeness.perplexity.value == pytest.approx(math.exp(layers[:, 1].mean()))


def test_three_positions_tell_nothing() -> None:
    assert by_loss(np.ones(3), np.ones((3, 4))) is None
    assert by_guesses(np.ones((3, 4))) is None
