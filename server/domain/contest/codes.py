"""Codes that people pass on: by a link, or typed from one screen into another."""

from __future__ import annotations

import re
from datetime import timedelta

from server.domain.errors import InvalidInput

CHALLENGE_CODE = re.compile(r"[\w-]{16}", re.ASCII)
CHALLENGE_CODE_BYTES = 12  # 96 bits: nobody finds one by trying

# No I beside L, no O beside Q, no S, U, V or Z, which a hand or a font makes alike.
TRANSFER_LETTERS = "ABCDEFGHJKLMNPRTWXY"
TRANSFER_CODE_LETTERS = 8
TRANSFER_LASTS = timedelta(minutes=10)


def read_transfer_code(text: str) -> str:
    """Return a typed code in capitals without spaces and dashes; raise InvalidInput, field `code`.

    >>> read_transfer_code("abcd-efgh")
    'ABCDEFGH'
    """
    code = re.sub(r"[\s-]", "", text).upper()
    if len(code) != TRANSFER_CODE_LETTERS or not set(code) <= set(TRANSFER_LETTERS):
        raise InvalidInput(
            "code", f"A code is {TRANSFER_CODE_LETTERS} letters of {TRANSFER_LETTERS}."
        )
    return code
