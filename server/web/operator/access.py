"""Who may see the operator's pages: whoever has the token; where none is set they do not exist."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from http import HTTPStatus
from typing import TypeVar, cast

from flask import Response, abort, request
from flask_httpauth import HTTPBasicAuth, HTTPTokenAuth, MultiAuth

from server.application import service
from server.web.http.errors import problem
from server.web.wording.errors import TOKEN_REQUIRED

View = TypeVar("View", bound=Callable[..., object])

_basic = HTTPBasicAuth(realm="Perplexed admin")
_bearer = HTTPTokenAuth("Bearer", realm="Perplexed admin")
_auth = MultiAuth(_basic, _bearer)


def hide_without_token() -> None:
    """Answer 404 while no token is configured."""
    if not service().settings.admin_token:
        abort(404)


def token_required(view: View) -> View:
    """Refuse a call without the token, as a bearer token or as the password."""
    return cast("View", _auth.login_required(view))


def prefers_json() -> bool:
    """Tell whether the client would rather have JSON than a page."""
    kinds = request.accept_mimetypes
    best = kinds.best_match(["application/json", "text/html"], default="application/json")
    return best == "application/json"


@_basic.verify_password
def _right_password(_username: str, password: str) -> bool:
    return _is_token(password)


@_bearer.verify_token
def _right_token(token: str) -> bool:
    return _is_token(token)


def _is_token(text: str) -> bool:
    return hmac.compare_digest(text.encode(), service().settings.admin_token.encode())


def _refused(status: int) -> Response:
    return problem(HTTPStatus(status), TOKEN_REQUIRED)


# Each on its own, since each adds its own challenge where there is none: a browser asks for a
# password only when it is challenged with Basic.
for _scheme in (_basic, _bearer):
    _scheme.error_handler(_refused)
