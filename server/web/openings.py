"""Which passage a page showed, as a sign that comes back with the wish to play it."""

from __future__ import annotations

from flask import current_app
from itsdangerous import BadSignature, URLSafeTimedSerializer

_VALID_S = 24 * 3600


def sign_of(scored_passage_id: int) -> str:
    """Return the sign of a passage that a page shows the beginning of."""
    return _serializer().dumps(scored_passage_id)


def passage_of(sign: str | None) -> int | None:
    """Return the passage of a sign; None where it is not ours, or older than a day.

    The round is then on another passage, which the page shows in its place.
    """
    try:
        found = _serializer().loads(sign, max_age=_VALID_S) if sign else None
    except BadSignature:
        return None
    return found if isinstance(found, int) else None


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="opening")
