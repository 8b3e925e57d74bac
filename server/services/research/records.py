"""Answers as the records of an export: what `study analyse` reads, and what the page counts."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cachetools import LRUCache
from sqlalchemy.orm import Session

from server.domain.play.conduct import Verdict
from server.domain.play.guessing import ids_of_answer, read_visible
from server.domain.play.rounds import Mode
from server.domain.scores.gap import Reading
from server.domain.scores.passage_scores import Draw, Form
from server.domain.study.fields import LOWEST_LOGPROB_NATS
from server.domain.text.tokens import Unit, folded, is_word_token
from server.services.play.duels import duel_of
from server.services.research.cloze import cloze_records
from server.store.exports import (
    model_names,
    stream_bets,
    stream_guesses,
    stream_judgements,
)
from server.store.rows import AnswerRow, BetAnswer, GuessAnswer, JudgementAnswer
from server.store.scoring.scores import answer_counts, load_scores, load_vocabulary
from server.store.statistics.conduct import excluded_players, monotonous_texts

Record = dict[str, Any]
_READINGS_IN_MEMORY = 128  # about 0.2 MB each


class Kind(StrEnum):
    """What is exported."""

    GUESSES = "guesses"
    BETS = "bets"
    JUDGEMENTS = "judgements"
    CLOZE = "cloze"


@dataclass(frozen=True)
class Names:
    """What models and players are names, whose answers are left out, and how many there are."""

    models: Mapping[int, str]
    player: Callable[[str], str]
    excluded: Mapping[int, Verdict]
    vocabularies: Mapping[tuple[int, str], int]  # by model and unit

    def counts(self, player_id: int, mode: str) -> bool:
        """Tell whether a player's answers in a mode count."""
        exclusion = self.excluded.get(player_id)
        return exclusion is None or exclusion.counts(mode)


def export_names(session: Session, player: Callable[[str], str]) -> Names:
    """Return the names for one export; `player` turns a public id into what a record says."""
    excluded, vocabularies = excluded_players(session), answer_counts(session)
    return Names(model_names(session), player, excluded, vocabularies)


def names_for_sums(session: Session) -> Names:
    """Return the names for records that sums are made of: of players who count, to be summed up."""
    return Names(model_names(session), lambda public_id: public_id, {}, {})


def records(session: Session, kind: Kind, names: Names) -> Iterator[Record]:
    """Yield all answers of a kind as records, in the order they were given."""
    if kind is Kind.GUESSES:
        return _marked_guesses(session, names)
    if kind is Kind.CLOZE:
        return cloze_records(session)
    if kind is Kind.BETS:
        return (bet_record(row, names) for row in stream_bets(session))
    return (judgement_record(row, names) for row in stream_judgements(session))


class Readings:
    """Passages as models read them, the most recently used ones in memory."""

    def __init__(self, session: Session, models: Iterable[int]) -> None:
        self._session = session
        self._vocabularies = {model_id: load_vocabulary(session, model_id) for model_id in models}
        self._readings: LRUCache[tuple[int, str, str], Reading] = LRUCache(_READINGS_IN_MEMORY)

    def of(self, row: GuessAnswer) -> Reading:
        """Return the reading of the passage that a guess was made in, as its round asked."""
        key = row.scored_passage_id, row.unit, row.draw_kind
        if key not in self._readings:
            scores = load_scores(self._session, row.scored_passage_id)
            vocabulary = self._vocabularies[row.model_id]
            self._readings[key] = Reading(scores, vocabulary, Unit(row.unit), Draw(row.draw_kind))
        return self._readings[key]


def _marked_guesses(session: Session, names: Names) -> Iterator[Record]:
    """Yield guesses with what may make one doubt them; they count all the same.

    `guess_is_token` is False where a guess is no single token of the model (null for a skip),
    `same_answer` True where its player mostly typed this text, see `is_monotonous`.
    """
    monotonous = monotonous_texts(session)
    readings = Readings(session, names.models)
    for row in stream_guesses(session):
        same = row.text is not None and (row.player_id, row.mode, folded(row.text)) in monotonous
        record = guess_record(row, names)
        yield (
            record | _model_of_guess(row, readings.of(row), record["model"]) | {"same_answer": same}
        )


def _model_of_guess(row: GuessAnswer, reading: Reading, model: str) -> Record:
    """Return what the model says of a guess; nothing of a skip.

    A guess that is no single token of the model has no probability: it is below the lowest that an
    export may hold. One beyond the stored candidates is below the last of them.
    """
    if row.text is None:
        return {"guess_is_token": None}
    gap = reading.at(row.position)
    ids = ids_of_answer(reading.vocabulary, reading.unit, row.text)
    logprob, place = gap.answer_logprob(ids), gap.find(ids)
    if logprob is None or place is None:
        bound = gap.least_stored_logprob if ids else LOWEST_LOGPROB_NATS
        return {"guess_is_token": bool(ids), "guess_logprob_below": {model: _logprob(bound)}}
    rank, _ = place
    return {
        "guess_is_token": True,
        "guess_logprob": {model: _logprob(logprob)},
        "guess_rank": rank,
    }


