"""The unigram baseline beside people and models: the most frequent word, on the same places."""

from __future__ import annotations

from sqlalchemy.orm import Session

from server.domain.estimators.accuracy import Interval
from server.domain.estimators.arrays import FloatArray
from server.domain.estimators.perplexity import perplexity
from server.domain.intervals.of_accuracy import DEFAULT_PAIRED
from server.domain.intervals.of_means_and_shares import share_interval
from server.domain.scores.unigram import unigram
from server.domain.sums.paired_pools import block_of, keys_of, weights_from
from server.domain.sums.whole_numbers import fixed
from server.domain.text.tokens import Unit
from server.services.contract.figures import IntervalView
from server.services.contract.statistics import BaselineView
from server.services.statistics.sum_keys import BASELINE, BaselineSums
from server.store.statistics.rollup_tables import SumsRow
from server.store.statistics.rollups import sums_of

_ALL = block_of("all")


def baseline_numbers(target: str, unit: str) -> BaselineSums | None:
    """Return what the baseline adds at a place; it knows words alone, and nothing of tokens."""
    if unit != Unit.WORDS:
        return None
    known = unigram()
    return BaselineSums(1, int(known.is_right(target)), fixed(known.loss_nats(target)))


def baseline_accuracy(found: BaselineSums, weights: FloatArray) -> Interval:
    """Return the baseline's accuracy; `weights` are of the guesses that it stands beside."""
    return share_interval(found.right, found.guesses, DEFAULT_PAIRED.model, weights)


def baseline_view(found: BaselineSums | None, weights: FloatArray | None) -> BaselineView | None:
    """Return what pages show of the baseline; None where nobody guessed words."""
    if found is None or weights is None:
        return None
    return BaselineView(
        word=unigram().first_choice,
        guesses=found.guesses,
        accuracy=IntervalView.of(baseline_accuracy(found, weights)),
        perplexity=perplexity(found.mean_loss_nats),
    )


def baseline_standing(session: Session, model_id: int, unit: Unit) -> Interval | None:
    """Return the baseline's accuracy on the words that people guessed, for a ranking.

    They are the words that everybody meets, so it compares with `guess_abilities`. None where
    nobody has guessed words against this model.
    """
    key = (BASELINE, model_id, unit)
    sums = sums_of(session, SumsRow, [key, *keys_of(_ALL, model_id, unit)])
    if key not in sums:
        return None
    return baseline_accuracy(BaselineSums(*sums[key]), weights_from(sums, _ALL, model_id, unit))
