"""Carry a model's scores from one database to another, in a file."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from sqlalchemy.orm import Session

from server.domain.errors import InvalidInput, NotFound
from server.domain.scores.checks import contradiction
from server.domain.scores.models import ModelIdentity, model_label
from server.domain.scores.passage_scores import PassageScores
from server.domain.text.passages import require_storable
from server.domain.text.tokens import Vocabulary
from server.services.inside.trace_transfer import add_traces, trace_problem
from server.store.engine import writing
from server.store.inside.traces import has_any_trace
from server.store.scoring.blobs import scores_from_blob
from server.store.scoring.score_files import (
    ScoreFile,
    ScoreFileRejected,
    ScoreRecord,
    open_score_file,
    write_score_file,
)
from server.store.scoring.score_records import (
    add_score_records,
    count_records,
    score_records,
    stored_scores,
)
from server.store.scoring.scores import (
    ensure_model,
    load_vocabulary,
    newest_scoring_model,
    tokenizers_of,
)

LONGEST_REASON = 200
_HASH = re.compile(r"[0-9a-f]{64}")
Advance = Callable[[int, int], None]


@dataclass
class Loaded:
    """Whose scores a file held, and what of it was new here."""

    model: str
    scores: int = 0
    passages: int = 0
    known: int = 0
    traces: int = 0


def export_scores(
    session: Session, name: str, revision: str | None, path: Path, advance: Advance
) -> int:
    """Write all that the newest model of this name (and revision) says; return how many passages.

    Raises NotFound where it has scored nothing. `advance(done, total)` reports progress.
    """
    model = newest_scoring_model(session, name, revision)
    if model is None:
        at = f" at revision {revision}" if revision else ""
        raise NotFound(f"{name}{at} has scored no passage here, so there is nothing to export.")
    identity = ModelIdentity(
        name=model.name,
        revision=model.revision,
        tokenizer_fingerprint=model.tokenizer_fingerprint,
        parameters=model.parameters,
        window_tokens=model.window_tokens,
        beginning=model.beginning,
    )
    total, done = count_records(session, model.id), 0

    def counting(portion: list[ScoreRecord]) -> list[ScoreRecord]:
        nonlocal done
        done += len(portion)
        advance(done, total)
        return portion

    portions = map(counting, score_records(session, model.id))
    vocabulary, has_traces = load_vocabulary(session, model.id), has_any_trace(session, model.id)
    write_score_file(path, identity, vocabulary, portions, with_traces=has_traces)
    return done


def load_score_file(
    session: Session, path: Path, name: str, revision: str | None, now: datetime, advance: Advance
) -> Loaded:
    """Load a score file of the model `name` (at `revision` unless None): all of it, or nothing.

    The whole file is checked before the first row is written, so that players do not wait for it.
    Raises ScoreFileRejected that names the model, the tokenizer or the passage that does not fit.
    `advance(done, total)` reports progress over both passes.
    """
    with open_score_file(path) as file:
        _require_wanted(path, file.identity, name, revision)
        model_id = _require_same_tokenizer(session, path, file)
        done, total = 0, 2 * len(file)
        for portion in file.portions():
            _require_fitting(session, path, file.vocabulary, model_id, portion)
            done += len(portion)
            advance(done, total)
        loaded = Loaded(file.identity.name)
        with writing(session):
            model_id = ensure_model(session, file.identity, file.vocabulary, now).id
            for portion in file.portions():
                _load(session, model_id, portion, now, loaded)
                done += len(portion)
                advance(done, total)
        return loaded


def _load(
    session: Session, model_id: int, portion: list[ScoreRecord], now: datetime, loaded: Loaded
) -> None:
    known = stored_scores(session, model_id, [record.content_hash for record in portion])
    new = {r.content_hash: r for r in portion if r.content_hash not in known}
    loaded.passages += add_score_records(session, model_id, list(new.values()), now)
    loaded.scores += len(new)
    loaded.known += len(portion) - len(new)
    traces = {r.content_hash: r.trace_blob for r in portion if r.trace_blob}
    loaded.traces += add_traces(session, model_id, traces, now)


def _require_wanted(path: Path, identity: ModelIdentity, name: str, revision: str | None) -> None:
    if identity.name == name and revision in (None, identity.revision):
        return
    wanted = name if identity.name != name else f"{name} at revision {revision}"
    raise ScoreFileRejected(
        f"{path} holds scores by {identity.name} at revision {identity.revision}, and {wanted} "
        "is wanted here. Set MODEL and MODEL_REVISION, or give --model and --revision."
    )


def _require_same_tokenizer(session: Session, path: Path, file: ScoreFile) -> int | None:
    """Return the id of the stored row of exactly this model, or None where it is new here."""
    identity = file.identity
    stored = tokenizers_of(session, identity.name, identity.revision)
    if not stored:
        return None
    model_id = stored.get(identity.tokenizer_fingerprint)
    if model_id is None:
        raise ScoreFileRejected(
            f"{path}: the tokenizer of {model_label(identity.name)} has the fingerprint "
            f"{identity.tokenizer_fingerprint} there, and {', '.join(stored)} here."
        )
    if load_vocabulary(session, model_id).pieces != file.vocabulary.pieces:
        raise ScoreFileRejected(
            f"{path}: the vocabulary of {model_label(identity.name)} differs from the one here, "
            f"under the same tokenizer fingerprint {identity.tokenizer_fingerprint}."
        )
    return model_id


def _require_fitting(
    session: Session,
    path: Path,
    vocabulary: Vocabulary,
    model_id: int | None,
    portion: list[ScoreRecord],
) -> None:
    """Raise ScoreFileRejected where a record contradicts itself or what is stored."""
    hashes = [record.content_hash for record in portion]
    known = stored_scores(session, model_id, hashes) if model_id is not None else {}
    for record in portion:
        problem = _problem(record, vocabulary, known.get(record.content_hash, b""))
        if problem is not None:
            raise ScoreFileRejected(
                f"{path}: the passage {record.passage.title!r} "
                f"({record.content_hash[:12]}) does not fit: {problem}."
            )


def _problem(record: ScoreRecord, vocabulary: Vocabulary, stored: bytes) -> str | None:
    if record.passage.content_hash != record.content_hash:
        return "its text is not the one that was scored"
    try:
        require_storable(record.passage)
    except InvalidInput as error:
        return f"{error.field}: {error}".rstrip(".")
    if record.cut_from is not None and not _HASH.fullmatch(record.cut_from):
        return "what it was cut from is named by no content hash"
    if record.left_out is not None:
        fits = len(record.left_out) <= LONGEST_REASON and record.left_out.isprintable()
        return None if fits else "its reason is too long, or no line of text"
    try:
        scores = scores_from_blob(record.scores_blob)
    except (SafetensorError, KeyError, TypeError, ValueError):
        return "its scores cannot be read"
    problem = contradiction(scores, record.passage.text, vocabulary)
    if problem is None and stored and not _same_question(scores, scores_from_blob(stored)):
        return "it is scored here already, with other positions asked"
    if problem is None and record.trace_blob:
        problem = trace_problem(record.trace_blob, scores)
    return problem


def _same_question(one: PassageScores, other: PassageScores) -> bool:
    """Tell whether both ask the same tokens; probabilities may differ in their last digits."""
    names = ("token_ids", "asked_words", "asked_tokens")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)
