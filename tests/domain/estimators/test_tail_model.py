"""The tail's model, held to hand arithmetic and to players whose tails are known."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.estimators.arrays import FloatArray
from server.domain.estimators.duels import Judgements, excess_estimate
from server.domain.estimators.tail_model import TailModel, tail_model
from server.domain.intervals.clusters import Clusters
from server.domain.intervals.of_bets_and_duels import interval
from tests.domain.samples import drawn, normalised

WORDS, QUESTIONS, RIVALS, PLAYERS = 400, 120, 16, 5
STUDIES = 40


@dataclass(frozen=True)
class Kind:
    """Players h ∝ g^exponent · e^(taste·normal), who favour the target by some nats."""

    exponent: float
    taste: float
    favour: float = 0.0


WEAK, EQUAL, STRONG = Kind(0.3, 0.7), Kind(1.0, 0.0), Kind(0.9, 0.7, 1.5)


def study(kind: Kind, noise: float, seed: int) -> tuple[float, Judgements]:
    """Return the true mean excess in the tail, and five judgements of each question."""
    generator = np.random.default_rng(seed)
    g = normalised(np.exp(generator.normal(0, 2, (QUESTIONS, WORDS))))
    every = np.arange(QUESTIONS)
    target = drawn(generator, normalised(g**0.7))
    merits = kind.exponent * np.log(g) + kind.taste * generator.normal(size=g.shape)
    merits[every, target] += kind.favour
    h = normalised(np.exp(merits))
    truth = float((np.log(g[every, target]) - np.log(h[every, target])).mean())
    rivals = np.stack([drawn(generator, g) for _ in range(RIVALS)], axis=1)
    question = np.repeat(every, PLAYERS)
    player = np.tile(np.arange(PLAYERS), QUESTIONS)
    rival = rivals[question, generator.integers(0, RIVALS, question.size)]

    def against(logprob: FloatArray) -> FloatArray:
        ratio: FloatArray = logprob[question, target[question]] - logprob[question, rival]
        return ratio

    stated = against(np.log(h)) + noise * generator.normal(size=question.size)
    return truth, Judgements(
        question=question,
        p_target=1 / (1 + np.exp(-stated)),
        log_ratio=against(np.log(g)),
        log_weight=np.zeros(question.size),
        same=rival == target[question],
        clusters=Clusters(player, question, question // 12),
    )


def fitted(judgements: Judgements) -> TailModel:
    found = tail_model(judgements)
    assert found is not None
    return found


def alike(questions: int) -> Judgements:
    """Two rivals a question, Δ = 2 and 0, stated log-odds 1 and 0."""
    question = np.repeat(np.arange(questions), 2)
    return Judgements(
        question=question,
        p_target=np.tile(1 / (1 + np.exp([-1.0, 0.0])), questions),
        log_ratio=np.tile([2.0, 0.0], questions),
        log_weight=np.zeros(2 * questions),
        same=np.zeros(2 * questions, dtype=bool),
        clusters=Clusters(np.tile([0, 1], questions), question, question // 3),
    )


def test_two_rivals_by_hand() -> None:
    """ℓ̄ = ½ and k = 1 and 0, less the other 1 and −1: ½ + ln cosh 1 − ½·½ = 0.5 + 0.4338 − 0.25."""
    found = fitted(alike(10))
    assert found.exponent == pytest.approx(0.5)
    assert found.taste_nats2 == pytest.approx(0.0, abs=1e-12)
    assert found.excess.value == pytest.approx(0.683781, abs=1e-6)


def test_too_few_questions_are_not_fitted() -> None:
    assert tail_model(alike(9)) is None


def test_rivals_that_the_reference_holds_alike_tell_no_slope() -> None:
    assert tail_model(replace(alike(12), log_ratio=np.ones(24))) is None


def test_who_states_the_reference_s_own_odds_has_no_excess() -> None:
    _, judgements = study(EQUAL, noise=0.0, seed=1)
    found = fitted(judgements)
    assert found.exponent == pytest.approx(1.0)
    assert found.excess.value == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("kind", [WEAK, EQUAL, STRONG], ids=["weak", "equal", "strong"])
def test_of_noisy_players_the_model_finds_the_truth_nearer_than_the_jackknife(kind: Kind) -> None:
    by_model, by_jackknife, held = [], [], 0
    for seed in range(STUDIES):
        truth, judgements = study(kind, noise=1.0, seed=seed)
        found = interval(fitted(judgements).excess)
        by_model.append(found.value - truth)
        by_jackknife.append(excess_estimate(judgements, jackknife=True).value - truth)
        held += found.low <= truth <= found.high
    assert abs(np.mean(by_model)) < 0.12
    assert abs(np.mean(by_model)) < abs(np.mean(by_jackknife))
    assert held >= 0.9 * STUDIES


def test_without_noise_the_weak_player_s_excess_is_nearer_than_the_jackknife_s() -> None:
    studies = [study(WEAK, noise=0.0, seed=seed) for seed in range(STUDIES)]
    by_model = np.mean([fitted(rows).excess.value - truth for truth, rows in studies])
    by_jackknife = np.mean(
        [excess_estimate(rows, jackknife=True).value - truth for truth, rows in studies]
    )
    assert abs(by_model) < 0.1 < abs(by_jackknife)


def test_what_was_put_into_the_players_is_found_in_the_fit() -> None:
    found = [fitted(study(WEAK, noise=1.0, seed=seed)[1]) for seed in range(STUDIES)]
    assert np.mean([fit.exponent for fit in found]) == pytest.approx(0.3, abs=0.03)
    assert np.mean([fit.taste_nats2 for fit in found]) == pytest.approx(0.49, abs=0.1)
    assert np.mean([fit.noise_nats2 for fit in found]) == pytest.approx(1.0, abs=0.1)


def test_noise_stays_unknown_where_nobody_judged_a_pair_again() -> None:
    _, judgements = study(WEAK, noise=1.0, seed=2)
    _, once = np.unique(
        np.stack((judgements.question, judgements.log_ratio)), axis=1, return_index=True
    )
    assert fitted(some_of(judgements, once)).noise_nats2 == 0.0


def test_ten_second_opinions_tell_noise_and_nine_do_not() -> None:
    """Log-odds 1 and 2 of one pair: their variance is ½. The other pair of a question came once."""
    ten = alike(12)
    again = some_of(ten, np.concatenate((np.arange(24), 2 * np.arange(10))))
    p_target = again.p_target.copy()
    p_target[24:] = 1 / (1 + np.exp(-2.0))
    again = replace(again, p_target=p_target)
    assert fitted(again).noise_nats2 == pytest.approx(0.5)
    nine = some_of(again, np.arange(33))
    assert fitted(nine).noise_nats2 == 0.0
    assert fitted(nine).taste_nats2 > 0.0


def some_of(rows: Judgements, chosen: np.typing.NDArray[np.int64]) -> Judgements:
    clusters = rows.clusters
    return Judgements(
        rows.question[chosen],
        rows.p_target[chosen],
        rows.log_ratio[chosen],
        rows.log_weight[chosen],
        rows.same[chosen],
        Clusters(clusters.player[chosen], clusters.position[chosen], clusters.passage[chosen]),
    )


@given(st.integers(0, 1000))
def test_the_order_of_rows_and_the_names_of_questions_change_nothing(seed: int) -> None:
    _, rows = study(WEAK, noise=1.0, seed=3)
    mixed = some_of(rows, np.random.default_rng(seed).permutation(rows.question.size))
    one, other = fitted(rows), fitted(replace(mixed, question=7 - mixed.question))
    assert one.excess.value == pytest.approx(other.excess.value)
    assert interval(one.excess).high == pytest.approx(interval(other.excess).high)


@given(st.lists(st.floats(0, 1), min_size=24, max_size=24))
def test_contributions_cancel_and_nothing_is_ever_undefined(stated: list[float]) -> None:
    found = fitted(replace(alike(12), p_target=np.array(stated)))
    assert np.isfinite(found.excess.value)
    assert np.isfinite(found.excess.parts[0].contributions).all()
    assert found.excess.parts[0].contributions.sum() == pytest.approx(0, abs=1e-9)


def test_the_interval_is_what_leaving_questions_out_shows() -> None:
    """Within 30 %: the jackknife over passages refits everything, the interval does not."""
    _, rows = study(WEAK, noise=1.0, seed=4)
    passages = np.unique(rows.clusters.passage)
    kept = [np.flatnonzero(rows.clusters.passage != one) for one in passages]
    left_out = np.array([fitted(some_of(rows, rest)).excess.value for rest in kept])
    n = passages.size
    refitted = float(np.sqrt((n - 1) / n * ((left_out - left_out.mean()) ** 2).sum()))
    part = fitted(rows).excess.parts[0]
    by_passage = np.bincount(rows.clusters.passage, weights=part.contributions)
    assert float(np.sqrt((by_passage**2).sum())) == pytest.approx(refitted, rel=0.3)
