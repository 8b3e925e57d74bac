"""A round in play as its player may see it: nothing beyond the gap."""

from __future__ import annotations

from collections.abc import Sequence

from server.domain.estimators.perplexity import bits
from server.domain.play.rounds import next_position
from server.domain.text.tokens import TokenizedText, Unit
from server.services.contract.rounds import (
    AskedView,
    RoundView,
    ScoreView,
    SegmentView,
)
from server.services.play.kinds import kind_of
from server.services.play.played import PlayedRound, points_of
from server.store.tables import RoundRow


def round_view(played: PlayedRound) -> RoundView:
    """Return the round up to its gap, and nothing beyond."""
    row, kind = played.row, kind_of(played.row)
    settled, positions = kind.settled(row), kind.positions(played)
    position = next_position(positions, len(settled))
    segments = _segments(played.reading.text, played.unit, settled, position)
    return RoundView(
        id=row.public_id,
        mode=row.mode,
        unit=row.unit,
        assisted=row.assisted,
        repeated=row.repeated,
        practice=row.practice,
        form=row.form,
        daily=row.daily_on,
        draw=row.draw_kind,
        finished=row.finished_at is not None,
        model=played.scene.opponent,
        passage=played.scene.passage,
        text="".join(segment.text for segment in segments),
        segments=segments,
        asked=_asked_view(played, position, len(settled), len(positions)),
        answers=list(kind.reveals(played)),
        score=score_view(row),
    )


def score_view(row: RoundRow) -> ScoreView:
    """Count settled positions and right ones; bets and duels have mean losses too."""
    kind = kind_of(row)
    marks, losses = kind.marks(row), kind.losses(row)
    view = ScoreView(
        answered=len(marks),
        you=sum(mark.right for mark in marks),
        model=sum(mark.model_right for mark in marks),
        points=points_of(marks),
    )
    if losses:
        view.you_bits = bits(sum(both.person_nats for both in losses) / len(losses))
        view.model_bits = bits(sum(both.model_nats for both in losses) / len(losses))
    return view


def _asked_view(
    played: PlayedRound, position: int | None, index: int, total: int
) -> AskedView | None:
    if position is None:
        return None
    view = AskedView(position=position, index=index, of=total, suggestions=None)
    kind_of(played.row).ask(played, view)
    return view


def _segments(
    text: TokenizedText, unit: Unit, settled: Sequence[int], gap: int | None
) -> list[SegmentView]:
    """Cut the revealed text at the settled targets; in `words` the leading space stays outside."""
    segments, done = [], ""
    for index, position in enumerate(settled):
        before, after = text.before(position), text.before(position + 1)
        start = len(before)
        if unit is Unit.WORDS:
            start += len(after[start:]) - len(after[start:].lstrip())
        segments.append(SegmentView(text=after[len(done) : start], answer=None))
        segments.append(SegmentView(text=after[start:], answer=index))
        done = after
    revealed = text.before(len(text) if gap is None else gap)
    segments.append(SegmentView(text=revealed[len(done) :], answer=None))
    return [segment for segment in segments if segment.text]
