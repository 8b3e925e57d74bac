"""A result's map: any word opens, by keyboard, pointer or touch."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect


def finished(context: BrowserContext, address: str) -> Page:
    state = context.request.post(f"{address}/api/v1/rounds", data={}).json()
    guesses = f"{address}/api/v1/rounds/{state['id']}/guesses"
    while not state["finished"]:
        answer = {"position": state["asked"]["position"], "text": "water"}
        state = context.request.post(guesses, data=answer).json()["round"]
    page = context.new_page()
    page.goto(f"{address}/rounds/{state['id']}/result")
    return page


def test_the_keyboard_enters_the_map_at_an_asked_word_and_goes_from_word_to_word(
    context: BrowserContext, address: str
) -> None:
    page = finished(context, address)
    words = page.locator("#map .word")
    asked = page.locator("#map .asked").first
    assert page.locator("#map [tabindex='0']").count() == 1
    page.locator("#map [tabindex='0']").focus()
    expect(asked).to_be_focused()
    expect(page.locator("#detail-words")).to_contain_text("The author wrote")
    expect(page.locator("#detail-words")).to_contain_text("water")
    page.keyboard.press("Home")
    expect(words.first).to_be_focused()
    expect(page.locator("#detail-words")).to_contain_text("Minnow")
    page.keyboard.press("End")
    expect(words.last).to_be_focused()
    assert Axe().run(page).violations_count == 0


def test_a_tapped_word_opens_and_stays_marked(
    context: BrowserContext, address: str, window: dict[str, int]
) -> None:
    page = finished(context, address)
    word = page.locator("#map .asked").nth(1)
    word.tap() if window["width"] < 500 else word.click()
    expect(word).to_have_attribute("aria-current", "true")
    expect(page.locator("#detail-bars .bars")).to_be_visible()
    page.locator("#map .word").first.click()
    expect(word).not_to_have_attribute("aria-current", "true")
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= window["width"]
