"""Figures as people read them, and the sentence that says what a comparison proves."""

from __future__ import annotations

from collections.abc import Iterable

from server.services.contract.figures import ComparisonView

_RAREST_PERCENT = 0.0001
_LARGE = ((10**12, " trillion"), (10**9, " billion"), (10**6, " million"))
SPACE = "\u202f"  # narrow, does not break


def lead_sentence(comparison: ComparisonView, noun: str) -> str:
    """Say what the comparison proves, and how much more would settle it."""
    n, more = comparison.difference.n, comparison.answers_to_settle
    if more == 0:
        return (
            f"The 95\u202f% interval of the difference excludes zero after {counted(n, noun)}; "
            "chance alone seldom does that."
        )
    if more is None:
        return f"You are level after {counted(n, noun)}, and no number of answers settles a tie."
    return (
        f"On {counted(n, noun)} that proves little: "
        "the 95\u202f% interval of the difference still includes zero. "
        f"At this rate about {two_digits(more):,} more would settle it."
    )


def counted(count: int, noun: str, plural: str = "") -> str:
    """Return a count with its noun: 1 round, 1,200 rounds."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def probability(share: float) -> str:
    """Return a probability with the digits that matter: 31 %, 1.6 %, and 1 in 24,000 below 0.01 %.

    Beyond one in a million in words: 1 in 3.1 billion.
    static/js/format.js has the same rule; a browser test compares the two.
    """
    if share < _RAREST_PERCENT:
        return f"1 in {_in_words(two_digits(1 / share))}" if share > 0 else f"0{SPACE}%"
    if share >= 0.995:
        return f">{SPACE}99{SPACE}%"
    value = 100 * share
    digits = f"{half_up(value)}" if value >= 10 else f"{float(f'{value:.2g}'):g}"
    return f"{digits}{SPACE}%"


def stated(share: float) -> str:
    """Return a stated share: to a tenth above 99 %, where the steps are that fine."""
    return f"{100 * share:.1f}{SPACE}%" if 0.995 <= share < 1 else probability(share)


def _in_words(count: int) -> str:
    size, name = next(((size, name) for size, name in _LARGE if count >= size), (1, ""))
    return f"{count / size:,.10g}{name}"


def sensible(value: float) -> str:
    """Return a positive number with a decimal below ten, and at most three significant digits."""
    return f"{value:.1f}" if value < 9.95 else f"{float(f'{value:.3g}'):,.0f}"


def signed(value: float) -> str:
    """Return a number with two decimals and its sign: +0.25, −1.50, 0.00."""
    size = f"{abs(value):.2f}"
    return size if float(size) == 0 else f"{'−' if value < 0 else '+'}{size}"


def half_up(value: float) -> int:
    """Return a number that is not negative, rounded half up."""
    return int(value + 0.5)


def two_digits(value: float) -> int:
    """Return a positive number rounded to two significant digits."""
    step: int = 10 ** max(0, len(str(int(value))) - 2)
    return half_up(value / step) * step


_NAMES = (
    *("zero", "one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)


def in_words(value: int) -> str:
    """Return a small count as a word: one, two, twelve; a larger one in digits."""
    return _NAMES[value] if value < len(_NAMES) else str(value)


def ordinal(rank: int) -> str:
    """Return a rank as people say it: first, second, third, 4th, 21st."""
    if rank <= 3:
        return ("first", "second", "third")[rank - 1]
    endings = {1: "st", 2: "nd", 3: "rd"}
    ending = "th" if rank % 100 in (11, 12, 13) else endings.get(rank % 10, "th")
    return f"{rank:,}{ending}"


# Marks as text: round is a person, square the model; filled is right, hollow is wrong.
PERSON_MARKS = {True: "●", False: "○"}
MODEL_MARKS = {True: "■", False: "□"}
_GROUP = 5


def grid(signs: dict[bool, str], marks: Iterable[bool]) -> str:
    """Return a row of marks, in groups of five.

    >>> grid(PERSON_MARKS, [True, False, True, True, False, True])
    '●○●●○ ●'
    """
    line = "".join(signs[mark] for mark in marks)
    return " ".join(line[i : i + _GROUP] for i in range(0, len(line), _GROUP))
