"""What the crowd comes to, counted beside play once an hour from the most played passages.

A count reads a bounded number of answers, so it costs the same however many there are. The newest
hundred rounds of a passage, and the hundred passages played most, are enough for intervals far
narrower than people differ.
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import numpy as np
from sqlalchemy.orm import Session

from server.domain.estimators.answers import LEAST_ANSWERS
from server.domain.intervals.variance_components import MODEL_RIGHT
from server.domain.scores.gap import Reading
from server.domain.study.crowd import CrowdAccuracy, crowd_accuracies, mean_over_places
from server.domain.text.tokens import Unit
from server.services.contract.crowd import (
    CrowdAccuracyView,
    CrowdOpponentView,
    CrowdStatistics,
)
from server.services.contract.opponents import ModelView
from server.services.contract.statistics import EstimateView
from server.services.play.library import ScoreLibrary
from server.services.play.opponents import model_view
from server.services.statistics.crowd import CrowdPosition, positions_of
from server.services.statistics.keeper import LastSeen
from server.store.engine import writing
from server.store.patience import DATABASE_FAILURES
from server.store.scoring.scores import load_scores, models_by_id
from server.store.statistics import crowd as stored
from server.store.statistics.conduct import verdicts

EVERY = timedelta(hours=1)
MOST_PASSAGES = 100
MOST_ROUNDS = 100
_log = logging.getLogger(__name__)


class CrowdKeeper:
    """Counts on a thread of its own when somebody looks at an old count; none waits but the first.

    All processes agree by way of the database. With `at_each_look` every look counts.
    """

    def __init__(
        self, sessions: Callable[[], Session], library: ScoreLibrary, *, at_each_look: bool
    ) -> None:
        self._sessions, self._library, self._at_each_look = sessions, library, at_each_look
        self._last = LastSeen(CrowdStatistics)

    def current(self) -> CrowdStatistics:
        """Return what the crowd came to at the last count.

        While the database does not answer, it is what this process saw last.
        """
        return self._last.or_last(self._current)

    def warm_up(self) -> None:
        """Read what was counted last, so far as there is anything, to have it at hand."""
        with self._sessions() as session:
            document = stored.kept_crowd(session).document
        if document is not None:
            self._last.read(document)

    def _current(self) -> CrowdStatistics:
        now = datetime.now(UTC)
        with self._sessions() as session:
            if self._at_each_look:
                return self._last.note(crowd_statistics(session, self._library, now))
            kept = stored.kept_crowd(session)
            begun_at, document = kept.begun_at, kept.document
        if document is None:
            empty = CrowdStatistics(counted_at=now, opponents=[])
            return self._last.note(self._count(now, begun_at) or empty)
        if begun_at + EVERY < now:
            arguments = (now, begun_at)
            threading.Thread(target=self._try, args=arguments, name="crowd", daemon=True).start()
        return self._last.read(document)

    def _try(self, now: datetime, before: datetime) -> None:
        try:
            self._count(now, before)
        except DATABASE_FAILURES as error:  # the next look begins anew
            _log.warning("the crowd could not be counted: %s", type(error).__name__)
        except Exception:  # the next look begins anew; play must not end for it
            _log.exception("the crowd could not be counted")

    def _count(self, now: datetime, before: datetime) -> CrowdStatistics | None:
        """Count and keep the result; None where another process has begun to."""
        with self._sessions() as session:
            with writing(session):
                claimed = stored.begin_crowd_count(session, now, before)
            if not claimed:
                return None
            found = crowd_statistics(session, self._library, now)
            with writing(session):
                stored.keep_crowd(session, now, found.model_dump_json())
            return found


def crowd_statistics(session: Session, library: ScoreLibrary, now: datetime) -> CrowdStatistics:
    """Count what the crowd comes to, from the passages played most."""
    places: dict[tuple[int, str], list[tuple[int, CrowdPosition]]] = defaultdict(list)
    for passage in stored.passages_by_play(session, LEAST_ANSWERS, MOST_PASSAGES):
        scored_id = passage.scored_passage_id
        given = stored.crowd_answers(session, scored_id, passage.unit, MOST_ROUNDS)
        vocabulary = library.vocabulary(session, passage.model_id)
        reading = Reading(load_scores(session, scored_id), vocabulary, Unit(passage.unit))
        found = positions_of(_counting(session, given), reading)
        here = places[passage.model_id, passage.unit]
        here += [(scored_id, position) for position in found.values()]
    models = models_by_id(session)
    views = [
        _opponent(model_view(models[model_id]), unit, found)
        for (model_id, unit), found in places.items()
        if found
    ]
    return CrowdStatistics(counted_at=now, opponents=sorted(views, key=lambda view: -view.answers))


def _counting(session: Session, given: list[stored.CrowdAnswer]) -> Iterable[stored.CrowdAnswer]:
    """Return the answers of those who count in the public statistics."""
    verdict_of = verdicts(session, {answer.player_id for answer in given})
    return [answer for answer in given if verdict_of[answer.player_id].counts(answer.mode)]


def _opponent(
    model: ModelView, unit: str, found: list[tuple[int, CrowdPosition]]
) -> CrowdOpponentView:
    answers = [position.answers(passage) for passage, position in found]
    distances = np.array([position.distance.value for _, position in found])
    passages = np.array([passage for passage, _ in found], dtype=np.int64)
    return CrowdOpponentView(
        model=model,
        unit=unit,
        positions=len(found),
        answers=sum(position.answered for _, position in found),
        accuracies=[_accuracy_view(one) for one in crowd_accuracies(answers)],
        distance=EstimateView.of(mean_over_places(distances, passages, MODEL_RIGHT)),
    )


def _accuracy_view(found: CrowdAccuracy) -> CrowdAccuracyView:
    return CrowdAccuracyView(
        size=found.size,
        positions=found.positions,
        crowd=EstimateView.of(found.crowd),
        person=EstimateView.of(found.person),
        model=EstimateView.of(found.model),
        difference=EstimateView.of(found.difference),
    )
