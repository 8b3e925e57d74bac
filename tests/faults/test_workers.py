"""Web processes are killed, and clients are slow, while people play."""

from __future__ import annotations

import http.client
import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

from tests.faults.conftest import Served, served
from tests.faults.players import PATIENCE_S, Browser, Crowd, kept_once

SLOW_SOCKETS = 500
ATTENTIVE_S = 2.4  # 0.3 on a machine that is not eight times slower
KILLED = 4
SILENT = 200  # more than two processes of 40 can hold
LONG_FOR_GUNICORN_S = 4  # it would close a silent connection after 2
GRACE_S = 28  # Heroku kills after 30
HALVES = (
    b"",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-",
    b"POST /api/v1/rounds HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    b"Content-Length: 400\r\n\r\n{",
)


def test_no_acknowledged_answer_is_lost_or_doubled_when_workers_are_killed(
    sqlite_url: str, folder: Path
) -> None:
    with served(folder, sqlite_url) as service, Crowd(service.address) as crowd:
        for _ in range(KILLED):
            service.workers()[0].kill()
            crowd.wait_for_answers(8)
    assert crowd.statuses.keys() <= {0, 200, 201}
    assert kept_once(sqlite_url, crowd.acknowledged)


def slow_sockets(service: Served) -> list[socket.socket]:
    place = urlsplit(service.address)
    opened = []
    for number in range(SLOW_SOCKETS):
        slow = socket.create_connection((place.hostname, place.port))
        slow.sendall(HALVES[number % len(HALVES)])
        opened.append(slow)
    return opened


def test_five_hundred_half_requests_keep_nobody_waiting_and_are_closed(
    sqlite_url: str, folder: Path
) -> None:
    with served(folder, sqlite_url) as service:
        opened = slow_sockets(service)
        waits = sorted(Browser(service.address).ask("/healthz").elapsed_s for _ in range(40))
        with Crowd(service.address, players=2) as crowd:
            crowd.wait_for_answers(20)
        assert waits[37] < ATTENTIVE_S
        assert crowd.statuses.keys() == {200, 201}
        deadline = time.monotonic() + PATIENCE_S
        for slow in opened:
            slow.settimeout(max(0.1, deadline - time.monotonic()))
            answer = slow.recv(4096)
            assert answer == b"" or answer.startswith(b"HTTP/1.1 408")
            slow.close()


def test_what_is_trickled_byte_by_byte_is_ended_too(sqlite_url: str, folder: Path) -> None:
    with served(folder, sqlite_url) as service:
        place = urlsplit(service.address)
        slow = socket.create_connection((place.hostname, place.port))
        began, answer = time.monotonic(), b""
        slow.settimeout(0.5)
        slow.sendall(HALVES[2])
        while not answer and time.monotonic() - began < PATIENCE_S:
            slow.sendall(b" ")
            try:
                answer = slow.recv(4096)
            except TimeoutError:
                continue
        slow.close()
    assert answer.startswith(b"HTTP/1.1 408")


def asked_again(connection: http.client.HTTPConnection) -> int:
    """Ask once more on a connection, and return the status."""
    connection.request("GET", "/healthz")
    answer = connection.getresponse()
    answer.read()
    return answer.status


def idle_connection(service: Served) -> http.client.HTTPConnection:
    """A connection whose first request is answered, and which is silent since."""
    connection = http.client.HTTPConnection(urlsplit(service.address).netloc, timeout=PATIENCE_S)
    assert asked_again(connection) == 200
    return connection


def test_a_silent_connection_is_kept_for_the_next_request(sqlite_url: str, folder: Path) -> None:
    with served(folder, sqlite_url) as service:
        connection = idle_connection(service)
        own = connection.sock
        time.sleep(LONG_FOR_GUNICORN_S)
        assert asked_again(connection) == 200
        assert connection.sock is own
        connection.close()


def test_a_silent_connection_is_closed_in_the_end(sqlite_url: str, folder: Path) -> None:
    with served(folder, sqlite_url, KEEP_ALIVE_S="1") as service:
        connection = idle_connection(service)
        assert connection.sock.recv(1) == b""
        connection.close()


def test_silent_connections_make_room_and_keep_no_process_from_ending(
    sqlite_url: str, folder: Path
) -> None:
    few = "--worker-connections 40"
    with served(folder, sqlite_url, GUNICORN_CMD_ARGS=few) as service:
        silent = [idle_connection(service) for _ in range(SILENT)]
        with Crowd(service.address, players=2) as crowd:
            crowd.wait_for_answers(20)
        silent += [idle_connection(service) for _ in range(4)]
        asked_to_end = time.monotonic()
    assert time.monotonic() - asked_to_end < GRACE_S
    assert crowd.statuses.keys() == {200, 201}
    for connection in silent:
        connection.close()


def test_the_log_and_the_answers_share_an_id_and_no_line_holds_an_address(
    sqlite_url: str, folder: Path
) -> None:
    with served(folder, sqlite_url) as service:
        browser = Browser(service.address)
        own = browser.ask("/you").headers["x-request-id"]
        passed_on = browser.ask("/you", **{"X-Request-Id": "from-the-router-17"})
        assert passed_on.headers["x-request-id"] == "from-the-router-17"
        place = urlsplit(service.address)
        with socket.create_connection((place.hostname, place.port)) as broken:
            broken.sendall(b"GET /no%protocol\r\n\r\n")
            assert broken.recv(4096).startswith(b"HTTP/1.1 400")
    log = service.log.read_text()
    assert f'"id": "{own}"' in log
    assert "from-the-router-17" in log
    assert "Invalid request" in log
    assert "127.0.0.1" not in log.replace(f"Listening at: {service.address}", "")
