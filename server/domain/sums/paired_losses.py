"""How players' bets follow the model's losses, from sums: the same as from the bets themselves."""

from __future__ import annotations

from fractions import Fraction

from server.domain.estimators.ability import PAIRED_LOSS_NATS, PairedLosses, drawn_slope
from server.domain.estimators.variance_components import ClusterKind, fit_components
from server.domain.sums.contributions import HEAD, Head
from server.domain.sums.pools import PoolPart, pool_of
from server.domain.sums.whole_numbers import Sums, real

_LOSS = {"loss": real(1)}
_MODEL = {"logprob": -real(1)}


def paired_losses_from(sums: Sums, model_id: int, unit: str) -> PairedLosses | None:
    """Return how losses of bets follow one model's in one unit; None where nobody bet so."""
    pool = pool_of(sums, HEAD, Head._fields, model_id, unit)
    if pool is None or not (n := pool.total("bets")):
        return None
    person, model = real(pool.total("loss")) / n, -real(pool.total("logprob")) / n
    spread = pool.product(ClusterKind.ANSWER, _MODEL, _MODEL) - n * model**2
    together = pool.product(ClusterKind.ANSWER, _MODEL, _LOSS) - n * model * person
    slope = drawn_slope(float(together), float(spread), n)
    exact = Fraction(slope)
    mean = person - exact * model
    contributions = {"bets": -mean / n, "loss": real(1) / n, "logprob": exact * real(1) / n}
    part = PoolPart(contributions, {"bets": Fraction(1, n)}, PAIRED_LOSS_NATS)
    components = fit_components(pool.squares(part), PAIRED_LOSS_NATS)
    return PairedLosses(slope, float(mean), float(model), components)
