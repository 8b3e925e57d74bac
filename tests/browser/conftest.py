"""A real Chromium on a real gunicorn."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    expect,
    sync_playwright,
)

from server.commands.front_end import build_front_end
from tests.browser.stack import behind_nginx
from tests.conftest import SECRET_KEY, fill, skip_or_fail
from tests.databases import PostgresqlDatabases, SqliteFiles
from tests.system.processes import BIN, serving

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# The lists under the address bar are pages of their own, made anew for each window, and took longer
# than the page under test; and a process was kept ready for a page that never came. Only the last
# list of features counts, so Playwright's is repeated.
WITHOUT = (
    "WebUIOmniboxPopup,WebUIOmniboxAimPopup,AimEnabled,AvoidUnnecessaryBeforeUnloadCheckSync,"
    "DestroyProfileOnBrowserClose,HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,LensOverlay,"
    "MediaRouter,NetworkTimeServiceQuerying,OptimizationHints,PaintHolding,PreconnectToSearch,"
    "ThirdPartyStoragePartitioning,AvoidCorsURLLoaderRestartOnRedirect,"
    "SpareRendererForSitePerProcess"
)
QUIET = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--disable-features={WITHOUT}",
]
SCREENSHOTS = Path(__file__).resolve().parents[2] / "screenshots"
WIDE = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 740}
IS_FULL = os.environ.get("PERPLEXED_STACK") == "full"  # two processes, PostgreSQL, Redis, nginx
PATIENCE_MS = 120_000  # on a busy machine a page takes its time; what is true comes through sooner
# What a browser says by itself where a test refuses or breaks a request.
EXPECTED = (
    "status of 422",
    "net::ERR_FAILED",
    "Service Worker registration blocked",  # by `context`
)
expect.set_options(timeout=PATIENCE_MS)
Serve = Callable[..., AbstractContextManager[str]]


# What waits for the network or the keyboard alone is the same at any width, and tried at one.
on_wide = pytest.mark.parametrize("window", [WIDE], ids=["wide"], indirect=True)
on_phone = pytest.mark.parametrize("window", [PHONE], ids=["phone"], indirect=True)


@pytest.fixture(scope="session")
def served_databases(request: pytest.FixtureRequest) -> SqliteFiles | PostgresqlDatabases:
    """Where the service of this run keeps its data."""
    kind = "postgresql_databases" if IS_FULL else "sqlite_files"
    chosen: SqliteFiles | PostgresqlDatabases = request.getfixturevalue(kind)
    return chosen


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium, from CHROMIUM or from this machine; it gets the front end as players do, built.

    It stays for all files of these tests, and goes before others: its loop occupies the thread.
    """
    build_front_end()
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        skip_or_fail("browser", "no Chromium or Chrome is installed; CHROMIUM may name one")
    arguments = QUIET + (["--no-sandbox"] if os.geteuid() == 0 else [])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def serve(
    served_databases: SqliteFiles | PostgresqlDatabases,
    played_passages: Path,
    bundled_scorer: Any,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Serve:
    """Serve a copy of a template, by gunicorn or by nginx before two processes.

    The first call under a template's name fills it, with a few passages and the bundled model.
    """
    environment = dict(os.environ) | {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "SECRET_KEY": SECRET_KEY,
        "MODEL": "bundled",
        "RATE_LIMITS": "false",
        "APP_ENV": "development",
    }

    @contextmanager
    def serve(
        name: str, filling: Callable[[str, Path, Any], None], **settings: str
    ) -> Iterator[str]:
        template = served_databases.template(
            name, lambda url: filling(url, played_passages, bundled_scorer)
        )
        with served_databases.copy(template) as url:
            if IS_FULL:
                redis_url = request.getfixturevalue("redis_url")
                folder = tmp_path_factory.mktemp("nginx")
                server = behind_nginx(environment | settings, url, redis_url, folder)
            else:
                settings |= {"DATABASE_URL": url}
                server = serving(environment | settings, "gunicorn", "server:create_app()")
            with server as address:
                yield address

    return serve


@pytest.fixture(scope="package")
def address(serve: Serve) -> Iterator[str]:
    """The address of a service of scored passages, where each test is a player of its own."""
    with serve("scored", fill) as address:
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
        service_workers="block",  # it would answer requests that tests watch; test_offline lets it
    )
    context.set_default_timeout(PATIENCE_MS)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, address: str) -> Iterator[Page]:
    """A page of which the console stays empty, and which asks nobody but us."""
    page, complaints = context.new_page(), []
    ours = urlsplit(address).netloc

    def note_console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    def note_request(request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https") and parts.netloc != ours:
            complaints.append(f"a request to {request.url}")

    page.on("console", note_console)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", note_request)
    page.goto(address)
    yield page
    assert [text for text in complaints if not any(known in text for known in EXPECTED)] == []


@pytest.fixture(scope="session")
def screenshots() -> Path:
    """The folder where the pictures go, to be looked at."""
    SCREENSHOTS.mkdir(exist_ok=True)
    return SCREENSHOTS
