"""A room's answers as its host takes them away: JSON Lines and CSV, which `study analyse` reads."""

from __future__ import annotations

import csv
import io
from datetime import datetime

import orjson
from sqlalchemy.orm import Session

from server.domain.errors import Forbidden, NotFound
from server.domain.rooms.names import NO_SUCH_ROOM, read_code
from server.domain.study.fields import LOWEST_LOGPROB_NATS
from server.domain.text.tokens import Unit
from server.services.research.exporting import pseudonym
from server.services.rooms.opening import is_key
from server.services.rooms.rooms import Asker
from server.store.exports import model_names
from server.store.rooms import rooms as stored
from server.store.rooms.room_tables import RoomAnswerRow, RoomRow
from server.store.scoring.scores import answer_counts

HASH_CHARACTERS = 16
MODE = "room"
Record = dict[str, object]


def room_records(
    session: Session, code: str, asker: Asker, secret: str, now: datetime
) -> list[Record]:
    """Return the answers to the words that are revealed, players by pseudonyms of this room alone.

    Raises Forbidden for anybody but the host, NotFound.
    """
    room = stored.find_room(session, read_code(code))
    if room is None:
        raise NotFound(NO_SUCH_ROOM)
    if not is_key(asker.key, room.key_digest):
        raise Forbidden("Only the host of this room can take its answers away.")
    settled = stored.course_of(room).at(now).settled
    seats = {seat.id: seat for seat in stored.seats_of(session, room.id)}
    model = model_names(session)[room.model_id]
    vocabulary = answer_counts(session)[room.model_id, room.unit]
    records = []
    for row in stored.answers_of(session, room.id):
        if row.word < settled:
            seat = seats[row.room_player_id]
            player = pseudonym(f"{room.code} {seat.public_id}", secret)
            records.append(_record(room, seat, row, player, model, vocabulary))
    return records


def as_json_lines(records: list[Record]) -> bytes:
    """Return the records as JSON Lines."""
    return b"".join(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE) for record in records)


def as_csv(records: list[Record]) -> str:
    """Return the records as CSV with a line of names; the model's log-probabilities are flat."""
    file = io.StringIO()
    rows = [_flat(record) for record in records]
    named = dict.fromkeys(name for row in rows for name in row)
    names = list(named) or ["player", "passage", "position", "guess", "target"]
    writer = csv.DictWriter(file, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def _record(
    room: RoomRow, seat: stored.Seated, row: RoomAnswerRow, player: str, model: str, vocabulary: int
) -> Record:
    logprob = row.guess_logprob_nats
    known = {} if logprob is None else {"guess_logprob": {model: _logprob(logprob)}}
    passage = room.passage.content_hash[:HASH_CHARACTERS] if room.passage else room.code
    return {
        "player": player,
        "passage": passage,
        "position": row.position,
        "unit": Unit.WORDS.value,
        "guess": row.text,
        "target": row.target,
        "is_word": True,
        "mode": MODE,
        "repeated": seat.repeated,
        "response_ms": row.elapsed_ms,
        "answered_on": row.answered_at.date().isoformat(),
        "room": room.code,
        "word": row.word + 1,
        "model": model,
        "model_guess": row.model_guess,
        "target_logprob": {model: _logprob(-row.target_loss_nats)},
        "target_rank": row.target_rank,
        "guess_rank": row.guess_rank,
        "entropy_nats": row.entropy_nats,
        "vocabulary": vocabulary,
        **known,
    }


def _flat(record: Record) -> dict[str, object]:
    """Return a record's cells; a column of log-probabilities is named by the model, too."""
    cells: dict[str, object] = {}
    model = record["model"]
    for name, value in record.items():
        if isinstance(value, dict):
            cells[f"{name}.{model}"] = value.get(model)
        else:
            cells[name] = value
    return cells


def _logprob(nats: float) -> float:
    """Return a log-probability within what an export may hold."""
    return min(0.0, max(LOWEST_LOGPROB_NATS, nats))
