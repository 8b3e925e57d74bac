"""A passage as one model reads it in one unit, and one of its asked positions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from server.domain.scores.passage_scores import Candidate, Draw, Floats, Integers, PassageScores
from server.domain.text.tokens import TokenizedText, Unit, Vocabulary


@dataclass(frozen=True, eq=False)
class Reading:
    """A passage as one model reads it, in one unit, and as one draw asks about it.

    It never changes, so results are kept.
    """

    scores: PassageScores
    vocabulary: Vocabulary
    unit: Unit
    draw: Draw = Draw.UNIFORM

    @cached_property
    def text(self) -> TokenizedText:
        """The passage, cut into the model's tokens."""
        return TokenizedText([self.vocabulary.pieces[token] for token in self.scores.token_ids])

    @cached_property
    def asked(self) -> list[int]:
        """The positions that a round asks, ascending."""
        return self.scores.asked(self.unit, self.draw)

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
        return len(set(answers[: places[0]].tolist())) + 1 if places.size else self.target_rank

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
        ids, logprobs = (ranked[:count].tolist() for ranked in self._ranked)
        text, log_mass = self.vocabulary.text, self.log_mass
        return [Candidate(i, text(i), p - log_mass) for i, p in zip(ids, logprobs, strict=True)]

    def find(self, token_ids: tuple[int, ...]) -> tuple[int, float] | None:
        """Return (rank, log-probability) of the best of `token_ids`.

        None where none of them is among the stored candidates.
        """
        # An array is searched in microseconds; a dictionary for each gap would take 0.1 MB.
        places = np.flatnonzero(np.isin(self._ranked[0], token_ids))
        if not places.size:
            return None
        place = int(places[0])
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

    def answer_logprobs(self, answers: Iterable[tuple[int, ...]]) -> list[float | None]:
        """Return `answer_logprob` of many answers, which are looked for at once."""
        ids, logprobs = self._ranked
        stored = dict(zip(ids.tolist(), logprobs.tolist(), strict=True))
        return [
            float(np.logaddexp.reduce(found)) - self.log_mass if found else None
            for found in ([stored[i] for i in token_ids if i in stored] for token_ids in answers)
        ]

    @property
    def least_stored_logprob(self) -> float:
        """The last stored candidate's log-probability: all others are below it."""
        return float(self._ranked[1][-1]) - self.log_mass

    @cached_property
    def _ranked(self) -> tuple[Integers, Floats]:
        row = self.reading.asked.index(self.position)
        return self.scores.ranked(self.unit, self.reading.draw, row)
