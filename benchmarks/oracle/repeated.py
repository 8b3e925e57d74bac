"""A hundred small studies of each player: other passages, positions and rivals every time.

Each study draws passages at random, with repetition, from all that are scored, and of each twelve
places for bets and for duels of the whole form, twelve in the tail for the others, as rounds do.
Five players bet on a fifth of the passages each, and twelve others judge all duels: every question
has twelve rivals. They answer as through the service, but from tables, and bet on the eight
suggestions alone: a hundred studies of every player through a database would take hours. The truth
is the mean loss over all places of all passages.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from benchmarks.oracle.answers import Answers, blurred, first_share, noise, stakes
from benchmarks.oracle.places import Places, Reference
from benchmarks.oracle.players import ModelPlayer
from server.domain.estimators.accuracy import Interval
from server.domain.estimators.arrays import BoolArray, FloatArray, IntArray
from server.domain.estimators.bets import Bets, bets_estimate, with_tail, with_tail_excess
from server.domain.estimators.duels import Judgements, excess_estimate
from server.domain.estimators.tail_model import tail_model
from server.domain.intervals.clusters import Clusters
from server.domain.intervals.of_bets_and_duels import Estimate, interval
from server.domain.play.rounds import POSITIONS_PER_ROUND
from server.domain.scores.passage_scores import Form
from server.lm.rivals import FREQUENCY_SHARE, mixed
from server.services.research.oracle import Repeated, RepeatedRow
from server.store.rounds import RIVALS_WANTED

REPETITIONS = 100
PASSAGES = 20
BETTORS = 5
RIVALS_DRAWN = 400  # at each place, of which a study takes as many as are wanted


@dataclass(frozen=True)
class Rivals:
    """Words drawn at every place, (places, RIVALS_DRAWN), and g/q of each, in nats."""

    words: IntArray
    log_weight: FloatArray


def draw_rivals(
    places: Places,
    reference: Reference,
    form: Form,
    frequency_share: float,
    generator: np.random.Generator,
) -> Rivals:
    """Draw rivals at every place, as the scores do.

    They come from the whole distribution, or from what is left of it without the suggestions; there
    a share is drawn by how frequent words are.
    """
    words = np.empty((places.target.size, RIVALS_DRAWN), dtype=np.int64)
    log_weight = np.zeros(words.shape)
    for row in range(places.target.size):
        given = np.exp(reference.logprob[row])
        drawn = given
        if form is Form.TAIL:
            given[reference.suggested[row]] = 0.0
            drawn = mixed(given, reference.frequency, frequency_share)
        cumulated = np.cumsum(drawn)
        uniform = generator.random(RIVALS_DRAWN) * cumulated[-1]
        words[row] = np.searchsorted(cumulated, uniform, side="right")
        log_weight[row] = np.log(given[words[row]] / drawn[words[row]])
    return Rivals(words, log_weight)


@dataclass(frozen=True)
class _Bets:
    """What one player bets at every place, (places,) each; like `Bets` without clusters."""

    share: FloatArray
    offered: BoolArray
    target_logprob: FloatArray
    rest: FloatArray


@dataclass(frozen=True)
class _Judged:
    """What one player says of every rival drawn, (places, RIVALS_DRAWN) each."""

    p_target: FloatArray
    log_ratio: FloatArray
    log_weight: FloatArray
    same: BoolArray


@dataclass(frozen=True)
class _Drawn:
    """The places of one study, (n,) each: which draw of a passage they belong to, and which."""

    slot: IntArray
    row: IntArray


class Studies:
    """Studies on some passages against a reference; the same draws for every player."""

    def __init__(self, places: Places, reference: Reference, seed: int = 0) -> None:
        self._places, self._reference, self._seed = places, reference, seed
        generator = np.random.default_rng(seed)

        def drawn(share: float) -> dict[Form, Rivals]:
            return {form: draw_rivals(places, reference, form, share, generator) for form in Form}

        self._rivals, self._former_rivals = drawn(FREQUENCY_SHARE), drawn(0.0)
        self._hit = reference.suggested == places.target[:, None]  # (places, 8)
        self._offered = self._hit.any(axis=1)

    def repeat(
        self, player: ModelPlayer, answers: Answers, times: int = REPETITIONS
    ) -> RepeatedRow:
        """Return what the estimates of `times` studies of this player give."""
        truth = player.true_loss(self._places)
        bets = self._bets(player, answers)
        judged = {form: self._judged(player, form, answers) for form in self._rivals}
        found: dict[str, list[Interval]] = defaultdict(list)
        for number in range(times):
            for name, estimate in self._study(bets, judged, number).items():
                found[name].append(interval(estimate))
        return RepeatedRow(
            player=player.name,
            answers=answers,
            truth=truth,
            estimates={name: _summary(truth, values) for name, values in found.items()},
        )

    def _bets(self, player: ModelPlayer, answers: Answers) -> _Bets:
        target, offered = self._places.target, self._reference.suggested
        thought = np.take_along_axis(player.logprob, offered, axis=1)
        if answers is Answers.NOISY:
            shape = (len(thought), thought.shape[1] + 1)
            thought = blurred(thought, noise(answers, shape, self._seed + 1))
        stated = stakes(thought, answers)
        known = np.exp(np.take_along_axis(self._reference.logprob, offered, axis=1))
        return _Bets(
            share=np.where(self._offered, (stated * self._hit).sum(axis=1), 1 - stated.sum(axis=1)),
            offered=self._offered,
            target_logprob=_at(self._reference.logprob, target),
            rest=1 - known.sum(axis=1),
        )

    def _judged(self, player: ModelPlayer, form: Form, answers: Answers) -> _Judged:
        # While the first question was asked, the reference drew all rivals.
        former = answers.to_the_first_question
        drawn = (self._former_rivals if former else self._rivals)[form]
        rivals, target = drawn.words, self._places.target

        def against_rivals(logprob: FloatArray) -> FloatArray:
            rival: FloatArray = np.take_along_axis(logprob, rivals, axis=1)
            return _at(logprob, target)[:, None] - rival

        log_ratio = against_rivals(self._reference.logprob)
        log_odds = against_rivals(player.logprob) + noise(answers, rivals.shape, self._seed + 2)
        if answers.to_the_first_question:
            log_odds = log_odds - log_ratio
        return _Judged(
            p_target=first_share(log_odds, form, answers),
            log_ratio=0 * log_ratio if answers is Answers.DENSITY_RATIO else log_ratio,
            log_weight=drawn.log_weight,
            same=rivals == target[:, None],
        )

    def _study(self, bets: _Bets, judged: dict[Form, _Judged], number: int) -> dict[str, Estimate]:
        """Play study `number`; a passage drawn twice counts as two, with draws of its own."""
        generator = np.random.default_rng((self._seed, number))
        asked, in_tail = self._draw(generator)
        staked = self._staked(bets, asked)
        tail = self._duels(judged[Form.TAIL], in_tail, generator)
        whole = self._duels(judged[Form.WHOLE], asked, generator)
        reference_loss = np.repeat(-bets.target_logprob[asked.row], RIVALS_WANTED)
        head = bets_estimate(staked)
        return {
            "published": excess_estimate(whole, jackknife=False, offset=reference_loss),
            "jackknifed": excess_estimate(whole, jackknife=True, offset=reference_loss),
            "bets": head,
            "headline": with_tail(head, staked, tail),
            "tail_model": _by_model(head, staked, tail),
        }

    def _draw(self, generator: np.random.Generator) -> tuple[_Drawn, _Drawn]:
        """Draw passages; of each the places that are asked, and those of its tail."""
        passages = generator.integers(0, int(self._places.passage.max()) + 1, PASSAGES)
        asked, tail = [], []
        for passage in passages:
            rows = generator.permutation(np.flatnonzero(self._places.passage == passage))
            asked.append(rows[:POSITIONS_PER_ROUND])
            tail.append(rows[~self._offered[rows]][:POSITIONS_PER_ROUND])
        return _drawn(asked), _drawn(tail)

    def _staked(self, bets: _Bets, asked: _Drawn) -> Bets:
        """Return the bets on the places drawn, each of five players betting on a fifth."""
        return Bets(
            bets.share[asked.row],
            bets.offered[asked.row],
            bets.target_logprob[asked.row],
            bets.rest[asked.row],
            self._clusters(asked.slot % BETTORS, asked),
        )

    def _duels(self, judged: _Judged, drawn: _Drawn, generator: np.random.Generator) -> Judgements:
        """Return as many judgements of each question drawn as the service wants."""
        each = _Drawn(np.repeat(drawn.slot, RIVALS_WANTED), np.repeat(drawn.row, RIVALS_WANTED))
        column = generator.integers(0, RIVALS_DRAWN, each.row.size)
        judge = BETTORS + np.arange(each.row.size) % RIVALS_WANTED
        clusters = self._clusters(judge, each)
        return Judgements(
            question=clusters.position,
            p_target=judged.p_target[each.row, column],
            log_ratio=judged.log_ratio[each.row, column],
            log_weight=judged.log_weight[each.row, column],
            same=judged.same[each.row, column],
            clusters=clusters,
        )

    def _clusters(self, player: IntArray, drawn: _Drawn) -> Clusters:
        return Clusters(player, drawn.slot * self._places.target.size + drawn.row, drawn.slot)


def _by_model(head: Estimate, staked: Bets, tail: Judgements) -> Estimate:
    """Return the headline with its tail by the model, without where there is too little to fit."""
    model = tail_model(tail)
    return with_tail_excess(head, staked, model.excess) if model else head


def _summary(truth: float, found: list[Interval]) -> Repeated:
    return Repeated(
        mean=float(np.mean([estimate.value for estimate in found])),
        half_width=float(np.mean([(estimate.high - estimate.low) / 2 for estimate in found])),
        held=sum(estimate.low <= truth <= estimate.high for estimate in found),
    )


def _drawn(rows_by_slot: list[IntArray]) -> _Drawn:
    sizes = [rows.size for rows in rows_by_slot]
    return _Drawn(np.repeat(np.arange(len(sizes)), sizes), np.concatenate(rows_by_slot))


def _at(table: FloatArray, column: IntArray) -> FloatArray:
    """Return one entry of each row, (rows,)."""
    return table[np.arange(column.size), column]
