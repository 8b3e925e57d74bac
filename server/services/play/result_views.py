"""A finished round: every token with both sides' marks, and what the round says about both."""

from __future__ import annotations

import math

import numpy as np

from server.domain.estimators.accuracy import Interval, PairedCounts
from server.domain.estimators.arrays import FloatArray
from server.domain.estimators.estimates import (
    Clusters,
    interval,
    mean_estimate,
)
from server.domain.estimators.intervals import answers_to_settle
from server.domain.estimators.paired import PairedComponents, PairedIntervals, paired_intervals
from server.domain.estimators.perplexity import bits, perplexity
from server.domain.estimators.tries import Tries, tries_bounds
from server.domain.estimators.variance_components import one_player_weights
from server.domain.play.rounds import MOST_TRIES, Mode
from server.domain.text.tokens import Unit
from server.services.contract import rounds as views
from server.services.play.answers import Marks, losses_nats, settled_marks
from server.services.play.played import PlayedRound
from server.services.play.round_views import round_view


def result_view(played: PlayedRound, components: PairedComponents) -> views.ResultView:
    """Return a finished round: every token with both sides' marks and losses.

    `components` are the site's: a dozen answers cannot tell how much answers differ.
    """
    marks = settled_marks(played)
    found = paired_intervals(paired_counts(marks), _one_passage(len(marks)), components)
    mean_loss_nats = sum(mark.target_loss_nats for mark in marks) / len(marks)
    return views.ResultView(
        round=round_view(played),
        tokens=_token_views(played, marks),
        you=views.SideView(accuracy=views.IntervalView.of(found.person)),
        model=views.ModelSideView(
            accuracy=views.IntervalView.of(found.model),
            bits_per_word=bits(mean_loss_nats),
            perplexity=perplexity(mean_loss_nats),
        ),
        comparison=comparison_view(found),
        losses=_losses_view(losses_nats(played)) if played.mode in (Mode.BET, Mode.DUEL) else None,
        tries=_tries_view(played) if played.mode is Mode.TRIES else None,
    )


def paired_counts(marks: list[Marks]) -> PairedCounts:
    """Count the positions by who was right."""
    pairs = [(mark.right, mark.model_right) for mark in marks]
    return PairedCounts(
        both=pairs.count((True, True)),
        person_only=pairs.count((True, False)),
        model_only=pairs.count((False, True)),
        neither=pairs.count((False, False)),
    )


def comparison_view(found: PairedIntervals) -> views.ComparisonView:
    """Return the paired comparison of person and model."""
    return views.ComparisonView(
        difference=views.IntervalView.of(found.difference),
        p_value=found.p_value,
        answers_to_settle=found.answers_to_settle,
    )


def _losses_view(losses: list[tuple[float, float]]) -> views.LossesView:
    person, model = np.array(losses, dtype=np.float64).T
    difference = _mean(person - model)
    return views.LossesView(
        you=_in_bits(_mean(person)),
        model=_in_bits(_mean(model)),
        difference=_in_bits(difference),
        answers_to_settle=answers_to_settle(difference),
    )


def _mean(values: FloatArray) -> Interval:
    """Return the mean over one player's positions in one passage."""
    return interval(mean_estimate(values, _one_player(values.size)))


def _one_passage(n: int) -> FloatArray:
    """Return the squares of weights of one player's n positions in one passage."""
    return one_player_weights([n])


def _one_player(n: int) -> Clusters:
    nobody_else = np.zeros(n, dtype=np.int64)
    return Clusters(nobody_else, np.arange(n, dtype=np.int64), nobody_else)


def _in_bits(nats: Interval) -> views.IntervalView:
    """Return the interval in bits; one position alone bounds nothing, so it gets its own value."""
    low = nats.low if math.isfinite(nats.low) else nats.value
    high = nats.high if math.isfinite(nats.high) else nats.value
    return views.IntervalView(value=bits(nats.value), low=bits(low), high=bits(high), n=nats.n)


def _tries_view(played: PlayedRound) -> views.TriesView:
    closing = played.closing_guesses
    solved_at = np.array([g.attempt if g.is_right else 0 for g in closing], dtype=np.int64)
    tries = np.array([g.attempt for g in closing], dtype=np.int64)
    ranks = [guess.target_rank for guess in closing]
    words = len(played.vocabulary.word_ids)
    answers = words if played.unit is Unit.WORDS else len(played.vocabulary)
    bounds = tries_bounds(Tries(solved_at, tries, _one_player(len(closing))), answers)
    attempts = range(1, MOST_TRIES + 1)
    return views.TriesView(
        solved=[float((solved_at == attempt).mean()) for attempt in attempts],
        model_solved=[ranks.count(attempt) / len(ranks) for attempt in attempts],
        unsolved=bounds.unsolved,
        lower_bits=_in_bits(interval(bounds.lower)),
        upper_bits=_in_bits(interval(bounds.upper)),
    )


def _token_views(played: PlayedRound, marks: list[Marks]) -> list[views.TokenView]:
    text, by_position = played.text, {mark.position: mark for mark in marks}
    token_views, start, loss_nats = [], 0, 0.0
    for position in range(len(text)):
        mark = by_position.get(position)
        loss_nats += (
            mark.target_loss_nats if mark else played.scores.target_loss_nats(Unit.TOKENS, position)
        )
        shown = text.between(start, position + 1)
        if shown is None:  # inside a character that several tokens share
            continue
        token_views.append(
            views.TokenView(
                text=shown,
                loss_bits=bits(loss_nats),
                asked=mark is not None,
                right=mark.right if mark else None,
                model_right=mark.model_right if mark else None,
            )
        )
        start, loss_nats = position + 1, 0.0
    return token_views
