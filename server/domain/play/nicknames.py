"""What a player may call themselves."""

from __future__ import annotations

import unicodedata

from server.domain.errors import InvalidInput

LONGEST_NICKNAME_CHARACTERS = 32
_EMOJI_PARTS = frozenset({"\u200d", *map(chr, range(0xE0020, 0xE0080))})  # joiner, flag tags
_LOOK_EMPTY = frozenset("\u115f\u1160\u2800\u3164\uffa0")
_DISTURBING = ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")


def read_nickname(text: str | None) -> str | None:
    """Return the nickname as it is stored (NFC, stripped), or None for none.

    Emoji are welcome; control and direction characters, which could disturb a page, are not, and
    something must be visible. Raises InvalidInput with field `nickname`.
    """
    if text is None:
        return None
    name = unicodedata.normalize("NFC", text).strip()
    if not 1 <= len(name) <= LONGEST_NICKNAME_CHARACTERS:
        limit = LONGEST_NICKNAME_CHARACTERS
        raise InvalidInput("nickname", f"A nickname has 1 to {limit} characters.")
    for character in name:
        if unicodedata.category(character) in _DISTURBING and character not in _EMOJI_PARTS:
            code = f"U+{ord(character):04X}"
            raise InvalidInput("nickname", f"The invisible character {code} is not allowed.")
    if not any(_is_visible(character) for character in name):
        raise InvalidInput("nickname", "A nickname needs a visible character.")
    return name


def _is_visible(character: str) -> bool:
    """Tell whether a character shows by itself; emoji newer than Python's tables do."""
    if character in _LOOK_EMPTY:
        return False
    category = unicodedata.category(character)
    return category == "Cn" or category[0] in "LNPS"
