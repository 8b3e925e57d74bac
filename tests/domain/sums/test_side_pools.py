"""How both sides' losses vary, from sums: the same as from the answers themselves."""

from __future__ import annotations

import numpy as np
import pytest

from server.domain.intervals.clusters import codes_by_kind, squares_of
from server.domain.intervals.variance_components import (
    DUEL_LOSS_NATS,
    LOSS_NATS,
    default_components,
    fit_components,
)
from server.domain.sums.contributions import HEAD, Head
from server.domain.sums.pools import add_answers
from server.domain.sums.side_pools import (
    DUELLED,
    bet_components,
    duel_components,
    duel_numbers,
    pay_components,
)
from server.domain.sums.whole_numbers import CLUSTER, Sums, changed_moments, fixed

WORDS = "words"


def folded(block: str, where: list[tuple[int, int, int]], numbers: list[tuple[int, ...]]) -> Sums:
    sums: Sums = {}
    add_answers(lambda _: sums, (block, 1, WORDS), zip(where, numbers, strict=True))
    clusters = {key: value for key, value in sums.items() if key[0] == CLUSTER}
    return sums | changed_moments({}, clusters)


def test_bets_vary_as_their_rows_do() -> None:
    generator = np.random.default_rng(4)
    where = [(n // 24, n // 12 % 3, n % 12) for n in range(96)]
    person = generator.gamma(2, 2, 96)
    model = generator.gamma(2, 1.5, 96)
    bets = [
        tuple(Head(bets=1, loss=fixed(mine), logprob=fixed(-other), missed=0))
        for mine, other in zip(person, model, strict=True)
    ]
    found = bet_components(folded(HEAD, where, bets), 1, WORDS)
    player, passage, position = (np.array(column) for column in zip(*where, strict=True))
    codes = codes_by_kind(player, passage, passage * 12 + position)
    weights = np.full(96, 1 / 96)
    for components, values in ((found.person, person), (found.difference, person - model)):
        expected = fit_components(squares_of(values, weights, codes), LOSS_NATS)
        np.testing.assert_allclose(components.variances, expected.variances, rtol=1e-6, atol=1e-9)
    assert found.model.variances[0] == 0, "a model says the same to everybody"


def test_duels_that_differ_more_have_wider_intervals() -> None:
    where = [(n // 12, n // 12, n % 12) for n in range(48)]
    signs = [1 if n % 2 else -1 for n in range(48)]

    def spread(size: float) -> tuple[float, float]:
        numbers = [duel_numbers((1 + size * sign, 0.7), (size * sign, 0.1)) for sign in signs]
        sums = folded(DUELLED, where, numbers)
        return (
            duel_components(sums, 1, WORDS).person.total,
            pay_components(sums, 1, WORDS).difference.total,
        )

    assert spread(0.9)[0] > 2 * spread(0.1)[0]
    assert spread(0.9)[1] > 2 * spread(0.1)[1]


def test_without_answers_the_defaults_stand() -> None:
    assert bet_components({}, 1, WORDS).person.total == pytest.approx(LOSS_NATS.total)
    expected = default_components(DUEL_LOSS_NATS).variances
    assert (duel_components({}, 1, WORDS).difference.variances == expected).all()
