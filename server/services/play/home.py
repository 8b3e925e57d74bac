"""What the first page shows: a passage up to its first gap, and what the player left open."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from server.domain.play.rounds import Draw
from server.domain.text.tokens import Unit
from server.services.contest.planning import kept_back
from server.services.contract.opponents import HomeView, ModelView
from server.services.contract.rounds import RoundView
from server.services.play.choosing import RoundWish, fresh_passage, new_round_row
from server.services.play.library import ScoreLibrary
from server.services.play.opponents import OpponentChoice, current_opponent, model_view
from server.services.play.played import PlayedRound
from server.services.play.round_view import round_view
from server.store import rounds as stored
from server.store.engine import present_revision, require_room, writing
from server.store.patience import DATABASE_FAILURES
from server.store.players import find_player
from server.store.scoring.drawing import longest_ago_played
from server.store.scoring.scores import last_draw_number
from server.store.statistics.rollups import mark_nobody
from server.store.tables import LanguageModelRow, RoundRow, ScoredPassageRow

_NOBODY = 0  # no player has this id


@dataclass(frozen=True)
class Opening:
    """A round as it begins: one that waits for its first answer, or one that is not stored yet.

    `passage` is the scored passage of one that is not stored, and whose id is therefore empty.
    """

    round: RoundView
    passage: int | None


@dataclass(frozen=True)
class OpenRound:
    """A round that its player left in the middle."""

    id: str
    title: str
    mode: str
    is_daily: bool


def home_view(session: Session, row: LanguageModelRow | None, choice: OpponentChoice) -> HomeView:
    """Return who plays now, and in whose place."""
    if row is None:
        return HomeView(opponent=None, passages=0, missing_model=None)
    return HomeView(
        opponent=model_view(row),
        passages=last_draw_number(session, row.id),
        missing_model=choice.name if row.name != choice.name else None,
    )


def opening(
    session: Session,
    library: ScoreLibrary,
    model: LanguageModelRow,
    public_id: str | None,
    now: datetime,
) -> Opening | None:
    """Return the round that a player would begin now, up to its first gap; nothing is written.

    None where nothing can be played against the model.
    """
    player = find_player(session, public_id) if public_id else None
    kind = RoundWish().kind(player.id if player else _NOBODY, model.id)
    waiting = stored.find_open_round(session, kind) if player else None
    if waiting is not None and waiting.draw_kind == Draw.UNIFORM:
        return Opening(round_view(PlayedRound(waiting, library.scene(session, waiting))), None)
    chosen = fresh_passage(session, kind, kept_back(session, model.id, now.date()))
    chosen = chosen or longest_ago_played(session, model.id, Unit.WORDS, kind.player_id)
    return _not_begun(session, library, model, chosen, now) if chosen else None


def left_open(session: Session, public_id: str | None) -> OpenRound | None:
    """Return the round that the player left last in the middle, if any."""
    player = find_player(session, public_id) if public_id else None
    row = stored.newest_left_open(session, player.id) if player else None
    if row is None:
        return None
    title = row.scored_passage.passage.title
    return OpenRound(row.public_id, title, row.mode, row.daily_on is not None)


def _not_begun(
    session: Session,
    library: ScoreLibrary,
    model: LanguageModelRow,
    scored_passage_id: int,
    now: datetime,
) -> Opening:
    scored = session.get_one(ScoredPassageRow, scored_passage_id)
    row: RoundRow = new_round_row(_NOBODY, scored.id, model.id, RoundWish(), now)
    row.public_id, row.draw_kind = "", Draw.UNIFORM
    played = PlayedRound(row, library.scene_of(session, scored, Unit.WORDS))
    return Opening(round_view(played), scored.id)


class HomeKeeper:
    """The first page, and as it was last seen for as long as the database does not answer."""

    def __init__(self, choice: OpponentChoice) -> None:
        self._choice = choice
        self._last: HomeView | None = None

    def view(self, session: Session) -> HomeView:
        """Return who plays; raise what the database raised where it has never answered."""
        return self.view_with_model(session)[0]

    def view_with_model(self, session: Session) -> tuple[HomeView, LanguageModelRow | None]:
        """Return who plays, also as the database has it now; None while it does not answer.

        Raises as `view`.
        """
        row = None
        try:
            row = current_opponent(session, self._choice)
            self._last = home_view(session, row, self._choice)
        except DATABASE_FAILURES:
            with contextlib.suppress(*DATABASE_FAILURES):
                session.rollback()
            if self._last is None:
                raise
            row = None
        return self._last, row

    def opponent(self, session: Session) -> ModelView | None:
        """Return the model that new rounds are played against; raise as `view`."""
        return self.view(session).opponent


def revision_written(session: Session) -> str | None:
    """Write a row, take it away, and commit both; return the revision of the database's tables.

    None where there are no tables. Raises what the database raises where it can't be written, or
    where its tables can't grow.
    """
    revision = present_revision(session)
    if revision is not None:
        with writing(session):
            mark_nobody(session)
            require_room(session)
    return revision
