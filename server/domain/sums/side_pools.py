"""Both sides' losses in sums: how much bets' and duels' losses vary, person's, model's, between."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from server.domain.intervals.of_accuracy import PairedComponents
from server.domain.intervals.variance_components import (
    DUEL_LOSS_NATS,
    LOSS_NATS,
    MODEL_RIGHT,
    Components,
    Default,
    default_components,
    fit_components,
)
from server.domain.sums.contributions import HEAD, Head
from server.domain.sums.pools import Pool, PoolPart, Weights, pool_of
from server.domain.sums.whole_numbers import Numbers, Sums, fixed, real

DUELLED = "duelled"  # the block: judgements by what they cost and earned, whatever their form
_DUEL_FIELDS = ("duels", "person", "model", "person_pay", "model_pay")
Side = Mapping[str, int]  # a sum's fields with their signs


def duel_numbers(losses: tuple[float, float], pay: tuple[float, float]) -> Numbers:
    """Return what a judgement adds: what it cost the person and the model, and earned, in nats."""
    return (1, *map(fixed, losses), *map(fixed, pay))


def bet_components(sums: Sums, model_id: int, unit: str) -> PairedComponents:
    """Return how losses of bets vary against one model; the default where nobody has bet."""
    pool = pool_of(sums, HEAD, Head._fields, model_id, unit)
    return _sides(pool, "bets", {"loss": 1}, {"logprob": -1}, LOSS_NATS)


def duel_components(sums: Sums, model_id: int, unit: str) -> PairedComponents:
    """Return how losses of judgements vary, of two words each; the default without any."""
    pool = pool_of(sums, DUELLED, _DUEL_FIELDS, model_id, unit)
    return _sides(pool, "duels", {"person": 1}, {"model": 1}, DUEL_LOSS_NATS)


def pay_components(sums: Sums, model_id: int, unit: str) -> PairedComponents:
    """Return how judgements' pay varies, in the square of nats; the default without any."""
    pool = pool_of(sums, DUELLED, _DUEL_FIELDS, model_id, unit)
    return _sides(pool, "duels", {"person_pay": 1}, {"model_pay": 1}, DUEL_LOSS_NATS)


def _sides(
    pool: Pool | None, count: str, person: Side, model: Side, default: Default
) -> PairedComponents:
    """Fit the components of both sides' values and of person minus model."""
    both = dict(person) | {field: -sign for field, sign in model.items()}
    of_model = Default(MODEL_RIGHT.shares, default.total)  # it says the same to everybody
    return PairedComponents(
        _components(pool, count, person, default),
        _components(pool, count, model, of_model),
        _components(pool, count, both, default),
    )


def _components(pool: Pool | None, count: str, signs: Side, default: Default) -> Components:
    if pool is None or not (n := pool.total(count)):
        return default_components(default)
    mean = real(sum(sign * pool.total(field) for field, sign in signs.items())) / n
    contributions: Weights = {count: -mean / n} | {
        field: sign * real(1) / n for field, sign in signs.items()
    }
    part = PoolPart(contributions, {count: Fraction(1, n)}, default)
    return fit_components(pool.squares(part), default)
