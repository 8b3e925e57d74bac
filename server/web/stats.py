"""The public statistics: the page /stats and /api/v1/stats."""

from __future__ import annotations

from apiflask import APIBlueprint, APIFlask
from flask import Response, render_template, request

from server.application import service
from server.services.contract.statistics import PublicStatistics
from server.web.wording.statistics import stats_wording

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


@stats_pages.get("/stats")
def show_page() -> str:
    """Show the same as a page."""
    stats = service().statistics.current()
    return render_template("stats.html", stats=stats, opponents=stats_wording(stats))
