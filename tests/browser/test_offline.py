"""Without a network: the last result can be read, and no game pretends to go on."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from tests.browser.conftest import PATIENCE_MS


def test_without_a_network_the_last_result_stays_and_a_round_waits(
    browser: Browser, address: str
) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740})
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(address)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.wait_for_function("navigator.serviceWorker.controller !== null")
    state = context.request.post(f"{address}/api/v1/rounds", data={}).json()
    round_address = f"{address}/rounds/{state['id']}"
    while not state["finished"]:
        answer = {"position": state["asked"]["position"], "skip": True}
        guesses = f"{address}/api/v1/rounds/{state['id']}/guesses"
        state = context.request.post(guesses, data=answer).json()["round"]
    page.goto(f"{round_address}/result")
    headline = page.locator("h1").inner_text()

    context.set_offline(True)
    page.goto(f"{round_address}/result")
    expect(page.locator("h1")).to_have_text(headline)
    expect(page.locator("#map .word").first).to_be_visible()
    page.goto(f"{address}/you")
    expect(page.locator("h1")).to_have_text("There is no network")
    page.get_by_role("link", name="Your last result").click()
    expect(page.locator("h1")).to_have_text(headline)

    page.goto(f"{address}/stats")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    context.set_offline(False)  # the page notices, and loads what was asked for
    expect(page.locator("h1")).to_have_text("People and models")
    context.close()
