"""The names that are made up for a room's players, in place of one of their own."""

from __future__ import annotations

import secrets
from collections.abc import Collection

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
