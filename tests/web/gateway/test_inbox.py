"""Bytes of a connection become requests."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.web.gateway.inbox import (
    LARGEST_BODY_BYTES,
    LARGEST_HEAD_BYTES,
    Arrival,
    Inbox,
)

GET = b"GET /healthz?x=1 HTTP/1.1\r\nHost: here\r\n\r\n"
POST = b"POST /api HTTP/1.1\r\nHost: here\r\nContent-Length: 5\r\n\r\nhello"


@given(st.lists(st.sampled_from([GET, POST]), min_size=1, max_size=4), st.data())
def test_however_the_bytes_come_the_same_requests_are_taken(
    requests: list[bytes], data: st.DataObject
) -> None:
    sent, taken, inbox = b"".join(requests), [], Inbox()
    while sent:
        size = data.draw(st.integers(1, len(sent)))
        inbox.add(sent[:size])
        sent = sent[size:]
        while inbox.arrival is Arrival.WHOLE:
            taken.append(inbox.take())
    assert taken == requests
    assert inbox.arrival is Arrival.NOTHING


@pytest.mark.parametrize(
    ("sent", "arrival"),
    [
        (b"", Arrival.NOTHING),
        (GET[:-1], Arrival.HEAD),
        (GET, Arrival.WHOLE),
        (POST[:-1], Arrival.BODY),
        (POST.replace(b"Content-Length", b"CONTENT-LENGTH"), Arrival.WHOLE),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * LARGEST_HEAD_BYTES, Arrival.ENDLESS),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", Arrival.UNMEASURED),
    ],
)
def test_how_much_has_arrived_is_known(sent: bytes, arrival: Arrival) -> None:
    inbox = Inbox()
    inbox.add(sent)
    assert inbox.arrival is arrival


def test_a_body_that_will_be_refused_is_not_waited_for() -> None:
    inbox = Inbox()
    length = str(LARGEST_BODY_BYTES + 1).encode()
    inbox.add(b"POST / HTTP/1.1\r\nContent-Length: " + length + b"\r\n\r\n")
    assert inbox.arrival is Arrival.WHOLE
    assert inbox.is_too_large


def test_the_path_is_told_apart_from_the_query() -> None:
    inbox = Inbox()
    inbox.add(GET)
    assert inbox.arrival is Arrival.WHOLE
    assert inbox.path == b"/healthz"


def test_a_client_that_waits_for_a_sign_is_recognised() -> None:
    inbox = Inbox()
    inbox.add(b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
    assert inbox.arrival is Arrival.BODY
    assert inbox.expects_a_sign
