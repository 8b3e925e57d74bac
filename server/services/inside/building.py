"""Look into the passages that a model has scored, and keep what is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Protocol

from sqlalchemy.orm import Session

from server.domain.errors import NotFound
from server.domain.inside.small import of_words_alone, smaller
from server.domain.inside.trace import PassageTrace
from server.domain.scores.models import ModelIdentity, model_label
from server.domain.scores.passage_scores import PassageScores
from server.store.engine import writing
from server.store.inside.traces import add_trace, count_untraced, has_any_trace, untraced
from server.store.scoring.scores import find_model, load_scores, newest_scoring_model

PASSAGES_PER_COMMIT = 16
MOST_REMARKS = 20


class Tracer(Protocol):
    """A model and its lens, which look into one scored passage at a time."""

    @property
    def identity(self) -> ModelIdentity:
        """Which model this is."""
        ...

    @property
    def lens_name(self) -> str:
        """The revision of the fitted lens."""
        ...

    def trace(self, scores: PassageScores) -> PassageTrace | str:
        """Return the inside of the model, or a sentence why it is not kept."""
        ...


@dataclass
class Built:
    """How many passages were looked into, and why others were not."""

    added: int = 0
    left_out: list[str] = field(default_factory=list)


def count_left(session: Session, name: str, revision: str) -> int:
    """Return how many passages that the model scored were not looked into.

    Raises NotFound where it has scored none.
    """
    return count_untraced(session, _model_id(session, name, revision))


def lacks_traces(session: Session, name: str) -> bool:
    """Tell whether the newest model of this name has scored passages here, and has no trace."""
    model = newest_scoring_model(session, name, None)
    return model is not None and not has_any_trace(session, model.id)


def build_traces(
    session: Session,
    tracer: Tracer,
    now: datetime,
    advance: Callable[[int, int], None],
    *,
    small: bool = False,
) -> Built:
    """Look into every passage that this model scored and nobody has looked into with it yet.

    Committed in portions, so that an interrupted run goes on where it was; `advance(done, total)`
    reports progress. `small` traces take a quarter of the room.

    Raises NotFound where the model has scored nothing, and what the tracer raises where its numbers
    are not those of the scores.
    """
    identity, built = tracer.identity, Built()
    look = partial(_small, tracer) if small else tracer.trace
    model_id = _model_id(session, identity.name, identity.revision)
    total, done, after_id = count_untraced(session, model_id), 0, 0
    while portion := untraced(session, model_id, after_id, PASSAGES_PER_COMMIT):
        found: list[tuple[int, PassageTrace | str]] = []
        for scored_id in portion:
            scores = load_scores(session, scored_id)
            session.rollback()  # no transaction is held open while a model looks
            found.append((scored_id, look(scores)))
            done += 1
            advance(done, max(total, done))
        with writing(session):
            for scored_id, trace in found:
                add_trace(session, scored_id, tracer.lens_name, trace, now)
        for _, trace in found:
            if isinstance(trace, str):
                built.left_out.append(trace)
            else:
                built.added += 1
        after_id = portion[-1]
    del built.left_out[MOST_REMARKS:]
    return built


def _small(tracer: Tracer, scores: PassageScores) -> PassageTrace | str:
    trace = tracer.trace(of_words_alone(scores))
    return trace if isinstance(trace, str) else smaller(trace)


def _model_id(session: Session, name: str, revision: str) -> int:
    model = find_model(session, name, revision)
    if model is None:
        raise NotFound(
            f"{model_label(name)} has scored no passage here, so there is nothing to look into: "
            "`flask scores build` comes first."
        )
    return model.id
