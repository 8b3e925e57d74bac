"""What a room and its players are called: a code to find it by, and names that are made up."""

from __future__ import annotations

import secrets
from collections.abc import Collection

from server.domain.errors import NotFound

COLOURS = (
    *("Amber", "Ashen", "Azure", "Bronze", "Cobalt", "Copper", "Coral", "Crimson", "Golden"),
    *("Green", "Grey", "Hazel", "Indigo", "Ivory", "Jade", "Lilac", "Olive", "Pearl"),
    *("Rose", "Ruby", "Russet", "Sandy", "Silver", "Violet"),
)
CREATURES = (
    *("Badger", "Beaver", "Bison", "Crane", "Curlew", "Dolphin", "Falcon", "Finch", "Gecko"),
    *("Hare", "Heron", "Ibex", "Jackdaw", "Lynx", "Marten", "Newt", "Otter", "Owl"),
    *("Plover", "Puffin", "Raven", "Robin", "Stoat", "Swift", "Tern", "Wren"),
)
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


def made_up_name(taken: Collection[str] = ()) -> str:
    """Return a name at random that is not taken; with a number where most are.

    There are 624 without one.
    """
    for _ in range(20):
        name = f"{secrets.choice(COLOURS)} {secrets.choice(CREATURES)}"
        if name not in taken:
            return name
    return f"{name} {len(taken) + 1}"


def is_made_up(name: str) -> bool:
    """Tell whether a name is one of those that are made up: it says nothing about its bearer."""
    colour, _, creature = name.partition(" ")
    return colour in COLOURS and creature in CREATURES
