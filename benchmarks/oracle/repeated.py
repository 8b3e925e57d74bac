"""A hundred small studies of each player: other passages and other rivals every time.

Each study draws passages at random, with repetition, from all that are scored. Five players bet on
a fifth of them each, and five others judge the duels of all of them: every question has five
rivals. They answer as through the service, but from tables, and bet on the eight suggestions alone:
a hundred studies of every player through a database would take hours. The truth is the mean loss
over all passages.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from benchmarks.oracle.answers import Answers, first_share, stakes
from benchmarks.oracle.places import Places, Reference
from benchmarks.oracle.players import ModelPlayer
from server.domain.accuracy import Interval
from server.domain.bets import Bets, bets_estimate, with_tail
from server.domain.comparisons import Judgements, excess_estimate
from server.domain.estimates import BoolArray, Clusters, Estimate, FloatArray, IntArray, interval
from server.domain.scores import Form
from server.services.oracle import Repeated, RepeatedRow

REPETITIONS = 100
PASSAGES = 20
PLAYERS = 5
RIVALS_DRAWN = 400  # at each place, of which a study takes five


@dataclass(frozen=True)
class Rivals:
    """Rivals drawn from the reference at some places, (places, RIVALS_DRAWN) words each."""

    places: IntArray  # (places,) indices into Places
    words: IntArray


def draw_rivals(
    places: Places, reference: Reference, form: Form, generator: np.random.Generator
) -> Rivals:
    """Draw from the whole distribution, or from what the eight suggestions leave of it."""
    rows = np.flatnonzero(places.tail if form is Form.TAIL else places.asked)
    words = np.empty((rows.size, RIVALS_DRAWN), dtype=np.int64)
    for index, row in enumerate(rows):
        weights = np.exp(reference.logprob[row])
        if form is Form.TAIL:
            weights[reference.suggested[row]] = 0.0
        cumulated = np.cumsum(weights)
        uniform = generator.random(RIVALS_DRAWN) * cumulated[-1]
        words[index] = np.searchsorted(cumulated, uniform, side="right")
    return Rivals(rows, words)


@dataclass(frozen=True)
class _Bets:
    """What one player bets at the asked places, (places,) each; as `Bets` without clusters."""

    share: FloatArray
    offered: BoolArray
    target_logprob: FloatArray
    rest: FloatArray


@dataclass(frozen=True)
class _Judged:
    """What one player says of every rival drawn, (places, RIVALS_DRAWN) each."""

    p_target: FloatArray
    log_ratio: FloatArray
    same: BoolArray


class Studies:
    """Studies on some passages against a reference; the same draws for every player."""

    def __init__(self, places: Places, reference: Reference, seed: int = 0) -> None:
        self._places, self._reference, self._seed = places, reference, seed
        generator = np.random.default_rng(seed)
        self._asked = np.flatnonzero(places.asked)
        self._rivals = {form: draw_rivals(places, reference, form, generator) for form in Form}

    def repeat(
        self, player: ModelPlayer, answers: Answers, times: int = REPETITIONS
    ) -> RepeatedRow:
        """Return what the estimates of `times` studies of this player give."""
        truth = player.true_loss(self._places)
        bets = self._bets(player, answers)
        judged = {form: self._judged(player, form, answers) for form in Form}
        found: dict[str, list[Interval]] = defaultdict(list)
        for number in range(times):
            for name, estimate in self._study(bets, judged, number).items():
                found[name].append(interval(estimate))
        return RepeatedRow(
            player=player.name,
            answers=answers,
            truth=truth,
            estimates={name: _summary(truth, some) for name, some in found.items()},
        )

    def _bets(self, player: ModelPlayer, answers: Answers) -> _Bets:
        rows, places = self._asked, self._places
        offered = self._reference.suggested[rows]
        stated = stakes(np.take_along_axis(player.logprob[rows], offered, axis=1), answers)
        hit = offered == places.target[rows, None]
        known = np.exp(np.take_along_axis(self._reference.logprob[rows], offered, axis=1))
        return _Bets(
            share=np.where(hit.any(axis=1), (stated * hit).sum(axis=1), 1 - stated.sum(axis=1)),
            offered=hit.any(axis=1),
            target_logprob=self._reference.logprob[rows, places.target[rows]],
            rest=1 - known.sum(axis=1),
        )

    def _judged(self, player: ModelPlayer, form: Form, answers: Answers) -> _Judged:
        rivals = self._rivals[form]
        rows, target = rivals.places, self._places.target[rivals.places]

        def against_rivals(logprob: FloatArray) -> FloatArray:
            difference: FloatArray = logprob[rows, target][:, None] - np.take_along_axis(
                logprob[rows], rivals.words, axis=1
            )
            return difference

        return _Judged(
            p_target=first_share(against_rivals(player.logprob), form, answers),
            log_ratio=against_rivals(self._reference.logprob),
            same=rivals.words == target[:, None],
        )

    def _study(self, bets: _Bets, judged: dict[Form, _Judged], number: int) -> dict[str, Estimate]:
        """Play study `number`; a passage drawn twice counts as two, with rivals of its own."""
        generator = np.random.default_rng((self._seed, number))
        drawn = generator.integers(0, int(self._places.passage.max()) + 1, PASSAGES)
        staked = self._staked(bets, drawn)
        tail, _ = self._duels(judged, Form.TAIL, drawn, generator)
        whole, reference_loss = self._duels(judged, Form.WHOLE, drawn, generator)
        head = bets_estimate(staked)
        return {
            "published": excess_estimate(whole, jackknife=False, offset=reference_loss),
            "jackknifed": excess_estimate(whole, jackknife=True, offset=reference_loss),
            "bets": head,
            "headline": with_tail(head, staked, tail),
        }

    def _staked(self, bets: _Bets, drawn: IntArray) -> Bets:
        """Return the bets on the passages drawn, each of five players betting on a fifth."""
        slot, row = _rows_of(drawn, self._places.passage[self._asked])
        return Bets(
            bets.share[row],
            bets.offered[row],
            bets.target_logprob[row],
            bets.rest[row],
            _clusters(slot % PLAYERS, slot, self._asked[row]),
        )

    def _duels(
        self,
        judged: dict[Form, _Judged],
        form: Form,
        drawn: IntArray,
        generator: np.random.Generator,
    ) -> tuple[Judgements, FloatArray]:
        """Return five judgements of each question drawn, and the reference's loss beside each."""
        places, said = self._rivals[form].places, judged[form]
        slot, row = (
            np.repeat(some, PLAYERS) for some in _rows_of(drawn, self._places.passage[places])
        )
        column = generator.integers(0, RIVALS_DRAWN, row.size)
        judge = PLAYERS + np.arange(row.size) % PLAYERS
        clusters = _clusters(judge, slot, places[row])
        judgements = Judgements(
            question=clusters.position,
            p_target=said.p_target[row, column],
            log_ratio=said.log_ratio[row, column],
            same=said.same[row, column],
            clusters=clusters,
        )
        target = self._places.target[places[row]]
        return judgements, -self._reference.logprob[places[row], target]


def _summary(truth: float, found: list[Interval]) -> Repeated:
    return Repeated(
        mean=float(np.mean([some.value for some in found])),
        half_width=float(np.mean([(some.high - some.low) / 2 for some in found])),
        held=sum(some.low <= truth <= some.high for some in found),
    )


def _rows_of(drawn: IntArray, passage: IntArray) -> tuple[IntArray, IntArray]:
    """Return for every row of every passage drawn: which draw it belongs to, and the row."""
    rows = [np.flatnonzero(passage == index) for index in drawn]
    return np.repeat(np.arange(drawn.size), [some.size for some in rows]), np.concatenate(rows)


def _clusters(player: IntArray, slot: IntArray, place: IntArray) -> Clusters:
    return Clusters(player, slot * (int(place.max(initial=0)) + 1) + place, slot)
