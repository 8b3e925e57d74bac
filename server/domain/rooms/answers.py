"""A room's answers to one word: folded by case and form, counted, and its own choice."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from server.domain.text.tokens import folded


@dataclass(frozen=True)
class Given:
    """One player's answer; text None is a skip. `logprob_nats` is the model's, where known."""

    text: str | None
    right: bool
    logprob_nats: float | None = None


@dataclass(frozen=True)
class Bar:
    """One answer of the room, as most of those who gave it spelled it, and how many they are."""

    text: str
    count: int
    right: bool
    logprob_nats: float | None


def tally(given: Iterable[Given]) -> list[Bar]:
    """Return the room's answers, most frequent first; of equally frequent ones the earlier first.

    Answers are in the order they came. Cases and Unicode forms of a word are one answer.

    >>> [(bar.text, bar.count) for bar in tally([Given("Oak", False), Given("elm", False),
    ...     Given("oak", False), Given(None, False), Given("oak", False)])]
    [('oak', 3), ('elm', 1)]
    """
    alike: dict[str, list[Given]] = defaultdict(list)
    for answer in given:
        if answer.text is not None:
            alike[folded(answer.text)].append(answer)
    bars = [_bar(its) for its in alike.values()]
    return sorted(bars, key=lambda bar: -bar.count)  # stable: equally frequent ones stay in order


def plurality(bars: Sequence[Bar]) -> Bar | None:
    """Return the room's own choice, or None where nobody said anything."""
    return bars[0] if bars else None


def _bar(its: Sequence[Given]) -> Bar:
    spellings = Counter(answer.text or "" for answer in its)
    known = (answer.logprob_nats for answer in its if answer.logprob_nats is not None)
    return Bar(
        text=spellings.most_common(1)[0][0],
        count=len(its),
        right=its[0].right,
        logprob_nats=next(known, None),
    )