def guess_record(row: GuessAnswer, names: Names) -> Record:
    """Return a guess; None for its text is a skip. Log-probabilities are by the unit's rule."""
    model = names.models[row.model_id]
    return {
        **_place(row, names, row.mode),
        "guess": row.text,
        "target": row.target,
        "is_word": is_word_token(row.target),
        "mode": row.mode,
        "assisted": row.assisted,
        "attempt": row.attempt,
        "draw": row.draw_kind,
        "model": model,
        "model_guess": row.model_guess,
        "target_logprob": {model: _logprob(-row.target_loss_nats)},
        "target_rank": row.target_rank,
        "entropy_nats": row.entropy_nats,
        "vocabulary": names.vocabularies.get((row.model_id, row.unit)),
    }


def bet_record(row: BetAnswer, names: Names) -> Record:
    """Return a bet by what it was staked on, as the model's tokens are written."""
    model = names.models[row.model_id]
    stakes, offered = _stakes(row)
    return {
        **_place(row, names, Mode.BET),
        "stakes": stakes,
        "other": row.other,
        "target": row.target,
        "model": model,
        "target_logprob": {model: _logprob(row.target_logprob_nats)},
        "offered_logprob": {model: offered},
    }


def judgement_record(row: JudgementAnswer, names: Names) -> Record:
    """Return a judgement; equal log-probabilities say that the rival drawn was the target."""
    model, unit = names.models[row.model_id], row.unit
    target, rival = _logprob(row.target_logprob_nats), _logprob(row.rival_logprob_nats)
    if not row.asked:
        rival = target
    elif rival == target:
        rival = math.nextafter(target, LOWEST_LOGPROB_NATS / 2)
    place = _place(row, names, Mode.DUEL)
    drawn = _drawn(row)
    return {
        **place,
        "question": f"{place['passage']} {row.position} {unit}",
        "generator": model,
        "p_target": row.target_share,
        "target": row.target,
        "rival": row.rival,
        "target_logprob": {model: target},
        "rival_logprob": {model: rival},
        **({"drawn_logprob": drawn} if drawn else {}),
        "tail": row.form == Form.TAIL,
        "asked": row.asked,
        "question_version": row.question_version,
    }


def _drawn(row: JudgementAnswer) -> dict[str, float] | None:
    """Return how likely both were to be drawn, or None where the model drew."""
    drawn = duel_of(row).drawn
    if drawn is None:
        return None
    target, rival = drawn
    return {"target": _logprob(target), "rival": _logprob(rival if row.asked else target)}


def _place(row: AnswerRow, names: Names, mode: str) -> Record:
    return {
        "player": names.player(row.public_id),
        "passage": row.content_hash[:16],
        "genre": row.genre,
        "position": row.position,
        "unit": row.unit,
        "repeated": row.repeated,
        "excluded": not (row.counts and names.counts(row.player_id, mode)),
        "response_ms": row.elapsed_ms,
        "answered_on": row.answered_on.isoformat(),
    }


def _stakes(row: BetAnswer) -> tuple[dict[str, float], dict[str, float]]:
    """Return the stakes and the model's log-probabilities, both by token.

    subtle: in `tokens` an own guess may stand for two tokens, with and without its space, and the
    model divides its share among them. Then the target's part of the stake is e^−loss.
    """
    stakes: dict[str, float] = {}
    offered: dict[str, float] = {}
    for text, share, logprob in row.stakes:
        token = text if row.unit == Unit.WORDS else read_visible(text)
        if text != row.target_option or row.unit == Unit.WORDS:
            stakes[token], offered[token] = share, _logprob(logprob)
            continue
        part = min(share, math.exp(-row.loss_nats))
        stakes[row.target], offered[row.target] = part, _logprob(row.target_logprob_nats)
        if share - part > share * 1e-9:
            stakes[_sibling(row.target)] = share - part
            rest = math.exp(logprob) - math.exp(row.target_logprob_nats)
            offered[_sibling(row.target)] = _logprob(math.log(max(rest, 1e-300)))
    return stakes, offered


def _sibling(token: str) -> str:
    """Return the same text with the other leading space."""
    return token[1:] if token.startswith(" ") else " " + token


def _logprob(nats: float) -> float:
    """Return a log-probability within what an export may hold."""
    return min(0.0, max(LOWEST_LOGPROB_NATS, nats))
