"""Looking at a page: what axe finds, what stands beyond the edge, and a picture of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from playwright.sync_api import Page

# A picture takes as long as a look by axe; nobody looks at those of every run.
PICTURES_ARE_WANTED = os.environ.get("SCREENSHOTS") == "yes"
# Colours and bars that change are brought to their end first. Waiting for it hung now
# and then: probably no time passes for them where Chromium draws nothing.
AT_REST = "document.getAnimations().forEach((moving) => moving.finish())"
# What else axe could find in a page's dark twin is the same in the light one.
THEMES: tuple[tuple[Literal["light", "dark"], list[str] | None], ...] = (
    ("light", None),
    ("dark", ["color-contrast"]),
)


def assert_accessible(page: Page, rules: list[str] | None = None) -> None:
    """Let axe look, by all of its rules or by some."""
    page.evaluate(AT_REST)
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    chosen = {"resultTypes": ["violations"]} | ({"runOnly": rules} if rules else {})
    results = AxeResults(page.evaluate("(options) => axe.run(options)", chosen))
    assert results.violations_count == 0, results.generate_report()


# What stands beyond the right edge of the window, if the page can be scrolled there.
TOO_WIDE = """(() => {
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth <= clientWidth) return [];
  return [...document.querySelectorAll("main *, footer *, header *")]
    .filter((node) => node.getBoundingClientRect().right > clientWidth)
    .map((node) => `${node.tagName}.${node.className}`);
})()"""


def assert_no_sideways_scroll(page: Page) -> None:
    assert page.evaluate(TOO_WIDE) == []


def picture(page: Page, folder: Path, name: str, *, whole: bool = True) -> None:
    """Take a picture for people to look at, where that is wanted: `SCREENSHOTS=yes make test`.

    It shows the whole page, or what is seen without scrolling.
    """
    if PICTURES_ARE_WANTED:
        page.evaluate(AT_REST)
        width = page.viewport_size["width"] if page.viewport_size else 0
        page.screenshot(path=folder / f"{name}-{width}.png", full_page=whole)


def look_at(page: Page, folder: Path, name: str) -> None:
    """Look at a page in both themes: nothing to scroll sideways, nothing that axe finds."""
    for theme, rules in THEMES:
        page.emulate_media(color_scheme=theme)
        picture(page, folder, f"{name}-{theme}")
        assert_accessible(page, rules)
        assert_no_sideways_scroll(page)
