"""A stranger plays a round in a browser, wide and on a phone."""

from __future__ import annotations

import re
import time
from pathlib import Path

from playwright.sync_api import Page, Route, expect

from server.web.wording.figures import probability
from tests.browser.conftest import on_phone, on_wide
from tests.browser.looks import assert_accessible, assert_no_sideways_scroll, picture

# How much of a line of the passage the race hides; a whole one is none.
CUT_OFF_PX = """(() => {
  const passage = document.getElementById("passage");
  const edge = document.getElementById("race").getBoundingClientRect().bottom;
  const hidden = edge - passage.getBoundingClientRect().top;
  const line = parseFloat(getComputedStyle(passage).lineHeight);
  return hidden <= 0 ? 0 : Math.min(hidden % line, line - hidden % line);
})()"""
GUESSES = ["the", "water", "time", "day", "first", "house", "morning", "back", "way", "said", "old"]


def with_option(page: Page, label: str) -> None:
    """Begin a round by way of the folded options."""
    page.get_by_text("More ways to play").click()
    page.get_by_label(label).check()
    page.get_by_role("button", name="Play", exact=True).click()
    expect(page.locator("#game")).to_have_attribute("data-state", "asking")


def test_a_stranger_plays_a_round_with_the_keyboard_alone(page: Page, screenshots: Path) -> None:
    picture(page, screenshots, "home")
    assert_accessible(page)
    gap = page.locator("#guess")
    expect(gap).to_be_focused()
    for number, guess in enumerate(GUESSES):
        expect(gap).to_be_focused()
        gap.press_sequentially(guess)
        page.keyboard.press("Enter")
        expect(page.locator("#reveal-words")).to_contain_text(re.compile("The author wrote|had it"))
        if number == 4:
            page.reload()  # in the middle of the round: it goes on where it was
            expect(page.locator("#race")).to_have_attribute("aria-label", re.compile("5 of 12"))
        if number == 5:
            others = page.locator("#reveal .bars .rest").filter(has_text="everything else")
            expect(others).to_have_count(1)
            expect(page.locator("#reveal .bars .rest .fill")).to_have_count(0)
            picture(page, screenshots, "reveal")
            assert_accessible(page)
            assert_no_sideways_scroll(page)
        expect(page.locator("#next")).to_be_focused()
        page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(page.locator("#reveal-words")).to_contain_text("You skipped")
    page.keyboard.press("Enter")
    page.wait_for_url("**/result")
    expect(page.locator("h1")).not_to_be_empty()
    expect(page.get_by_text(re.compile("ahead|Level")).first).to_be_visible()
    expect(page.locator(".side.you .score")).to_contain_text("/12")
    picture(page, screenshots, "result")
    assert_accessible(page)
    assert_no_sideways_scroll(page)
    page.get_by_role("button", name="Challenge a friend").click()
    expect(page.locator("#share-status")).to_contain_text("Copied")
    assert "Perplexed: I guessed" in page.evaluate("navigator.clipboard.readText()")
    page.get_by_role("button", name="Play another").click()
    expect(gap).to_be_focused()
    page.goto(page.url.split("/rounds")[0] + "/you")
    picture(page, screenshots, "you")
    assert_accessible(page)


@on_phone
def test_a_bad_guess_is_explained_and_costs_nothing(page: Page) -> None:
    expect(page.locator("#guess")).to_be_focused()
    gap = page.locator("#guess")
    gap.fill("two words")
    gap.press("Enter")
    expect(page.locator("#guess-error")).to_have_text("One word only, please.")
    expect(gap).to_have_value("two words")
    expect(page.locator("#race")).to_have_attribute("aria-label", re.compile("Nothing guessed yet"))


@on_wide
def test_a_lost_connection_keeps_the_guess_and_enter_tries_again(page: Page) -> None:
    expect(page.locator("#guess")).to_be_focused()
    gap = page.locator("#guess")
    expect(gap).to_be_focused()
    page.route("**/guesses", lambda route: route.abort())
    gap.fill("water")
    gap.press("Enter")
    expect(page.locator("#guess-error")).to_contain_text("Your guess is still here")
    expect(gap).to_have_value("water")
    page.unroute("**/guesses")
    gap.press("Enter")
    expect(page.locator("#reveal-words")).to_contain_text("water")


