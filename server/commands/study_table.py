"""The table that `study analyse` prints."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from rich.table import Table

from server.domain.estimators.accuracy import Interval
from server.domain.estimators.perplexity import perplexity
from server.domain.study.analysis import Analysis
from server.domain.study.loss_analysis import ComparisonAnalysis, HeadlineAnalysis

Line = tuple[str, str, str, str]


def analysis_table(result: Analysis, malformed: int) -> Table:
    """Return the numbers with their intervals; what there are no rows for has no line."""
    who = result.played_by or "people"
    title = f"Played by {who}" + (f", beside {result.reference}" if result.reference else "")
    rows = result.rows
    answers = f"{rows.guesses:,} guesses, {rows.bets:,} bets, {rows.comparisons:,} comparisons"
    aside = f"{rows.left_out:,} left out, {malformed:,} malformed"
    if result.first_question:
        aside += f"; {result.first_question:,} answered the first question"
    table = Table(title=title, caption=f"{answers} of {result.players:,} players; {aside}.")
    table.add_column("")
    for heading in ("value", "95 % interval", "n"):
        table.add_column(heading, justify="right")
    for section in (
        _headline,
        _tail_model,
        _bets,
        _comparisons,
        _density_ratio,
        _tries,
        _guesses,
        _people,
    ):
        for line in section(result):
            table.add_row(*line)
        table.add_section()
    return table


def _headline(result: Analysis) -> Iterator[Line]:
    if result.headline is not None:
        yield from _headline_lines(result.headline)


def _headline_lines(found: HeadlineAnalysis) -> Iterator[Line]:
    yield _nats("loss, head by bets and tail by comparisons", found.loss_nats)
    yield _perplexity("perplexity", found.loss_nats)
    yield _nats("above the reference", found.difference_nats)
    yield from _more(found.more_answers)
    if found.tail_excess_nats is None:
        yield "no comparisons from the tail: the model's stands in", "", "", ""
    else:
        yield _nats(f"tail excess ({found.tail_questions} questions)", found.tail_excess_nats)
    yield from _truth("the model's true loss", found.true_loss_nats)


def _tail_model(result: Analysis) -> Iterator[Line]:
    if (found := result.tail_model) is None:
        return
    yield _nats("loss, tail by the fitted model", found.loss_nats)
    yield _perplexity("perplexity, tail by the fitted model", found.loss_nats)
    yield _nats("above the reference, tail by the fitted model", found.difference_nats)
    yield _nats("tail excess, by the fitted model", found.tail_excess_nats)
    yield "exponent of the reference's tail", _plain(found.exponent), "", ""
    yield "taste beyond it (nats)", _plain(found.taste_nats), "", ""
    yield "noise of answers (nats)", _plain(found.noise_nats), "", ""


def _bets(result: Analysis) -> Iterator[Line]:
    if (found := result.bets) is None:
        return
    yield _nats("loss, bets alone", found.loss_nats)
    yield "share of targets offered", f"{found.offered_share:.1%}", "", ""
    yield "the reference's loss there", _plain(found.reference_loss_nats), "", ""
    yield _nats("bets above the reference", found.difference_nats)


def _comparisons(result: Analysis) -> Iterator[Line]:
    if result.comparisons is not None:
        yield from _comparison_lines(result.comparisons)


def _density_ratio(result: Analysis) -> Iterator[Line]:
    if (found := result.density_ratio) is None:
        return
    yield "by density ratio (first question)", "", "", str(found.judgements)
    if found.headline is not None:
        yield from _headline_lines(found.headline)
    if found.comparisons is not None:
        yield from _comparison_lines(found.comparisons)


def _comparison_lines(found: ComparisonAnalysis) -> Iterator[Line]:
    questions = str(found.questions)
    yield "questions with rivals from the whole distribution", questions, "", ""
    yield "the reference's loss there", _plain(found.reference_loss_nats), "", questions
    yield _nats("excess, as published", found.excess_nats)
    yield _nats("excess, jackknifed", found.excess_jackknife_nats)
    yield from _more(found.more_answers)
    yield "perplexity, as published", f"{found.perplexity:,.1f}", "", ""
    yield _perplexity("perplexity, jackknifed", found.loss_jackknife_nats)
    yield from _truth("the model's true excess", found.true_excess_nats)


def _tries(result: Analysis) -> Iterator[Line]:
    if (found := result.tries) is None:
        return
    yield _nats("tries: the loss is at least", found.lower_nats)
    yield _nats("tries: the loss is at most", found.upper_nats)
    for number, share in enumerate(found.solved, start=1):
        yield f"solved at try {number}", f"{share:.1%}", "", ""
    yield "unsolved", f"{found.unsolved:.1%}", "", str(found.positions)


def _guesses(result: Analysis) -> Iterator[Line]:
    if (found := result.guesses) is None:
        return
    for name, share in (("accuracy", found.all), ("accuracy where a word comes", found.words)):
        if share is not None:
            yield _percent(name, share)
    for group in found.groups:
        about = (group.model, group.mode, group.unit, "assisted" if group.assisted else "")
        name = ", ".join(part for part in about if part)
        yield _percent(f"{name}: people", group.you)
        yield _percent(f"{name}: model", group.model_accuracy)
        yield _percent(f"{name}: difference (p = {group.p_value:.3g})", group.difference)


def _people(result: Analysis) -> Iterator[Line]:
    if (found := result.people) is None:
        return
    yield _nats("entropy of people's answers, by position", found.entropy_nats)
    if found.total_variation is not None:
        name = f"total variation from {found.model}, by position"
        yield name, *_plain_interval(found.total_variation)
    if found.first_choice_people is not None and found.first_choice_model is not None:
        yield _percent("people's first choice: people", found.first_choice_people)
        yield _percent(f"people's first choice: {found.model}", found.first_choice_model)


def _plain_interval(found: Interval) -> tuple[str, str, str]:
    return _plain(found.value), _range(found, _plain), str(found.n)


def _more(answers: int | None) -> Iterator[Line]:
    if answers:
        yield "answers more that would settle this", f"about {answers:,}", "", ""


def _truth(name: str, value: float | None) -> Iterator[Line]:
    if value is not None:
        yield name, _plain(value), "", ""


def _nats(name: str, found: Interval) -> Line:
    return f"{name} (nats)", _plain(found.value), _range(found, _plain), str(found.n)


def _perplexity(name: str, loss: Interval) -> Line:
    def shown(nats: float) -> str:
        return f"{perplexity(nats):,.1f}" if nats < 20 else "∞"

    return name, shown(loss.value), _range(loss, shown), str(loss.n)


def _percent(name: str, found: Interval) -> Line:
    return name, f"{found.value:.2%}", _range(found, lambda share: f"{share:.2%}"), str(found.n)


def _range(found: Interval, shown: Callable[[float], str]) -> str:
    return f"{shown(found.low)} to {shown(found.high)}" if math.isfinite(found.high) else "unknown"


def _plain(value: float) -> str:
    return f"{value:.4f}"
