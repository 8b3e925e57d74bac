"""What the pages of operator and admin say in words, and what their charts draw."""

from __future__ import annotations

from dataclasses import dataclass

from server.services.operations.morning import DayFigures, MorningView, RoomsView
from server.services.operations.serving import ServingView
from server.services.statistics.admin import StatisticsView
from server.web.wording.figures import counted

REASONS = {
    "flagged": "flagged",
    "skipping": "skipped more than nine in ten",
    "fast": "median answer under 0.3 seconds",
    "outlying": "right more, or less, often than any reader",
    "busy": "more than 60 rounds in a day",
}
ODD = {
    "fragment": "a fragment of a word",
    "everybody": "everybody had it",
    "nobody": "nobody had it",
}
PAGES = (
    ("pages.home", "play"),
    ("daily_pages.show_today", "today’s passage"),
    ("own_text_pages.show_try", "a text of your own"),
    ("room_pages.show_rooms", "rooms"),
    ("boards.show_page", "leaderboard"),
    ("stats_pages.show_page", "statistics"),
    ("swap_pages.show_swap_lab", "swap two runs"),
    ("pages.you", "you"),
    ("pages.methods", "methods"),
    ("notices.privacy", "privacy"),
    ("notices.security_txt", "security.txt"),
    ("openapi.spec", "the API’s description"),
)
_HEIGHT = 72
_PERCENT = 100


@dataclass(frozen=True)
class Bar:
    """One day in a chart: left edge and width in percent, top and height in pixels."""

    x: float
    width: float
    y: float
    height: float


@dataclass(frozen=True)
class Chart:
    """A small chart over the same days as the others."""

    title: str
    most: int
    today: int
    bars: list[Bar]


def headlines(morning: MorningView) -> list[str]:
    """Return what changed: today, yesterday and the week before, in sentences."""
    *_, yesterday, today = morning.days
    week = morning.days[-9:-2]
    usual = sum(day.players for day in week) / len(week)
    sentences = [
        f"So far today {_day(today)}.",
        f"Yesterday {_day(yesterday)}; {_compared(yesterday.players, usual)}.",
    ]
    if any(day.rooms for day in morning.rooms):
        before, now = morning.rooms
        sentences.append(f"Rooms: today {_rooms(now)}; yesterday {_rooms(before)}.")
    sentences += [
        f"Of {counted(one.new_players, 'newcomer')}, {one.returned} came back "
        f"{'the next day' if one.after_days == 1 else 'after a week'} "
        f"({one.returned / one.new_players:.0%})."
        for one in morning.returns
        if one.new_players
    ]
    if morning.left_after:
        left = sum(morning.left_after.values())
        most = max(morning.left_after, key=lambda answers: morning.left_after[answers])
        sentences.append(
            f"{counted(left, 'round')} of this week {'was' if left == 1 else 'were'} left "
            f"unfinished, most often after {counted(most, 'answer')}."
        )
    if morning.waiting_rounds:
        sentences.append(
            f"{counted(morning.waiting_rounds, 'round')} "
            f"{'waits' if morning.waiting_rounds == 1 else 'wait'} before counting."
        )
    return sentences


def answered_sentence(serving: ServingView) -> str:
    """Return how fast answers came and how many failed, since when, and of whom this is."""
    since = serving.since.strftime("%d %B %Y, %H:%M")
    answers = serving.all
    if not answers.requests:
        return f"This machine’s web processes have answered nothing yet (since {since} UTC)."
    return (
        f"This machine’s web processes answered {counted(answers.requests, 'request')} since "
        f"{since} UTC: half of them within {milliseconds(answers.half_within_s)}, 95 in 100 within "
        f"{milliseconds(answers.nearly_all_within_s)}. Refused (4xx): {answers.refused:,}; "
        f"failed (5xx): {answers.failed:,}. What other machines answered, and what was before, is "
        "not in this."
    )


def milliseconds(seconds: float | None) -> str:
    """Return a bound as it is read; None is beyond the longest."""
    if seconds is None:
        return "more than 5 s"
    return f"{seconds:g} s" if seconds >= 1 else f"{1_000 * seconds:g} ms"


def charts(days: list[DayFigures]) -> list[Chart]:
    """Return the four charts; each bar stands above the same day, and two share one height."""
    players = max(1, *(max(day.players, day.new_players) for day in days))
    rounds = max(1, *(day.rounds for day in days))
    return [
        _chart("Players", [day.players for day in days], players),
        _chart("New players", [day.new_players for day in days], players),
        _chart("Rounds begun", [day.rounds for day in days], rounds),
        _chart("Rounds finished", [day.finished for day in days], rounds),
    ]


def needs_a_hand(morning: MorningView) -> str:
    """Return how much of what follows needs somebody."""
    parts = [
        counted(len(morning.suspects), "odd player"),
        counted(len(morning.odd_places), "odd word"),
    ]
    if not morning.suspects and not morning.odd_places:
        return "Nothing needs a hand this morning."
    return f"{' and '.join(parts)} to look at."


def _day(day: DayFigures) -> str:
    if not day.rounds:
        return "nobody played"
    players, rounds = counted(day.players, "player"), counted(day.rounds, "round")
    return f"{players} ({day.new_players} new) began {rounds} and finished {day.finished}"


def _rooms(day: RoomsView) -> str:
    if not day.rooms:
        return "none was opened"
    players, answers = counted(day.players, "player"), counted(day.answers, "answer")
    return f"{counted(day.rooms, 'room')} with {players} and {answers}"


def _compared(players: int, usual: float) -> str:
    if not usual:
        return "nobody played in the week before"
    change = players / usual - 1
    if abs(change) < 0.1:
        return "about as many players as on a day of the week before"
    more = "more" if change > 0 else "fewer"
    return f"{abs(change):.0%} {more} players than on a day of the week before"


def _chart(title: str, counts: list[int], most: int) -> Chart:
    width = _PERCENT / len(counts)
    bars = [
        Bar(
            x=round((number + 0.1) * width, 2),
            width=round(0.8 * width, 2),
            y=round(_HEIGHT - _HEIGHT * count / most, 1),
            height=round(_HEIGHT * count / most, 1),
        )
        for number, count in enumerate(counts)
    ]
    return Chart(title, max(counts), counts[-1], bars)


def statistics_sentence(stats: StatisticsView) -> str:
    """Return how much was played, and what is left out or still to be counted."""
    if not stats.guesses:
        return "Nobody has answered yet; the numbers come with the first guess."
    sentences = [
        f"{counted(stats.players, 'player')} began {counted(stats.rounds, 'round')} "
        f"and settled {counted(stats.guesses, 'position')}."
    ]
    if stats.repeated_guesses:
        are = "is" if stats.repeated_guesses == 1 else "are"
        sentences.append(
            f"{counted(stats.repeated_guesses, 'guess', 'guesses')} on passages that their player "
            f"had seen before {are} left out of the comparison."
        )
    if stats.waiting:
        sentences.append(
            f"The newest answers of {counted(stats.waiting, 'player')} are still being counted."
        )
    return " ".join(sentences)
