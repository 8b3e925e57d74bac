"""A finished round: every word with both sides' marks, and what the round says about both."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from server.domain.estimators.perplexity import bits, perplexity
from server.domain.play.guessing import visible
from server.domain.play.rounds import Mode
from server.domain.scores.gap import Reading
from server.domain.scores.passage_scores import PassageScores
from server.domain.scores.unigram import unigram
from server.domain.text.tokens import Unit, Vocabulary
from server.services.contract.answers import CandidateView
from server.services.contract.figures import IntervalView, ModelSideView, SideView
from server.services.contract.results import BaselineSideView, ResultView, TokenView, WordView
from server.services.play.figures import comparison, comparison_view, paired_counts
from server.services.play.kinds import kind_of
from server.services.play.played import Marks, PlayedRound
from server.services.play.round_view import round_view
from server.services.statistics.components import SiteSpread

CANDIDATES_SHOWN = 5
_A_TENTH = 0.1


def result_view(played: PlayedRound, spread: SiteSpread) -> ResultView:
    """Return a finished round: every token with both sides' marks and losses.

    `spread` is how much answers vary on the site: a dozen are too few to tell.
    """
    kind = kind_of(played.row)
    marks = kind.marks(played.row)
    intervals = comparison(paired_counts(marks), spread.marks)
    mean_loss_nats = sum(mark.target_loss_nats for mark in marks) / len(marks)
    result = ResultView(
        round=round_view(played),
        tokens=_token_views(played, marks),
        words=word_views(played.reading, {mark.position: mark.target_loss_nats for mark in marks}),
        you=SideView(accuracy=IntervalView.of(intervals.person)),
        model=ModelSideView(
            accuracy=IntervalView.of(intervals.model),
            bits_per_word=bits(mean_loss_nats),
            perplexity=perplexity(mean_loss_nats),
        ),
        comparison=comparison_view(intervals),
        baseline=_baseline(played, marks),
        losses=None,
        pay=None,
        tries=None,
    )
    kind.conclude(played, result, spread)
    return result


def _baseline(played: PlayedRound, marks: list[Marks]) -> BaselineSideView | None:
    """Return the baseline's side; in duels and in tokens it has nothing to say."""
    if played.unit is Unit.TOKENS or played.mode is Mode.DUEL:
        return None
    words = [(played.at(mark.position).target, mark.target_loss_nats) for mark in marks]
    return baseline_side(words)


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


def word_views(reading: Reading, losses_nats: Mapping[int, float]) -> list[WordView]:
    """Return the boxes of a passage; `losses_nats` are those of the asked positions, ascending.

    A tenth of the boxes, rounded up, are marked as surprising.
    """
    order = {position: index for index, position in enumerate(losses_nats)}
    views = [
        _word_view(reading, box, text, losses_nats, order) for box, text in _boxes(reading, order)
    ]
    wanted = math.ceil(_A_TENTH * len(views))
    for view in sorted(views, key=lambda view: -view.loss_bits)[:wanted]:
        view.surprising = True
    return views


def _boxes(reading: Reading, asked: Mapping[int, int]) -> Iterator[tuple[range, str]]:
    """Yield the tokens of each box, with their text: parts of a word are together.

    An asked target is a box of its own, and so are tokens that share a character.
    """
    start, box = 0, ""
    begun = 0
    for position in range(len(reading.text)):
        shown = reading.text.between(begun, position + 1)
        if shown is None:  # inside a character that several tokens share
            continue
        joined = box and _goes_on(box, shown) and begun not in asked and begun - 1 not in asked
        if box and not joined:
            yield range(start, begun), box
            start, box = begun, ""
        box += shown
        begun = position + 1
    if box:
        yield range(start, begun), box


def _goes_on(box: str, piece: str) -> bool:
    return bool(piece) and _is_letter(box[-1]) and _is_letter(piece[0])


def _is_letter(character: str) -> bool:
    return character.isalnum() or character in "'’"


def _word_view(
    reading: Reading,
    box: range,
    text: str,
    losses_nats: Mapping[int, float],
    order: Mapping[int, int],
) -> WordView:
    scores, first = reading.scores, box.start
    asked = len(box) == 1 and first in order
    nats = (
        losses_nats[first]
        if asked
        else sum(scores.target_loss_nats(Unit.TOKENS, position) for position in box)
    )
    alone = len(box) == 1
    return WordView(
        text=text,
        answer=order[first] if asked else None,
        pieces=len(box),
        loss_bits=bits(nats),
        surprising=False,
        probability=math.exp(-nats),
        rank=scores.rank(reading.unit if asked else Unit.TOKENS, first) if alone else None,
        candidates=likeliest_tokens(scores, reading.vocabulary, first)
        if alone and not asked
        else [],
    )


def likeliest_tokens(
    scores: PassageScores, vocabulary: Vocabulary, position: int
) -> list[CandidateView]:
    """Return the model's most probable tokens at any position, among all tokens."""
    ids: Sequence[int] = scores.top_ids[position][:CANDIDATES_SHOWN].tolist()
    logprobs: Sequence[float] = scores.top_logprob[position][:CANDIDATES_SHOWN].tolist()
    return [
        CandidateView(
            token=visible(vocabulary.text(token_id), Unit.TOKENS),
            probability=min(1.0, math.exp(logprob)),
        )
        for token_id, logprob in zip(ids, logprobs, strict=True)
    ]


def baseline_side(targets: Sequence[tuple[str, float]]) -> BaselineSideView:
    """Return what the baseline does at some words, each with the opponent's loss there in nats."""
    known = unigram()
    hits = [loss_nats for target, loss_nats in targets if known.is_right(target)]
    losses = [known.loss_nats(target) for target, _ in targets]
    return BaselineSideView(
        word=known.first_choice,
        right=len(hits),
        answered=len(targets),
        points=bits(sum(hits)),
        bits_per_word=bits(sum(losses) / len(losses)),
    )
