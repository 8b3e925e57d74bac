"""Two people, two browsers: a challenge up to the shared table, and one history on two devices."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import PATIENCE_MS, PHONE, WIDE, on_phone, on_wide
from tests.browser.looks import assert_accessible, look_at

ADDRESS = re.compile(r"http://\S+/c/[\w-]{16}$")


@pytest.fixture
def ada(context: BrowserContext) -> Page:
    """The one who asks."""
    return context.new_page()


@pytest.fixture
def bob(browser: Browser, window: dict[str, int]) -> Iterator[Page]:
    """A friend, in a browser with a cookie jar of their own."""
    context = browser.new_context(viewport={"width": window["width"], "height": window["height"]})
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()


def skip_to_the_end(page: Page) -> None:
    """Play a round by keyboard alone: Escape skips, Enter goes on."""
    gap = page.locator("#guess")
    for _ in range(12):
        expect(gap).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.locator("#next")).to_be_focused()
        page.keyboard.press("Enter")


def finished_round(page: Page, address: str) -> None:
    """Finish a round over the page's own session, and open its result."""
    round_id = page.evaluate(
        """async () => {
          const send = async (path, body) => {
            const headers = { "Content-Type": "application/json" };
            const init = { method: "POST", headers, body: JSON.stringify(body) };
            return (await fetch(path, init)).json();
          };
          let round = await send("/api/v1/rounds", {});
          const path = `/api/v1/rounds/${round.id}/guesses`;
          while (!round.finished) {
            ({ round } = await send(path, { position: round.asked.position, text: "the" }));
          }
          return round.id;
        }"""
    )
    page.goto(f"{address}/rounds/{round_id}/result")


def look_at_both_sizes(page: Page, folder: Path, name: str) -> None:
    for width, height in (tuple(WIDE.values()), tuple(PHONE.values())):
        page.set_viewport_size({"width": width, "height": height})
        look_at(page, folder, name)


def name(page: Page, address: str, nickname: str) -> None:
    page.goto(f"{address}/you")
    page.locator("#nickname").fill(nickname)
    page.keyboard.press("Enter")
    expect(page.locator("#nickname-status")).to_have_text("Saved.")


@on_phone
def test_a_challenge_goes_from_one_browser_to_another_and_ends_in_one_table(
    ada: Page, bob: Page, address: str, screenshots: Path
) -> None:
    name(ada, address, "Ada")
    finished_round(ada, address)
    ada.get_by_role("button", name="Challenge a friend").focus()
    ada.keyboard.press("Enter")
    expect(ada.locator("#share-status")).to_contain_text("Copied, with a link")
    sentence, you, model, link = ada.evaluate("navigator.clipboard.readText()").split("\n")
    assert re.fullmatch(r"Perplexed: I guessed \d+ of 12 words, Minnow \d+\.", sentence)
    assert re.fullmatch(r"[●○]{5} [●○]{5} [●○]{2}", you)
    assert re.fullmatch(r"[■□]{5} [■□]{5} [■□]{2}", model)
    assert ADDRESS.fullmatch(link)
    assert ada.get_by_role("link", name=link).is_visible()
    assert_accessible(ada)

    bob.goto(link)
    expect(bob.get_by_role("heading", level=1)).to_contain_text("Ada had")
    look_at_both_sizes(bob, screenshots, "challenge")
    bob.get_by_role("button", name="Play the same words").focus()
    bob.keyboard.press("Enter")
    skip_to_the_end(bob)
    bob.wait_for_url(link)
    expect(bob.get_by_role("heading", level=1)).to_contain_text("You had 0 of 12 words, Ada")
    look_at_both_sizes(bob, screenshots, "challenge-played")

    ada.goto(link)
    expect(ada.get_by_role("heading", level=1)).to_have_text("1 friend took your challenge")
    for page in (ada, bob):
        table = page.get_by_role("region", name="Everybody who took it").get_by_role("row")
        expect(table).to_have_count(4)  # the head, two people, the model
        words = page.get_by_role("region", name="Word by word").get_by_role("row")
        expect(words).to_have_count(13)
    look_at_both_sizes(ada, screenshots, "challenge-sent")

    ada.get_by_text("Withdraw this challenge").click()
    ada.get_by_role("button", name="Withdraw it").click()
    ada.wait_for_url(f"{address}/you")
    answer = bob.goto(link)
    assert answer is not None
    assert answer.status == 404


@on_phone
def test_a_transfer_joins_two_browsers(
    ada: Page, bob: Page, address: str, screenshots: Path
) -> None:
    for page in (ada, bob):
        page.goto(address)
        finished_round(page, address)
        page.goto(f"{address}/you")
        expect(page.locator(".figures dd").first).to_have_text("1")
    ada.get_by_role("button", name="Make a code").focus()
    ada.keyboard.press("Enter")
    code = ada.locator("#code-shown .code")
    expect(code).to_have_text(re.compile("[A-Z]{4} [A-Z]{4}"))
    look_at(ada, screenshots, "transfer")
    bob.get_by_label("Code from the other device").fill("ABCD EFG1")
    bob.keyboard.press("Enter")
    expect(bob.locator("#join-error")).to_contain_text("A code is 8 letters")
    bob.get_by_label("Code from the other device").fill(code.inner_text().lower())
    bob.keyboard.press("Enter")
    expect(bob.locator(".figures dd").first).to_have_text("2")
    ada.reload()
    expect(ada.locator(".figures dd").first).to_have_text("2")
    look_at(ada, screenshots, "you")


@on_wide
def test_the_leaderboard_in_both_themes_and_sizes(
    ada: Page, address: str, screenshots: Path
) -> None:
    """Both sizes in one: a board is kept for half a minute, so a second player would wait."""
    name(ada, address, "Ada")
    ada.evaluate(
        """async () => {
          const send = async (path, body) => {
            const headers = { "Content-Type": "application/json" };
            const init = { method: "POST", headers, body: JSON.stringify(body) };
            return (await fetch(path, init)).json();
          };
          let round = await send("/api/v1/rounds", { daily: true });
          const path = `/api/v1/rounds/${round.id}/guesses`;
          while (!round.finished) {
            ({ round } = await send(path, { position: round.asked.position, text: "the" }));
          }
        }"""
    )
    ada.goto(f"{address}/leaderboard")
    expect(ada.get_by_role("row").filter(has_text="Ada")).to_have_count(1)
    expect(ada.get_by_role("row").filter(has_text="a model")).to_have_count(2)
    look_at_both_sizes(ada, screenshots, "leaderboard")
    ada.get_by_role("link", name="All time").click()
    look_at_both_sizes(ada, screenshots, "leaderboard-all")
