"""What proxies in front say about a request, believed as far as TRUSTED_PROXIES allows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from server.web.http.logs import log_line

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

UNTRUSTED_HTTPS = "perplexed.untrusted_https"
_SCHEMES = ("http", "https")
# A path on this host and nothing else: `//elsewhere` would lead away.
_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~-]+){1,8}")


class ForwardedHeaders:
    """Take scheme and path prefix from X-Forwarded-Proto and X-Forwarded-Prefix.

    The nearest proxy's entry is the last one. With `proxies` of them the entry of the outermost
    trusted one is taken, or the first, where a proxy replaces the list instead of adding to it.
    Anything but http and https is ignored, and so is a prefix that is not a plain path. Where no
    proxy is trusted, nothing is believed, and a proxy that says https is warned about once.
    """

    def __init__(self, app: WSGIApplication, proxies: int) -> None:
        self._app, self._proxies, self._warned = app, proxies, False

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve the request as it was made to the outermost trusted proxy."""
        scheme = self._entry(environ.get("HTTP_X_FORWARDED_PROTO", "")).lower()
        if not self._proxies:
            self._note_untrusted(environ, scheme)
            return self._app(environ, start_response)
        if scheme in _SCHEMES:
            environ["wsgi.url_scheme"] = scheme
        prefix = self._entry(environ.get("HTTP_X_FORWARDED_PREFIX", "")).rstrip("/")
        if _PREFIX.fullmatch(prefix) and ".." not in prefix.split("/"):
            environ["SCRIPT_NAME"] = prefix
            path = environ.get("PATH_INFO", "")
            if path == prefix or path.startswith(f"{prefix}/"):  # the proxy did not strip it
                environ["PATH_INFO"] = path.removeprefix(prefix) or "/"
        return self._app(environ, start_response)

    def _entry(self, header: str) -> str:
        entries = [entry.strip() for entry in header.split(",")]
        return entries[-min(len(entries), max(self._proxies, 1))]

    def _note_untrusted(self, environ: WSGIEnvironment, scheme: str) -> None:
        if scheme != "https" or environ["wsgi.url_scheme"] == "https":
            return
        environ[UNTRUSTED_HTTPS] = True
        if not self._warned:
            self._warned = True
            log_line(
                "warning",
                "untrusted proxy",
                advice="A proxy says that visitors come over HTTPS, but TRUSTED_PROXIES is 0, so "
                "it is not believed. Set TRUSTED_PROXIES to the number of proxies in front.",
            )
