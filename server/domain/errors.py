"""What can go wrong, in the game's own words; the web layer maps each kind to a status once."""

from __future__ import annotations


class PerplexedError(Exception):
    """Base of every error whose message is a sentence for the person who caused it."""


class InvalidInput(PerplexedError):
    """The value of `field` is not allowed; the message says what is."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class NotFound(PerplexedError):
    """There is no such thing, or it is not this player's."""


class Forbidden(PerplexedError):
    """Only somebody else may do this; the message says who."""


class Conflict(PerplexedError):
    """The request contradicts what is already recorded."""


class NothingToPlay(PerplexedError):
    """No scored passage is ready for this kind of round."""


class LiveScoringUnavailable(PerplexedError):
    """No text can be scored now; the message says why, `retry_after_s` when to try again."""

    def __init__(self, message: str, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class DatabaseSilent(PerplexedError):
    """The database did not answer a moment ago, so that nobody waits for it now."""
