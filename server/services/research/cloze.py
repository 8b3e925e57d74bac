"""The crowd as cloze norms: a row for each position and different answer, as `study` reads them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from sqlalchemy.orm import Session

from server.domain.estimators.answers import LEAST_ANSWERS
from server.domain.play.conduct import Verdict
from server.domain.scores.gap import Reading
from server.domain.study.fields import LOWEST_LOGPROB_NATS
from server.domain.text.tokens import Unit, Vocabulary, is_word_token
from server.services.statistics.crowd import CrowdPosition, Said, positions_of
from server.store.exports import model_names
from server.store.scoring.scores import load_scores, load_vocabulary
from server.store.statistics.conduct import excluded_players
from server.store.statistics.crowd import (
    CrowdAnswer,
    PlayedPassage,
    crowd_answers,
    passages_by_play,
)

HASH_CHARACTERS = 16
Record = dict[str, Any]


def cloze_records(session: Session) -> Iterator[Record]:
    """Yield the norms of every position that at least ten players answered, passage by passage.

    Players who do not count in the statistics are left out, as are players' own texts.
    """
    names, excluded = model_names(session), excluded_players(session)
    vocabularies: dict[int, Vocabulary] = {}
    for passage in passages_by_play(session, LEAST_ANSWERS, None):
        model_id = passage.model_id
        if model_id not in vocabularies:
            vocabularies[model_id] = load_vocabulary(session, model_id)
        scores = load_scores(session, passage.scored_passage_id)
        reading = Reading(scores, vocabularies[model_id], Unit(passage.unit))
        given = crowd_answers(session, passage.scored_passage_id, passage.unit, None)
        counting = [answer for answer in given if _counts(answer, excluded)]
        for position, found in positions_of(counting, reading).items():
            for answer in found.said:
                yield _record(passage, position, found, answer, names[model_id])


def _counts(answer: CrowdAnswer, excluded: dict[int, Verdict]) -> bool:
    verdict = excluded.get(answer.player_id)
    return verdict is None or verdict.counts(answer.mode)


def _record(
    passage: PlayedPassage, position: int, found: CrowdPosition, answer: Said, model: str
) -> Record:
    record: Record = {
        "passage": passage.content_hash[:HASH_CHARACTERS],
        "position": position,
        "unit": passage.unit,
        "target": found.gap.target,
        "is_word": is_word_token(found.gap.target),
        "guess": answer.text,
        "count": answer.count,
        "share": answer.count / found.answered,
        "answers": found.answered,
        "silent": found.silent,
        "right": answer.right,
        "model": model,
        "target_logprob": {model: max(LOWEST_LOGPROB_NATS, -found.gap.target_loss_nats)},
    }
    if answer.probability:
        logprob = math.log(answer.probability)
        record["guess_logprob"] = {model: max(LOWEST_LOGPROB_NATS, min(0.0, logprob))}
    return record
