"""A failure arrives where SENTRY_DSN says, without anything about a person."""

from __future__ import annotations

import gzip
import http.server
import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from server.config import ROOT

PROGRAM = """
import sys
from server import create_app
from server.config import Settings
sys.modules["brotli"] = None  # reports are packed by gzip then
app = create_app(Settings(database_url=sys.argv[1], secret_key="x" * 16, sentry_dsn=sys.argv[2]))
@app.post("/api/v1/broken")
def broken():
    guess = "a guess of somebody's own"
    raise ZeroDivisionError("broken on purpose")
client = app.test_client()
client.set_cookie("perplexed", "a-cookie-of-somebody")
sent = {"text": "typed by somebody"}
assert client.post("/api/v1/broken?q=asked", json=sent, environ_base={"REMOTE_ADDR": "203.0.113.9"})
import sentry_sdk
sentry_sdk.flush(30)
"""
ABOUT_SOMEBODY = ("of somebody", "typed by somebody", "203.0.113.9", "asked", "a-cookie")


def test_a_failure_is_reported_without_a_person(tmp_path: Path) -> None:
    pytest.importorskip("sentry_sdk")
    received: list[bytes] = []

    class Sentry(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sentry)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    dsn = f"http://key@127.0.0.1:{server.server_port}/1"
    url = f"sqlite:///{tmp_path / 'x.sqlite3'}"
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, url, dsn], cwd=ROOT, capture_output=True, text=True
    )
    server.shutdown()
    server.server_close()
    assert ran.returncode == 0, ran.stderr
    (report,) = [gzip.decompress(body) for body in received]
    assert b"broken on purpose" in report
    lines = [json.loads(line) for line in report.splitlines()]
    assert any("exception" in line for line in lines)
    told = json.dumps([line for line in lines if "exception" in line])
    assert not any(words in told.replace(PROGRAM, "") for words in ABOUT_SOMEBODY)
