"""The code that a room is found by: read from a projector, typed on a phone."""

from __future__ import annotations

import secrets

from server.domain.errors import NotFound

# No letter that looks like another or like a digit, and no vowel: a code never spells a word.
CODE_LETTERS = "BCDFGHJKMNPRSTWXYZ"
CODE_LENGTH = 6
NO_SUCH_ROOM = "There is no room with this code. It has six letters, as on the host’s screen."


def new_code() -> str:
    """Return a code at random, one of about 34 million."""
    return "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))


def read_code(text: str) -> str:
    """Return a code as it is stored, from what somebody typed; raise NotFound where it is none.

    >>> read_code(" bcd-fgh ")
    'BCDFGH'
    """
    code = "".join(character for character in text.upper() if character not in " -")
    if len(code) != CODE_LENGTH or not set(code) <= set(CODE_LETTERS):
        raise NotFound(NO_SUCH_ROOM)
    return code
