"""The site's variance components, for a page that speaks of one player or one round."""

from __future__ import annotations

from sqlalchemy.orm import Session

from server.domain.estimators.ability import PairedLosses
from server.domain.estimators.paired import PairedComponents
from server.domain.sums.contributions import HEAD
from server.domain.sums.paired_pools import ALL, components_from, keys_of
from server.domain.sums.pooled_analysis import paired_losses_from
from server.store.statistics.rollup_tables import SumsRow
from server.store.statistics.rollups import sums_of


def site_losses(session: Session, model_id: int, unit: str) -> PairedLosses | None:
    """Return how losses of bets follow one model's, as last folded; None where nobody bet."""
    sums = sums_of(session, SumsRow, keys_of(HEAD, model_id, unit))
    return paired_losses_from(sums, model_id, unit)


def site_components(session: Session, model_id: int, unit: str) -> PairedComponents:
    """Return the components of guesses against one model in one unit, as last folded."""
    sums = sums_of(session, SumsRow, keys_of(ALL, model_id, unit))
    return components_from(sums, model_id, unit)
