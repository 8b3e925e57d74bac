"""A round in play as its player may see it: nothing beyond the gap."""

from __future__ import annotations

from server.domain.play.betting import STAKE_STEPS, options
from server.domain.play.duels import duel, steps, target_is_first
from server.domain.play.guessing import suggestions, visible
from server.domain.play.rounds import Mode
from server.domain.text.tokens import Unit
from server.services.contract import rounds as views
from server.services.play.answers import answer_views, score_view, tried
from server.services.play.opponents import model_view
from server.services.play.played import PlayedRound
from server.services.play.settling import tries_left


def round_view(played: PlayedRound) -> views.RoundView:
    """Return the round up to its gap; what lies beyond is not in it."""
    row = played.row
    passage = row.scored_passage.passage
    segments = _segments(played)
    return views.RoundView(
        id=row.public_id,
        mode=row.mode,
        unit=row.unit,
        assisted=row.assisted,
        repeated=row.repeated,
        practice=row.practice,
        form=row.form,
        daily=row.daily_on,
        finished=row.finished_at is not None,
        model=model_view(row.scored_passage.model),
        passage=views.PassageView(
            title=passage.title,
            genre=passage.genre,
            source=passage.source,
            private=passage.owner_id is not None,
        ),
        text="".join(segment.text for segment in segments),
        segments=segments,
        asked=_asked_view(played),
        answers=answer_views(played),
        score=score_view(played),
    )


def _asked_view(played: PlayedRound) -> views.AskedView | None:
    position = played.position
    if position is None:
        return None
    view = views.AskedView(
        position=position, index=len(played.settled), of=len(played.asked), suggestions=None
    )
    if played.row.assisted:
        view.suggestions = suggestions(played.scores, played.vocabulary, played.unit, position)
    if played.mode is Mode.TRIES:
        view.tries, view.tries_left = tried(played, position), tries_left(played)
    if played.mode is Mode.BET:
        _add_offer(view, played, position)
    if played.mode is Mode.DUEL:
        view.pair, view.steps = _pair(played, position), list(steps(played.form))
    return view


def _add_offer(view: views.AskedView, played: PlayedRound, position: int) -> None:
    """Add what is offered, once the own guess is made: before, it would be a help."""
    guesses = played.guesses_at(position)
    if not guesses:
        return
    text = guesses[0].text
    offered = options(played.scores, played.vocabulary, played.unit, position, text)
    view.guess = None if text is None else visible(text, played.unit)
    view.options = [option.text for option in offered]
    view.own_option = next((option.text for option in offered if option.is_own), None)
    view.steps = list(STAKE_STEPS)


def _pair(played: PlayedRound, position: int) -> tuple[str, str]:
    row = played.row
    question = duel(
        played.scores, played.vocabulary, played.unit, played.form, position, row.draw or 0
    )
    if target_is_first(row.seed, position):
        return question.target, question.rival
    return question.rival, question.target


def _segments(played: PlayedRound) -> list[views.SegmentView]:
    """Cut the revealed text at the settled targets; in `words` the leading space stays outside."""
    text = played.text
    segments, done = [], ""
    for index, position in enumerate(played.settled):
        before, after = text.before(position), text.before(position + 1)
        start = len(before)
        if played.unit is Unit.WORDS:
            start += len(after[start:]) - len(after[start:].lstrip())
        segments.append(views.SegmentView(text=after[len(done) : start], answer=None))
        segments.append(views.SegmentView(text=after[start:], answer=index))
        done = after
    position_now = played.position
    revealed = text.before(len(text) if position_now is None else position_now)
    segments.append(views.SegmentView(text=revealed[len(done) :], answer=None))
    return [segment for segment in segments if segment.text]
