"""The pictures of links, as crawlers fetch them, and emblems."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from apiflask import APIFlask
from PIL import Image

from server.config import ROOT
from server.web.contest import pictures
from server.web.contest.pictures import Picture, Row, can_be_drawn, draw
from tests.conftest import Player
from tests.databases import on_sqlite
from tests.web.contest.test_challenges import send, skip

SITE_CSS = Path(ROOT / "static" / "css" / "site.css")


def colours(png: bytes) -> dict[str, int]:
    """Return how many pixels of each colour a picture has."""
    image = Image.open(BytesIO(png)).convert("RGB")
    counts = image.getcolors(image.width * image.height) or []
    return {"#{:02x}{:02x}{:02x}".format(*rgb): n for n, rgb in counts}  # type: ignore[misc]


@on_sqlite
def test_a_link_s_picture_is_a_png_of_the_size_that_is_promised(alice: Player, bob: Player) -> None:
    code = send(alice, alice.play(skip)["id"])
    page = bob.client.get(f"/c/{code}").get_data(as_text=True)
    tags = dict(re.findall(r'<meta property="(og:[\w:]+)" content="([^"]*)">', page))
    assert tags["og:image"] == f"http://localhost/c/{code}/preview.png"
    assert tags["og:url"] == f"http://localhost/c/{code}"
    assert "0 of 12 words" in tags["og:title"]
    assert "0 of 12 words" in tags["og:image:alt"]
    response = bob.client.get(f"/c/{code}/preview.png")
    assert response.content_type == "image/png"
    size = Image.open(BytesIO(response.data)).size
    assert size == (int(tags["og:image:width"]), int(tags["og:image:height"])) == (1200, 630)


@on_sqlite
def test_a_picture_is_cached_and_asked_for_again_by_its_etag(alice: Player, app: APIFlask) -> None:
    code = send(alice, alice.play(skip)["id"])
    crawler = app.test_client()
    first = crawler.get(f"/c/{code}/preview.png")
    assert first.headers["Cache-Control"] == "public, max-age=600"
    assert "Cookie" not in first.headers.get("Vary", "")
    again = crawler.get(f"/c/{code}/preview.png", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert again.data == b""


@on_sqlite
def test_the_site_has_a_picture_too(app: APIFlask) -> None:
    response = app.test_client().get("/preview.png")
    assert Image.open(BytesIO(response.data)).size == (1200, 630)
    home = app.test_client().get("/").get_data(as_text=True)
    assert 'property="og:image" content="http://localhost/preview.png"' in home


def test_a_picture_has_the_page_s_own_colours() -> None:
    light = SITE_CSS.read_text(encoding="utf-8").split("}")[0]
    values = dict(re.findall(r"--(paper|ink|rule|you|model): (#\w{6});", light))
    drawn = {name: getattr(pictures, name.upper()) for name in values}
    assert drawn == values


def test_each_mark_is_drawn_by_side_and_filled_where_right() -> None:
    def inked(you: list[bool], model: list[bool]) -> tuple[int, int]:
        found = colours(draw(Picture("Who?", Row("", you, ""), Row("", model, ""))))
        return found[pictures.YOU], found[pictures.MODEL]

    hollow = inked([False] * 12, [False] * 12)
    filled = inked([True] * 12, [True] * 12)
    assert filled[0] > 2 * hollow[0]
    assert filled[1] > 2 * hollow[1]
    assert filled[1] > 1.15 * filled[0]  # a square has more than its circle: 4/π
    assert inked([True] * 6 + [False] * 6, [False] * 12)[1] == hollow[1]


def test_the_sentence_can_be_read_300_pixels_wide() -> None:
    """At that width its letters are still as tall as small print on a page: 11 pixels and more."""
    picture = Picture(
        "Ada had 5 of 12 words.\nCan you do better?", Row("", [], ""), Row("", [], "")
    )
    image = Image.open(BytesIO(draw(picture))).convert("L").resize((300, 158))
    rows = np.asarray(image)[30:100].min(axis=1) < 128
    lines = "".join("x" if dark else " " for dark in rows).split()
    assert len(lines) >= 2
    assert all(len(line) >= 11 for line in lines[:2])


@on_sqlite
@pytest.mark.parametrize("nickname", ["李白", "שרה", "🦊 fox"])
def test_a_name_that_the_font_lacks_is_a_friend_s(alice: Player, nickname: str) -> None:
    assert not can_be_drawn(nickname)
    code = send(alice, alice.play(skip)["id"])
    nameless = alice.client.get(f"/c/{code}/preview.png").data
    alice.client.patch("/api/v1/player", json={"nickname": nickname})
    assert alice.client.get(f"/c/{code}/preview.png").data == nameless
    assert nickname in alice.client.application.test_client().get(f"/c/{code}").text


@on_sqlite
def test_a_name_in_the_font_s_letters_changes_the_picture(alice: Player) -> None:
    code = send(alice, alice.play(skip)["id"])
    nameless = alice.client.get(f"/c/{code}/preview.png").data
    alice.client.patch("/api/v1/player", json={"nickname": "Ångström Жук"})
    assert alice.client.get(f"/c/{code}/preview.png").data != nameless


@on_sqlite
def test_an_emblem_is_an_svg_of_one_path(alice: Player, bob: Player) -> None:
    code = send(alice, alice.play(skip)["id"])
    seed = bob.client.get(f"/api/v1/challenges/{code}").get_json()["by"]["emblem"]
    response = bob.client.get(f"/emblem/{seed}.svg")
    assert response.content_type == "image/svg+xml"
    (path,) = ElementTree.fromstring(response.data)
    assert path.get("d", "").startswith("M")
    assert "max-age=31536000" in response.headers["Cache-Control"]


@on_sqlite
@pytest.mark.parametrize("seed", ["x", "0" * 15, "0" * 17, "G" * 16])
def test_what_is_no_seed_has_no_emblem(app: APIFlask, seed: str) -> None:
    assert app.test_client().get(f"/emblem/{seed}.svg").status_code == 404
