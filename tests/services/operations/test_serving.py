"""How fast the service answers and what fails, from counts by route."""

from __future__ import annotations

import math
from collections import Counter
from datetime import UTC, datetime

from server.services.operations.serving import RouteCounts, serving_view
from server.web.wording.morning import answered_sentence

SINCE = datetime(2026, 11, 27, 7, 30, tzinfo=UTC)


def counts(statuses: dict[int, int], within: dict[float, int]) -> RouteCounts:
    return RouteCounts(Counter(statuses), Counter(within))


ROUTES = {
    "/fast": counts({200: 90, 404: 10}, {0.01: 96, 0.1: 100, math.inf: 100}),
    "/slow": counts({200: 3, 500: 1}, {0.01: 0, 0.1: 2, math.inf: 4}),
    "/quick-and-broken": counts({503: 2}, {0.01: 2, 0.1: 2, math.inf: 2}),
}


def test_bounds_are_the_smallest_that_hold_so_many_answers() -> None:
    view = serving_view(ROUTES, SINCE)
    assert (view.all.requests, view.all.refused, view.all.failed) == (106, 10, 3)
    assert (view.all.half_within_s, view.all.nearly_all_within_s) == (0.01, 0.1)
    slow = next(route for route in view.slowest if route.route == "/slow")
    assert (slow.half_within_s, slow.nearly_all_within_s) == (0.1, None)


def test_the_slowest_routes_come_first_and_so_do_those_that_fail_most() -> None:
    view = serving_view(ROUTES, SINCE)
    assert [route.route for route in view.slowest] == ["/slow", "/fast", "/quick-and-broken"]
    assert [route.route for route in view.failing] == ["/quick-and-broken", "/slow"]


def test_nothing_answered_is_no_figure() -> None:
    view = serving_view({}, SINCE)
    assert (view.all.requests, view.all.half_within_s, view.slowest) == (0, None, [])
    assert "answered nothing yet" in answered_sentence(view)


def test_the_sentence_says_since_when_and_whose_answers() -> None:
    sentence = answered_sentence(serving_view(ROUTES, SINCE))
    assert sentence.startswith(
        "This machine’s web processes answered 106 requests since 27 November 2026, 07:30 UTC: "
        "half of them within 10 ms, 95 in 100 within 100 ms. Refused (4xx): 10; failed (5xx): 3."
    )
