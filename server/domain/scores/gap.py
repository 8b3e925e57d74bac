"""A passage as one model reads it in one unit, and one of its asked positions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from server.domain.scores.passage_scores import Candidate, Floats, Integers, PassageScores
from server.domain.text.tokens import TokenizedText, Unit, Vocabulary


@dataclass(frozen=True, eq=False)
class Reading:
    """A passage as one model reads it, in one unit; it never changes, so results are kept."""

    scores: PassageScores
    vocabulary: Vocabulary
    unit: Unit

    @cached_property
    def text(self) -> TokenizedText:
        """The passage, cut into the model's tokens."""
        return TokenizedText([self.vocabulary.pieces[token] for token in self.scores.token_ids])

    @cached_property
    def asked(self) -> list[int]:
        """The positions that a round asks, ascending."""
        return self.scores.asked(self.unit)

    @cached_property
    def _gaps(self) -> dict[int, Gap]:
        return {}

    def at(self, position: int) -> Gap:
        """Return the gap at a position; the same one every time."""
        return self._gaps.setdefault(position, Gap(self, position))


@dataclass(frozen=True, eq=False)
class Gap:
    """A position of a passage, and what the model says there under the unit's rule.

    Log-probabilities are in nats; in `words` they are among word tokens alone. Candidates are
    stored at asked positions only.
    """

    reading: Reading
    position: int

    @property
    def scores(self) -> PassageScores:
        """All that the model says about the passage."""
        return self.reading.scores

    @property
    def vocabulary(self) -> Vocabulary:
        """The model's vocabulary."""
        return self.reading.vocabulary

    @property
    def unit(self) -> Unit:
        """What is asked: words or tokens."""
        return self.reading.unit

    @property
    def target_id(self) -> int:
        """The id of the token that the author wrote."""
        return int(self.scores.token_ids[self.position])

    @cached_property
    def target(self) -> str:
        """The text of the token that the author wrote."""
        return self.vocabulary.text(self.target_id)

    @cached_property
    def target_loss_nats(self) -> float:
        """The model's loss for the target, given what the player is told."""
        return self.scores.target_loss_nats(self.unit, self.position)

    @property
    def target_rank(self) -> int:
        """The target's rank; 1 is the model's first choice."""
        return self.scores.rank(self.unit, self.position)

    @cached_property
    def tries_needed(self) -> int:
        """How many tries the model needs if it names its candidates in order, each answer once.

        In `words` all cases of a word are one answer, as for people; beyond the stored candidates
        the rank stands in, which may be too many.
        """
        if self.unit is Unit.TOKENS:
            return self.target_rank
        answer_of, (ids, _) = self.vocabulary.word_answers, self._ranked
        answers = answer_of[ids]
        places = np.flatnonzero(answers == answer_of[self.target_id])
        return int(np.unique(answers[: places[0]]).size) + 1 if places.size else self.target_rank

    @property
    def entropy_nats(self) -> float:
        """The entropy of the model's distribution over all tokens."""
        return float(self.scores.entropy_nats[self.position])

    @cached_property
    def log_mass(self) -> float:
        """The log of the probability of all that may be answered."""
        return self.scores.log_mass(self.unit, self.position)

    def candidates(self, count: int) -> list[Candidate]:
        """Return the `count` most probable tokens, first choice first."""
        if count not in self._listed:
            ids, logprobs = self._ranked
            self._listed[count] = [
                Candidate(int(i), self.vocabulary.text(int(i)), float(logprob) - self.log_mass)
                for i, logprob in zip(ids[:count], logprobs[:count], strict=True)
            ]
        return self._listed[count].copy()

    def find(self, token_ids: tuple[int, ...]) -> tuple[int, float] | None:
        """Return (rank, log-probability) of the best of `token_ids`.

        None where none of them is among the stored candidates.
        """
        places = [self._places[token] for token in token_ids if token in self._places]
        if not places:
            return None
        place = min(places)
        return place + 1, float(self._ranked[1][place]) - self.log_mass

    def answer_logprob(self, token_ids: tuple[int, ...]) -> float | None:
        """Return the log-probability of any of `token_ids`.

        Those beyond the stored candidates add nothing; None where that is all of them.
        """
        ids, logprobs = self._ranked
        stored = logprobs[np.isin(ids, token_ids)].astype(np.float64)
        if not stored.size:
            return None
        return float(np.logaddexp.reduce(stored)) - self.log_mass

    @property
    def least_stored_logprob(self) -> float:
        """The last stored candidate's log-probability: all others are below it."""
        return float(self._ranked[1][-1]) - self.log_mass

    @cached_property
    def _listed(self) -> dict[int, list[Candidate]]:
        return {}

    @cached_property
    def _places(self) -> dict[int, int]:
        """Where each stored candidate stands, by its id: asked of every guess made here."""
        return {token: place for place, token in enumerate(self._ranked[0].tolist())}

    @cached_property
    def _ranked(self) -> tuple[Integers, Floats]:
        row = self.reading.asked.index(self.position)
        if self.unit is Unit.WORDS:
            return self.scores.words_top_ids[row], self.scores.words_top_logprob[row]
        return self.scores.tokens_top_ids[row], self.scores.tokens_top_logprob[row]
