"""A stranger pastes a text, explores it by mouse, touch and keyboard, and plays it."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from pathlib import Path
from urllib.error import HTTPError

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import on_phone
from tests.browser.looks import assert_accessible, assert_no_sideways_scroll, picture
from tests.waiting import PATIENCE_S
from tests.web.test_own_text import TEXT

LOADED_WITHIN_S = 120
# Neighbours with nothing between them in the text, but with room between them on the page.
GAPS_INSIDE_WORDS = """(() => {
  const marks = [...document.querySelectorAll("#tokens .token")];
  return marks.filter((mark) => {
    const next = mark.nextSibling;
    if (next?.nodeType !== Node.ELEMENT_NODE) return false;
    const [here, there] = [mark, next].map((node) => node.getBoundingClientRect());
    return here.top === there.top && there.left - here.right > 1;
  }).map((mark) => mark.textContent);
})()"""
# Numbers in one row of one line that stand over one another, measured by their digits' width.
MEETING_NUMBERS = """(() => {
  const pen = document.createElement("canvas").getContext("2d");
  const numbers = [...document.querySelectorAll("#tokens [data-bits]")].map((mark) => {
    const style = getComputedStyle(mark, "::after");
    pen.font = `${style.fontSize} ${style.fontFamily}`;
    const box = mark.getClientRects()[0];
    const [left, width] = [box.left + 3, pen.measureText(mark.dataset.bits).width];
    return { left, right: left + width, top: Math.round(box.top + parseFloat(style.top)) };
  });
  return numbers.filter((one, index) => numbers.some((other, another) =>
    another < index && other.top === one.top && other.left < one.right && one.left < other.right));
})()"""


@pytest.fixture(autouse=True)
def model_is_loaded(address: str) -> None:
    """On a busy machine loading takes longer than a page waits, and then the page says so."""
    body, kind = json.dumps({"text": TEXT}).encode(), {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{address}/api/v1/try", body, kind)
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S):
                return
        except HTTPError as error:
            error.close()
            if error.code != 503 or time.monotonic() > deadline:
                raise


def read(page: Page, text: str) -> None:
    page.get_by_role("link", name="Try", exact=True).click()
    page.get_by_label("Your text", exact=True).fill(text)
    page.get_by_role("button", name="Read it").click()
    expect(page.locator("#scored")).to_be_visible()


def test_a_text_is_read_explored_and_played(page: Page, screenshots: Path) -> None:
    read(page, f"{TEXT}\n\nNaïve 👩‍🍳 said: “Donaudampfschifffahrt!”")
    expect(page.locator("#scored-title")).to_be_focused()
    expect(page.locator("#totals")).to_contain_text("Perplexity")
    most = page.locator("#tokens [aria-current]")
    expect(most).to_have_count(1)
    expect(page.locator("#detail-words")).to_contain_text(
        re.compile("Minnow gave|tokens to Minnow")
    )
    picture(page, screenshots, "try")
    assert_accessible(page)
    assert_no_sideways_scroll(page)

    token, following = (page.locator("#tokens .token").nth(index) for index in (7, 8))
    token.click()
    expect(token).to_have_attribute("aria-current", "true")
    expect(page.locator("#detail-words")).to_contain_text(token.inner_text())
    expect(page.locator("#detail-bars dd.share-of")).not_to_have_count(0)
    page.keyboard.press("ArrowRight")
    expect(following).to_be_focused()
    expect(page.locator("#detail-words")).to_contain_text(following.inner_text())
    picture(page, screenshots, "try-window", whole=False)
    page.keyboard.press("Home")
    expect(page.locator("#tokens .token:focus")).to_have_attribute(
        "aria-label", re.compile("^The, ")
    )
    picture(page, screenshots, "try-token")

    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    picture(page, screenshots, "try-dark")
    assert_accessible(page)

    page.get_by_role("button", name="Play this text").click()
    expect(page.locator("#guess")).to_be_focused()
    expect(page.locator("main")).to_contain_text("Your own text")
    picture(page, screenshots, "try-round")


@on_phone
def test_words_stay_whole_and_their_numbers_apart(page: Page, screenshots: Path) -> None:
    read(page, "Clocks cl ocks, xqjz vestibules rewound; the clockmaker’s Hungarian kshatriyas.")
    assert page.evaluate(GAPS_INSIDE_WORDS) == []
    assert page.evaluate(MEETING_NUMBERS) == []
    page.set_viewport_size({"width": 800, "height": 740})  # other lines: placed anew
    page.wait_for_timeout(200)
    assert page.evaluate(MEETING_NUMBERS) == []
    picture(page, screenshots, "try-numbers")


@on_phone
def test_what_goes_wrong_is_said_and_the_text_stays(page: Page, screenshots: Path) -> None:
    page.get_by_role("link", name="Try", exact=True).click()
    field, error = page.get_by_label("Your text", exact=True), page.locator("#text-error")
    page.get_by_role("button", name="Read it").click()
    expect(error).to_have_text("Type or paste a text first.")
    field.fill("x" * 2001)
    field.press("Control+Enter")
    expect(error).to_have_text("The text has 2,001 characters; 1 to 2,000 are allowed.")
    assert_accessible(page)
    picture(page, screenshots, "try-error")

    field.fill("A short text.")
    page.route("**/api/v1/try", lambda route: route.abort())
    field.press("Control+Enter")
    expect(error).to_contain_text("Your text is still here; please try again.")
    page.unroute("**/api/v1/try")
    page.reload()
    expect(field).to_have_value("A short text.")

    sent: list[str] = []

    def slowly(route: Route) -> None:
        sent.append(route.request.post_data or "")
        time.sleep(0.8)
        route.continue_()

    expect(page.locator("#text-count")).to_have_text("13 of 2,000 characters")
    page.route("**/api/v1/try", slowly)
    page.get_by_role("button", name="Read it").dblclick()
    expect(page.locator("#scored")).to_be_visible()
    assert len(sent) == 1
    expect(page.get_by_role("button", name="Play this text")).to_be_disabled()
    expect(page.locator("#play-hint")).to_contain_text("A round needs at least 5 words")


def test_the_inside_of_a_token_is_reached_by_keyboard(page: Page, screenshots: Path) -> None:
    read(page, TEXT)
    page.locator("#tokens .token").nth(12).click()
    page.locator("#why summary").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Layer by layer, on a page of its own").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/try/inside")
    expect(page.locator("h1")).to_contain_text("Minnow")
    expect(page.get_by_role("heading", name="Layer by layer")).to_be_visible()
    assert_accessible(page)
    assert_no_sideways_scroll(page)
    picture(page, screenshots, "try-inside")
    page.get_by_role("link", name="Back to your text").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Your text", exact=True)).to_have_value(TEXT)
