"""The rows of an export: guesses, bets and comparisons, each from one JSON object.

What kind a row is, its fields tell: `p_target` makes a comparison, `stakes` a bet, `guess` a guess.
Fields that are not named here are ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from server.domain.errors import InvalidInput
from server.domain.play.duels import Question
from server.domain.text.tokens import Unit

LOWEST_LOGPROB_NATS = -100.0
MOST_ATTEMPTS = 1_000
_LOGPROBS_ALLOWED = f"log-probabilities are numbers from {LOWEST_LOGPROB_NATS:g} to 0"
_ROUNDING = 1e-4
_STAKES_ROUNDING = 0.02

Logprobs = Mapping[str, float]
Record = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class GuessRow:
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
    guess_rank: int | None  # among the model's choices, 1 the first
    target_rank: int | None


@dataclass(frozen=True, slots=True)
class BetRow:
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
class ComparisonRow:
    """A player's share of the target against a rival, in answer to one of two questions."""

    player: str
    question: str
    generator: str
    p_target: float
    target_logprob: Logprobs
    rival_logprob: Logprobs
    tail: bool
    asked_as: Question
    passage: str | None
    position: int | None
    unit: Unit | None
    repeated: bool
    excluded: bool


Row = GuessRow | BetRow | ComparisonRow


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


def _guess(record: Record) -> GuessRow:
    guess, model_guess = record["guess"], record.get("model_guess")
    return GuessRow(
        player=_name(record, "player"),
        passage=_name(record, "passage"),
        position=_whole(record, "position"),
        guess=None if guess is None else _text(record, "guess"),
        target=_text(record, "target"),
        is_word=_flag(record, "is_word", required=True),
        unit=_unit(record),
        mode=_text(record, "mode") if record.get("mode") is not None else "",
        assisted=_flag(record, "assisted"),
        attempt=_attempt(record) if record.get("attempt") is not None else 1,
        repeated=_flag(record, "repeated"),
        excluded=_flag(record, "excluded"),
        model=_text(record, "model") if record.get("model") is not None else "",
        model_guess=None if model_guess is None else _text(record, "model_guess"),
        target_logprob=_logprobs(record, "target_logprob") if "target_logprob" in record else {},
        vocabulary=_vocabulary(record),
        guess_logprob=_logprobs(record, "guess_logprob") if "guess_logprob" in record else {},
        guess_rank=_rank(record, "guess_rank"),
        target_rank=_rank(record, "target_rank"),
    )


def _bet(record: Record) -> BetRow:
    stakes = _stakes(record)
    other = _share(record.get("other"), "other")
    total = sum(stakes.values()) + other
    if abs(total - 1) > _STAKES_ROUNDING:
        raise InvalidInput("stakes", f"with other they add up to {total:.6g}, which must be 1")
    return BetRow(
        player=_name(record, "player"),
        passage=_name(record, "passage"),
        position=_whole(record, "position"),
        stakes=stakes,
        other=other,
        target=_text(record, "target"),
        target_logprob=_logprobs(record, "target_logprob"),
        offered_logprob=_offered(record),
        unit=_unit(record),
        repeated=_flag(record, "repeated"),
        excluded=_flag(record, "excluded"),
    )


def _comparison(record: Record) -> ComparisonRow:
    generator = _name(record, "generator")
    target, rival = _logprobs(record, "target_logprob"), _logprobs(record, "rival_logprob")
    for field, logprobs in (("target_logprob", target), ("rival_logprob", rival)):
        if generator not in logprobs:
            raise InvalidInput(field, f"it lacks the generator {generator}")
    placed = record.get("passage") is not None and record.get("position") is not None
    return ComparisonRow(
        player=_name(record, "player"),
        question=_name(record, "question"),
        generator=generator,
        p_target=_share(record.get("p_target"), "p_target"),
        target_logprob=target,
        rival_logprob=rival,
        tail=_flag(record, "tail"),
        asked_as=_question(record),
        passage=_name(record, "passage") if placed else None,
        position=_whole(record, "position") if placed else None,
        unit=_unit(record),
        repeated=_flag(record, "repeated"),
        excluded=_flag(record, "excluded"),
    )


