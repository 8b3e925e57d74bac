"""What browsers load, as it is built: small, whole, and with its fonts and icons."""

from __future__ import annotations

import re
import struct
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest

from server.commands.static_build import FONTS, build, joined_script
from server.web.http.static_files import (
    ICON_SIZES,
    SOURCES,
    TEMPLATES,
    StaticFiles,
    bundle_name,
    bundles_of,
)

MOST_FONT_BYTES = 60_000


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("front end") / "static-now"
    build(folder)
    return folder


def test_every_source_is_there_and_none_has_grown(built: Path) -> None:
    for path in SOURCES.rglob("*.*"):
        name = path.relative_to(SOURCES)
        is_script = path.suffix == ".js"
        most = len(joined_script(name.as_posix()).encode()) if is_script else path.stat().st_size
        assert 0 < (built / name).stat().st_size <= most


def test_scripts_and_styles_have_compressed_copies(built: Path) -> None:
    scripts = sorted(built.glob("js/**/play.js"))
    assert scripts
    for path in scripts:
        for ending in (".gz", ".br"):
            assert 0 < path.with_name(path.name + ending).stat().st_size < path.stat().st_size


def test_a_script_is_one_file_with_all_that_it_imports(built: Path) -> None:
    for path in sorted(built.glob("js/**/*.js")):
        assert not re.search(r"(^|[;}])import[{\"' ]", path.read_text(encoding="utf-8")), path.name
    assert StaticFiles(built, "now").modules("play") == []
    play = (built / "js/play.js").read_text(encoding="utf-8")
    assert "had it" in play  # a word of reveal.js
    assert 'import("./bet.js")' in play  # what one mode alone needs stays apart


def test_a_script_is_not_joined_where_an_import_would_be_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("server.commands.static_build", "server.web.http.static_files"):
        monkeypatch.setattr(f"{module}.SOURCES", tmp_path)
    for number, line in enumerate(("import * as all from './other.js';", "export default 1;")):
        (tmp_path / f"odd-{number}.js").write_text(f"{line}\n")
        with pytest.raises(ValueError, match=f"odd-{number}.js"):
            joined_script(f"odd-{number}.js")


def test_the_policy_allows_the_styles_that_a_page_holds_and_no_others(built: Path) -> None:
    files = StaticFiles(built, "now")
    (hashed,) = files.style_hashes()
    groups = bundles_of((TEMPLATES / "home.html").read_text())
    style = files.within(*groups[0])
    assert hashed == f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'"
    assert "url(/static/now/fonts/" in style
    assert "</style" not in style


def test_style_sheets_that_a_page_loads_together_are_one_file(built: Path) -> None:
    groups = {names for path in TEMPLATES.rglob("*.html") for names in bundles_of(path.read_text())}
    assert ("site", "controls") in groups
    for names in groups:
        assert StaticFiles(built, "now").sheets(*names) == [bundle_name(names)]


def test_the_fonts_fit_and_hold_the_letters_of_pages(built: Path) -> None:
    from fontTools.ttLib import TTFont

    files = [built / font.name for font in FONTS]
    assert sum(path.stat().st_size for path in files) < MOST_FONT_BYTES
    for path in files:
        with TTFont(path) as font:
            characters = font.getBestCmap()
        assert {ord(sign) for sign in "Aaéß“”’–−…←"} <= set(characters)
    faces = (built / bundle_name(("site", "controls"))).read_text()
    assert faces.count("@font-face") == len(FONTS)
    assert faces.count("font-display:optional") == len(FONTS)


def test_icons_have_the_size_that_they_say(built: Path) -> None:
    for size in ICON_SIZES:
        for name in ("icon", "maskable"):
            head = (built / f"icons/{name}-{size}.png").read_bytes()[:24]
            assert struct.unpack(">II", head[16:]) == (size, size)


def test_building_again_leaves_the_whole_and_removes_what_is_stale(tmp_path: Path) -> None:
    stale = tmp_path / "static-before"
    stale.mkdir()
    (stale / "left.js").write_text("")
    build(tmp_path / "static-now")
    build(tmp_path / "static-now")
    assert [path.name for path in tmp_path.iterdir()] == ["static-now"]
