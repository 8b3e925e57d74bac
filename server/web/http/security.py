"""Headers on every answer, and which state-changing requests are accepted at all."""

from __future__ import annotations

from collections.abc import Collection
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
from werkzeug.sansio.utils import host_is_trusted
from werkzeug.wrappers import Response as AnyResponse

from server.web.http.proxies import UNTRUSTED_HTTPS
from server.web.wording.errors import FOREIGN_ORIGIN, PLAIN_HTTP, UNKNOWN_HOST

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITE = frozenset({"same-origin", "none"})  # what browsers say of our pages, and of people
_FOR_MACHINES = frozenset({"health.alive", "health.ready"})


def register_security(
    app: APIFlask, *, https_only: bool, hosts: Collection[str] = (), styles: Collection[str] = ()
) -> None:
    """Refuse cross-site writes and other names than `hosts`; send strict headers with every answer.

    Where `hosts` is empty, any name is answered. `styles` are hashes of styles that pages hold.
    """
    headers = _secure_headers(https_only, styles).header_items()

    @app.before_request
    def refuse_other_names() -> None:
        named = request.headers.get("Host")
        if request.endpoint not in _FOR_MACHINES and hosts and not host_is_trusted(named, hosts):
            abort(400, UNKNOWN_HOST)

    @app.before_request
    def lead_to_https() -> AnyResponse | None:
        if not https_only or request.is_secure or request.endpoint in _FOR_MACHINES:
            return None
        if request.method not in ("GET", "HEAD"):
            abort(403, PLAIN_HTTP)
        if request.environ.get(UNTRUSTED_HTTPS):
            return None  # a proxy in front that is not trusted: to lead there would never end
        return redirect(request.url.replace("http://", "https://", 1), code=308)

    @app.before_request
    def refuse_foreign_writes() -> None:
        if request.method not in _SAFE_METHODS:
            _require_own_origin()
            if request.path.startswith("/api/") and request.method != "DELETE":
                _require_json()

    @app.after_request
    def send_headers(response: Response) -> Response:
        response.headers.extend(headers)  # no view sets one of them
        if request.endpoint != "static":
            # What a player sees depends on the cookie and changes with each answer.
            response.headers.setdefault("Cache-Control", "no-store")
        return response


def _secure_headers(https_only: bool, styles: Collection[str]) -> Secure:
    policy = (
        ContentSecurityPolicy()
        .default_src("'none'")
        .script_src("'self'")
        .style_src("'self'", *styles)
        .img_src("'self'", "data:")
        .font_src("'self'")
        .connect_src("'self'")
        .manifest_src("'self'")
        .worker_src("'self'")
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
    if request.headers.get("Sec-Fetch-Site", "none") not in _OWN_SITE:
        abort(403, FOREIGN_ORIGIN)
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
