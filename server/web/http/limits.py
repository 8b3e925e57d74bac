"""Rate limits: generous for people, a wall for scripts. Addresses are counted, never stored."""

from __future__ import annotations

from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from server.web.http.context import player_id

START_LIMIT = "60 per minute"
ANSWER_LIMIT = "120 per minute"
TEXT_LIMIT = "20 per minute"
TEXT_ROUND_LIMIT = "10 per minute; 60 per day"  # each stores a text and its scores
TEXT_ROUND_LIMIT_OF_ADDRESS = "300 per day"  # enough for a class, not for a script without cookies
ADMIN_LIMIT = "60 per minute"


def _who() -> str:
    """Return whose requests are counted: a class behind one address is many players."""
    return player_id() or get_remote_address()


limiter: Limiter = Limiter(
    _who,
    strategy="moving-window",
    headers_enabled=True,
    in_memory_fallback_enabled=True,  # without Redis the game goes on; each process counts alone
)
