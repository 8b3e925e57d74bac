"""Carry traces from one database to another: in score files, or in a file of their own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import numpy as np
from sqlalchemy.orm import Session

from server.domain.errors import NotFound
from server.domain.inside.trace import PassageTrace
from server.domain.scores.models import model_label
from server.domain.scores.passage_scores import PassageScores
from server.domain.text.tokens import Unit
from server.store.engine import writing
from server.store.inside.blobs import TraceUnreadable, trace_from_blob
from server.store.inside.trace_files import TraceFileRejected, read_trace_file, write_trace_file
from server.store.inside.traces import add_trace_blobs, scored_ids, trace_blobs, traced_ids
from server.store.scoring.scores import find_model, load_scores, newest_scoring_model


def trace_problem(trace_blob: bytes, scores: PassageScores) -> str | None:
    """Return why a trace does not fit the scores that it travels with; None where it does."""
    try:
        trace = trace_from_blob(trace_blob)
    except TraceUnreadable as error:
        return f"what its layers say cannot be read ({error})"
    return None if _fits(trace, scores) else "its layers speak of other positions than are asked"


def _fits(trace: PassageTrace, scores: PassageScores) -> bool:
    """Tell whether the trace is of the positions asked; a unit may be left out, as a whole."""
    kept = [unit for unit in Unit if trace.keeps(unit)]
    return bool(kept) and all(
        trace.of(unit).positions.tolist() == scores.asked(unit)
        and np.array_equal(trace.of(unit).kept_ids[:, 0], scores.token_ids[scores.asked(unit)])
        and {*scores.asked(unit)} <= {*trace.positions.tolist()}
        for unit in kept
    )


def add_traces(session: Session, model_id: int, traces: Mapping[str, bytes], now: datetime) -> int:
    """Store traces by their passages' content hashes, where none is kept; return how many.

    The caller opens the transaction, and has checked them.
    """
    ids = scored_ids(session, model_id, list(traces))
    known = traced_ids(session, list(ids.values()))
    new = {
        scored_id: (trace_from_blob(traces[content_hash]).lens, traces[content_hash])
        for content_hash, scored_id in ids.items()
        if scored_id not in known
    }
    add_trace_blobs(session, new, now)
    return len(new)


def export_traces(session: Session, name: str, revision: str | None, path: Path) -> int:
    """Write the traces of the newest model of this name into a file; return how many.

    Raises NotFound where none is kept.
    """
    model = newest_scoring_model(session, name, revision)
    traces: list[tuple[str, bytes]] = []
    for portion in trace_blobs(session, model.id) if model is not None else ():
        traces += [(content_hash, blob) for content_hash, _, blob in portion]
    if model is None or not traces:
        raise NotFound(f"{model_label(name)} was looked into on no passage here.")
    write_trace_file(path, model.name, model.revision, traces)
    return len(traces)


def load_traces(session: Session, path: Path, now: datetime) -> tuple[str, int]:
    """Load a file of traces: all that fit scores here, or none of them; return model and number.

    Raises TraceFileRejected where the model has scored nothing here, or a trace does not fit.
    """
    name, revision, traces = read_trace_file(path)
    model = find_model(session, name, revision)
    if model is None:
        raise TraceFileRejected(
            f"{path} explains scores by {model_label(name)} at revision {revision}, and there are "
            "none here: load those first."
        )
    ids = scored_ids(session, model.id, list(traces))
    for content_hash, scored_id in ids.items():
        problem = trace_problem(traces[content_hash], load_scores(session, scored_id))
        if problem is not None:
            raise TraceFileRejected(f"{path}: the passage {content_hash[:12]}: {problem}.")
    model_id = model.id
    session.rollback()
    with writing(session):
        added = add_traces(session, model_id, traces, now)
    return name, added
