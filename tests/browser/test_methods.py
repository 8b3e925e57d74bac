"""The methods page in a browser: readable on a phone, its wide tables scroll inside themselves."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.looks import look_at


def test_the_methods_are_readable_light_and_dark(page: Page, screenshots: Path) -> None:
    page.get_by_role("link", name="What the numbers mean").click()
    expect(page.get_by_role("heading", name="Methods")).to_be_visible()
    assert page.get_by_role("table").count() == 2
    look_at(page, screenshots, "methods")