@on_phone
def test_a_slow_network_and_a_double_enter_make_one_guess(page: Page) -> None:
    sent: list[str] = []

    def slowly(route: Route) -> None:
        sent.append(route.request.post_data or "")
        time.sleep(0.8)
        route.continue_()

    expect(page.locator("#guess")).to_be_focused()
    gap = page.locator("#guess")
    expect(gap).to_be_focused()  # a route set while the page is still changing may miss requests
    page.route("**/guesses", slowly)
    gap.fill("water")
    gap.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator("#next")).to_be_focused()
    assert len(sent) == 1
    expect(page.locator("#race")).to_have_attribute("aria-label", re.compile("1 of 12"))


def test_assisted_play_offers_eight_buttons(page: Page, screenshots: Path) -> None:
    with_option(page, "Show me eight suggestions")
    expect(page.locator("#suggestions button")).to_have_count(8)
    picture(page, screenshots, "assisted")
    assert_no_sideways_scroll(page)
    assert_accessible(page)
    page.locator("#suggestions button").nth(2).click()
    expect(page.locator("#next")).to_be_focused()


@on_wide
def test_a_digit_takes_a_suggestion_while_the_gap_is_empty(page: Page) -> None:
    with_option(page, "Show me eight suggestions")
    gap = page.locator("#guess")
    third = page.get_by_role("list", name="Suggestions").get_by_role("button").nth(2)
    expect(third).to_have_attribute("aria-keyshortcuts", "3")
    word = third.inner_text().split()[-1]
    gap.press("x")
    page.keyboard.press("3")
    expect(gap).to_have_value("x3")
    gap.fill("")
    page.keyboard.press("9")  # there are eight
    expect(gap).to_have_value("9")
    gap.fill("")
    gap.focus()
    page.keyboard.press("3")
    expect(page.locator("#next")).to_be_focused()
    expect(page.locator("#reveal-words b.who-you").first).to_have_text(word, ignore_case=True)


@on_phone
def test_the_race_covers_whole_lines_of_the_passage(page: Page, screenshots: Path) -> None:
    page.emulate_media(reduced_motion="reduce")
    expect(page.locator("#guess")).to_be_focused()
    skip, following = page.locator("#skip"), page.locator("#next")
    offsets = list[float]()
    for _ in range(9):
        skip.click()
        expect(following).to_be_visible()
        offsets.append(page.evaluate(CUT_OFF_PX))
        following.click()
        expect(skip).to_be_visible()
        offsets.append(page.evaluate(CUT_OFF_PX))
    picture(page, screenshots, "whole-lines")
    assert page.evaluate("scrollY") > 0
    assert max(offsets) <= 1, offsets


def test_tokens_can_be_played_with_their_line_ends(page: Page, screenshots: Path) -> None:
    with_option(page, "Tokens")
    page.get_by_role("button", name="line end").click()
    expect(page.locator("#guess")).to_have_value("⏎")
    page.locator("#guess").press("Enter")
    expect(page.locator("#next")).to_be_focused()
    picture(page, screenshots, "tokens")
    assert_accessible(page)


def test_the_dark_twin_is_accessible_too(page: Page, screenshots: Path) -> None:
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    expect(page.locator("#guess")).to_be_focused()
    page.locator("#guess").fill("water")
    page.locator("#guess").press("Enter")
    expect(page.locator("#next")).to_be_focused()
    picture(page, screenshots, "dark")
    assert_accessible(page)


@on_wide
def test_probabilities_read_the_same_in_both_languages(page: Page) -> None:
    address = page.locator("script[src$='/play.js']").get_attribute("src") or ""
    shares = [0.0, 1e-9, 0.000041, 0.0001, 0.00057, 0.0123, 0.0995, 0.1, 0.316, 0.9949, 0.995, 1.0]
    shown = page.evaluate(
        "async ([module, shares]) => shares.map((await import(module)).percent)",
        [address.replace("play.js", "format.js"), shares],
    )
    assert shown == [probability(share) for share in shares]
