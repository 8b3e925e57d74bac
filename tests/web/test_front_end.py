"""Rules for what is sent to browsers as it stands: addresses, contents and lines of its files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from server.web.http.static_files import bundles_of

ROOT = Path(__file__).resolve().parents[2]
LONGEST_LINE_CHARACTERS = 120
SVG_NAMESPACE = '"http://www.w3.org/2000/svg"'  # a name, which nothing fetches
SHEETS = sorted((ROOT / "static/css").glob("*.css"))
SCRIPTS = sorted((ROOT / "static/js").rglob("*.js"))
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))


@pytest.mark.parametrize("path", SHEETS + SCRIPTS, ids=lambda path: path.name)
def test_lines_can_be_read_at_a_glance(path: Path) -> None:
    assert max(map(len, path.read_text().splitlines())) <= LONGEST_LINE_CHARACTERS


@pytest.mark.parametrize("path", SHEETS, ids=lambda path: path.name)
def test_a_style_sheet_opens_with_its_contents(path: Path) -> None:
    opening, _, rest = path.read_text().partition("*/")
    _, _, contents = opening.partition("Contents")
    listed = re.findall(r"^ +(\d+\. .+?) *$", contents, re.MULTILINE)
    assert listed
    assert listed == re.findall(r"^/\* (\d+\. .+) \*/$", rest, re.MULTILINE)


def test_the_first_style_sheet_names_all_others() -> None:
    opening, _, _ = (ROOT / "static/css/site.css").read_text().partition("Contents")
    named = set(re.findall(r"[\w-]+\.css", opening))
    assert named == {path.name for path in SHEETS} - {"site.css"}


def test_every_style_sheet_is_loaded_by_a_page() -> None:
    groups = [group for path in TEMPLATES for group in bundles_of(path.read_text())]
    assert {f"{name}.css" for group in groups for name in group} == {p.name for p in SHEETS}


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_script_knows_an_address(path: Path) -> None:
    source = path.read_text().replace(SVG_NAMESPACE, "")
    assert re.findall(r"""["'`](?:https?:|/)[^"'`]*["'`]""", source) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_spells_out_an_address(path: Path) -> None:
    assert re.findall(r"""(?:href|src|action|-url)="/[^"]*""", path.read_text()) == []


def test_a_macro_stands_once() -> None:
    names = [
        name for path in TEMPLATES for name in re.findall(r"{%-? macro (\w+)\(", path.read_text())
    ]
    assert sorted(names) == sorted(set(names))
