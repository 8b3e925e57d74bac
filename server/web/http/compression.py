"""Answers are compressed for browsers that take it; static files are so already, see `front-end`.

Compression can betray a secret where one answer holds it beside what an attacker chose and sees the
length of. No answer does: the cookie is never in a body, a page asked for from elsewhere reflects
nothing of its address beside anything secret, and what is secret comes in answers to calls from our
own pages alone (docs/decisions/0046-what-travels.md).
"""

from __future__ import annotations

from apiflask import APIFlask
from flask_compress import Compress

# Below this many bytes an answer fits into one packet anyhow.
FEWEST_BYTES = 1_000
COMPRESSED = (
    *("text/html", "text/plain", "text/javascript", "image/svg+xml", "application/xml"),
    *("application/json", "application/problem+json", "application/manifest+json"),
)


def register_compression(app: APIFlask) -> None:
    """Compress what the browser lets us, by Brotli or gzip; streamed exports stay as they are."""
    app.config.update(
        COMPRESS_ALGORITHM=["br", "gzip"],
        COMPRESS_MIMETYPES=list(COMPRESSED),
        COMPRESS_MIN_SIZE=FEWEST_BYTES,
        COMPRESS_STREAMS=False,
    )
    Compress(app)
