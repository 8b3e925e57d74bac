"""What Prometheus reads at /metrics: requests, answers, waiting, queues; no player, no address.

gunicorn's processes write into files of a shared folder (PROMETHEUS_MULTIPROC_DIR, made by
gunicorn.conf.py), so that whichever of them is asked answers for all.
"""

from __future__ import annotations

import hmac
import os
import time
from collections.abc import Iterator
from functools import cache

from apiflask import APIBlueprint, APIFlask
from flask import Response, abort, g, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from server.application import DATABASE_FAILURES, now, service, watch_waits
from server.services.contract.rounds import GuessOutcome
from server.web.wording.errors import TOKEN_REQUIRED

SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
REQUESTS, LATENCY = "perplexed_requests", "perplexed_request_seconds"
COUNTED_SINCE = "perplexed_counted_since_seconds"
_began_s = time.time()
_WAITS_S = (0.001, 0.005, 0.02, 0.1, 0.5, 2.0)
_LATENCIES_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

requests = Counter(
    REQUESTS, "Requests answered, by route and status", ("method", "route", "status")
)
latency = Histogram(LATENCY, "Time to an answer, by route", ("route",), buckets=_LATENCIES_S)
answers = Counter("perplexed_answers", "Answers accepted, by mode", ("mode",))
waits = Histogram(
    "perplexed_database_wait_seconds",
    "Time spent waiting: for a connection (pool), a turn to write (turn), an answer (server)",
    ("kind",),
    buckets=_WAITS_S,
)
texts_waiting = Gauge(
    "perplexed_live_scoring_texts",
    "Texts that wait for the model or are being read",
    multiprocess_mode="livesum",
)
counted_since = Gauge(
    COUNTED_SINCE,
    "When this machine's processes began to count",
    multiprocess_mode="max",  # a worker that has not set it says 0
)

metrics = APIBlueprint("metrics", __name__, enable_openapi=False)


def register_metrics(app: APIFlask) -> None:
    """Count each request, and how long the database lets it wait."""
    app.register_blueprint(metrics)
    counted_since.set(_began_s)
    watch_waits(lambda kind, waited_s: _waits_of(kind).observe(waited_s))

    @app.after_request
    def count_request(response: Response) -> Response:
        route = str(request.url_rule or "unknown")
        # A method of somebody's own making would be a row of its own.
        method = request.method if request.url_rule else "any"
        requests.labels(method, route, response.status_code).inc()
        if (started_s := g.get("started_s")) is not None:
            latency.labels(route).observe(time.perf_counter() - started_s)
        return response


@cache
def _waits_of(kind: str) -> Histogram:
    return waits.labels(kind)  # each look-up costs as much as the counting


def answered(outcome: GuessOutcome) -> GuessOutcome:
    """Count an accepted answer, and return it."""
    answers.labels(outcome.round.mode).inc()
    return outcome


def note_texts(count: int) -> None:
    """Note how many texts this process has waiting."""
    texts_waiting.set(count)


@metrics.get("/metrics")
def show() -> Response:
    """Answer in Prometheus's format whoever sends the admin's token as a bearer token."""
    token = service().settings.admin_token
    if not token:
        abort(404)
    sent = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not hmac.compare_digest(sent.encode(), token.encode()):
        abort(401, TOKEN_REQUIRED)
    asked = CollectorRegistry()
    asked.register(_Statistics())
    counted = generate_latest(present_registry()) + generate_latest(asked)
    return Response(counted, content_type=CONTENT_TYPE_LATEST)


def present_registry() -> CollectorRegistry:
    """Return what is counted by now: by all of gunicorn's processes, also those that have ended."""
    if not os.environ.get(SHARED_FOLDER):
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


class _Statistics(Collector):
    """How old the public statistics are; left out while the database does not answer."""

    def collect(self) -> Iterator[Metric]:
        """Yield their age in seconds, and how many players wait to be folded into them."""
        try:
            counted_at, waiting = service().statistics.progress()
        except DATABASE_FAILURES:
            return
        age_s = (now() - counted_at).total_seconds()
        yield GaugeMetricFamily(
            "perplexed_statistics_age_seconds", "Since the newest count began", value=age_s
        )
        yield GaugeMetricFamily(
            "perplexed_statistics_players_waiting", "Players not yet folded", value=waiting
        )
