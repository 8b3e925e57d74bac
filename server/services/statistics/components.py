"""The site's variance components, for a page that speaks of one player or one round."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from server.domain.estimators.ability import PairedLosses
from server.domain.intervals.of_accuracy import PairedComponents
from server.domain.sums.contributions import HEAD
from server.domain.sums.paired_pools import ALL, components_from, keys_of
from server.domain.sums.pooled_analysis import paired_losses_from
from server.domain.sums.side_pools import (
    DUELLED,
    bet_components,
    duel_components,
    pay_components,
)
from server.store.statistics.rollup_tables import SumsRow
from server.store.statistics.rollups import sums_of


@dataclass(frozen=True)
class SiteSpread:
    """How much answers against one model vary: marks, and losses of bets and duels, and pay."""

    marks: PairedComponents
    bets: PairedComponents
    duels: PairedComponents
    pay: PairedComponents


def site_losses(session: Session, model_id: int, unit: str) -> PairedLosses | None:
    """Return how losses of bets follow one model's, as last folded; None where nobody bet."""
    sums = sums_of(session, SumsRow, keys_of(HEAD, model_id, unit))
    return paired_losses_from(sums, model_id, unit)


def site_components(session: Session, model_id: int, unit: str) -> PairedComponents:
    """Return the components of guesses against one model in one unit, as last folded."""
    sums = sums_of(session, SumsRow, keys_of(ALL, model_id, unit))
    return components_from(sums, model_id, unit)


def site_spread(session: Session, model_id: int, unit: str) -> SiteSpread:
    """Return how much answers of all kinds vary, as last folded."""
    keys = [key for block in (ALL, HEAD, DUELLED) for key in keys_of(block, model_id, unit)]
    sums = sums_of(session, SumsRow, keys)
    return SiteSpread(
        marks=components_from(sums, model_id, unit),
        bets=bet_components(sums, model_id, unit),
        duels=duel_components(sums, model_id, unit),
        pay=pay_components(sums, model_id, unit),
    )
