"""The swap lab by keyboard, on a screen and on a phone."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.looks import assert_accessible, assert_no_sideways_scroll, picture
from tests.browser.test_own_text import model_is_loaded, read
from tests.web.test_own_text import TEXT

__all__ = ["model_is_loaded"]


def test_two_prompts_are_swapped_by_keyboard_alone(
    page: Page, address: str, screenshots: Path
) -> None:
    page.goto(f"{address}/inside/swap")
    assert_accessible(page)
    page.get_by_label("Agreement: one key, or several?").focus()
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    expect(page.get_by_label("Two switches: both (AND)")).to_be_checked()
    expect(page.get_by_label("First prompt")).to_have_value("yes yes =")
    expect(page.locator("#preset-note")).to_contain_text("neither is enough")
    page.get_by_label("calls for").last.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#swapped-title")).to_be_focused()
    expect(page.locator("#swap-sentence")).to_contain_text(
        "Needed, but not enough alone: head 1 of layer 1 and head 2 of layer 1."
    )
    heads = page.locator("[data-site=heads]")
    expect(heads.locator("figure").first.locator("text.share")).to_have_count(0)
    expect(heads.locator("figure").last.locator("text.share")).to_have_text(["100", "100"])
    heads.locator("summary").focus()
    page.keyboard.press("Enter")
    cells = heads.locator("tbody tr").first.locator("th, td")
    expect(cells).to_have_text(["head 1", "0", "100"])
    picture(page, screenshots, "swap-and")
    assert_accessible(page)
    assert_no_sideways_scroll(page)


def test_the_model_s_own_maps_fit_the_page_in_both_schemes(
    page: Page, address: str, screenshots: Path
) -> None:
    page.goto(f"{address}/inside/swap")
    page.get_by_role("button", name="Swap everything").click()
    expect(page.locator("#swapped-title")).to_be_focused()
    residual = page.locator("[data-site=residual]")
    expect(residual.locator("figure")).to_have_count(2)
    expect(residual.locator("figure").first.locator("rect")).to_have_count(5 * 6)
    expect(page.locator("#swap-differences")).to_contain_text("Minnow favours “were”")
    picture(page, screenshots, "swap")
    assert_no_sideways_scroll(page)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    picture(page, screenshots, "swap-dark")
    assert_accessible(page)


def test_a_wrong_pair_is_told_beside_the_prompts(page: Page, address: str) -> None:
    page.goto(f"{address}/inside/swap")
    page.get_by_label("Second prompt").fill("The key")
    page.get_by_role("button", name="Swap everything").click()
    expect(page.locator("#swap-error")).to_contain_text("is 6 tokens and the second 2")
    expect(page.locator("#swapped")).to_be_hidden()


def test_why_it_said_so_at_a_token_of_one_s_own_text(page: Page, screenshots: Path) -> None:
    read(page, TEXT)
    page.locator("#tokens .token").nth(30).click()
    page.locator("#why summary").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Find the words it needed").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".needed.helped")).to_be_visible()
    expect(page.locator("[data-context-status]")).to_contain_text("The 16 words it looked at most")
    page.get_by_role("button", name="Ask about all the others").click()
    expect(page.locator("[data-context-status]")).to_contain_text("All 30 words and signs")
    page.get_by_role("button", name="Grow the tree").click()
    first = page.locator("[data-tree] > ul > li")
    expect(first).to_have_count(4)
    page.get_by_label("Words allowed").focus()
    page.keyboard.press("Home")
    expect(first).to_have_count(1)
    expect(page.locator("[data-top-k-shown]")).to_have_text("1")
    picture(page, screenshots, "why")
    assert_accessible(page)
    assert_no_sideways_scroll(page)
    page.locator("#tokens .token").nth(12).click()
    expect(page.get_by_role("button", name="Grow the tree")).to_be_visible()
