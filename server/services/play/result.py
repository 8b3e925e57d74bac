"""A finished round: every token with both sides' marks, and what the round says about both."""

from __future__ import annotations

from server.domain.estimators.paired import PairedComponents
from server.domain.estimators.perplexity import bits, perplexity
from server.domain.text.tokens import Unit
from server.services.contract.figures import IntervalView, ModelSideView, SideView
from server.services.contract.results import ResultView, TokenView
from server.services.play.figures import comparison, comparison_view, paired_counts
from server.services.play.kinds import kind_of
from server.services.play.played import Marks, PlayedRound
from server.services.play.round_view import round_view


def result_view(played: PlayedRound, components: PairedComponents) -> ResultView:
    """Return a finished round: every token with both sides' marks and losses.

    `components` are the site's: a dozen answers are too few to tell how much answers vary.
    """
    kind = kind_of(played.row)
    marks = kind.marks(played.row)
    intervals = comparison(paired_counts(marks), components)
    mean_loss_nats = sum(mark.target_loss_nats for mark in marks) / len(marks)
    result = ResultView(
        round=round_view(played),
        tokens=_token_views(played, marks),
        you=SideView(accuracy=IntervalView.of(intervals.person)),
        model=ModelSideView(
            accuracy=IntervalView.of(intervals.model),
            bits_per_word=bits(mean_loss_nats),
            perplexity=perplexity(mean_loss_nats),
        ),
        comparison=comparison_view(intervals),
        losses=None,
        pay=None,
        tries=None,
    )
    kind.conclude(played, result)
    return result


def _token_views(played: PlayedRound, marks: list[Marks]) -> list[TokenView]:
    text, scores = played.reading.text, played.reading.scores
    by_position = {mark.position: mark for mark in marks}
    token_views, start, loss_nats = [], 0, 0.0
    for position in range(len(text)):
        mark = by_position.get(position)
        loss_nats += (
            mark.target_loss_nats if mark else scores.target_loss_nats(Unit.TOKENS, position)
        )
        shown = text.between(start, position + 1)
        if shown is None:  # inside a character that several tokens share
            continue
        token_views.append(
            TokenView(
                text=shown,
                loss_bits=bits(loss_nats),
                asked=mark is not None,
                right=mark.right if mark else None,
                model_right=mark.model_right if mark else None,
            )
        )
        start, loss_nats = position + 1, 0.0
    return token_views
