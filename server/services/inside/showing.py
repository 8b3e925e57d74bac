"""What is stored of the inside of a model, for researchers: one position, or all of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import orjson
from safetensors.numpy import save
from sqlalchemy.orm import Session

from server.domain.errors import InvalidInput, NotFound
from server.domain.inside.position import InsidePosition
from server.domain.inside.trace import Lens, PassageTrace
from server.domain.scores.gap import Reading
from server.domain.scores.models import model_label
from server.domain.text.tokens import Unit, Vocabulary
from server.services.contract.inside import InsideView
from server.services.inside.views import inside_view
from server.services.play.library import Scene, passage_view
from server.services.play.opponents import model_view
from server.store.inside.blobs import trace_from_blob
from server.store.inside.traces import find_scored_by, load_trace, trace_blobs
from server.store.scoring.scores import load_scores, load_vocabulary, newest_scoring_model
from server.store.tables import LanguageModelRow


def stored_position(
    session: Session,
    name: str,
    revision: str | None,
    passage: str,
    position: int,
    unit: Unit,
    lens: Lens,
) -> InsideView:
    """Return what the newest model of this name said inside at a position of a passage.

    `passage` is a title, or the beginning of a content hash. Raises NotFound where the model has
    scored nothing, where there is no such passage or no trace of it; InvalidInput for a position
    that rounds in `unit` do not ask, and where nothing is kept in `unit`.
    """
    model = _model(session, name, revision)
    scored = find_scored_by(session, model.id, passage)
    trace = load_trace(session, scored.id) if scored is not None else None
    if scored is None or trace is None:
        raise NotFound(
            f"{model_label(name)} was not looked into on a passage {passage!r}: `flask inside "
            "build` does that, and `flask passages` brings passages."
        )
    if not trace.keeps(unit):
        raise InvalidInput("unit", f"Nothing is kept of this passage in {unit.value}.")
    asked = trace.of(unit).positions.tolist()
    if position not in asked:
        raise InvalidInput("position", f"Positions kept of this passage are {asked}.")
    reading = Reading(load_scores(session, scored.id), load_vocabulary(session, model.id), unit)
    scene = Scene(passage_view(scored.passage), model_view(model), reading)
    return inside_view(scene, InsidePosition(trace, reading.at(position)), lens, None)


def trace_records(session: Session, name: str, revision: str | None) -> Iterator[dict[str, Any]]:
    """Yield a record for each position that rounds ask: what the layers said, norms and pushes."""
    model = _model(session, name, revision)
    vocabulary = load_vocabulary(session, model.id)
    for portion in trace_blobs(session, model.id):
        for content_hash, scored_id, blob in portion:
            trace, scores = trace_from_blob(blob), load_scores(session, scored_id)
            for unit in Unit:
                reading = Reading(scores, vocabulary, unit)
                yield from _records(content_hash, model.name, trace, reading)


def trace_lines(session: Session, name: str, revision: str | None) -> Iterator[bytes]:
    """Yield those records as JSON Lines."""
    for record in trace_records(session, name, revision):
        yield orjson.dumps(record) + b"\n"


def trace_arrays(session: Session, name: str, revision: str | None) -> Iterator[bytes]:
    """Yield one safetensors file with every array, as `CONTENT HASH/words.push`.

    All of it is in memory at once: about 50 kB a passage for a small model.
    """
    model = _model(session, name, revision)
    arrays = {
        f"{content_hash}/{array_name}": np.ascontiguousarray(array)
        for portion in trace_blobs(session, model.id)
        for content_hash, _, blob in portion
        for array_name, array in trace_from_blob(blob).arrays().items()
    }
    yield save(arrays, metadata={"model": model.name, "revision": model.revision})


def _records(
    content_hash: str, model: str, trace: PassageTrace, reading: Reading
) -> Iterator[dict[str, Any]]:
    vocabulary: Vocabulary = reading.vocabulary
    for position in trace.of(reading.unit).positions.tolist():
        inside = InsidePosition(trace, reading.at(position))
        growth = inside.growth()
        yield {
            "passage": content_hash,
            "model": model,
            "lens": trace.lens,
            "unit": reading.unit.value,
            "position": position,
            "target": inside.gap.target,
            "model_guess": vocabulary.text(inside.model_id),
            "other": vocabulary.text(inside.other_id),
            "layers": {
                lens.value: [
                    {
                        "layer": one.layer,
                        "target": [one.target.logprob_nats, one.target.rank],
                        "model": [one.model.logprob_nats, one.model.rank],
                        "top": [[word.text, word.logprob_nats] for word in one.top],
                    }
                    for one in inside.layers(lens)
                ]
                for lens in Lens
            },
            "norms": [[one.norm, one.attention, one.mlp] for one in inside.norms()],
            "growth": None if growth is None else {"rate": growth.rate, "r2": growth.r2},
            "pushes": [
                [one.part.kind.value, one.part.layer, one.part.head, one.push]
                for one in inside.pushes()
            ],
        }


def _model(session: Session, name: str, revision: str | None) -> LanguageModelRow:
    model = newest_scoring_model(session, name, revision)
    if model is None:
        raise NotFound(f"{model_label(name)} has scored no passage here.")
    return model
