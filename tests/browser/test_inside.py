"""A player looks inside the model at a word of a finished round, wide and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Serve
from tests.browser.looks import assert_accessible, assert_no_sideways_scroll, picture
from tests.web.inside.conftest import fill_traced

QUESTIONS = 12


@pytest.fixture(scope="module")
def address(serve: Serve) -> Iterator[str]:
    """A service without a model at hand: what is stored is all that it shows."""
    with serve("traced", fill_traced, LIVE_SCORING="off") as address:
        yield address


def play_a_round(page: Page) -> None:
    gap = page.locator("#guess")
    for question in range(QUESTIONS):
        expect(gap).to_be_focused()
        gap.press_sequentially("the" if question % 2 else "and")
        page.keyboard.press("Enter")
        expect(page.locator("#next")).to_be_focused()
        page.keyboard.press("Enter")
    page.wait_for_url("**/result")


def test_the_inside_is_reached_from_a_result_by_keyboard(page: Page, screenshots: Path) -> None:
    play_a_round(page)
    link = page.locator(".inside-words a").first
    word = link.inner_text()
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/inside/*")
    expect(page.locator("h1")).to_contain_text(word)
    for title in ("Layer by layer", "Parts that pushed", "Words it needed"):
        expect(page.get_by_role("heading", name=title)).to_be_visible()
    assert_accessible(page)
    assert_no_sideways_scroll(page)
    picture(page, screenshots, "inside")
    for summary in page.locator("summary").all():
        summary.focus()
        page.keyboard.press("Enter")
    tables = page.locator("main table")
    expect(tables).to_have_count(3)
    for table in tables.all():
        expect(table).to_be_visible()
    expect(tables.first.locator("tbody tr")).to_have_count(6)
    assert_accessible(page)
    assert_no_sideways_scroll(page)
    expect(page.get_by_text("LIVE_SCORING is off").first).to_be_visible()
    page.get_by_role("link", name="Through the plain lens instead").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("It misleads here")).to_be_visible()
    page.get_by_role("link", name="The next word").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".eyebrow")).to_contain_text("word 2 of")
