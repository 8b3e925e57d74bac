"""Rate limits: generous for people, a wall for scripts. Addresses are counted, never stored.

By player, and by address: an IPv4 address, or the /64 that an IPv6 subscriber has. The limits of an
address leave room for a hall of 200 pupils behind one, for an hour: 300 of them begin, each answers
every two seconds.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TypeVar, cast

from flask import Response, request
from flask_limiter import Limiter

from server.web.http.addresses import network_of
from server.web.http.context import player_id, visitor_id

START_LIMIT = "60 per minute"
START_LIMIT_OF_ADDRESS = "600 per minute; 12000 per hour"
NEW_PLAYERS_OF_ADDRESS = "300 per hour; 1000 per day"
ANSWER_LIMIT = "120 per minute"
ANSWER_LIMIT_OF_ADDRESS = "6000 per minute"
TEXT_LIMIT = "20 per minute"
TEXT_LIMIT_OF_ADDRESS = "400 per minute"
TEXT_KILOBYTES_OF_ADDRESS = "10000 per day"
TEXT_ROUND_LIMIT = "10 per minute; 60 per day"  # each stores a text and its scores
TEXT_ROUND_LIMIT_OF_ADDRESS = "300 per day"  # enough for a class, not for a script without cookies
PICTURE_LIMIT = "120 per minute"  # of an address, cookie or not: drawing one takes a quarter second
TRANSFER_LIMIT = "5 per minute; 30 per day"
JOIN_LIMIT_OF_ADDRESS = "10 per minute; 100 per day"  # of 10¹⁰ codes that last ten minutes
DATA_LIMIT = "20 per minute"
INSIDE_LIMIT = "60 per minute"  # a passage's context takes up to ten pieces, each way
SWAP_LIMIT = "20 per minute"
ADMIN_LIMIT = "60 per minute"
WRONG_TOKEN_LIMIT = "10 per minute; 60 per hour"  # noqa: S105 (how often, not which)
_BYTES_OF_A_KILOBYTE = 1_024

View = TypeVar("View", bound=Callable[..., object])


def address() -> str:
    """Return what stands for the subscriber that a request comes from."""
    return network_of(request.remote_addr) or "unknown"


def _who() -> str:
    """Return whose requests are counted: a class behind one address is many players."""
    return player_id() or visitor_id() or address()


limiter: Limiter = Limiter(
    _who,
    strategy="moving-window",
    headers_enabled=True,
    in_memory_fallback_enabled=True,  # without Redis the game goes on; each process counts alone
    swallow_errors=True,  # who asks Redis while another thread finds it gone is let through
)


def starting(view: View) -> View:
    """Limit a call that begins a round, and adds a player where the cookie holds none."""
    new = limiter.shared_limit(
        NEW_PLAYERS_OF_ADDRESS, scope="new players", key_func=address, exempt_when=_is_known
    )
    return _together("starts", START_LIMIT, START_LIMIT_OF_ADDRESS, cast("View", new(view)))


def answering(view: View) -> View:
    """Limit a call that answers."""
    return _together("answers", ANSWER_LIMIT, ANSWER_LIMIT_OF_ADDRESS, view)


def reading_a_text(view: View) -> View:
    """Limit a call that has the model read a text, by how much there is to read, too."""
    of_address = limiter.limit(TEXT_LIMIT_OF_ADDRESS, key_func=address)
    by_size = limiter.limit(TEXT_KILOBYTES_OF_ADDRESS, key_func=address, cost=_kilobytes)
    return cast("View", limiter.limit(TEXT_LIMIT)(of_address(by_size(view))))


def for_admins(view: View) -> View:
    """Limit an admin's call by address, and wrong tokens much more."""
    wrong = limiter.limit(WRONG_TOKEN_LIMIT, key_func=address, deduct_when=_is_refused)
    return cast("View", limiter.limit(ADMIN_LIMIT, key_func=address)(wrong(view)))


def seconds_to_wait() -> int:
    """Return in how many seconds the limit that refused this request lets the next one pass."""
    limit = limiter.current_limit
    return max(1, math.ceil(limit.reset_at - time.time())) if limit else 1


def _together(what: str, own: str, of_address: str, view: View) -> View:
    """Limit calls of one kind, counted together by whichever way they come in."""
    by_address = limiter.shared_limit(of_address, scope=f"{what} of an address", key_func=address)
    return cast("View", limiter.shared_limit(own, scope=what)(by_address(view)))


def _is_known() -> bool:
    return player_id() is not None


def _kilobytes() -> int:
    return max(1, math.ceil((request.content_length or 0) / _BYTES_OF_A_KILOBYTE))


def _is_refused(response: Response) -> bool:
    return response.status_code == 401
