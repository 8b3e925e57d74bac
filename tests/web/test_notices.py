"""What is promised in plain words, and where a weakness is reported."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from apiflask import APIFlask

from server.config import ROOT
from tests.conftest import CreateApp, settings_for
from tests.databases import on_sqlite

CONTACT = "mailto:somebody@game.example"


@on_sqlite
def test_the_privacy_page_says_what_is_kept_and_how_long(
    create: CreateApp, database_url: str
) -> None:
    app = create(settings_for(database_url, rounds_per_address=30, contact=CONTACT))
    page = app.test_client().get("/privacy").text
    assert "deleted after 7 days" in page
    assert "After 2 years without a visit" in page
    assert "only the first 30 rounds of a day" in page
    assert "when the room is over, 24 hours after it was opened" in page
    assert CONTACT in page


@on_sqlite
def test_every_page_leads_to_it(app: APIFlask) -> None:
    for path in ("/", "/stats", "/you", "/methods", "/nothing-here"):
        page = app.test_client().get(path, headers={"Accept": "text/html"}).text
        assert 'href="/privacy"' in page, path


@on_sqlite
def test_security_txt_names_a_contact_and_has_not_expired(
    create: CreateApp, database_url: str
) -> None:
    app = create(settings_for(database_url, contact=CONTACT))
    response = app.test_client().get("/.well-known/security.txt")
    assert response.mimetype == "text/plain"
    fields = dict(line.split(": ", 1) for line in response.text.splitlines())
    assert fields["Contact"] == CONTACT
    expires = datetime.fromisoformat(fields["Expires"])
    assert timedelta(days=30) < expires - datetime.now(UTC) < timedelta(days=366)


@on_sqlite
def test_without_a_contact_there_is_none(app: APIFlask) -> None:
    assert app.test_client().get("/.well-known/security.txt").status_code == 404


def test_the_days_in_the_documents_are_those_of_the_code() -> None:
    from server.services.operations.purging import DAYS_IDLE, DAYS_WITHOUT_ANSWER

    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert f"within {DAYS_WITHOUT_ANSWER} days" in page
    assert f"after {DAYS_IDLE} days" in page
