"""Play that is interrupted: no connection for a while, a reload, a name that changes.

Without a network the last result can be read, and no game pretends to go on.
"""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import PATIENCE_MS, PHONE, on_phone, on_wide
from tests.browser.looks import assert_accessible, picture


def start(page: Page) -> None:
    expect(page.locator("#guess")).to_be_focused()


def test_an_error_goes_with_the_guess_that_arrives(page: Page, screenshots: Path) -> None:
    start(page)
    gap, error = page.locator("#guess"), page.locator("#guess-error")
    page.route("**/guesses", lambda route: route.abort())  # as offline, which would be logged
    gap.fill("water")
    gap.press("Enter")
    expect(error).to_contain_text("Your guess is still here; press Enter to try again.")
    picture(page, screenshots, "offline")
    assert_accessible(page)
    page.unroute("**/guesses")
    page.keyboard.press("Enter")
    expect(page.locator("#next")).to_be_focused()
    expect(error).to_be_hidden()
    expect(gap).to_have_attribute("aria-invalid", "false")


@on_phone
def test_one_lost_request_is_sent_again_unasked(page: Page) -> None:
    start(page)
    lost = list[str]()

    def lose_the_first(route: Route) -> None:
        if lost:
            route.continue_()
        else:
            lost.append(route.request.url)
            route.abort()

    page.route("**/guesses", lose_the_first)
    page.locator("#guess").fill("water")
    page.locator("#guess").press("Enter")
    expect(page.locator("#next")).to_be_focused()
    expect(page.locator("#guess-error")).to_be_hidden()
    expect(page.locator("#race")).to_have_attribute("aria-label", re.compile("1 of 12"))
    assert len(lost) == 1


@on_phone
def test_a_half_typed_word_outlives_a_reload(page: Page) -> None:
    start(page)
    gap = page.locator("#guess")
    gap.press_sequentially("wat")
    page.wait_for_url("**/rounds/*")
    page.reload()
    expect(gap).to_have_value("wat")
    expect(gap).to_be_focused()
    page.keyboard.type("er")
    page.keyboard.press("Enter")
    expect(page.locator("#reveal-words")).to_contain_text("water")
    page.locator("#next").press("Enter")
    expect(gap).to_have_value("")
    page.reload()
    expect(gap).to_be_focused()
    expect(gap).to_have_value("")


@on_wide
def test_a_reveal_is_shown_again_after_a_reload_and_only_until_it_is_left(page: Page) -> None:
    start(page)
    gap, words = page.locator("#guess"), page.locator("#reveal-words")
    gap.fill("water")
    gap.press("Enter")
    expect(page.locator("#next")).to_be_focused()
    shown, bars = words.inner_text(), page.locator("#reveal-bars").inner_text()
    page.reload()
    expect(page.locator("#next")).to_be_focused()
    assert words.inner_text() == shown
    assert page.locator("#reveal-bars").inner_text() == bars
    page.keyboard.press("Enter")
    expect(gap).to_be_focused()
    page.reload()
    expect(gap).to_be_focused()
    expect(page.locator("#reveal")).to_be_hidden()


def test_a_saved_nickname_is_the_heading_at_once(page: Page, screenshots: Path) -> None:
    page.get_by_role("link", name="You", exact=True).click()
    heading, field = page.locator("h1"), page.get_by_label("Nickname")
    expect(heading).to_have_text("You")
    field.fill("  Ada  ")
    field.press("Enter")
    expect(page.locator("#nickname-status")).to_have_text("Saved.")
    expect(heading).to_have_text("Ada")
    expect(field).to_have_value("Ada")
    expect(field).to_be_focused()
    picture(page, screenshots, "nickname")
    field.fill("x" * 33)
    page.get_by_role("button", name="Save").press("Enter")
    expect(page.locator("#nickname-error")).to_contain_text("32")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(heading).to_have_text("Ada")
    assert_accessible(page)
    page.get_by_role("button", name="Clear").click()
    expect(heading).to_have_text("You")


def test_without_a_network_the_last_result_stays_and_a_round_waits(
    browser: Browser, address: str
) -> None:
    context = browser.new_context(viewport={"width": PHONE["width"], "height": PHONE["height"]})
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(address)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.wait_for_function("navigator.serviceWorker.controller !== null")
    state = context.request.post(f"{address}/api/v1/rounds", data={}).json()
    round_address = f"{address}/rounds/{state['id']}"
    while not state["finished"]:
        answer = {"position": state["asked"]["position"], "skip": True}
        guesses = f"{address}/api/v1/rounds/{state['id']}/guesses"
        state = context.request.post(guesses, data=answer).json()["round"]
    page.goto(f"{round_address}/result")
    headline = page.locator("h1").inner_text()

    context.set_offline(True)
    page.goto(f"{round_address}/result")
    expect(page.locator("h1")).to_have_text(headline)
    expect(page.locator("#map .word").first).to_be_visible()
    page.goto(f"{address}/you")
    expect(page.locator("h1")).to_have_text("There is no network")
    page.get_by_role("link", name="Your last result").click()
    expect(page.locator("h1")).to_have_text(headline)

    page.goto(f"{address}/stats")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    context.set_offline(False)  # the page notices, and loads what was asked for
    expect(page.locator("h1")).to_have_text("People and models")
    context.close()
