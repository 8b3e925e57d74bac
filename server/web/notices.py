"""What is promised: /privacy in plain words, and how to report a weakness."""

from __future__ import annotations

from datetime import timedelta

from apiflask import APIBlueprint
from flask import Response, abort, render_template

from server.application import now, service
from server.services.operations.purging import DAYS_IDLE, DAYS_WITHOUT_ANSWER

notices = APIBlueprint("notices", __name__, enable_openapi=False)

VALID = timedelta(days=180)


@notices.get("/privacy")
def privacy() -> str:
    """Say what is kept, for how long, and how to have it deleted."""
    settings = service().settings
    return render_template(
        "privacy.html",
        days_without_answer=DAYS_WITHOUT_ANSWER,
        years_idle=round(DAYS_IDLE / 365),
        share_of_address=settings.share_of_address,
        contact=settings.contact,
    )


@notices.get("/.well-known/security.txt")
def security_txt() -> Response:
    """Say where to report a weakness (RFC 9116); 404 while CONTACT is unset."""
    contact = service().settings.contact
    if not contact:
        abort(404)
    expires = (now() + VALID).replace(microsecond=0).isoformat().replace("+00:00", "Z")
    lines = f"Contact: {contact}\nExpires: {expires}\nPreferred-Languages: en\n"
    return Response(lines, mimetype="text/plain")
