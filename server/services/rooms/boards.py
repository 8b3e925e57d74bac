"""A room as everybody may see it, written once for each version and kept in memory.

Two hundred pages ask once a second; what they see changes seldom, and most of it is the same for
all of them.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cachetools import LRUCache
from sqlalchemy.orm import Session

from server.domain.contest.emblems import emblem_seed
from server.domain.estimators.perplexity import bits
from server.domain.rooms.course import Course, Phase
from server.domain.rooms.outcome import standing
from server.domain.scores.gap import Reading
from server.services.contract.rooms import RoomScoreView, RoomView, RoomYouView
from server.services.play.library import ScoreLibrary, passage_view
from server.services.play.opponents import model_view
from server.services.rooms.outcomes import outcome_view, race_view
from server.services.rooms.words import RoomWord, asked_view, gap_of, reveal_view, room_words
from server.services.statistics.components import site_components
from server.store.rooms import rooms as stored
from server.store.rooms.room_tables import RoomRow

BOARDS_IN_MEMORY = 64
ROOMS_WRITTEN_AT_ONCE = 8
BEST_PLAYERS = 3


@dataclass(frozen=True)
class Board:
    """A room at one version: what all see, and what each player's own view begins from."""

    view: RoomView
    scores: list[RoomScoreView]  # of everybody, best first
    players: Mapping[str, Player]  # by public id


@dataclass(frozen=True)
class Player:
    """A player's seat, standing, and answer to the word that was just revealed."""

    seat: stored.Seated
    score: RoomScoreView
    given: stored.GivenAnswer | None

    def view(self, present: stored.Present | None) -> RoomYouView:
        """Return what the player sees of themselves; `present` while a word is asked.

        Before the reveal there is no mark.
        """
        given, seat = self.given, self.seat
        return RoomYouView(
            **vars(self.score),
            own_name=seat.name,
            shown=seat.agreed,
            answered=present.has_answered if present else given is not None,
            text=present.text if present else given and given.text,
            word_right=given.is_right if given and present is None else None,
        )


class RoomBoards:
    """The boards of the rooms that are looked at, shared by a process's threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._writing = [threading.Lock() for _ in range(ROOMS_WRITTEN_AT_ONCE)]
        self._boards: LRUCache[tuple[int, int, int, Course], Board] = LRUCache(BOARDS_IN_MEMORY)

    def board(
        self, session: Session, library: ScoreLibrary, seen: stored.RoomGlance, course: Course
    ) -> Board:
        """Return the board of a room as it was seen, at its course of this moment.

        While a word is asked its answers are no part of the board: a hall that answers would have
        it written again two hundred times.
        """
        answers = 0 if course.phase is Phase.ASKING else seen.answers
        key = (seen.room_id, seen.version, answers, course)
        if board := self._kept(key):
            return board
        # Of the pages that ask at the same moment, one has the board written.
        with self._writing[seen.room_id % ROOMS_WRITTEN_AT_ONCE]:
            board = self._kept(key) or _write(session, library, seen.room_id, course)
            with self._lock:
                self._boards[key] = board
        return board

    def _kept(self, key: tuple[int, int, int, Course]) -> Board | None:
        with self._lock:
            return self._boards.get(key)


def own_name(seat: stored.Seated) -> str | None:
    """Return a player's own name where others may see it: the player, the host, the operator."""
    return seat.name if seat.agreed and not seat.is_hidden else None


def _emblem(code: str, seat: stored.Seated) -> str:
    """Return the seed of a player's emblem: their own beside their own name.

    Beside a made-up name it is this room's, or the leaderboard would tell whose it is.
    """
    return emblem_seed(seat.public_id if own_name(seat) else f"{code} {seat.seat}")


def _write(session: Session, library: ScoreLibrary, room_id: int, course: Course) -> Board:
    room = session.get_one(RoomRow, room_id)
    is_here = room.scored_passage_id is not None
    reading = library.room_reading(session, room) if is_here else None
    seats = stored.seats_of(session, room_id)
    answers = stored.given_answers(session, room_id, course.settled)
    words = room_words(reading, answers, [seat.from_word for seat in seats], course.settled)
    scores = _scores(room.code, seats, answers)
    ranked = sorted(scores.values(), key=_rank)
    just_revealed = course.word if course.phase is Phase.REVEALED else None
    given = {row.room_player_id: row for row in answers if row.word == just_revealed}
    view = RoomView(
        code=room.code,
        state=course.phase,
        paused=course.paused_at is not None,
        now=room.created_at,  # each answer says its own moment
        closes_at=room.closes_at,
        model=model_view(room.model),
        passage=passage_view(room.passage) if room.passage else None,
        seconds=room.seconds,
        words=room.words,
        text=_text(reading, course),
        asked=asked_view(course) if course.is_at_a_word else None,
        players=len(seats),
        answered=len(given),
        reveal=None,
        race=race_view([word.outcome for word in words]),
        scores=ranked,
        outcome=None,
        host=False,
        you=None,
    )
    _conclude(session, room, view, words, reading)
    players = {seat.public_id: Player(seat, scores[seat.id], given.get(seat.id)) for seat in seats}
    return Board(view, ranked, players)


def _conclude(
    session: Session,
    room: RoomRow,
    view: RoomView,
    words: Sequence[RoomWord],
    reading: Reading | None,
) -> None:
    """Add what only a revealed word, or only a finished room, shows."""
    if view.state == Phase.REVEALED and reading is not None:
        view.reveal = reveal_view(gap_of(reading, len(words) - 1), words[-1])
    if view.state != Phase.FINISHED:
        view.scores = view.scores[:BEST_PLAYERS]
    elif words:
        components = site_components(session, room.model_id, room.unit)
        view.outcome = outcome_view([word.outcome for word in words], components)


def _text(reading: Reading | None, course: Course) -> str:
    """Return the text up to the present gap; nothing before the first word is asked."""
    if reading is None or course.phase is Phase.WAITING:
        return ""
    if course.phase is Phase.FINISHED:
        return reading.text.before(len(reading.text))
    return reading.text.before(reading.asked[course.word])


def _scores(
    code: str, seats: Sequence[stored.Seated], settled: Sequence[stored.GivenAnswer]
) -> dict[int, RoomScoreView]:
    """Return every player's standing over the revealed words, by the id of their seat."""
    marks: dict[int, list[tuple[bool, float]]] = defaultdict(list)
    for row in settled:
        marks[row.room_player_id].append((row.is_right, bits(row.target_loss_nats)))
    return {
        seat.id: RoomScoreView(
            seat=seat.seat,
            name=own_name(seat) or seat.made_up,
            own=own_name(seat) is not None,
            emblem=_emblem(code, seat),
            **vars(standing(marks[seat.id])),
        )
        for seat in seats
    }


def _rank(score: RoomScoreView) -> tuple[float, int, int]:
    return -score.points, -score.right, score.seat
