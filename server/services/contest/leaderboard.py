"""Who is ahead: today's passage by points, all time by what is sure of each player."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

import numpy as np
from sqlalchemy.orm import Session

from server.domain.contest.emblems import emblem_seed
from server.domain.errors import InvalidInput
from server.domain.estimators.accuracy import Interval, PairedCounts
from server.domain.intervals.of_accuracy import PairedComponents, paired_intervals
from server.domain.scores.unigram import unigram
from server.domain.text.tokens import Unit
from server.services.contest.memory import ContestMemory
from server.services.contest.models import (
    ModelStanding,
    models_on_passages,
    models_on_round,
)
from server.services.contract.figures import IntervalView
from server.services.contract.leaderboard import BoardRowView, BoardView
from server.services.play.library import ScoreLibrary
from server.services.play.opponents import OpponentChoice, current_opponent, model_view
from server.services.statistics.baseline import baseline_standing
from server.services.statistics.components import site_components
from server.services.statistics.guess_abilities import (
    LEAST_WORDS_OF_A_RANK,
    guess_abilities,
    opponent_standing,
)
from server.store.contest import boards as stored
from server.store.tables import LanguageModelRow

MOST_ROWS = 100
DAILY, ALL_TIME = "daily", "all"
Found = TypeVar("Found")


@dataclass(frozen=True)
class _Line:
    """A row before it has a rank; `key` is what it is ranked by, more is better."""

    key: float
    row: BoardRowView
    public_id: str | None = None


@dataclass(frozen=True)
class BoardWish:
    """Which board is wanted; `day` is the day of a daily one."""

    board: str
    assisted: bool
    day: date


class Leaderboard:
    """The boards against the present opponent; `memory` keeps each for half a minute."""

    def __init__(
        self,
        session: Session,
        library: ScoreLibrary,
        choice: OpponentChoice,
        memory: ContestMemory,
    ) -> None:
        self._session, self._library, self._memory = session, library, memory
        self._model = current_opponent(session, choice)

    def view(self, player_id: str | None, wish: BoardWish, today: date) -> BoardView:
        """Return a board as one player sees it; raise InvalidInput for a day to come.

        How often the most frequent word is right on a day's passage tells how often it is the
        answer, so the models stand in a day's board only for those who have finished it.
        """
        if wish.board == DAILY and wish.day > today:
            raise InvalidInput("date", "That day has not come yet.")
        model = self._model
        lines: list[_Line] = []
        if model is not None:
            lines = self._lines(model, wish)
            if wish.board == DAILY and not self._has_finished(player_id, model, wish.day):
                lines = [line for line in lines if not line.row.model]
        return BoardView(
            board=wish.board,
            assisted=wish.assisted,
            date=wish.day if wish.board == DAILY else None,
            opponent=model_view(model) if model else None,
            least_words=LEAST_WORDS_OF_A_RANK if wish.board == ALL_TIME else None,
            rows=_ranked(lines, player_id),
        )

    def _has_finished(self, player_id: str | None, model: LanguageModelRow, day: date) -> bool:
        return player_id is not None and stored.has_finished_the_day(
            self._session, player_id, model.id, day
        )

    def _lines(self, model: LanguageModelRow, wish: BoardWish) -> list[_Line]:
        def make() -> list[_Line]:
            if wish.board == DAILY:
                return self._daily(model, wish)
            return self._by_accuracy(model) if wish.assisted else self._by_ability(model)

        found = self._memory.kept(self._memory.boards, (model.id, wish), make)
        if not isinstance(found, list):
            raise TypeError("something else is kept in a board's place")
        return found

    def _daily(self, model: LanguageModelRow, wish: BoardWish) -> list[_Line]:
        standings = stored.daily_standings(
            self._session, model.id, wish.day, assisted=wish.assisted, limit=MOST_ROWS
        )
        people = [
            _person(standing, _figures(standing), standing.points_bits) for standing in standings
        ]
        played = stored.a_round_of_the_day(self._session, model.id, wish.day)
        if played is None:
            return people
        both = models_on_round(self._library, self._session, played)
        return people + [
            _model(name, _figures(standing), standing.points_bits)
            for name, standing in _named(model, both.opponent, both.baseline)
        ]

    def _by_ability(self, model: LanguageModelRow) -> list[_Line]:
        """Rank by ability at guessing; the models' accuracy is on the words that people met."""
        session, unit = self._session, Unit.WORDS
        names = stored.names_of_tallied(session, model.id, LEAST_WORDS_OF_A_RANK)
        people = [
            _person(names[one.player_id], _Figures(one.right, one.words, one.accuracy))
            for one in guess_abilities(session, model.id, unit)
            if one.player_id in names
        ]
        models = [
            _model(name, _Figures(round(found.value * found.n), found.n, found))
            for name, found in _named(
                model,
                opponent_standing(session, model.id, unit),
                baseline_standing(session, model.id, unit),
            )
            if found is not None
        ]
        return people[:MOST_ROWS] + models

    def _by_accuracy(self, model: LanguageModelRow) -> list[_Line]:
        """Rank those who chose among suggestions by plain accuracy."""
        components = site_components(self._session, model.id, Unit.WORDS)
        standings = stored.assisted_standings(self._session, model.id, LEAST_WORDS_OF_A_RANK)
        people = [_person(standing, _figures(standing, components)) for standing in standings]
        people.sort(key=lambda line: -line.key)
        both = models_on_passages(self._library, self._session, self._memory, model)
        models = [
            _model(name, _figures(standing, components))
            for name, standing in _named(model, both.opponent, both.baseline)
            if standing.words
        ]
        return people[:MOST_ROWS] + models


