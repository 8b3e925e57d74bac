"""Model players at the real services: their rounds are begun, answered and stored as people's."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import create_engine, event, select
from sqlalchemy.orm import Session

from benchmarks.oracle.answers import Answers, first_share, stakes
from benchmarks.oracle.players import ModelPlayer
from server.domain.estimators.arrays import FloatArray
from server.domain.play.rounds import MOST_TRIES, Mode
from server.domain.scores.models import ModelIdentity
from server.domain.scores.passage_scores import Form
from server.domain.text.tokens import Vocabulary
from server.services.contract.rounds import AskedView, RoundView
from server.services.corpus.import_files_whole import import_passages
from server.services.play.bets import Bet
from server.services.play.choosing import RoundWish
from server.services.play.duels import Judgement
from server.services.play.library import ScoreLibrary
from server.services.play.opponents import OpponentChoice
from server.services.play.played import TypedGuess
from server.services.play.rounds import RoundService
from server.services.scoring.scoring import Scorer, score_all
from server.store.engine import configure, engine_options
from server.store.rounds import RIVALS_WANTED
from server.store.tables import Base, PassageRow, PlayerRow, RoundRow, ScoredPassageRow

_START = datetime(2026, 1, 1, tzinfo=UTC)
_ANSWER_TAKES = timedelta(seconds=4)  # whoever answers at once is taken not to have read


# player, round, what it asks, the passage's text -> the round thereafter
Answer = Callable[[str, RoundView, AskedView, str], RoundView]


@contextmanager
def opened(database: Path) -> Iterator[Session]:
    """Yield a session on a SQLite database."""
    engine = create_engine(**engine_options(f"sqlite:///{database}"))
    configure(engine)
    event.listen(engine, "connect", _hurry)
    with Session(engine) as session:
        yield session
    engine.dispose()


def _hurry(connection: Any, _record: object) -> None:
    # Nobody would miss this database, so it need not wait for the disk, which would take minutes.
    connection.execute("PRAGMA synchronous=OFF")


def prepare(database: Path, passages: Path, scorer: Scorer) -> None:
    """Make a database with these passages, scored and not yet played."""
    with opened(database) as session:
        Base.metadata.create_all(session.get_bind())
        import_passages(session, [passages], _START)
        score_all(session, scorer, lambda _done, _total: None)


@dataclass(frozen=True)
class Mind:
    """A model player that answers questions: words in, shares out."""

    player: ModelPlayer
    answers: Answers
    rows: dict[tuple[str, int], int]  # (text of the passage, position) -> row of its table
    vocabulary: Vocabulary
    words: list[str]  # by number

    def likeliest(self, text: str, position: int, count: int = 1) -> list[str]:
        """Return the words that it holds most probable, best first."""
        best = np.argsort(-self._logprob(text, position), kind="stable")[:count]
        return [self.words[number] for number in best]

    def bet(self, text: str, position: int, options: list[str]) -> dict[str, float]:
        """Return its stakes on what is offered."""
        logprob = self._logprob(text, position)[[self._number(option) for option in options]]
        shares = stakes(logprob[None, :], self.answers)[0]
        return dict(zip(options, shares.tolist(), strict=True))

    def first_share(self, text: str, position: int, pair: tuple[str, str], form: Form) -> float:
        """Return the share that it gives the first of two words."""
        first, second = self._logprob(text, position)[[self._number(word) for word in pair]]
        return float(first_share(np.array([first - second]), form, self.answers)[0])

    def _logprob(self, text: str, position: int) -> FloatArray:
        row: FloatArray = self.player.logprob[self.rows[text, position]]
        return row

    def _number(self, word: str) -> int:
        return int(self.vocabulary.word_answers[self.vocabulary.ids_of_word(word)[0]])


def words_by_number(vocabulary: Vocabulary) -> list[str]:
    """Return each word of the vocabulary, in one of its cases, at the place of its number."""
    words: dict[int, str] = {}
    for token_id in vocabulary.word_ids:
        words.setdefault(int(vocabulary.word_answers[token_id]), vocabulary.text(token_id).strip())
    return [words[number] for number in range(len(words))]


class Table:
    """Where players of one kind play: a database of their own behind the real services."""

    def __init__(self, session: Session, model: ModelIdentity, mind: Mind) -> None:
        self._session, self._mind, self._now = session, mind, _START
        choice = OpponentChoice(model.name, model.revision, fallback_allowed=False)
        self._service = RoundService(session, ScoreLibrary(), choice)
        drawn = select(ScoredPassageRow.id).where(ScoredPassageRow.draw_number.is_not(None))
        self._passages = {*session.scalars(drawn)}

    def play_everything(self) -> None:
        """Bet and try once on every passage; judge every duel of both forms five times."""
        self.bet_everywhere()
        self._play(Mode.TRIES, self._try)
        for form in Form:
            self.judge_everywhere(form)

    def bet_everywhere(self) -> None:
        """Let one new player bet on every passage."""
        self._play(Mode.BET, self._bet)

    def texts(self) -> set[str]:
        """Return the texts of the passages that are played here."""
        rows = self._session.scalars(
            select(PassageRow.text)
            .join(ScoredPassageRow)
            .where(ScoredPassageRow.id.in_(self._passages))
        )
        return {*rows}

    def _play(self, mode: Mode, answer: Answer) -> None:
        """Let one new player have a round on each passage."""
        player = None
        for _ in self._passages:
            player = self._round(player, RoundWish(mode), answer)

    def judge_everywhere(self, form: Form) -> None:
        """Let new players judge until every question has its twelve rivals.

        Each practises first, on a passage that it then cannot judge, so it takes a sixth player.
        """
        while self._waiting(form):
            wish = RoundWish(Mode.DUEL, form=form)
            player = self._round(None, wish, self._judge)
            while self._waiting(form) - self._seen(player):
                self._round(player, wish, self._judge)

    def _waiting(self, form: Form) -> set[int]:
        """Return the scored passages whose duels have fewer rivals than are wanted."""
        times = Counter(
            self._session.scalars(
                select(RoundRow.scored_passage_id).where(
                    RoundRow.form == form, RoundRow.practice.is_(False)
                )
            )
        )
        return {drawn for drawn in self._passages if times[drawn] < RIVALS_WANTED}

    def _seen(self, player: str) -> set[int]:
        rounds = select(RoundRow.scored_passage_id).join(RoundRow.player)
        return {*self._session.scalars(rounds.where(PlayerRow.public_id == player))}

    def _round(self, player: str | None, wish: RoundWish, answer: Answer) -> str:
        """Play a whole round; return its player."""
        started = self._service.start(player, wish, self._now)
        state, text = started.round, self._text(started.round.id)
        while state.asked is not None:
            self._now += _ANSWER_TAKES
            state = answer(started.player_id, state, state.asked, text)
        return started.player_id

    def _text(self, round_id: str) -> str:
        """Return the whole passage, by which the player's table is looked up."""
        found = self._session.scalars(select(RoundRow).where(RoundRow.public_id == round_id))
        return found.one().scored_passage.passage.text

    def _bet(self, player: str, state: RoundView, asked: AskedView, text: str) -> RoundView:
        position, (guess,) = asked.position, self._mind.likeliest(text, asked.position)
        shown = self._service.answer(player, state.id, TypedGuess(position, guess), self._now).round
        options = shown.asked.options if shown.asked else None
        stakes = self._mind.bet(text, position, options or [])
        other = 1.0 - math.fsum(stakes.values())
        bet = Bet(position, stakes, other)
        return self._service.answer(player, state.id, bet, self._now).round

    def _try(self, player: str, state: RoundView, asked: AskedView, text: str) -> RoundView:
        best = self._mind.likeliest(text, asked.position, MOST_TRIES)
        word = best[len(asked.tries)]
        guess = TypedGuess(asked.position, word)
        return self._service.answer(player, state.id, guess, self._now).round

    def _judge(self, player: str, state: RoundView, asked: AskedView, text: str) -> RoundView:
        pair, form = asked.pair or ("", ""), Form(state.form or Form.TAIL)
        share = self._mind.first_share(text, asked.position, pair, form)
        judgement = Judgement(asked.position, share)
        return self._service.answer(player, state.id, judgement, self._now).round
