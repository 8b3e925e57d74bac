"""A whole room: a host at a projector, four phones; one reloads, one is late, one is offline."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import PATIENCE_MS, PHONE
from tests.browser.looks import (
    PICTURES_ARE_WANTED,
    THEMES,
    assert_accessible,
    assert_no_sideways_scroll,
    picture,
)

PROJECTOR = {"width": 1920, "height": 1080}
ONE_SHEET = 1


@pytest.fixture
def contexts(browser: Browser) -> Iterator[Any]:
    """Make browsers with cookie jars of their own, closed at the end."""
    with ExitStack() as opened:

        def make(size: dict[str, int], **options: Any) -> BrowserContext:
            context = browser.new_context(viewport=size, **options)  # type: ignore[arg-type]
            context.set_default_timeout(PATIENCE_MS)
            opened.callback(context.close)
            return context

        yield make


class Phones:
    """The phones in a room, and what went wrong on any of them."""

    def __init__(self, make: Any, address: str) -> None:
        self._make, self._address = make, address
        self.errors: list[str] = []

    def open(self, path: str, size: dict[str, int] = PHONE, **options: Any) -> Page:
        page: Page = self._make(size, **options).new_page()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.goto(self._address + path)
        return page

    def join(self, code: str, name: str | None = None, *, shown: bool = False) -> Page:
        phone = self.open(f"/r/{code}", has_touch=True, is_mobile=True)
        field = phone.get_by_label("What the room calls you")
        if name is not None:
            field.fill(name)
            if shown:
                phone.get_by_label("Show this name to the others").check()
        phone.get_by_role("button", name="Join").click()
        expect(phone.locator("#who")).not_to_be_empty()
        return phone


def shoot(page: Page, folder: Path, name: str) -> None:
    if PICTURES_ARE_WANTED:
        for theme, _ in reversed(THEMES):
            page.emulate_media(color_scheme=theme)
            picture(page, folder, f"{name}-{theme}", whole=False)


def assert_fits(host: Page) -> None:
    """A projector does not scroll: the code, the gap and the next move are in sight."""
    for what in (".where .code", "#main-move"):
        expect(host.locator(what)).to_be_in_viewport(ratio=1)
    heights = host.evaluate("[document.documentElement.scrollHeight, innerHeight]")
    assert heights[0] <= heights[1]


def say(phone: Page, word: str) -> None:
    gap = phone.get_by_label("Your guess for the next word")
    gap.fill(word)
    gap.press("Enter")
    expect(phone.locator("#says")).to_contain_text(f"You said “{word}”")


def test_a_class_plays_a_whole_room(contexts: Any, address: str, screenshots: Path) -> None:
    phones = Phones(contexts, address)
    host = phones.open("/rooms", PROJECTOR)
    assert_accessible(host)
    shoot(host, screenshots, "room-open")
    host.get_by_label("Number of words").select_option("2")
    host.get_by_role("button", name="Open the room").click()
    host.wait_for_url(re.compile(r"/r/[A-Z]{6}/host"))
    code = host.url.rsplit("/", 2)[1]
    expect(host.locator(".large-code")).to_have_text(code)

    arriving = phones.open(f"/r/{code}", has_touch=True, is_mobile=True)
    assert_accessible(arriving)
    assert_no_sideways_scroll(arriving)
    shoot(arriving, screenshots, "room-join-phone")
    ann = phones.join(code, "Ann", shown=True)
    ben = phones.join(code)
    cem = phones.join(code, "Cem")
    expect(host.locator("#joined")).to_have_text("3 players")
    expect(host.locator("#names")).to_contain_text("Ann")
    expect(host.locator("#names")).not_to_contain_text("Cem")
    assert_accessible(host)
    assert_fits(host)
    shoot(host, screenshots, "room-lobby")

    # The keyboard alone leads the room: the next move is always under Enter.
    host.keyboard.press("Enter")
    expect(host.locator("#progress")).to_have_text("Word 1 of 2")
    for phone in (ann, ben, cem):
        expect(phone.get_by_label("Your guess for the next word")).to_be_visible()
    shown = host.locator("#text").inner_text().strip()
    assert ann.locator("#text").inner_text().strip() == shown
    assert_accessible(ann)
    assert_no_sideways_scroll(ann)
    shoot(ann, screenshots, "room-asking-phone")
    say(ann, "house")
    assert_accessible(ann)

    # One reloads with half a word typed, and goes on.
    ben.get_by_label("Your guess for the next word").fill("hou")
    ben.reload()
    expect(ben.get_by_label("Your guess for the next word")).to_have_value("hou")
    say(ben, "house")
    ben.reload()
    expect(ben.locator("#says")).to_contain_text("You said “house”")

    # One is offline: nothing is lost, and the same word arrives later.
    cem.context.set_offline(True)
    gap = cem.get_by_label("Your guess for the next word")
    gap.fill("garden")
    gap.press("Enter")
    expect(cem.locator("#answer-error")).to_contain_text("still here")
    expect(gap).to_have_value("garden")
    expect(cem.locator("#lost")).to_contain_text("keeps trying")
    shoot(cem, screenshots, "room-offline-phone")
    expect(host.locator("#answered")).to_have_text("2 of 3")
    assert_accessible(host)
    assert_fits(host)
    shoot(host, screenshots, "room-asking")
    cem.context.set_offline(False)
    expect(cem.locator("#lost")).to_be_empty()
    say(cem, "garden")
    expect(host.locator("#answered")).to_have_text("3 of 3")

    host.keyboard.press("Enter")
    expect(host.locator("#bars table")).to_be_visible()
    expect(host.locator("#bars")).to_contain_text("house")
    expect(host.locator("#race")).to_contain_text("Ann")
    expect(host.locator("#race")).not_to_contain_text("Cem")
    assert_accessible(host)
    assert_fits(host)
    shoot(host, screenshots, "room-revealed")
    for phone in (ann, ben, cem):
        expect(phone.locator("#says")).to_contain_text("The author wrote")
    assert_accessible(ann)
    assert_no_sideways_scroll(ann)
    shoot(ann, screenshots, "room-revealed-phone")

    # One joins late, and starts at the present word.
    dee = phones.join(code, "Dee", shown=True)
    expect(dee.locator("#says")).to_contain_text("You said nothing")
    host.keyboard.press("Enter")
    expect(host.locator("#progress")).to_have_text("Word 2 of 2")
    say(dee, "water")
    host.keyboard.press("p")
    expect(ann.locator("#says")).to_contain_text("paused")
    expect(ann.get_by_role("button", name="Send")).to_be_disabled()
    host.keyboard.press("p")
    expect(ann.locator("#says")).to_contain_text("What comes next?")
    ann.get_by_role("button", name="Skip").click()
    expect(ann.locator("#says")).to_contain_text("You skipped")
    expect(host.locator("#answered")).to_have_text("2 of 4")
    host.locator("#main-move").focus()
    host.keyboard.press("Enter")
    expect(dee.locator("#says")).to_contain_text("The author wrote")
    host.keyboard.press("Enter")
    host.wait_for_url(re.compile("/end"))
    expect(host.get_by_role("heading", name="Word by word")).to_be_visible()
    assert_accessible(host)
    shoot(host, screenshots, "room-end")
    for phone in (ann, ben, cem, dee):
        expect(phone.locator("#says")).to_contain_text("The room is over")
    shoot(dee, screenshots, "room-over-phone")
    dee.get_by_role("link", name="How the room did").click()
    assert_accessible(dee)
    assert_no_sideways_scroll(dee)
    shoot(dee, screenshots, "room-end-phone")
    sheet = host.pdf(format="A4")
    (screenshots / "room-sheet.pdf").write_bytes(sheet)
    assert len(re.findall(rb"/Type\s*/Page\b", sheet)) == ONE_SHEET
    assert phones.errors == []
