"""What a process keeps for a while, so that a look costs no more than the first one did."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, MutableMapping
from typing import TypeVar

from cachetools import LRUCache, TTLCache

PICTURES_IN_MEMORY = 256  # about 30 KB each
BOARDS_IN_MEMORY = 64
BOARDS_LAST_S = 30.0
Kept = TypeVar("Kept")


class ContestMemory:
    """Pictures of links, leaderboards, and the models' accuracy; shared by a process's threads."""

    def __init__(self, boards_last_s: float = BOARDS_LAST_S) -> None:
        self.pictures: MutableMapping[Hashable, bytes] = LRUCache(PICTURES_IN_MEMORY)
        self.boards: MutableMapping[Hashable, object] = TTLCache(BOARDS_IN_MEMORY, boards_last_s)
        self.models: MutableMapping[Hashable, object] = LRUCache(BOARDS_IN_MEMORY)
        self._lock = threading.Lock()

    def kept(
        self, memory: MutableMapping[Hashable, Kept], key: Hashable, make: Callable[[], Kept]
    ) -> Kept:
        """Return what a memory holds under a key, made where it holds nothing.

        Two threads may make the same thing at once; neither waits for the other.
        """
        with self._lock:
            found = memory.get(key)
        if found is None:
            found = make()
            with self._lock:
                memory[key] = found
        return found