@dataclass(frozen=True)
class _Figures:
    """Right answers, of how many; on a board of all time with what is ranked."""

    right: int
    words: int
    ability: Interval | None = None


def _figures(
    standing: stored.Standing | ModelStanding, components: PairedComponents | None = None
) -> _Figures:
    ability = None if components is None else accuracy_of(standing, components)
    return _Figures(standing.right, standing.words, ability)


def accuracy_of(
    standing: stored.Standing | ModelStanding, components: PairedComponents
) -> Interval:
    """Return plain accuracy with its 95 % interval, the words of one passage being alike."""
    by_passage = standing.squares / standing.words**2
    weights = np.array([1.0, by_passage, 1 / standing.words, by_passage, 1 / standing.words])
    counts = PairedCounts(
        both=0,
        person_only=standing.right,
        model_only=0,
        neither=standing.words - standing.right,
    )
    return paired_intervals(counts, weights, components).person


def _person(
    named: stored.Standing | stored.Named, figures: _Figures, points: float | None = None
) -> _Line:
    row = _row(named.nickname, emblem_seed(named.public_id), figures, points)
    return _Line(_key(figures, points), row, named.public_id)


def _model(name: str, figures: _Figures, points: float | None = None) -> _Line:
    return _Line(_key(figures, points), _row(name, None, figures, points))


def _key(figures: _Figures, points: float | None) -> float:
    return figures.ability.low if figures.ability else points or 0.0


def _row(name: str, emblem: str | None, figures: _Figures, points: float | None) -> BoardRowView:
    return BoardRowView(
        rank=0,
        name=name,
        emblem=emblem,
        points=points,
        right=figures.right,
        of=figures.words,
        model=emblem is None,
        ability=IntervalView.of(figures.ability) if figures.ability else None,
    )


def _named(
    model: LanguageModelRow, opponent: Found, baseline: Found
) -> tuple[tuple[str, Found], tuple[str, Found]]:
    """Return what was found of the opponent and of the baseline, each with its name."""
    return (model_view(model).label, opponent), (f"Always “{unigram().first_choice}”", baseline)


def _ranked(lines: Sequence[_Line], player_id: str | None) -> list[BoardRowView]:
    """Return the rows in order, each with its rank: one more than how many are strictly ahead."""
    ordered = sorted(lines, key=lambda line: -line.key)
    rows: list[BoardRowView] = []
    for place, line in enumerate(ordered):
        tied = place > 0 and ordered[place - 1].key == line.key
        rank = rows[-1].rank if tied else place + 1
        you = player_id is not None and line.public_id == player_id
        rows.append(line.row.model_copy(update={"rank": rank, "you": you}))
    return rows
