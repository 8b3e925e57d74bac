"""The fields of a row, each read by its kind; what cannot be read raises InvalidInput."""

from __future__ import annotations

from collections.abc import Mapping

from server.domain.errors import InvalidInput
from server.domain.text.tokens import Unit

LOWEST_LOGPROB_NATS = -100.0
MOST_ATTEMPTS = 1_000
_LOGPROBS_ALLOWED = f"log-probabilities are numbers from {LOWEST_LOGPROB_NATS:g} to 0"
_ROUNDING = 1e-4

Logprobs = Mapping[str, float]
Record = Mapping[str, object]


def name(record: Record, field: str) -> str:
    """Return a name; whole numbers are names, too."""
    value = record.get(field)
    if isinstance(value, str) and value:
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise InvalidInput(field, lacking(record, field) or "it must be text or a whole number")


def text(record: Record, field: str) -> str:
    """Return a text, which may be empty."""
    value = record.get(field)
    if isinstance(value, str):
        return value
    raise InvalidInput(field, lacking(record, field) or "it must be text")


def whole(record: Record, field: str, least: int = 0) -> int:
    """Return a whole number of a least size."""
    value = record.get(field)
    if isinstance(value, int) and not isinstance(value, bool) and value >= least:
        return value
    raise InvalidInput(
        field, lacking(record, field) or f"it must be a whole number from {least} up"
    )


def attempt(record: Record) -> int:
    """Return which try an answer was, from 1."""
    attempt = whole(record, "attempt", least=1)
    if attempt > MOST_ATTEMPTS:
        raise InvalidInput("attempt", f"it must be a whole number from 1 to {MOST_ATTEMPTS:,}")
    return attempt


def vocabulary(record: Record) -> int | None:
    """Return how many answers there are, where that is known."""
    known = record.get("vocabulary") is not None
    return whole(record, "vocabulary", least=2) if known else None


def rank(record: Record, field: str) -> int | None:
    """Return a rank from 1, where it is known."""
    return None if record.get(field) is None else whole(record, field, least=1)


def flag(record: Record, field: str, *, required: bool = False) -> bool:
    """Return whether something is so."""
    value = record.get(field, None if required else False)
    if isinstance(value, bool):
        return value
    raise InvalidInput(field, lacking(record, field) or "it must be true or false")


def unit(record: Record) -> Unit | None:
    """Return the unit, where it is told."""
    value = record.get("unit")
    if value is None:
        return None
    if value in (Unit.WORDS.value, Unit.TOKENS.value):
        return Unit(value)
    raise InvalidInput("unit", "it must be words or tokens")


def lacking(record: Record, field: str) -> str:
    """Return that a field is missing, or nothing where it is there."""
    return "" if field in record else "it is missing"


def share(value: object, field: str) -> float:
    """Return a number from 0 to 1."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
        return float(value)
    reason = "it is missing" if value is None else "it must be a number from 0 to 1"
    raise InvalidInput(field, reason)


def stakes(record: Record) -> dict[str, float]:
    """Return the shares by token."""
    found = record["stakes"]
    if not isinstance(found, Mapping):
        raise InvalidInput("stakes", "it must be an object of shares by token")
    return {str(token): share(stake, "stakes") for token, stake in found.items()}


def offered(record: Record) -> dict[str, Logprobs]:
    """Return the log-probabilities of what was offered, by model and token."""
    offered = record.get("offered_logprob")
    if not isinstance(offered, Mapping) or not offered:
        raise InvalidInput("offered_logprob", "it must be an object of log-probabilities by model")
    return {
        str(model): logprobs(offered, model, "offered_logprob", may_be_empty=True)
        for model in offered
    }


def logprobs(
    record: Record, key: str, field: str | None = None, *, may_be_empty: bool = False
) -> Logprobs:
    """Return log-probabilities by name, in nats; a rounding above 0 is read as 0."""
    if not isinstance(values := record.get(key), Mapping) or not (values or may_be_empty):
        problem = lacking(record, key) or "it must be an object of log-probabilities"
        raise InvalidInput(field or key, problem)
    return {name: logprob(value, field or key) for name, value in values.items()}


def optional_logprobs(record: Record, key: str, *, may_be_empty: bool = True) -> Logprobs:
    """Return log-probabilities by name, or none where the field is missing."""
    return logprobs(record, key, may_be_empty=may_be_empty) if key in record else {}


def logprob(value: object, field: str) -> float:
    """Return one log-probability in nats."""
    if isinstance(value, float) and LOWEST_LOGPROB_NATS <= value <= 0:
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidInput(field, _LOGPROBS_ALLOWED)
    if LOWEST_LOGPROB_NATS <= value <= _ROUNDING:
        return min(float(value), 0.0)
    raise InvalidInput(field, _LOGPROBS_ALLOWED)


def drawn_logprobs(record: Record) -> Logprobs | None:
    """Return how likely target and rival were to be drawn, where the row says so."""
    if record.get("drawn_logprob") is None:
        return None
    drawn = logprobs(record, "drawn_logprob")
    if drawn.keys() != {"target", "rival"}:
        raise InvalidInput("drawn_logprob", "it must have target and rival, and nothing else")
    return drawn
