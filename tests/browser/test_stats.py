"""The public statistics in a browser, with all modes played: drawn, readable, within the policy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from server import create_app
from tests.browser.conftest import Serve
from tests.browser.looks import look_at
from tests.conftest import Player, close, fill, settings_for
from tests.web.test_export import at_a_human_pace, play_bets, play_duels

CHARTED = [
    "Perplexity",
    "By mode",
    "Where are people better?",
    "By genre",
    "Over time",
    "Calibration of bets",
    "Calibration of duels",
]


def fill_played(url: str, passages: Path, scorer: Any) -> None:
    """Let two players go through every mode."""
    fill(url, passages, scorer)
    app = create_app(settings_for(url))
    alice, bob = Player(app.test_client()), Player(app.test_client())
    for player in (alice, bob):
        player.play(lambda s: "the")
    alice.play(lambda s: s["asked"]["suggestions"][0], assisted=True)
    bob.play(lambda s: ["of", "the", "and", "to", "in"][len(s["asked"]["tries"])], mode="tries")
    play_bets(bob)
    for share in (0.65, 0.9):  # the first round is practice
        play_duels(alice, share)
    play_duels(bob, 0.8, form="whole")  # again practice first
    play_duels(bob, 0.8, form="whole")
    at_a_human_pace(app)
    close(app)


@pytest.fixture(scope="module")
def address(serve: Serve) -> Iterator[str]:
    """A service on which two players have been through every mode."""
    with serve("played", fill_played) as address:
        yield address


def test_every_chart_has_its_numbers_beside_it(page: Page, screenshots: Path) -> None:
    page.get_by_role("link", name="Stats").click()
    expect(page.locator("#opponent-1")).to_be_visible()
    page.locator(".opponent .appendix > summary").first.click()
    for name in CHARTED:
        lines = page.get_by_role("region", name=re.compile(f"^{re.escape(name)}")).locator(
            "tbody tr"
        )
        assert lines.count() > 0, name
        assert lines.locator("svg circle:not(.stated)").count() == lines.count(), name
        assert all(re.search(r"\d", text) for text in lines.all_inner_texts()), name
    look_at(page, screenshots, "stats")
