"""The bytes of one connection, until a whole request is among them."""

from __future__ import annotations

import re
from enum import Enum

# More than gunicorn's own limits of a request line and its fields ever let through.
LARGEST_HEAD_BYTES = 64 * 1024
# Four times what the application takes. It refuses such a body by its stated length, unread.
LARGEST_BODY_BYTES = 64 * 1024

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length[ \t]*:[ \t]*([0-9]{1,19})[ \t]*\r\n", re.IGNORECASE)
_CODED = re.compile(rb"\r\ntransfer-encoding[ \t]*:", re.IGNORECASE)
_EXPECTING = re.compile(rb"\r\nexpect[ \t]*:[ \t]*100-continue[ \t]*\r\n", re.IGNORECASE)


class Arrival(Enum):
    """How much of a request has arrived."""

    NOTHING = "nothing"
    HEAD = "part of the head"
    BODY = "the head, and part of the body"
    WHOLE = "all of it"
    ENDLESS = "a head that is too long"
    UNMEASURED = "a body that does not say how long it is"


class Inbox:
    """Gathers bytes and says when a request is whole.

    Only where the head ends and what its Content-Length says is read here; all else, and every
    refusal of what is malformed, is left to gunicorn's parser.
    """

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._looked_at = 0  # up to here there is no end of a head
        self._head_bytes = 0  # 0 until the head is whole
        self._body_bytes = 0

    def add(self, data: bytes) -> None:
        """Take what has arrived."""
        self._bytes += data

    @property
    def arrival(self) -> Arrival:
        """How much of the next request is here."""
        if not self._bytes:
            return Arrival.NOTHING
        if not self._head_bytes and not self._read_head():
            too_long = len(self._bytes) > LARGEST_HEAD_BYTES
            return Arrival.ENDLESS if too_long else Arrival.HEAD
        if self._body_bytes < 0:
            return Arrival.UNMEASURED
        whole = len(self._bytes) >= self._head_bytes + self._body_bytes
        return Arrival.WHOLE if whole or self.is_too_large else Arrival.BODY

    @property
    def is_too_large(self) -> bool:
        """Whether the body will be refused by its length, so that nobody need wait for it."""
        return self._body_bytes > LARGEST_BODY_BYTES

    @property
    def expects_a_sign(self) -> bool:
        """Whether the client sends the body only once it is told to."""
        return bool(_EXPECTING.search(self._bytes, 0, self._head_bytes))

    @property
    def path(self) -> bytes:
        """The path of a request whose head is here, as it was sent."""
        line = bytes(self._bytes[: self._bytes.find(b"\r\n")])
        return line.split(b" ")[1].partition(b"?")[0] if line.count(b" ") > 1 else b""

    def take(self) -> bytes:
        """Return the request that is whole, and keep what follows it."""
        end = self._head_bytes + self._body_bytes
        request = bytes(self._bytes[:end])
        del self._bytes[:end]
        self._looked_at = self._head_bytes = self._body_bytes = 0
        return request

    def _read_head(self) -> bool:
        end = self._bytes.find(_END_OF_HEAD, self._looked_at)
        if end < 0:
            self._looked_at = max(0, len(self._bytes) - len(_END_OF_HEAD) + 1)
            return False
        self._head_bytes = end + len(_END_OF_HEAD)
        if _CODED.search(self._bytes, 0, self._head_bytes):
            self._body_bytes = -1
        elif length := _LENGTH.search(self._bytes, 0, self._head_bytes):
            self._body_bytes = int(length[1])
        return True
