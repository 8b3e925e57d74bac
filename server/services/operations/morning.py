"""What the operator sees each morning: what changed, and what needs a hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from server.domain.play.conduct import Verdict
from server.domain.text.tokens import is_word_token
from server.services.contract.statistics import PlayedPairView, PublicStatistics
from server.services.operations.audit import ActionView, last_actions
from server.services.operations.flagging import FlaggingView, last_flaggings
from server.services.operations.serving import ServingView
from server.store.operations import daily as stored
from server.store.operations.passages import retired_passages
from server.store.players import hidden_names
from server.store.statistics.conduct import verdicts

DAYS_CHARTED = 14
DAYS_OF_PLACES = 30
LEAST_GUESSES_OF_PLACE = 5
LEAST_GUESSES_OF_PASSAGE = 24
LINES_SHOWN = 12
HIDDEN_SHOWN = 100
PLAYERS_LOOKED_AT = 200
MANY_ROUNDS_A_DAY = 60
WEEK = 7
_LEFT_AFTER = timedelta(hours=1)
_LONE_LETTERS = frozenset({" a", " A", " I", " O"})


class DayFigures(BaseModel):
    """One UTC day of play."""

    date: date
    players: int = 0
    new_players: int = 0
    rounds: int = 0
    finished: int = 0


class RoomsView(BaseModel):
    """The rooms that were opened on a UTC day; their words are no rounds."""

    date: date
    rooms: int
    players: int
    answers: int


class ReturnView(BaseModel):
    """Of the new players of seven days, how many played again so many days after their first."""

    after_days: int
    new_players: int
    returned: int


class AgainstModelView(BaseModel):
    """People against one model in one unit, as the public statistics have it."""

    model: str
    unit: str
    accuracy: PlayedPairView


class PlaceView(BaseModel):
    """A word that was asked often enough to tell that something is odd about it."""

    passage_id: int
    title: str
    position: int
    target: str
    guesses: int
    right: int
    why: str = Field(description="nobody, everybody or fragment")


class PassageLine(BaseModel):
    """A passage with the share of its typed words that were right."""

    passage_id: int
    title: str
    guesses: int
    right: int


class SuspectView(BaseModel):
    """A player whose play looks odd, by the name that exports give them."""

    name: str
    rounds: int
    reasons: list[str] = Field(description="flagged, skipping, fast, outlying or busy")


class HiddenView(BaseModel):
    """A player whose nickname is hidden, by the name that exports give them."""

    name: str
    nickname: str = Field(description="As it is now: it may be another than the one hidden")


class MorningView(BaseModel):
    """All of it. Days are UTC, the last one is today as far as it has come."""

    days: list[DayFigures]
    rooms: list[RoomsView] = Field(description="Yesterday and today")
    returns: list[ReturnView]
    left_after: dict[int, int] = Field(description="Unfinished rounds of a week, by answers given")
    against: list[AgainstModelView]
    waiting_rounds: int = Field(description="Rounds that will count when their wait is over")
    serving: ServingView
    hardest: list[PassageLine]
    odd_places: list[PlaceView]
    suspects: list[SuspectView]
    flaggings: list[FlaggingView]
    hidden: list[HiddenView]
    retired: list[tuple[int, str]]
    actions: list[ActionView]


def morning(
    session: Session,
    public: PublicStatistics,
    serving: ServingView,
    name_of: Callable[[str], str],
    now: datetime,
) -> MorningView:
    """Return the morning's figures; `name_of` turns a public id into the name in an export."""
    today = now.date()
    places = stored.places_since(
        session, today - timedelta(days=DAYS_OF_PLACES), LEAST_GUESSES_OF_PLACE
    )
    week_ago = today - timedelta(days=WEEK)
    return MorningView(
        days=_days(session, today),
        rooms=[_rooms(session, today - timedelta(days=ago)) for ago in (1, 0)],
        returns=[_return(session, today, after) for after in (1, WEEK)],
        left_after=stored.answers_before_leaving(session, week_ago, now - _LEFT_AFTER),
        against=[
            AgainstModelView(model=one.model.label, unit=one.unit, accuracy=one.accuracy)
            for one in public.opponents
            if one.accuracy is not None
        ],
        waiting_rounds=stored.waiting_rounds(session),
        serving=serving,
        hardest=_hardest(places),
        odd_places=_odd(places),
        suspects=_suspects(session, week_ago, name_of),
        flaggings=last_flaggings(session, LINES_SHOWN),
        hidden=[
            HiddenView(name=name_of(public_id), nickname=nickname)
            for public_id, nickname in hidden_names(session, HIDDEN_SHOWN)
        ],
        retired=retired_passages(session),
        actions=last_actions(session, LINES_SHOWN),
    )


