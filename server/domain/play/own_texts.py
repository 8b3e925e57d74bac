"""A text that a player pastes: what it may be, and what a round on it needs."""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass

from server.domain.errors import InvalidInput
from server.domain.play.rounds import MINIMUM_CONTEXT_TOKENS
from server.domain.text.passages import plain_line_ends

LONGEST_TEXT_CHARACTERS = 2_000
LONGEST_TEXT_BYTES = 6_000  # three a character: Chinese fits, a wall of emoji does not
MOST_TOKENS = 2_048
FEWEST_POSITIONS = 5
_TITLE_CHARACTERS = 40


@dataclass(frozen=True)
class OwnText:
    """A player's own text; it is stored only if the player asks for a round on it."""

    text: str

    @property
    def title(self) -> str:
        """The first words, cut between two of them where that is possible."""
        line = " ".join(self.text.split())
        if len(line) <= _TITLE_CHARACTERS:
            return line
        return (line[:_TITLE_CHARACTERS].rsplit(" ", 1)[0] or line[:_TITLE_CHARACTERS]) + "…"

    def content_hash(self, owner: str) -> str:
        """SHA-256 of owner and text: equal texts of two players, or of the game, stay apart."""
        return hashlib.sha256(f"{owner}\0{self.text}".encode()).hexdigest()


def read_own_text(text: str) -> OwnText:
    """Return the text as it is scored: without outer white space, with plain line ends.

    Raises InvalidInput (field `text`) where it is empty, too long, or holds control characters.
    """
    text = plain_line_ends(text).strip()
    allowed = f"1 to {LONGEST_TEXT_CHARACTERS:,} characters are allowed"
    if not text:
        raise InvalidInput("text", f"The text is empty; {allowed}.")
    if len(text) > LONGEST_TEXT_CHARACTERS:
        raise InvalidInput("text", f"The text has {len(text):,} characters; {allowed}.")
    size = len(text.encode(errors="surrogatepass"))
    if size > LONGEST_TEXT_BYTES:
        raise InvalidInput(
            "text", f"The text takes {size:,} bytes; at most {LONGEST_TEXT_BYTES:,} are allowed."
        )
    for character in text:
        if unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\t":
            code = f"U+{ord(character):04X}"
            sentence = f"The text contains the control character {code}; line ends and tabs are"
            raise InvalidInput("text", f"{sentence} the only ones allowed.")
    return OwnText(text)


def require_few_tokens(tokens: int) -> None:
    """Raise InvalidInput (field `text`) for a text of more tokens than are scored at once."""
    if tokens > MOST_TOKENS:
        raise InvalidInput(
            "text",
            f"To the model this text is {tokens:,} tokens; {MOST_TOKENS:,} are allowed. Emoji and "
            "scripts other than Latin take several for each character.",
        )


def require_enough_to_ask(positions: int) -> None:
    """Raise InvalidInput (field `text`) where a round would have too few words to ask."""
    if positions < FEWEST_POSITIONS:
        raise InvalidInput(
            "text",
            f"A round needs at least {FEWEST_POSITIONS} words to ask after the first "
            f"{MINIMUM_CONTEXT_TOKENS} tokens, and this text has {positions}. Some forty English "
            "words are usually enough.",
        )