def _question(record: Record) -> Question:
    """Return what a comparison answers; without a version, what the estimators need.

    The published study told its players to judge as if chance alone had picked the other word. Rows
    that this service exported before it wrote versions answer its first question; they are told by
    the field `asked`, which nobody else writes.
    """
    if record.get("question_version") is None:
        return Question.AUTHOR if "asked" in record else Question.FIT
    version = _whole(record, "question_version", least=1)
    if version not in {*Question}:
        allowed = " or ".join(str(int(known)) for known in Question)
        raise InvalidInput("question_version", f"it must be {allowed}")
    return Question(version)


def _name(record: Record, field: str) -> str:
    value = record.get(field)
    if isinstance(value, str) and value:
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise InvalidInput(field, _lacking(record, field) or "it must be text or a whole number")


def _text(record: Record, field: str) -> str:
    value = record.get(field)
    if isinstance(value, str):
        return value
    raise InvalidInput(field, _lacking(record, field) or "it must be text")


def _whole(record: Record, field: str, least: int = 0) -> int:
    value = record.get(field)
    if isinstance(value, int) and not isinstance(value, bool) and value >= least:
        return value
    raise InvalidInput(
        field, _lacking(record, field) or f"it must be a whole number from {least} up"
    )


def _attempt(record: Record) -> int:
    attempt = _whole(record, "attempt", least=1)
    if attempt > MOST_ATTEMPTS:
        raise InvalidInput("attempt", f"it must be a whole number from 1 to {MOST_ATTEMPTS:,}")
    return attempt


def _vocabulary(record: Record) -> int | None:
    known = record.get("vocabulary") is not None
    return _whole(record, "vocabulary", least=2) if known else None


def _rank(record: Record, field: str) -> int | None:
    return None if record.get(field) is None else _whole(record, field, least=1)


def _flag(record: Record, field: str, *, required: bool = False) -> bool:
    value = record.get(field, None if required else False)
    if isinstance(value, bool):
        return value
    raise InvalidInput(field, _lacking(record, field) or "it must be true or false")


def _unit(record: Record) -> Unit | None:
    value = record.get("unit")
    if value is None:
        return None
    if value in (Unit.WORDS.value, Unit.TOKENS.value):
        return Unit(value)
    raise InvalidInput("unit", "it must be words or tokens")


def _lacking(record: Record, field: str) -> str:
    return "" if field in record else "it is missing"


def _share(value: object, field: str) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
        return float(value)
    reason = "it is missing" if value is None else "it must be a number from 0 to 1"
    raise InvalidInput(field, reason)


def _stakes(record: Record) -> dict[str, float]:
    stakes = record["stakes"]
    if not isinstance(stakes, Mapping):
        raise InvalidInput("stakes", "it must be an object of shares by token")
    return {str(token): _share(share, "stakes") for token, share in stakes.items()}


def _offered(record: Record) -> dict[str, Logprobs]:
    offered = record.get("offered_logprob")
    if not isinstance(offered, Mapping) or not offered:
        raise InvalidInput("offered_logprob", "it must be an object of log-probabilities by model")
    return {
        str(model): _logprobs(offered, model, "offered_logprob", may_be_empty=True)
        for model in offered
    }


def _logprobs(
    record: Record, key: str, field: str | None = None, *, may_be_empty: bool = False
) -> Logprobs:
    """Return log-probabilities by name, in nats; a rounding above 0 is read as 0."""
    values = record.get(key)
    if not isinstance(values, Mapping) or not (values or may_be_empty):
        raise InvalidInput(
            field or key, _lacking(record, key) or "it must be an object of log-probabilities"
        )
    return {name: _logprob(value, field or key) for name, value in values.items()}


def _logprob(value: object, field: str) -> float:
    if isinstance(value, float) and LOWEST_LOGPROB_NATS <= value <= 0:
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidInput(field, _LOGPROBS_ALLOWED)
    if LOWEST_LOGPROB_NATS <= value <= _ROUNDING:
        return min(float(value), 0.0)
    raise InvalidInput(field, _LOGPROBS_ALLOWED)
