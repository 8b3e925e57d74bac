"""Records of an export, small enough to work out by hand."""

from __future__ import annotations

from typing import Any

from server.domain.study.interchange import Row, row_from_record

G = "minnow"


def guess(**fields: Any) -> dict[str, Any]:
    """A guess that is right, beside a model that is wrong."""
    return {
        "player": "alice",
        "passage": "1",
        "position": 20,
        "guess": "cat",
        "target": " cat",
        "is_word": True,
        "unit": "words",
        "mode": "guess",
        "assisted": False,
        "model": G,
        "model_guess": " dog",
        "target_logprob": {G: -2.0},
    } | fields


def bet(**fields: Any) -> dict[str, Any]:
    """A bet of one half on the target, to which the model gives e⁻²."""
    return {
        "player": "alice",
        "passage": "1",
        "position": 20,
        "stakes": {" cat": 0.5, " dog": 0.25},
        "other": 0.25,
        "target": " cat",
        "target_logprob": {G: -2.0},
        "offered_logprob": {G: {" cat": -2.0, " dog": -1.0}},
    } | fields


def comparison(**fields: Any) -> dict[str, Any]:
    """A judgement whose ratio is (1/4) / (3/4) = 1/3."""
    return {
        "player": "alice",
        "question": "q1",
        "generator": G,
        "p_target": 0.75,
        "target_logprob": {G: -3.0},
        "rival_logprob": {G: -3.0000001},
    } | fields


def rows(*records: dict[str, Any]) -> list[Row]:
    """Return the rows of records."""
    return [row_from_record(record) for record in records]
