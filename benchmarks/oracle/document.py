"""The oracle's tables in Markdown, and their place in docs/methods.md."""

from __future__ import annotations

from pathlib import Path

from server.services.research.oracle import OracleResults
from server.web.wording.oracle import (
    TextTable,
    comparison_with_published,
    played_table,
    repeated_table,
    verdict,
)

DOCUMENT = Path(__file__).parents[2] / "docs" / "methods.md"
BEGIN, END = "<!-- oracle: written by make oracle -->", "<!-- end of oracle -->"


def markdown(results: OracleResults) -> str:
    """Return both tables and what they show."""
    return "\n\n".join(
        [
            _table(repeated_table(results)),
            verdict(results) + " " + comparison_with_published(results),
            _table(played_table(results)),
            f"Reference: {results.model}, {results.parameters:,} parameters, revision "
            f"{results.revision[:12]}; {results.passages} passages.",
        ]
    )


def between_markers(document: str) -> str:
    """Return what stands between the markers; raises ValueError where there are none."""
    return document[document.index(BEGIN) + len(BEGIN) : document.index(END)].strip()


def with_tables(document: str, results: OracleResults) -> str:
    """Return the document with the tables between its markers."""
    before, after = document[: document.index(BEGIN)], document[document.index(END) :]
    return f"{before}{BEGIN}\n{markdown(results)}\n{after}"


def _table(table: TextTable) -> str:
    lines = [table.head, ["---"] * len(table.head), *table.rows]
    return "\n".join([f"**{table.caption}**", "", *(f"| {' | '.join(line)} |" for line in lines)])
