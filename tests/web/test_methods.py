"""The page that says how everything is measured."""

from __future__ import annotations

import html

from apiflask import APIFlask

from server.config import ROOT
from server.services.research.oracle import oracle_results
from server.web.wording.oracle import played_table, repeated_table
from tests.databases import on_sqlite


@on_sqlite
def test_the_page_shows_every_cell_of_the_oracle(empty_app: APIFlask) -> None:
    page = html.unescape(empty_app.test_client().get("/methods").get_data(as_text=True))
    for table in (repeated_table(oracle_results()), played_table(oracle_results())):
        for row in [table.head, *table.rows]:
            assert all(f">{cell}</t" in page for cell in row)


@on_sqlite
def test_the_page_names_its_sources_and_is_linked(empty_app: APIFlask) -> None:
    client = empty_app.test_client()
    page = client.get("/methods").get_data(as_text=True)
    names = ("2212.11281", "Shannon", "Cover", "Good", "Wilson", "Searle")
    assert all(name in page for name in names)
    assert 'href="/methods"' in client.get("/").get_data(as_text=True)


@on_sqlite
def test_the_page_says_that_figures_on_the_passages_are_not_to_be_cited(
    empty_app: APIFlask,
) -> None:
    page = html.unescape(empty_app.test_client().get("/methods").get_data(as_text=True))
    assert "were composed for it and are no sample of what people write" in page
    assert "Please do not cite figures on them" in page
    command = "flask --app server passages import --dataset Skylion007/openwebtext --max-tokens 256"
    assert f"<code>{command}</code>" in page
    for document in ("methods.md", "passages.md"):
        assert f"\n{command}\n" in (ROOT / "docs" / document).read_text(encoding="utf-8")
