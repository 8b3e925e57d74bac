"""Bets, duels and tries, played in Chromium with the keyboard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import on_phone, on_wide
from tests.browser.looks import assert_accessible, assert_no_sideways_scroll, picture


@pytest.fixture
def page(context: BrowserContext, address: str) -> Iterator[Page]:
    """The first page; whatever a script throws fails the test."""
    page, failures = context.new_page(), list[str]()
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.goto(address)
    yield page
    assert failures == []


def start(page: Page, mode: str) -> None:
    page.get_by_text("More ways to play").click()
    page.get_by_role("button", name=mode, exact=True).click()
    expect(page.locator("#game")).to_have_attribute("data-state", "asking")


def test_a_bet_is_placed_with_the_number_keys(page: Page, screenshots: Path) -> None:
    start(page, "Bet")
    page.locator("#guess").fill("zebra")
    page.keyboard.press("Enter")
    expect(page.locator("#bet")).to_be_visible()
    shares = page.locator("#stakes .share-of")
    page.keyboard.press("Enter")  # untouched: asked again, nothing is sent
    expect(page.locator("#guess-error")).to_contain_text("Nothing is staked yet")
    for key in ("1", "1", "1", "2", "Shift+2", "3", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)  # the first press goes to 10 %, from there by steps
    expect(page.locator("#guess-error")).to_be_hidden()
    shown = [text.replace("\u202f", " ") for text in shares.all_inner_texts()]
    assert shown[:4] == ["30 %", "5 %", "10 %", "0.2 %"]
    assert sum(float(text.removesuffix(" %")) for text in shown) == pytest.approx(100, abs=0.6)
    expect(page.get_by_role("button", name="Place the bet")).to_be_in_viewport()
    picture(page, screenshots, "bet")
    assert_accessible(page)
    assert_no_sideways_scroll(page)
    page.keyboard.press("Enter")
    expect(page.locator("#next")).to_be_focused()
    expect(page.locator("#reveal-words")).to_contain_text("bits")
    expect(page.locator("#next")).to_be_in_viewport()
    picture(page, screenshots, "bet-reveal")
    assert_accessible(page)
    assert_no_sideways_scroll(page)


@on_phone
def test_a_bet_that_did_not_arrive_is_kept_and_enter_sends_it(page: Page) -> None:
    start(page, "Bet")
    page.locator("#guess").fill("zebra")
    page.keyboard.press("Enter")
    expect(page.locator("#bet")).to_be_visible()
    page.keyboard.press("1")
    page.route("**/bets", lambda route: route.abort())
    page.get_by_role("button", name="Place the bet").click()
    error = page.locator("#guess-error")
    expect(error).to_contain_text("Nothing is lost; press Enter to try again.")
    expect(page.locator("#stakes .share-of").first).to_have_text("10\u202f%")
    page.unroute("**/bets")
    page.keyboard.press("Enter")  # on the button, which was held meanwhile
    expect(page.locator("#next")).to_be_focused()
    expect(error).to_be_hidden()


@on_wide
def test_an_own_guess_that_cannot_be_offered_is_said_to_be_something_else(page: Page) -> None:
    start(page, "Bet")
    page.locator("#guess").fill("floccinaucinihilipilification")
    page.keyboard.press("Enter")
    expect(page.locator("#own-guess")).to_contain_text("“something else” covers it")
    expect(page.locator("#stakes label")).to_have_count(8)


def test_one_option_cannot_take_more_than_is_left(page: Page) -> None:
    start(page, "Bet")
    page.locator("#guess").fill("zebra")
    page.keyboard.press("Enter")
    expect(page.locator("#bet")).to_be_visible()
    for _ in range(20):
        page.keyboard.press("1")
    for _ in range(20):
        page.keyboard.press("2")
    shown = [
        text.replace("\u202f", " ") for text in page.locator("#stakes .share-of").all_inner_texts()
    ]
    assert shown[0] == "99 %"
    assert shown[1] == "0.5 %"


def test_duels_are_judged_with_the_arrows_and_end_with_a_result(
    page: Page, screenshots: Path
) -> None:
    start(page, "Duel")
    for number in range(10):
        expect(page.locator("#duel")).to_be_visible()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        if number == 0:
            expect(page.locator("#second-share")).to_have_text("80\u202f%")
            picture(page, screenshots, "duel")
            assert_accessible(page)
            assert_no_sideways_scroll(page)
        page.keyboard.press("Enter")
        expect(page.locator("#next")).to_be_focused()
        page.keyboard.press("Enter")
    expect(page.locator(".lead")).to_contain_text(
        "That was practice and is left out of all statistics"
    )
    picture(page, screenshots, "duel-result")
    assert_accessible(page)
    page.get_by_role("button", name="Now the ones that count").click()
    expect(page.locator("#duel")).to_be_visible()


def test_earlier_tries_stay_in_sight_and_a_repeated_one_costs_nothing(
    page: Page, screenshots: Path
) -> None:
    start(page, "Tries")
    gap = page.locator("#guess")
    gap.fill("zebra")
    gap.press("Enter")
    tried = page.locator("#tried")
    expect(tried).to_have_text("Not “zebra”. 4 tries left.")
    gap.fill("Zebra")
    gap.press("Enter")
    expect(page.locator("#guess-error")).to_have_text("You tried “Zebra” already.")
    page.reload()
    expect(tried).to_have_text("Not “zebra”. 4 tries left.")
    picture(page, screenshots, "tries")
    assert_accessible(page)
    for word in ("yacht", "xylophone", "walrus", "violin"):
        gap.fill(word)
        gap.press("Enter")
        expect(page.locator("#next") if word == "violin" else tried).to_contain_text(
            re.compile("Next word" if word == "violin" else word)
        )
    expect(page.locator("#next")).to_be_focused()
    expect(page.locator("#reveal-words")).to_contain_text(
        "You tried zebra, yacht, xylophone, walrus and violin."
    )
    picture(page, screenshots, "tries-reveal")


@on_phone
def test_what_was_tried_before_a_skip_is_named(page: Page) -> None:
    start(page, "Tries")
    gap = page.locator("#guess")
    gap.fill("zebra")
    gap.press("Enter")
    expect(page.locator("#tried")).to_contain_text("zebra")
    page.keyboard.press("Escape")
    expect(page.locator("#reveal-words")).to_contain_text("You tried zebra, then skipped.")
