"""Lines of the log."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from server.web.http.logs import log_line


def test_a_line_is_one_json_object_with_its_moment(capsys: pytest.CaptureFixture[str]) -> None:
    log_line("info", "request", status=200, route="/rounds/<id>\nnot a line")
    (text,) = capsys.readouterr().out.splitlines()
    line = json.loads(text)
    age = datetime.now(UTC) - datetime.fromisoformat(line.pop("timestamp"))
    assert timedelta(0) <= age < timedelta(hours=1)
    assert line == {
        "status": 200,
        "route": "/rounds/<id>\nnot a line",
        "event": "request",
        "level": "info",
    }


def test_an_error_brings_its_traceback_and_anything_can_be_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    try:
        raise ValueError("the cause")
    except ValueError as error:
        log_line("error", "failure", error, kind=ValueError)
    line = json.loads(capsys.readouterr().out)
    assert line["exception"].startswith("Traceback (most recent call last):")
    assert line["exception"].endswith("ValueError: the cause")
    assert line["kind"] == repr(ValueError)
