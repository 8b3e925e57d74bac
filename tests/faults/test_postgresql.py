"""PostgreSQL stops, freezes, runs out of connections and out of room while people play."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.faults.conftest import Cluster, Served, served
from tests.faults.disks import SmallDisk
from tests.faults.players import PROMISED_S, SLACK_S, Browser, Crowd, kept_once
from tests.system.processes import PATIENT

OUTAGE_S = 4.0
RESTARTS = 8
PANICS = 3
READING = ("/healthz", "/", "/methods", "/stats", "/api/v1/stats")


def look_around(service: Served) -> None:
    """See that all which needs no database goes on, and that the rest says so in time."""
    until = time.monotonic() + OUTAGE_S
    while time.monotonic() < until:
        browser = Browser(service.address)
        for path in READING:
            seen = browser.ask(path)
            assert seen.status == 200, path
            assert seen.elapsed_s < PROMISED_S + SLACK_S, path
        ready = browser.ask("/readyz")
        assert ready.status == 503
        assert ready.elapsed_s < PROMISED_S + SLACK_S
        page = browser.ask("/you", Cookie="perplexed=x")
        begun = browser.ask("/api/v1/rounds", {})
        assert begun.status == 503
        assert begun.headers["retry-after"] == "2"
        assert "may not be stored" in begun.json()["detail"]
        assert page.status in (200, 503)
        time.sleep(0.2)


@pytest.mark.parametrize("outage", ["stopped", "frozen"])
def test_players_outlast_a_database_that_goes_away(
    cluster: Cluster, postgresql: str, folder: Path, outage: str
) -> None:
    with served(folder, postgresql) as service, Crowd(service.address) as crowd:
        assert Browser(service.address).ask("/readyz").status == 200
        (cluster.stop if outage == "stopped" else cluster.freeze)()
        crowd.wait_for_status(503)
        look_around(service)
        (cluster.start if outage == "stopped" else cluster.thaw)()
        crowd.wait_for_answers(12)
        assert service.is_ready_again()
    assert crowd.slowest_s < PROMISED_S + SLACK_S
    assert crowd.statuses.keys() <= {200, 201, 503}
    assert kept_once(postgresql, crowd.acknowledged)
    logged = service.log.read_text().splitlines()
    assert sum("Traceback" in line for line in logged) <= 12  # not one for each refused request


def test_players_outlast_a_database_that_is_restarted_again_and_again(
    cluster: Cluster, postgresql: str, folder: Path
) -> None:
    with served(folder, postgresql) as service, Crowd(service.address, 8) as crowd:
        for _ in range(RESTARTS):  # each ends connections at another moment of their requests
            cluster.stop()
            crowd.wait_for_status(503, crowd.statuses[503] + 1)
            cluster.start()
            crowd.wait_for_answers(8)
    assert crowd.statuses.keys() <= {200, 201, 503}
    assert kept_once(postgresql, crowd.acknowledged)


def test_a_page_that_needs_the_database_says_so_and_tries_again(
    cluster: Cluster, postgresql: str, folder: Path
) -> None:
    with served(folder, postgresql) as service:
        browser = Browser(service.address)
        round_id = browser.ask("/api/v1/rounds", {}).json()["id"]
        cluster.freeze()
        seen = browser.ask(f"/rounds/{round_id}", Accept="text/html")
        cluster.thaw()
    page = seen.body.decode()
    assert (seen.status, seen.headers["retry-after"]) == (503, "2")
    assert f'http-equiv="refresh" content="2; url=/rounds/{round_id}' in page
    assert "answers are safe" not in page
    assert seen.headers["x-request-id"] in page


def test_thirty_players_share_the_connections_of_a_small_plan(
    cluster: Cluster, postgresql: str, folder: Path
) -> None:
    cluster.say("DROP ROLE IF EXISTS small")
    cluster.say(
        "CREATE ROLE small LOGIN CONNECTION LIMIT 20 IN ROLE pg_read_all_data, pg_write_all_data"
    )
    url, patient = cluster.url("played", role="small"), PATIENT | {"WEB_CONCURRENCY": "3"}
    with served(folder, url, **patient) as service, Crowd(service.address, 30) as crowd:
        crowd.wait_for_answers(150)
    assert crowd.statuses.keys() == {200, 201}, service.failures()
    assert kept_once(postgresql, crowd.acknowledged)


def test_tables_without_room_are_told_and_nothing_acknowledged_is_lost(
    full_tables: tuple[SmallDisk, str], folder: Path
) -> None:
    disk, url = full_tables
    with served(folder, url) as service, Crowd(service.address) as crowd:
        disk.fill()
        crowd.wait_for_status(503, times=20)
        for path in (*READING, "/you"):
            assert Browser(service.address).ask(path).status == 200, path
        ready = Browser(service.address).ask("/readyz")
        assert ready.status == 503
        assert "has no room left" in ready.json()["detail"]
        disk.make_room()
        crowd.wait_for_answers(12)
        assert service.is_ready_again()
    assert crowd.statuses.keys() == {200, 201, 503}
    assert [told for told in crowd.refusals if "has no room left" not in told] == []
    assert kept_once(url, crowd.acknowledged)


def test_a_log_without_room_is_outlasted_and_nothing_acknowledged_is_lost(
    small_cluster: tuple[SmallDisk, Cluster], folder: Path
) -> None:
    disk, cluster = small_cluster
    url = cluster.url("played")
    with served(folder, url) as service, Crowd(service.address) as crowd:
        disk.fill()
        for _ in range(PANICS):  # after each the server mends its tables, and has a file left over
            cluster.use_up_its_log()
            crowd.wait_for_status(503, crowd.statuses[503] + 1)
            for path in READING:
                assert Browser(service.address).ask(path).status == 200, path
        disk.make_room()
        cluster.start()
        crowd.wait_for_answers(12)
        assert service.is_ready_again()
    assert crowd.statuses.keys() == {200, 201, 503}
    assert kept_once(url, crowd.acknowledged)


def test_a_plan_that_is_used_up_is_told_as_a_full_disk(
    cluster: Cluster, postgresql: str, folder: Path
) -> None:
    cluster.say("DROP ROLE IF EXISTS used_up")
    cluster.say("CREATE ROLE used_up LOGIN IN ROLE pg_read_all_data, pg_write_all_data")
    url = cluster.url("played", role="used_up")
    with served(folder, url) as service, Crowd(service.address) as crowd:
        cluster.say("REVOKE pg_write_all_data FROM used_up")
        crowd.wait_for_status(503, times=4)
        for path in (*READING, "/you"):
            assert Browser(service.address).ask(path).status == 200, path
        assert Browser(service.address).ask("/readyz").status == 503
        cluster.say("GRANT pg_write_all_data TO used_up")
        crowd.wait_for_answers(12)
        assert service.is_ready_again()
    assert crowd.statuses.keys() == {200, 201, 503}
    assert [told for told in crowd.refusals if "has no room left" not in told] == []
    assert kept_once(postgresql, crowd.acknowledged)