def _days(session: Session, today: date) -> list[DayFigures]:
    days = [today - timedelta(days=ago) for ago in reversed(range(DAYS_CHARTED))]
    played, new = stored.rounds_by_day(session, days[0]), stored.new_players_by_day(session, days)
    nothing = (0, 0, 0)
    return [
        DayFigures(
            date=day, new_players=new[day], players=players, rounds=rounds, finished=finished
        )
        for day in days
        for players, rounds, finished in [played.get(day, nothing)]
    ]


def _rooms(session: Session, day: date) -> RoomsView:
    rooms, players, answers = stored.rooms_of_day(session, day)
    return RoomsView(date=day, rooms=rooms, players=players, answers=answers)


def _return(session: Session, today: date, after: int) -> ReturnView:
    """Count the new players of the last seven days whose day of return is over."""
    days = [today - timedelta(days=after + ago) for ago in range(1, WEEK + 1)]
    return ReturnView(
        after_days=after,
        new_players=sum(stored.new_players_by_day(session, days).values()),
        returned=sum(stored.returned(session, day, after) for day in days),
    )


def _hardest(places: Sequence[stored.PlacePlayed]) -> list[PassageLine]:
    lines: dict[int, PassageLine] = {}
    for place in places:
        line = lines.setdefault(
            place.id, PassageLine(passage_id=place.id, title=place.title, guesses=0, right=0)
        )
        line.guesses += place.guesses
        line.right += int(place.right)
    enough = [line for line in lines.values() if line.guesses >= LEAST_GUESSES_OF_PASSAGE]
    return sorted(enough, key=lambda line: (line.right / line.guesses, line.title))[:LINES_SHOWN]


def _odd(places: Sequence[stored.PlacePlayed]) -> list[PlaceView]:
    """Return fragments, then words that everybody or nobody had right, the most certain first."""
    found = [
        PlaceView(
            passage_id=place.id,
            title=place.title,
            position=place.position,
            target=place.target.strip(),
            guesses=place.guesses,
            right=int(place.right),
            why=why,
        )
        for place in places
        for why in [_why_odd(place)]
        if why
    ]
    order = {"fragment": 0, "everybody": 1, "nobody": 2}
    return sorted(found, key=lambda one: (order[one.why], -one.guesses))[: 2 * LINES_SHOWN]


def _why_odd(place: stored.PlacePlayed) -> str | None:
    letters = place.target.strip()
    alone = is_word_token(place.target) and len(letters) == 1 and place.target not in _LONE_LETTERS
    if alone or letters.startswith(("'", "’")):
        return "fragment"
    if place.right == place.guesses:
        return "everybody"
    return "nobody" if place.right == 0 else None


def _suspects(session: Session, first: date, name_of: Callable[[str], str]) -> list[SuspectView]:
    busiest = stored.busiest_players(session, first, PLAYERS_LOOKED_AT)
    verdict_of = verdicts(session, [player_id for player_id, *_ in busiest])
    found = [
        SuspectView(name=name_of(public_id), rounds=rounds, reasons=reasons)
        for player_id, public_id, rounds, in_a_day in busiest
        for reasons in [_reasons(verdict_of[player_id], in_a_day)]
        if reasons
    ]
    return found[: 2 * LINES_SHOWN]


def _reasons(verdict: Verdict, in_a_day: int) -> list[str]:
    busy = ["busy"] if in_a_day > MANY_ROUNDS_A_DAY else []
    return [*([verdict.reason.value] if verdict.reason else []), *busy]
