"""Pairs of prompts that show one kind of thing each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from server.domain.inside.swaps import SwapPair


class Gate(StrEnum):
    """A circuit of two heads built by hand, whose answer is a plain rule of both."""

    AND = "and"
    OR = "or"


@dataclass(frozen=True)
class Preset:
    """A pair under a name; with a gate, a circuit built by hand reads it in place of a model."""

    name: str
    pair: SwapPair
    gate: Gate | None = None


_YES_AND_NO = SwapPair("yes yes =", "no no =", "yes", "no")
PRESETS = (
    Preset(
        "agreement",
        SwapPair("The keys to the old cabinet", "The key to the old cabinet", " were", " was"),
    ),
    Preset(
        "capital",
        SwapPair("From Tokyo, the capital of", "From Moscow, the capital of", " Japan", " Russia"),
    ),
    Preset(
        "copying",
        SwapPair(
            "John and Paul went to the market. John and",
            "John and Mary went to the market. John and",
            " Paul",
            " Mary",
        ),
    ),
    Preset("and", _YES_AND_NO, Gate.AND),
    Preset("or", _YES_AND_NO, Gate.OR),
)
