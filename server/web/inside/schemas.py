"""What the live calls into a model take."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from server.domain.inside.presets import Gate
from server.domain.inside.swaps import SwapPair
from server.web.http.schemas import Strict

_LONGEST_PROMPT = 400
_LONGEST_ANSWER = 64
_MOST_PIECES = 10_000


class NewSwap(Strict):
    """Two prompts of as many tokens, and the word that each calls for."""

    clean: str = Field(min_length=1, max_length=_LONGEST_PROMPT)
    corrupt: str = Field(min_length=1, max_length=_LONGEST_PROMPT)
    clean_answer: str = Field(
        min_length=1, max_length=_LONGEST_ANSWER, description="One token, mostly with its space"
    )
    corrupt_answer: str = Field(min_length=1, max_length=_LONGEST_ANSWER)
    gate: Literal["and", "or"] | None = Field(
        None, description="A circuit built by hand that reads the prompts in place of the model"
    )

    def pair(self) -> SwapPair:
        """Return the prompts as the services take them."""
        return SwapPair(self.clean, self.corrupt, self.clean_answer, self.corrupt_answer)

    def circuit(self) -> Gate | None:
        """Return the circuit that reads, if any."""
        return None if self.gate is None else Gate(self.gate)


class NewContext(Strict):
    """How tokens are taken from the model, and which piece of them: 0 are the most watched."""

    way: Literal["cut", "cut_here", "zeroed", "neutral", "removed"] = Field(
        "cut",
        description="No later token may look at it; the asked position alone may not; its "
        "embedding is zero; “ the” stands in its place; it is left out",
    )
    piece: int = Field(0, ge=0, le=_MOST_PIECES, description="16 tokens each")


class NewTree(Strict):
    """How a word is drawn from the model's probabilities."""

    temperature: float = Field(1.0, ge=0.1, le=2, description="In tenths")
    top_k: int | None = Field(None, ge=1, le=1_000, description="Null for all tokens")


class NewTextContext(NewContext):
    """The same for a text of the player's own."""

    text: str
    position: int = Field(ge=0, description="The token's number, from 0")


class NewTextTree(NewTree):
    """The same for a text of the player's own."""

    text: str
    position: int = Field(ge=0, description="The token's number, from 0")


class NewTextLens(Strict):
    """Which token of a text of the player's own, and through which lens."""

    text: str
    position: int = Field(ge=0, description="The token's number, from 0")
    lens: Literal["fitted", "plain"] = "fitted"
