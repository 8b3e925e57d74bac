"""What browsers, phones and crawlers ask of the site itself."""

from __future__ import annotations

import gzip
from xml.etree import ElementTree

import pytest
from apiflask import APIFlask

from server.web.http.static_files import SOURCES
from tests.conftest import Player
from tests.databases import on_sqlite

LOCATION = "{http://www.sitemaps.org/schemas/sitemap/0.9}loc"

pytestmark = on_sqlite


def test_a_phone_finds_what_it_needs_to_install_the_game(app: APIFlask) -> None:
    client = app.test_client()
    page = client.get("/").get_data(as_text=True)
    assert '<link rel="manifest" href="/manifest.webmanifest">' in page
    manifest = client.get("/manifest.webmanifest")
    assert manifest.mimetype == "application/manifest+json"
    body = manifest.get_json()
    assert body["start_url"] == "/"
    assert body["display"] == "standalone"
    for icon in body["icons"]:
        with client.get(icon["src"]) as response:
            assert (response.status_code, response.mimetype) == (200, icon["type"])


def test_the_worker_keeps_files_that_are_there_and_never_a_game(app: APIFlask) -> None:
    client = app.test_client()
    answer = client.get("/service-worker.js")
    assert answer.mimetype == "text/javascript"
    script = answer.get_data(as_text=True)
    kept = script.split("const FILES = ")[1].split(";")[0]
    addresses = [part for part in kept.split('"') if part.startswith("/static/")]
    assert len(addresses) >= 3  # styles, and two scripts with what they import
    for address in addresses:
        with client.get(address) as response:
            assert response.status_code == 200
    assert client.get("/offline").status_code == 200


def test_crawlers_are_led_to_public_pages_alone(app: APIFlask, alice: Player) -> None:
    client = app.test_client()
    rules = client.get("/robots.txt").get_data(as_text=True)
    assert "Disallow: /you" in rules
    round_id = alice.play(lambda s: None)["id"]
    assert alice.client.get(f"/rounds/{round_id}/result").status_code == 200
    for page in (f"/rounds/{round_id}", f"/rounds/{round_id}/result"):
        assert client.get(page).status_code == 404
    assert "Sitemap: http://localhost/sitemap.xml" in rules
    tree = ElementTree.fromstring(client.get("/sitemap.xml").get_data(as_text=True))
    pages = [element.text or "" for element in tree.iter(LOCATION)]
    assert len(pages) >= 3
    for page in pages:
        assert client.get(page.removeprefix("http://localhost")).status_code == 200


def test_a_page_is_compressed_for_browsers_that_take_it(alice: Player) -> None:
    plain = alice.client.get("/methods")
    assert "Content-Encoding" not in plain.headers
    packed = alice.client.get("/methods", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert gzip.decompress(packed.data).decode() == plain.get_data(as_text=True)
    brotli = alice.client.get("/methods", headers={"Accept-Encoding": "br, gzip"})
    assert brotli.headers["Content-Encoding"] == "br"


@pytest.mark.parametrize("script", sorted((SOURCES / "js").rglob("*.js")), ids=lambda p: p.stem)
def test_a_page_asks_at_once_for_all_that_its_script_imports(app: APIFlask, script: object) -> None:
    files = app.extensions["static_files"]
    name = str(script).split("/js/")[1].removesuffix(".js")
    for path in files.modules(name):
        source = (SOURCES / path).read_text(encoding="utf-8")
        assert path.startswith("js/")
        assert all(
            p in files.modules(name) for p in files.modules(path[3:-3]) if p != f"js/{name}.js"
        )
        assert source
