"""A real Chromium on a real gunicorn."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from tests.conftest import SECRET_KEY, SqliteFiles, fill, skip_or_fail
from tests.system.processes import BIN, serving

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
SCREENSHOTS = Path(__file__).resolve().parents[2] / "screenshots"
WIDE = {"width": 1000, "height": 900}
PHONE = {"width": 360, "height": 740}
PATIENCE_MS = 120_000  # on a busy machine a page takes its time; what is true comes through sooner
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def scored_template(sqlite_files: SqliteFiles, played_passages: Path, bundled_scorer: Any) -> str:
    """A database with scored passages, made before Playwright occupies the thread with its loop."""
    return sqlite_files.template("scored", lambda url: fill(url, played_passages, bundled_scorer))


@pytest.fixture(scope="module")
def browser(scored_template: str) -> Iterator[Browser]:
    """Chromium, from CHROMIUM or from this machine."""
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        skip_or_fail("browser", "no Chromium or Chrome is installed; CHROMIUM may name one")
    arguments = QUIET + (["--no-sandbox"] if os.geteuid() == 0 else [])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def address(sqlite_files: SqliteFiles, scored_template: str) -> Iterator[str]:
    """The address of a gunicorn that serves scored passages."""
    environment = dict(os.environ) | {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "SECRET_KEY": SECRET_KEY,
        "MODEL": "bundled",
        "RATE_LIMITS": "false",
        "APP_ENV": "development",
    }
    with (
        sqlite_files.copy(scored_template) as url,
        serving(environment | {"DATABASE_URL": url}, "gunicorn", "server:create_app()") as address,
    ):
        yield address


@pytest.fixture(params=[WIDE, PHONE], ids=["wide", "phone"])
def window(request: pytest.FixtureRequest) -> dict[str, int]:
    """A wide window and a phone's."""
    size: dict[str, int] = request.param
    return size


@pytest.fixture
def context(browser: Browser, window: dict[str, int]) -> Iterator[BrowserContext]:
    """A browser window with a cookie jar of its own."""
    phone = window["width"] < 500
    context = browser.new_context(
        viewport={"width": window["width"], "height": window["height"]},
        has_touch=phone,
        is_mobile=phone,
        permissions=["clipboard-read", "clipboard-write"],
    )
    context.set_default_timeout(PATIENCE_MS)
    yield context
    context.close()


@pytest.fixture(scope="session")
def screenshots() -> Path:
    """The folder where the pictures go, to be looked at."""
    SCREENSHOTS.mkdir(exist_ok=True)
    return SCREENSHOTS
