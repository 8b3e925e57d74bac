"""The first page is the game; from there to the day's passage, back, and to the archive."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import on_phone, on_wide
from tests.browser.looks import assert_accessible, assert_no_sideways_scroll, picture
from tests.browser.test_play import with_option


def guess(page: Page, word: str) -> None:
    """Type a word, read the reveal and go on, by keyboard alone."""
    expect(page.locator("#guess")).to_be_focused()
    page.keyboard.type(word)
    page.keyboard.press("Enter")
    expect(page.locator("#next")).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_typing_on_the_first_page_plays(page: Page, screenshots: Path, scheme: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    picture(page, screenshots, f"home-{scheme}")
    assert_accessible(page)
    assert_no_sideways_scroll(page)
    before = page.locator("#passage-text").inner_text()
    home = page.url
    guess(page, "water")
    assert re.search(r"/rounds/[\w-]+$", page.url)
    assert page.locator("#passage-text").inner_text().startswith(before.strip())
    expect(page.locator("#around")).to_have_count(0)
    expect(page.locator("#race")).to_have_attribute("aria-label", re.compile("1 of 12"))
    picture(page, screenshots, f"first-reveal-{scheme}")
    assert_accessible(page)
    page.keyboard.press("Enter")
    page.reload()  # the address is that of the round by now
    expect(page.locator("#race")).to_have_attribute("aria-label", re.compile("1 of 12"))
    page.goto(home)
    expect(page.get_by_role("link", name=re.compile("Continue"))).to_be_visible()


@on_phone
def test_a_word_half_typed_on_the_first_page_outlives_a_reload(page: Page) -> None:
    expect(page.locator("#guess")).to_be_focused()
    page.keyboard.type("wat")
    page.wait_for_url("**/rounds/*")
    page.reload()
    expect(page.locator("#guess")).to_have_value("wat")


@on_phone
def test_looking_at_the_first_page_begins_nothing(page: Page) -> None:
    expect(page.locator("#guess")).to_be_focused()
    assert page.context.cookies() == []


@on_wide
def test_options_are_remembered(page: Page) -> None:
    home = page.url
    with_option(page, "Tokens")
    page.goto(home)
    page.get_by_text("More ways to play").click()
    expect(page.get_by_label("Tokens")).to_be_checked()


def test_the_day_then_the_first_page_again_then_the_archive(page: Page, screenshots: Path) -> None:
    page.get_by_role("link", name=re.compile("Perplexed \\d+")).click()
    expect(page.locator("h1")).to_have_text(re.compile("Perplexed \\d+"))
    assert_accessible(page)
    picture(page, screenshots, "daily")
    page.get_by_role("button", name="Play", exact=True).press("Enter")
    for _ in range(12):
        guess(page, "the")
        page.keyboard.press("Enter")
    page.wait_for_url("**/result")
    page.get_by_role("link", name="Perplexed", exact=True).click()
    expect(page.locator("#around")).to_contain_text(re.compile("you got \\d+ of 12 · next in"))
    page.get_by_role("link", name=re.compile("Perplexed \\d+")).click()
    expect(page.locator(".scores .is-you")).to_contain_text("you")
    expect(page.get_by_text("Your streak is 1 day")).to_be_visible()
    expect(page.locator("#archive")).to_be_visible()
    picture(page, screenshots, "daily-after")
    assert_accessible(page)
    assert_no_sideways_scroll(page)
