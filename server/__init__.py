"""Perplexed: guess the next word, and see how you compare with a language model."""

from __future__ import annotations

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
from server.services.contest.memory import BOARDS_LAST_S, ContestMemory
from server.services.play.home import HomeKeeper
from server.services.play.library import ScoreLibrary
from server.services.play.opponents import OpponentChoice
from server.services.scoring.live_scoring import LiveScoring
from server.services.statistics.crowd_keeper import CrowdKeeper
from server.services.statistics.keeper import StatisticsKeeper
from server.store.engine import configure, engine_options, normalised_url
from server.store.patience import Waits
from server.web.admin import admin
from server.web.api import api
from server.web.contest import contest_blueprints
from server.web.contest.previews import register_emblems
from server.web.daily import daily_api, daily_pages
from server.web.http.compression import register_compression
from server.web.http.errors import register_errors
from server.web.http.failures import register_failures
from server.web.http.health import health
from server.web.http.limits import limiter
from server.web.http.logs import register_logs
from server.web.http.metrics import note_texts, register_metrics
from server.web.http.openapi import register_description
from server.web.http.proxies import ForwardedHeaders
from server.web.http.reports import register_reports
from server.web.http.security import register_security
from server.web.http.static_files import StaticFiles, static_files
from server.web.inside.live import live_inside_api, live_inside_pages
from server.web.inside.stored import inside_pages, stored_inside_api
from server.web.inside.swap_lab import swap_api, swap_pages
from server.web.notices import notices
from server.web.operator.pages import operator
from server.web.own_text import own_text_api, own_text_pages
from server.web.pages import pages
from server.web.rooms.api import room_api
from server.web.rooms.pages import room_pages
from server.web.site import site
from server.web.stats import register_changes, stats_api, stats_pages
from server.web.wording.figures import counted, probability, sensible, signed, stated

LARGEST_BODY_BYTES = 16 * 1024
COOKIE_LIFETIME = timedelta(days=365)
FOREVER_S = 31_536_000


def create_app(settings: Settings | None = None) -> APIFlask:
    """Wire the application; raise InvalidSettings where a setting is missing or wrong."""
    settings = settings or load_settings()
    files = static_files()
    app = APIFlask(
        __name__,
        title="Perplexed",
        version="1",
        spec_path="/openapi.json",
        docs_path=None,
        json_errors=False,
        template_folder=str(ROOT / "templates"),
        static_folder=str(files.folder),
        static_url_path=files.path,
    )
    _configure(app, settings, files)
    _open_database(app, settings)
    app.extensions["perplexed"] = new_service(app, settings)
    limiter.init_app(app)
    register_reports(settings.sentry_dsn)
    register_logs(app)
    register_security(
        app,
        https_only=settings.is_production,
        hosts=settings.hosts,
        styles=files.style_hashes(),
    )
    register_compression(app)
    register_errors(app)
    register_failures(app, settings.database_request_timeout_s)
    register_commands(app)
    register_metrics(app)
    register_description(app)
    register_changes(app)
    register_emblems(app)
    _register_pages(app, settings)
    _serve(app, settings, files)
    return app


def new_service(app: APIFlask, settings: Settings) -> Service:
    """Return what an application holds for its requests, with nothing read yet."""
    opponent = OpponentChoice(
        settings.model_name, settings.hub_revision, fallback_allowed=not settings.is_production
    )
    library = ScoreLibrary()
    return Service(
        settings,
        library,
        opponent,
        HomeKeeper(opponent),
        _statistics(app, settings),
        LiveScoring(LocalModels(settings), note_texts=note_texts)
        if settings.live_scoring
        else None,
        _crowd(app, settings, library),
        ContestMemory(min(BOARDS_LAST_S, settings.statistics_every_s)),
    )


