"""Scoring: a passage longer than the model's window is cut, and its parts are scored."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import select

from server.application import db
from server.services.corpus.import_files_whole import import_passages
from server.services.scoring.scoring import has_unscored, score_all
from server.store.passages import count_unscored, unscored_passages
from server.store.tables import PassageRow, ScoredPassageRow
from tests.services.corpus.test_import_files_whole import line, write

LONG = " ".join(
    f"At {hour} o'clock the road was still closed, and Mr. Brown counted {hour} cars."
    for hour in range(2, 40)
)


@pytest.fixture
def long_passage(empty_app: APIFlask, tmp_path: Path) -> APIFlask:
    """An application with one passage of some 700 tokens."""
    with empty_app.app_context():
        file = write(tmp_path / "x.jsonl", line(text=LONG, title="The road", genre="news"))
        import_passages(db.session, [file], datetime.now(UTC))
    return empty_app


def score(app: APIFlask, scorer: Any) -> Any:
    with app.app_context():
        return score_all(db.session, scorer, lambda done, total: None)


def test_a_passage_longer_than_the_window_is_played_in_parts(
    long_passage: APIFlask, bundled_scorer: Any
) -> None:
    window = bundled_scorer.identity.window_tokens
    tokens = bundled_scorer.count_tokens(LONG)
    assert tokens > window
    scored = score(long_passage, bundled_scorer)
    assert scored.left_out == []
    assert scored.cut == [
        f"The road: it has {tokens:,} tokens and the model reads {window}, so it was cut at "
        f"sentence ends into {scored.added} passages."
    ]
    with long_passage.app_context():
        original, *parts = db.session.scalars(select(PassageRow).order_by(PassageRow.id)).all()
        assert " ".join(part.text for part in parts) == original.text == LONG
        assert {part.cut_from_id for part in parts} == {original.id}
        assert {part.genre for part in parts} == {"news"}
        assert parts[0].title == f"The road (1 of {scored.added})"
        asked = db.session.scalars(select(ScoredPassageRow.asked_words)).all()
        assert sorted(asked) == [0] + [12] * scored.added
        assert not has_unscored(db.session, *_of(bundled_scorer))
    assert score(long_passage, bundled_scorer).added == 0


def test_parts_are_not_read_by_a_model_that_reads_the_whole(
    long_passage: APIFlask, bundled_scorer: Any
) -> None:
    score(long_passage, bundled_scorer)
    with long_passage.app_context():
        assert count_unscored(db.session, None) == 1
        assert [row.text for row in unscored_passages(db.session, None)] == [LONG]


def _of(scorer: Any) -> tuple[str, str]:
    return scorer.identity.name, scorer.identity.revision
