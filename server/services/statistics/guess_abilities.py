"""How able players are at guessing, whichever words they met; what rankings go by."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from sqlalchemy.orm import Session

from server.domain.estimators.accuracy import Interval
from server.domain.estimators.guess_ability import GRADES, SiteAbility, Tally, abilities
from server.domain.intervals.of_means_and_shares import share_interval
from server.domain.sums.ability_pools import ability_keys, site_ability_from
from server.domain.sums.paired_pools import (
    ALL,
    FIELDS,
    components_from,
    keys_of,
    weights_from,
)
from server.domain.sums.pools import pool_of
from server.domain.text.tokens import Unit
from server.store.statistics.rollup_tables import SumsRow
from server.store.statistics.rollups import sums_of
from server.store.statistics.tallies import (
    GradedGuess,
    graded_guesses_of,
    tallies_of_players,
)

LEAST_WORDS_OF_A_RANK = 60  # fewer say too little to put players in an order


@dataclass(frozen=True)
class PlayerAbility:
    """What share of words such as everybody meets a player would have right, from some words."""

    player_id: int
    accuracy: Interval
    words: int
    right: int  # of these words, however hard they were


def guess_abilities(
    session: Session,
    model_id: int,
    unit: Unit,
    least_words: int = LEAST_WORDS_OF_A_RANK,
) -> list[PlayerAbility]:
    """Return the abilities of all who have guessed at so many words, as last folded.

    Only unassisted first guesses count, of answers that the statistics count. Whoever is surely
    better comes first: players are ordered by the lower end of their intervals. The cost grows with
    these players alone, not with guesses.
    """
    site = _site(session, model_id, unit)
    tallies = tallies_of_players(session, model_id, unit, least_words)
    if site is None:
        return []
    found = abilities(site, list(tallies.values()))
    ranked = [
        PlayerAbility(player_id, ability.accuracy, ability.accuracy.n, int(tally.right.sum()))
        for (player_id, tally), ability in zip(tallies.items(), found, strict=True)
    ]
    return sorted(ranked, key=lambda one: (-one.accuracy.low, one.player_id))


def guess_ability_of(
    session: Session, player_id: int, model_id: int, unit: Unit
) -> PlayerAbility | None:
    """Return one player's ability, of guesses whose targets are revealed; None without any.

    People as a whole are as last folded; the player's own guesses are all there.
    """
    guesses = graded_guesses_of(session, player_id, model_id, unit)
    site = _site(session, model_id, unit)
    if site is None or not guesses:
        return None
    (ability,) = abilities(site, [_tally(guesses)])
    right = sum(guess.right for guess in guesses)
    return PlayerAbility(player_id, ability.accuracy, ability.accuracy.n, right)


def opponent_standing(session: Session, model_id: int, unit: Unit) -> Interval | None:
    """Return the opponent's own accuracy on the words that people guessed, for a ranking.

    As last folded; None where nobody has guessed against it. See `baseline_standing`.
    """
    sums = sums_of(session, SumsRow, keys_of(ALL, model_id, unit))
    pool = pool_of(sums, ALL, FIELDS, model_id, unit)
    if pool is None:
        return None
    components = components_from(sums, model_id, unit).model
    weights = weights_from(sums, ALL, model_id, unit)
    return share_interval(int(pool.total("model")), int(pool.total("guesses")), components, weights)


def _site(session: Session, model_id: int, unit: Unit) -> SiteAbility | None:
    sums = sums_of(session, SumsRow, ability_keys(model_id, unit))
    return site_ability_from(sums, model_id, unit)


def _tally(guesses: list[GradedGuess]) -> Tally:
    grades = np.array([guess.grade for guess in guesses])
    right = np.array([guess.right for guess in guesses], dtype=np.float64)
    in_passages = Counter(guess.passage for guess in guesses).values()
    return Tally(
        right=np.bincount(grades, weights=right, minlength=GRADES).astype(np.float64),
        guesses=np.bincount(grades, minlength=GRADES).astype(np.float64),
        passage_squares=float(sum(count**2 for count in in_passages)),
    )
