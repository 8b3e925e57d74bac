"""What this machine's web processes have counted about their answers, from the metrics."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime

from server.services.operations.serving import RouteCounts, ServingView, serving_view
from server.web.http.metrics import COUNTED_SINCE, LATENCY, REQUESTS, present_registry

_FOR_MACHINES = frozenset({"/healthz", "/readyz", "/metrics"})


def serving() -> ServingView:
    """Return how fast answers came and what failed, since these processes began to count."""
    routes: dict[str, RouteCounts] = defaultdict(RouteCounts)
    since_s = datetime.now(UTC).timestamp()
    for metric in present_registry().collect():
        for sample in metric.samples:
            labels = sample.labels
            route = labels.get("route", "")
            if route in _FOR_MACHINES:
                continue
            if sample.name == f"{REQUESTS}_total":
                routes[route].statuses[int(labels["status"])] += int(sample.value)
            elif sample.name == f"{LATENCY}_bucket":
                routes[route].within[float(labels["le"])] += int(sample.value)
            elif sample.name == COUNTED_SINCE:
                since_s = sample.value
    return serving_view(routes, datetime.fromtimestamp(since_s, UTC))
