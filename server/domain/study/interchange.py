"""The rows of an export: guesses, bets and comparisons, each from one JSON object.

Its fields tell what kind a row is: `p_target` makes a comparison, `stakes` a bet, `guess` a guess.
Fields that are not named here are ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from server.domain.errors import InvalidInput
from server.domain.play.duels import Question
from server.domain.study import fields as read
from server.domain.study.fields import Logprobs, Record
from server.domain.text.tokens import Unit

_STAKES_ROUNDING = 0.02
UNIFORM = "uniform"  # drawn among all positions alike
_UNSAID: dict[str, object] = {"attempt": 1, "draw": UNIFORM}


@dataclass(frozen=True, slots=True)
class StudyGuess:
    """What a player (and the model, where known) answered at a position; None is a skip."""

    player: str
    passage: str
    position: int
    guess: str | None
    target: str
    is_word: bool
    unit: Unit | None
    mode: str
    assisted: bool
    attempt: int
    repeated: bool
    excluded: bool
    model: str
    model_guess: str | None
    target_logprob: Logprobs
    vocabulary: int | None  # how many answers the unit allows
    guess_logprob: Logprobs  # of the guess, as a word or token of each model
    guess_logprob_below: Logprobs  # what it is below where that is all that is known
    guess_rank: int | None  # among the model's choices, 1 the first
    target_rank: int | None
    draw: str = UNIFORM  # how its position was chosen


@dataclass(frozen=True, slots=True)
class StudyBet:
    """The distribution that a player stated at a position over what was offered."""

    player: str
    passage: str
    position: int
    stakes: Mapping[str, float]
    other: float
    target: str
    target_logprob: Logprobs
    offered_logprob: Mapping[str, Logprobs]
    unit: Unit | None
    repeated: bool
    excluded: bool


@dataclass(frozen=True, slots=True)
class StudyComparison:
    """A player's share of the target against a rival, in answer to one of two questions."""

    player: str
    question: str
    generator: str
    p_target: float
    target_logprob: Logprobs
    rival_logprob: Logprobs
    drawn_logprob: Logprobs | None  # of target and rival, where not the generator drew
    tail: bool
    asked_as: Question
    passage: str | None
    position: int | None
    unit: Unit | None
    repeated: bool
    excluded: bool


Row = StudyGuess | StudyBet | StudyComparison


def row_from_record(record: Record) -> Row:
    """Return the row of a JSON object; raises InvalidInput that names the field and the reason."""
    kinds = [field for field in ("p_target", "stakes", "guess") if field in record]
    if len(kinds) != 1:
        found = " and ".join(kinds) or "none of them"
        raise InvalidInput(
            "the row", f"it has {found}; exactly one of guess, stakes and p_target tells its kind"
        )
    if kinds == ["guess"]:
        return _guess(record)
    return _bet(record) if kinds == ["stakes"] else _comparison(record)


def _guess(record: Record) -> StudyGuess:
    guess, model_guess = record["guess"], record.get("model_guess")
    return StudyGuess(
        player=read.name(record, "player"),
        passage=read.name(record, "passage"),
        position=read.whole(record, "position"),
        guess=None if guess is None else read.text(record, "guess"),
        target=read.text(record, "target"),
        is_word=read.flag(record, "is_word", required=True),
        unit=read.unit(record),
        mode=read.text(record, "mode") if record.get("mode") is not None else "",
        assisted=read.flag(record, "assisted"),
        attempt=read.attempt(record) if record.get("attempt") is not None else 1,
        repeated=read.flag(record, "repeated"),
        excluded=read.flag(record, "excluded"),
        model=read.text(record, "model") if record.get("model") is not None else "",
        model_guess=None if model_guess is None else read.text(record, "model_guess"),
        target_logprob=read.optional_logprobs(record, "target_logprob", may_be_empty=False),
        vocabulary=read.vocabulary(record),
        guess_logprob=read.optional_logprobs(record, "guess_logprob"),
        guess_logprob_below=read.optional_logprobs(record, "guess_logprob_below"),
        guess_rank=read.rank(record, "guess_rank"),
        target_rank=read.rank(record, "target_rank"),
        draw=read.text(record, "draw") if record.get("draw") is not None else UNIFORM,
    )


def _bet(record: Record) -> StudyBet:
    stakes = read.stakes(record)
    other = read.share(record.get("other"), "other")
    total = sum(stakes.values()) + other
    if abs(total - 1) > _STAKES_ROUNDING:
        raise InvalidInput("stakes", f"with other they add up to {total:.6g}, which must be 1")
    return StudyBet(
        player=read.name(record, "player"),
        passage=read.name(record, "passage"),
        position=read.whole(record, "position"),
        stakes=stakes,
        other=other,
        target=read.text(record, "target"),
        target_logprob=read.logprobs(record, "target_logprob"),
        offered_logprob=read.offered(record),
        unit=read.unit(record),
        repeated=read.flag(record, "repeated"),
        excluded=read.flag(record, "excluded"),
    )


def _comparison(record: Record) -> StudyComparison:
    generator = read.name(record, "generator")
    target, rival = read.logprobs(record, "target_logprob"), read.logprobs(record, "rival_logprob")
    for field, logprobs in (("target_logprob", target), ("rival_logprob", rival)):
        if generator not in logprobs:
            raise InvalidInput(field, f"it lacks the generator {generator}")
    placed = record.get("passage") is not None and record.get("position") is not None
    return StudyComparison(
        player=read.name(record, "player"),
        question=read.name(record, "question"),
        generator=generator,
        p_target=read.share(record.get("p_target"), "p_target"),
        target_logprob=target,
        rival_logprob=rival,
        drawn_logprob=read.drawn_logprobs(record),
        tail=read.flag(record, "tail"),
        asked_as=_question(record),
        passage=read.name(record, "passage") if placed else None,
        position=read.whole(record, "position") if placed else None,
        unit=read.unit(record),
        repeated=read.flag(record, "repeated"),
        excluded=read.flag(record, "excluded"),
    )


def _question(record: Record) -> Question:
    """Return what a comparison answers; without a version, what the estimators need.

    The published study told its players to judge as if chance alone had picked the other word. Rows
    that this service exported before it wrote versions answer its first question; they are told by
    the field `asked`, which nobody else writes.
    """
    if record.get("question_version") is None:
        return Question.AUTHOR if "asked" in record else Question.FIT
    version = read.whole(record, "question_version", least=1)
    if version not in {*Question}:
        allowed = " or ".join(str(int(known)) for known in Question)
        raise InvalidInput("question_version", f"it must be {allowed}")
    return Question(version)


def record_of(row: Row) -> dict[str, object]:
    """Return the record that `row_from_record` reads as this row.

    Left out are fields at the value that they have where they are missing. A guess of None, a skip,
    is said; so is whether a word comes.
    """
    always = {"guess", "is_word"} if isinstance(row, StudyGuess) else {"stakes", "offered_logprob"}
    named = {field.name: getattr(row, field.name) for field in fields(row)}
    return {
        name: value
        for name, value in named.items()
        if name in always or not _is_unsaid(name, value)
    }


def _is_unsaid(name: str, value: object) -> bool:
    if name in _UNSAID:
        return value == _UNSAID[name]
    if isinstance(value, Mapping):
        return not value
    return value is None or value is False or (value == "" and name in ("mode", "model"))
