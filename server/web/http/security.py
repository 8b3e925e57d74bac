"""Headers on every answer, and which state-changing requests are accepted at all."""

from __future__ import annotations

from urllib.parse import urlsplit

from apiflask import APIFlask
from flask import Response, abort, redirect, request
from secure import (
    ContentSecurityPolicy,
    CrossOriginOpenerPolicy,
    PermissionsPolicy,
    ReferrerPolicy,
    Secure,
    StrictTransportSecurity,
    XContentTypeOptions,
    XFrameOptions,
)
from werkzeug.wrappers import Response as AnyResponse

from server.web.wording.errors import FOREIGN_ORIGIN

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_FOR_MACHINES = frozenset({"health.alive", "health.ready"})


def register_security(app: APIFlask, *, https_only: bool) -> None:
    """Refuse cross-site writes and send strict headers with every answer."""
    headers = _secure_headers(https_only)

    @app.before_request
    def lead_to_https() -> AnyResponse | None:
        plain = https_only and not request.is_secure and request.endpoint not in _FOR_MACHINES
        if plain and request.method in ("GET", "HEAD"):
            return redirect(request.url.replace("http://", "https://", 1), code=308)
        return None

    @app.before_request
    def refuse_foreign_writes() -> None:
        if request.method not in _SAFE_METHODS:
            _require_own_origin()
            if request.path.startswith("/api/") and request.method != "DELETE":
                _require_json()

    @app.after_request
    def send_headers(response: Response) -> Response:
        headers.set_headers(response)
        if request.endpoint != "static":
            # What a player sees depends on the cookie and changes with each answer.
            response.headers.setdefault("Cache-Control", "no-store")
        return response


def _secure_headers(https_only: bool) -> Secure:
    policy = (
        ContentSecurityPolicy()
        .default_src("'none'")
        .script_src("'self'")
        .style_src("'self'")
        .img_src("'self'", "data:")
        .connect_src("'self'")
        .form_action("'self'")
        .base_uri("'none'")
        .frame_ancestors("'none'")
    )
    return Secure(
        csp=policy,
        coop=CrossOriginOpenerPolicy().same_origin(),
        hsts=StrictTransportSecurity().max_age(31_536_000) if https_only else None,
        permissions=PermissionsPolicy().camera().microphone().geolocation(),
        referrer=ReferrerPolicy().same_origin(),
        xcto=XContentTypeOptions().nosniff(),
        xfo=XFrameOptions().deny(),
    )


def _require_own_origin() -> None:
    """Let in browsers on our own pages, and plain HTTP clients, which send no Origin."""
    origin = request.headers.get("Origin")
    if origin is None:
        return
    try:
        ours = urlsplit(origin).netloc == request.host
    except ValueError:
        ours = False
    if not ours:
        abort(403, FOREIGN_ORIGIN)


def _require_json() -> None:
    if request.mimetype != "application/json":
        abort(415)
