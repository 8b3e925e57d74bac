"""Perplexed: guess the next word, and see how you compare with a language model."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from inspect import iscoroutinefunction
from pathlib import Path
from wsgiref.headers import Headers

from apiflask import APIFlask
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix
from whitenoise import WhiteNoise

from server.application import Service, db
from server.commands import register_commands
from server.config import ROOT, Settings, load_settings
from server.local_models import LocalModels
from server.services.play.library import ScoreLibrary
from server.services.play.opponents import OpponentChoice
from server.services.scoring.live_scoring import LiveScoring
from server.services.statistics.keeper import StatisticsKeeper
from server.store.engine import configure, engine_options, normalised_url
from server.web.admin import admin
from server.web.api import api
from server.web.http.errors import register_errors
from server.web.http.health import health
from server.web.http.limits import limiter
from server.web.http.logs import register_logs
from server.web.http.openapi import register_description
from server.web.http.security import register_security
from server.web.own_text import own_text_api, own_text_pages
from server.web.pages import pages
from server.web.stats import register_changes, stats_api, stats_pages
from server.web.wording.figures import counted, probability, sensible, signed, stated

STATIC_FOLDER = ROOT / "static"
LARGEST_BODY_BYTES = 16 * 1024
COOKIE_LIFETIME = timedelta(days=365)
FOREVER_S = 31_536_000


def create_app(settings: Settings | None = None) -> APIFlask:
    """Wire the application; raise InvalidSettings where a setting is missing or wrong."""
    settings = settings or load_settings()
    static_path = f"/static/{_fingerprint(STATIC_FOLDER)}"
    app = APIFlask(
        __name__,
        title="Perplexed",
        version="1",
        spec_path="/openapi.json",
        docs_path=None,
        json_errors=False,
        template_folder=str(ROOT / "templates"),
        static_folder=str(STATIC_FOLDER),
        static_url_path=static_path,
    )
    _configure(app, settings)
    _open_database(app, settings)
    app.extensions["perplexed"] = Service(
        settings,
        ScoreLibrary(),
        OpponentChoice(
            settings.model_name,
            settings.hub_revision,
            fallback_allowed=not settings.is_production,
        ),
        _statistics(app, settings),
        LiveScoring(LocalModels(settings)) if settings.live_scoring else None,
    )
    limiter.init_app(app)
    register_logs(app)
    register_security(app, https_only=settings.is_production)
    register_errors(app)
    register_commands(app)
    register_description(app)
    register_changes(app)
    live_blueprints = (own_text_api, own_text_pages) if settings.live_scoring else ()
    for blueprint in (api, pages, admin, health, stats_api, stats_pages, *live_blueprints):
        app.register_blueprint(blueprint)
    _serve(app, settings, static_path)
    return app


def _configure(app: APIFlask, settings: Settings) -> None:
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_NAME="perplexed",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.is_production,
        PERMANENT_SESSION_LIFETIME=COOKIE_LIFETIME,
        MAX_CONTENT_LENGTH=LARGEST_BODY_BYTES,
        RATELIMIT_ENABLED=settings.rate_limits,
        RATELIMIT_STORAGE_URI=settings.redis_url or "memory://",
        RATELIMIT_STORAGE_OPTIONS=_redis_options(settings),
        SQLALCHEMY_ENGINES={"default": engine_options(normalised_url(settings.database_url))},
    )
    app.jinja_options = {**app.jinja_options, "undefined": StrictUndefined}
    for filter_ in (counted, probability, sensible, signed, stated):
        app.jinja_env.filters[filter_.__name__] = filter_


def _redis_options(settings: Settings) -> dict[str, object]:
    """Return what redis-py needs beside the address: Heroku's certificates are self-signed."""
    trusting = settings.redis_url.startswith("rediss://") and not settings.redis_verify_tls
    return {"ssl_cert_reqs": None} if trusting else {}


def _open_database(app: APIFlask, settings: Settings) -> None:
    url = normalised_url(settings.database_url)
    if url.startswith("sqlite:///") and ":memory:" not in url:
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    db.init_app(app)
    # There are no asynchronous sessions to close, and each try would start a thread.
    app.teardown_appcontext_funcs = [
        close for close in app.teardown_appcontext_funcs if not iscoroutinefunction(close)
    ]
    with app.app_context():
        configure(db.engine)


def _statistics(app: APIFlask, settings: Settings) -> StatisticsKeeper:
    with app.app_context():
        return StatisticsKeeper(db.sessionmaker, settings.statistics_every_s)


def _serve(app: APIFlask, settings: Settings, static_path: str) -> None:
    """Put WhiteNoise in front for static files, and trust as many proxies as configured."""
    files = WhiteNoise(
        app.wsgi_app,
        root=str(STATIC_FOLDER),
        prefix=static_path,
        max_age=FOREVER_S,
        add_headers_function=_add_static_headers,
    )
    proxies = settings.trusted_proxies
    app.wsgi_app = (  # type: ignore[method-assign]
        ProxyFix(files, x_for=proxies, x_proto=proxies) if proxies else files
    )


def _add_static_headers(headers: Headers, _path: str, _url: str) -> None:
    headers["X-Content-Type-Options"] = "nosniff"


def _fingerprint(folder: Path) -> str:
    """Return a short hash of every file: a changed file changes all static addresses."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(str(path.relative_to(folder)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
