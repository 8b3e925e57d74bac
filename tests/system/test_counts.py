"""What the operator reads of latency and errors is counted across gunicorn's processes."""

from __future__ import annotations

import json
import urllib.request
from base64 import b64encode
from datetime import UTC, datetime, timedelta

from tests.conftest import ADMIN_TOKEN
from tests.databases import on_sqlite
from tests.system.processes import serving, status_and_body
from tests.waiting import PATIENCE_S

LOOKS = 12


@on_sqlite
def test_all_processes_are_counted_since_they_were_started(
    environment: dict[str, str], database_url: str
) -> None:
    two = environment | {
        "DATABASE_URL": database_url,
        "ADMIN_TOKEN": ADMIN_TOKEN,
        "WEB_CONCURRENCY": "2",
    }
    started = datetime.now(UTC)
    with serving(two, "gunicorn", "server:create_app()") as address:
        for _ in range(LOOKS):
            assert status_and_body(f"{address}/api/v1/rooms/AAAAAA")[0] == 404
        password = b64encode(f"admin:{ADMIN_TOKEN}".encode()).decode()
        headers = {"Authorization": f"Basic {password}", "Accept": "application/json"}
        request = urllib.request.Request(f"{address}/admin", headers=headers)
        seen = json.load(urllib.request.urlopen(request, timeout=PATIENCE_S))["serving"]
    assert (seen["all"]["requests"], seen["all"]["refused"]) == (LOOKS, LOOKS)
    assert seen["slowest"][0]["route"] == "/api/v1/rooms/<code>"
    since = datetime.fromisoformat(seen["since"])
    assert started - timedelta(seconds=1) <= since <= datetime.now(UTC)