def _register_pages(app: APIFlask, settings: Settings) -> None:
    live = (own_text_api, own_text_pages) if settings.live_scoring else ()
    public = (api, pages, daily_api, daily_pages, *contest_blueprints)
    inside = (stored_inside_api, inside_pages, live_inside_api, live_inside_pages)
    swaps = (swap_api, swap_pages)
    shared = (room_api, room_pages, stats_api, stats_pages)
    own = (site, notices, admin, operator, health)
    for blueprint in (*public, *live, *inside, *swaps, *shared, *own):
        app.register_blueprint(blueprint)


def _configure(app: APIFlask, settings: Settings, files: StaticFiles) -> None:
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_NAME="perplexed",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.is_production,
        PERMANENT_SESSION_LIFETIME=COOKIE_LIFETIME,
        SESSION_REFRESH_EACH_REQUEST=False,  # the year begins anew with each round
        MAX_CONTENT_LENGTH=LARGEST_BODY_BYTES,
        RATELIMIT_ENABLED=settings.rate_limits,
        RATELIMIT_STORAGE_URI=settings.redis_url or "memory://",
        RATELIMIT_HEADER_RETRY_AFTER="X-RateLimit-Reset-After",  # Retry-After is for refusals
        RATELIMIT_STORAGE_OPTIONS=_redis_options(settings),
        SQLALCHEMY_ENGINES={
            "default": engine_options(
                normalised_url(settings.database_url),
                _waits(settings),
                settings.connections_per_process,
            )
        },
    )
    app.jinja_options = {**app.jinja_options, "undefined": StrictUndefined}
    for filter_ in (counted, probability, sensible, signed, stated):
        app.jinja_env.filters[filter_.__name__] = filter_
    app.jinja_env.globals |= {"static_files": files}
    app.extensions["static_files"] = files


def _redis_options(settings: Settings) -> dict[str, object]:
    """Return what redis-py needs beside the address: short waits, and trust where it is wanted.

    Heroku's certificates are self-signed. A call is not tried twice: a frozen server would cost
    each request as many waits.
    """
    if not settings.redis_url:
        return {}
    from redis.backoff import NoBackoff  # 5 MB, which a service without Redis need not hold
    from redis.retry import Retry

    waits = {"socket_timeout", "socket_connect_timeout"}
    bounds: dict[str, object] = dict.fromkeys(waits, settings.redis_timeout_s)
    trusting = settings.redis_url.startswith("rediss://") and not settings.redis_verify_tls
    return bounds | {"retry": Retry(NoBackoff(), 0)} | ({"ssl_cert_reqs": None} if trusting else {})


def _waits(settings: Settings) -> Waits:
    return Waits(
        connect_s=settings.database_connect_timeout_s,
        pool_s=settings.database_pool_timeout_s,
        lock_s=settings.database_lock_timeout_s,
        statement_s=settings.database_statement_timeout_s,
        request_s=settings.database_request_timeout_s,
    )


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
        configure(db.engine, _waits(settings))


def _statistics(app: APIFlask, settings: Settings) -> StatisticsKeeper:
    with app.app_context():
        return StatisticsKeeper(db.sessionmaker, settings.statistics_every_s)


def _crowd(app: APIFlask, settings: Settings, library: ScoreLibrary) -> CrowdKeeper:
    with app.app_context():
        at_each_look = settings.statistics_every_s == 0
        return CrowdKeeper(db.sessionmaker, library, at_each_look=at_each_look)


def _serve(app: APIFlask, settings: Settings, static: StaticFiles) -> None:
    """Put WhiteNoise in front for static files, and trust as many proxies as configured."""
    files = WhiteNoise(
        app.wsgi_app,
        root=str(static.folder),
        prefix=static.path,
        max_age=FOREVER_S,
        add_headers_function=_add_static_headers,
    )
    proxies = settings.trusted_proxies
    believed = ProxyFix(files, x_for=proxies, x_proto=0) if proxies else files
    app.wsgi_app = ForwardedHeaders(believed, proxies)  # type: ignore[method-assign]


def _add_static_headers(headers: Headers, _path: str, _url: str) -> None:
    headers["X-Content-Type-Options"] = "nosniff"
