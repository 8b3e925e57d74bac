"""A stored round together with the scores it is played against: what is settled, what is asked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from server.domain.play.duels import duel_positions, practice_part
from server.domain.play.rounds import MOST_TRIES, Mode, next_position
from server.domain.scores.passage_scores import Form, PassageScores, tokenized
from server.domain.text.tokens import TokenizedText, Unit, Vocabulary
from server.store.tables import BetRow, GuessRow, JudgementRow, RoundRow


@dataclass(frozen=True)
class SettledRound:
    """A stored round: which positions are settled, and by which rows."""

    row: RoundRow

    @property
    def mode(self) -> Mode:
        """The round's mode."""
        return Mode(self.row.mode)

    @property
    def unit(self) -> Unit:
        """The round's unit."""
        return Unit(self.row.unit)

    @property
    def settled(self) -> list[int]:
        """The positions whose target is revealed, ascending."""
        if self.mode is Mode.DUEL:
            return [judgement.position for judgement in self.judgements]
        if self.mode is Mode.BET:
            return [bet.position for bet in self.row.bets]
        return [guess.position for guess in self.closing_guesses]

    @property
    def judgements(self) -> list[JudgementRow]:
        """The judgements that the player gave."""
        return [judgement for judgement in self.row.judgements if judgement.asked]

    @property
    def closing_guesses(self) -> list[GuessRow]:
        """The last guess at each position where no further one is allowed."""
        return [guess for guess in self.row.guesses if self._closes(guess)]

    def guesses_at(self, position: int | None) -> list[GuessRow]:
        """Return all guesses at a position, in the order they were made."""
        return [guess for guess in self.row.guesses if guess.position == position]

    def bet_at(self, position: int) -> BetRow | None:
        """Return the bet that settled a position, if any."""
        return next((bet for bet in self.row.bets if bet.position == position), None)

    def _closes(self, guess: GuessRow) -> bool:
        if self.mode is Mode.TRIES:
            return guess.is_right or guess.skipped or guess.attempt == MOST_TRIES
        return True


@dataclass(frozen=True)
class PlayedRound(SettledRound):
    """A stored round with the scores and the vocabulary of its model: what it asks."""

    scores: PassageScores
    vocabulary: Vocabulary

    @property
    def form(self) -> Form:
        """Where the rivals of a duel come from."""
        return Form(self.row.form or Form.TAIL)

    @cached_property
    def text(self) -> TokenizedText:
        """The passage, cut into the model's tokens."""
        return tokenized(self.scores, self.vocabulary)

    @property
    def asked(self) -> list[int]:
        """All positions that the round asks, ascending."""
        return self._duels[0] if self.mode is Mode.DUEL else self.scores.asked(self.unit)

    @property
    def even(self) -> list[int]:
        """The positions of a duel whose rival is the target itself: they are not asked."""
        return self._duels[1] if self.mode is Mode.DUEL else []

    @property
    def position(self) -> int | None:
        """The position that is asked now, or None where the round is finished."""
        return next_position(self.asked, len(self.settled))

    @cached_property
    def _duels(self) -> tuple[list[int], list[int]]:
        draw = self.row.draw or 0
        asked, even = duel_positions(self.scores, self.vocabulary, self.unit, self.form, draw)
        return (practice_part(asked), []) if self.row.practice else (asked, even)
