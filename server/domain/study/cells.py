"""Values as tables and other programs write them, read as the interchange format has them.

Boxed scalars, whole floats, flags as 0 and 1, text in place of numbers, decimal commas, missing
values as NaN: each has one meaning in a field whose kind is known. What has none stays as it is,
and `row_from_record` refuses it by name.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping

KINDS = ("guess", "stakes", "p_target")
NAMES = frozenset({"player", "passage", "question", "generator"})
TEXTS = frozenset({"guess", "target", "model", "model_guess", "mode", "unit"})
WHOLES = frozenset({"position", "attempt", "vocabulary", "guess_rank", "target_rank"})
FLAGS = frozenset({"is_word", "assisted", "repeated", "excluded", "tail"})
SHARES = frozenset({"other", "p_target"})
LOGPROBS = (
    *("target_logprob", "rival_logprob", "drawn_logprob"),
    *("guess_logprob", "guess_logprob_below"),
)
OBJECTS = frozenset({"stakes", "offered_logprob", *LOGPROBS})
FIELDS = NAMES | TEXTS | WHOLES | FLAGS | SHARES | OBJECTS

# Excel writes truth values in the language that it speaks.
_TRUTH = {"true": True, "wahr": True, "vrai": True, "t": True, "1": True}
_TRUTH |= {"false": False, "falsch": False, "faux": False, "f": False, "0": False}
# More zeros than two might be thousands: 1,000 and 1.000 are refused.
_WHOLE = re.compile(r"([+-]?\d+)(?:[.,]0{1,2})?")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")


def tidied(record: Mapping[str, object]) -> dict[str, object]:
    """Return the record with each known field's value as the interchange format has it.

    Fields without a value are left out, but for what alone tells the row's kind: a guess without
    one is a skip. A column `stakes.cat` is the entry `cat` of `stakes`.

    >>> tidied({"position": [10.0], "is_word": 1, "p_target": "0,5", "unit": float("nan")})
    {'position': 10, 'is_word': True, 'p_target': 0.5}
    """
    found: dict[str, object] = {}
    for name, value in nested(record).items():
        plain = _plain(name, value) if name in FIELDS else value
        if plain is not None:
            found[name] = plain
    if not any(kind in found for kind in KINDS):
        found |= dict.fromkeys([kind for kind in KINDS if kind in record][:1])
    return found


def nested(record: Mapping[str, object]) -> dict[str, object]:
    """Return the record with columns such as `target_logprob.gpt2` gathered into one object."""
    found: dict[str, object] = {}
    for name, value in record.items():
        field, _, key = name.partition(".")
        if not key or field not in OBJECTS:
            found[name] = value
            continue
        entries = found.setdefault(field, {})
        if isinstance(entries, dict):
            entries[key] = value
    return found


def _plain(field: str, value: object) -> object:
    if field in OBJECTS:
        return _entries(value)
    value = _unboxed(value)
    if value is None or value == {}:  # what R's jsonlite writes for NULL
        return None
    if field in WHOLES:
        return _whole(value)
    if field in NAMES:
        return int(value) if isinstance(value, float) and value.is_integer() else value
    if field in FLAGS:
        return _flag(value)
    return _number(value) if field in SHARES else value


def _unboxed(value: object) -> object:
    """Return the one value of a list of one, None for an empty list, NaN and null."""
    while isinstance(value, list) and len(value) <= 1:
        value = value[0] if value else None
    return None if isinstance(value, float) and math.isnan(value) else value


def _whole(value: object) -> object:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and (match := _WHOLE.fullmatch(value.strip())):
        return int(match[1])
    return value


def _flag(value: object) -> object:
    if isinstance(value, int | float) and value in (0, 1):
        return bool(value)
    return _TRUTH.get(value.strip().lower(), value) if isinstance(value, str) else value


def _number(value: object) -> object:
    """Return a number; a decimal comma is one because no share or log-probability has thousands."""
    value = _unboxed(value)
    if not isinstance(value, str):
        return value
    text = value.strip()
    try:
        number = float(text.replace(",", ".") if _DECIMAL_COMMA.fullmatch(text) else text)
    except ValueError:
        return value
    return None if math.isnan(number) else number


def _entries(value: object) -> object:
    """Return an object of numbers, or of such objects; entries without a value are left out.

    Also read are JSON in a cell, and the pairs that Parquet makes of a map.
    """
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except json.JSONDecodeError:
            return value or None
    if isinstance(value, list) and value and all(isinstance(pair, tuple) for pair in value):
        value = dict(value)
    value = _unboxed(value)
    if not isinstance(value, Mapping):
        return value
    inner = {
        str(name): _entries(entry) if isinstance(entry, Mapping) else _number(entry)
        for name, entry in value.items()
    }
    return {name: entry for name, entry in inner.items() if entry is not None}
