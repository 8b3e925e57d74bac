"""Pages and states that no other test looks at, in both themes: axe finds nothing."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.conftest import on_phone
from tests.browser.looks import look_at
from tests.browser.test_together import finished_round

# What is the same for everybody, and pages that say what went wrong.
PAGES = {
    "stats": "/stats",
    "privacy": "/privacy",
    "try": "/try",
    "rooms": "/rooms",
    "offline": "/offline",
    "not-found": "/nothing-here",
    "no-challenge": "/c/AAAAAAAAAAAAAAAA",
    "no-day": "/daily/2020-01-01",
}


def _without_network(route: Route) -> None:
    """Let the page come, and its later attempts fail."""
    if route.request.method == "HEAD":
        route.abort()
    else:
        route.continue_()


@on_phone
def test_every_other_page_and_state_can_be_used_by_everybody(
    context: BrowserContext, address: str, screenshots: Path
) -> None:
    page = context.new_page()  # whose console may name the addresses that are not there
    page.goto(address)
    page.get_by_text("More ways to play").click()
    look_at(page, screenshots, "home-ways")
    page.locator("#guess").fill("water")
    expect(page.locator("#game[data-state=asking]")).to_be_visible()
    page.wait_for_url("**/rounds/*")
    look_at(page, screenshots, "asking")
    finished_round(page, address)
    for folded in page.locator("main > details > summary").all():
        folded.click()
    look_at(page, screenshots, "result-open")
    page.goto(f"{address}/you")
    look_at(page, screenshots, "you-after-one")
    page.route("**/offline", _without_network)  # else it leaves by itself, in the midst of a look
    for name, path in PAGES.items():
        page.goto(address + path)
        look_at(page, screenshots, name)
        expect(page.get_by_role("contentinfo").get_by_role("link", name="Today’s")).to_be_visible()


def test_the_methods_are_readable_light_and_dark(page: Page, screenshots: Path) -> None:
    page.get_by_role("link", name="What the numbers mean").click()
    expect(page.get_by_role("heading", name="Methods")).to_be_visible()
    assert page.get_by_role("table").count() == 2
    look_at(page, screenshots, "methods")
