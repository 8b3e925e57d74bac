"""The public statistics: the page /stats and /api/v1/stats."""

from __future__ import annotations

from apiflask import APIBlueprint, APIFlask
from flask import Response, render_template, request

from server.application import service
from server.services.contract.crowd import CrowdStatistics
from server.services.contract.statistics import PublicStatistics
from server.web.wording.crowd import crowd_wording
from server.web.wording.statistics import stats_wording, waiting_sentence

stats_api = APIBlueprint("stats_api", __name__, url_prefix="/api/v1")
stats_pages = APIBlueprint("stats_pages", __name__, enable_openapi=False)

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_FIRST_ERROR = 400


def register_changes(app: APIFlask) -> None:
    """Have every call that changed something counted soon."""

    @app.after_request
    def note_change(response: Response) -> Response:
        changed = request.method not in _READING and response.status_code < _FIRST_ERROR
        if changed and request.path.startswith("/api/"):
            service().statistics.note_change()
        return response


@stats_api.get("/stats")
@stats_api.output(PublicStatistics)
@stats_api.doc(summary="People against models")
def show_numbers() -> PublicStatistics:
    """Return both sides' accuracy and perplexity with intervals, less than a minute old."""
    return service().statistics.current()


@stats_api.get("/stats/crowd")
@stats_api.output(CrowdStatistics)
@stats_api.doc(summary="The crowd against one person and against models")
def show_crowd() -> CrowdStatistics:
    """Return the accuracy of the plurality of 1, 3, 10 and 30 people; an hour old at most."""
    return service().crowd.current()


@stats_pages.get("/stats")
def show_page() -> str:
    """Show the same as a page, and what the crowd comes to."""
    stats, crowd = service().statistics.current(), service().crowd.current()
    settings = service().settings
    return render_template(
        "stats.html",
        stats=stats,
        opponents=stats_wording(stats),
        crowd=crowd_wording(crowd),
        waiting_sentence=waiting_sentence(settings.wait_hours, settings.share_of_address),
    )
