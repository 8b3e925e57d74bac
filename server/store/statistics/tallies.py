"""Queries on players' guesses by how hard they were: what abilities are estimated from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from server.domain.estimators.guess_ability import Tally, grade
from server.domain.text.tokens import Unit
from server.store.statistics.first_guesses import FIRST_SIGHT, is_settled
from server.store.statistics.rollup_tables import PlayerTallyRow
from server.store.tables import GuessRow, RoundRow

Tallies = Mapping[tuple[int, str], Tally]  # by model and unit


class GradedGuess(NamedTuple):
    """A guess by its passage, how hard it was (see `grade`), and whether it was right."""

    passage: int
    grade: int
    right: bool


def keep_tallies(session: Session, tallies: Mapping[int, Tallies]) -> None:
    """Keep what some players' tallies are now; none for one who is gone."""
    session.execute(delete(PlayerTallyRow).where(PlayerTallyRow.player_id.in_(list(tallies))))
    rows = [
        {
            "player_id": player_id,
            "model_id": model_id,
            "unit": unit,
            "words": int(tally.guesses.sum()),
            "passage_squares": int(tally.passage_squares),
            "right_by_grade": tally.right.astype(int).tolist(),
            "guesses_by_grade": tally.guesses.astype(int).tolist(),
        }
        for player_id, mine in tallies.items()
        for (model_id, unit), tally in mine.items()
    ]
    if rows:
        session.execute(insert(PlayerTallyRow), rows)


def tallies_of_players(
    session: Session, model_id: int, unit: Unit, least_words: int
) -> dict[int, Tally]:
    """Return the tallies of all players who have guessed at so many words at least."""
    row = PlayerTallyRow
    query = select(
        row.player_id, row.right_by_grade, row.guesses_by_grade, row.passage_squares
    ).where(row.model_id == model_id, row.unit == unit, row.words >= least_words)
    return {
        player_id: Tally(np.array(right, float), np.array(guesses, float), float(squares))
        for player_id, right, guesses, squares in session.execute(query)
    }


def graded_guesses_of(
    session: Session, player_id: int, model_id: int, unit: Unit
) -> list[GradedGuess]:
    """Return a player's unassisted first guesses against a model, at revealed positions."""
    query = (
        select(
            *(RoundRow.scored_passage_id, GuessRow.target_loss_nats),
            *(GuessRow.entropy_nats, GuessRow.is_right),
        )
        .join(RoundRow, RoundRow.id == GuessRow.round_id)
        .where(
            *FIRST_SIGHT,
            GuessRow.player_id == player_id,
            GuessRow.model_id == model_id,
            GuessRow.unit == unit,
            GuessRow.assisted.is_(False),
            is_settled(),
        )
    )
    return [
        GradedGuess(passage, grade(loss, entropy), right)
        for passage, loss, entropy, right in session.execute(query)
    ]
