"""What a first visit costs on a slow phone line: 50 kbit/s with two seconds of latency.

    python -m benchmarks.first_load [--visits N] [--path PATH]

Chromium opens the first page with nothing kept, on a line slowed down by its own tools, from a
gunicorn that serves the built front end. Printed: when the passage is painted, when the gap takes
letters, when the first letter typed has begun a round, and what travelled, each beside its bound.
Ends with 1 where a bound is missed. Chromium is found as the browser tests find it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
from collections import Counter
from dataclasses import dataclass
from time import monotonic

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from benchmarks.databases import empty_database
from benchmarks.slow_clients import serving
from server import create_app
from server.config import Settings
from server.domain.scores.models import SMOLLM2

KILOBITS_A_SECOND, LATENCY_MS = 50, 2_000
MOST_READABLE_S, MOST_USABLE_S, MOST_BYTES = 6.0, 9.0, 30_000
COUNTED = ("Document", "Stylesheet", "Script")  # the page with its scripts and styles
PHONE = {"width": 360, "height": 740}
PATIENCE_MS = 120_000
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

# The script says that it listens by the state of the game; it is noted when that is set.
NOTE_WHEN_USABLE = """
new MutationObserver((_, observer) => {
  if (document.getElementById("game")?.dataset.state !== "asking") return;
  window.usableAfterMs = performance.now();
  observer.disconnect();
}).observe(document, { subtree: true, childList: true, attributes: true });
"""
PAINTED_MS = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"


@dataclass(frozen=True, slots=True)
class Visit:
    """One first visit: seconds after the address was entered, and bytes by kind of file."""

    readable_s: float
    usable_s: float
    begun_s: float
    wire_bytes: dict[str, int]


class Wire:
    """Counts what the browser receives, head and body as they travelled, by kind of file."""

    def __init__(self, session: CDPSession) -> None:
        self.wire_bytes: Counter[str] = Counter()
        self._kinds: dict[str, str] = {}
        session.on("Network.responseReceived", self._note_kind)
        session.on("Network.loadingFinished", self._count)

    def _note_kind(self, event: dict[str, str]) -> None:
        self._kinds[event["requestId"]] = event["type"]

    def _count(self, event: dict[str, str]) -> None:
        kind = self._kinds.get(event["requestId"], "Other")
        self.wire_bytes[kind] += int(event["encodedDataLength"])


def visit(browser: Browser, address: str) -> Visit:
    """Open an address as somebody does who was never here."""
    context = browser.new_context(
        viewport={"width": PHONE["width"], "height": PHONE["height"]},
        is_mobile=True,
        has_touch=True,
        service_workers="block",  # it fetches the shell for later, once the page is there
    )
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.add_init_script(NOTE_WHEN_USABLE)
    session = context.new_cdp_session(page)
    wire = Wire(session)
    slow_down(session)
    began = monotonic()
    page.goto(address, wait_until="commit")
    page.locator("#game[data-state=asking]").wait_for()
    usable_s = page.evaluate("window.usableAfterMs") / 1000
    readable_s = painted_s(page)
    page.locator("#guess").press("w")
    page.wait_for_url("**/rounds/*")
    begun_s = monotonic() - began
    page.wait_for_load_state("load")
    context.close()
    return Visit(readable_s, usable_s, begun_s, dict(wire.wire_bytes))


def slow_down(session: CDPSession) -> None:
    """Make the line a slow one, and keep nothing."""
    bytes_a_second = KILOBITS_A_SECOND * 1000 / 8
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    session.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": LATENCY_MS,
            "downloadThroughput": bytes_a_second,
            "uploadThroughput": bytes_a_second,
        },
    )


def painted_s(page: Page) -> float:
    """Return when text was first painted: the passage is in the page, and opens it."""
    painted = None
    while painted is None:  # the script may listen a moment before
        painted = page.evaluate(PAINTED_MS)
    return float(painted) / 1000


def chromium() -> str:
    """Return Chromium's path."""
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if path is None:
        sys.exit("No Chromium or Chrome is installed; CHROMIUM may name one.")
    return path


def print_table(visits: list[Visit]) -> bool:
    """Print the medians beside their bounds; return whether all are kept."""
    counted = [sum(v.wire_bytes.get(kind, 0) for kind in COUNTED) for v in visits]
    lines = (
        ("passage readable, s", statistics.median(v.readable_s for v in visits), MOST_READABLE_S),
        ("gap usable, s", statistics.median(v.usable_s for v in visits), MOST_USABLE_S),
        ("page, scripts and styles, kB", statistics.median(counted) / 1000, MOST_BYTES / 1000),
    )
    for name, value, bound in lines:
        print(f"{name:32} {value:6.1f}  (under {bound:g})")
    begun_s = statistics.median(v.begun_s for v in visits)
    print(f"{'a letter typed has begun a round, s':32} {begun_s:6.1f}")
    for kind, size in sorted(visits[-1].wire_bytes.items()):
        print(f"  {kind.lower():30} {size / 1000:6.1f} kB")
    return all(value < bound for _, value, bound in lines)


def measure(address: str, visits: int) -> list[Visit]:
    """Visit an address several times, each time as somebody new."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox"] if root else []
        )
        measured = [visit(browser, address) for _ in range(visits)]
        browser.close()
    return measured


def main() -> None:
    """Serve the bundled passages and measure first visits."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("--visits", type=int, default=5)
    arguments.add_argument("--path", default="/")
    options = arguments.parse_args()
    with empty_database("sqlite") as url:
        app = create_app(Settings(database_url=url, secret_key="x" * 16, model=SMOLLM2))
        if app.test_cli_runner().invoke(args=["prepare"]).exit_code:
            raise RuntimeError("the database could not be prepared")
        with serving("gathering", url, SMOLLM2) as port:
            visits = measure(f"http://127.0.0.1:{port}{options.path}", options.visits)
    if not print_table(visits):
        sys.exit(1)


if __name__ == "__main__":
    main()
