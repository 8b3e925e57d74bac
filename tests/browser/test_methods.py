"""The methods page in a browser: readable on a phone, its wide tables scroll inside themselves."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.test_play import (
    assert_accessible,
    assert_no_sideways_scroll,
    page,
    picture,
)

__all__ = ["page"]


def test_the_methods_are_readable_light_and_dark(page: Page, screenshots: Path) -> None:
    page.get_by_role("link", name="What the numbers mean").click()
    expect(page.get_by_role("heading", name="Methods")).to_be_visible()
    assert page.get_by_role("table").count() == 2
    assert_no_sideways_scroll(page)
    assert_accessible(page)
    picture(page, screenshots, "methods")
    page.emulate_media(color_scheme="dark")
    assert_accessible(page)
    picture(page, screenshots, "methods-dark")
