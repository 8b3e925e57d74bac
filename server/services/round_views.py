"""Turn a stored round into what its player may see."""

from __future__ import annotations

import math
from dataclasses import dataclass

from server.domain.accuracy import (
    PairedCounts,
    answers_to_settle,
    difference_interval,
    mcnemar_p_value,
    wilson_interval,
)
from server.domain.guessing import Reveal, reveal, suggestions, visible
from server.domain.perplexity import bits, perplexity
from server.domain.rounds import SUGGESTIONS, next_position
from server.domain.scores import PassageScores, tokenized
from server.domain.tokens import TokenizedText, Unit, Vocabulary
from server.services import views
from server.services.opponents import model_view
from server.store.tables import GuessRow, RoundRow


@dataclass(frozen=True)
class PlayedRound:
    """A stored round with the scores it is played against."""

    row: RoundRow
    scores: PassageScores
    vocabulary: Vocabulary

    @property
    def unit(self) -> Unit:
        """The round's unit."""
        return Unit(self.row.unit)

    @property
    def asked(self) -> list[int]:
        """All positions that the round asks, ascending."""
        return self.scores.asked(self.unit)

    @property
    def text(self) -> TokenizedText:
        """The passage, cut into the model's tokens."""
        return tokenized(self.scores, self.vocabulary)


def round_view(played: PlayedRound) -> views.RoundView:
    """Return the round up to its gap; what lies beyond is not in it."""
    row, guesses = played.row, played.row.guesses
    passage = row.scored_passage.passage
    segments = _segments(played)
    return views.RoundView(
        id=row.public_id,
        mode=row.mode,
        unit=row.unit,
        assisted=row.assisted,
        repeated=row.repeated,
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
        answers=[answer_view(played, guess) for guess in guesses],
        score=score_view(guesses),
    )


def score_view(guesses: list[GuessRow]) -> views.ScoreView:
    """Count answers and right ones."""
    return views.ScoreView(
        answered=len(guesses),
        you=sum(guess.is_right for guess in guesses),
        model=sum(guess.model_is_right for guess in guesses),
    )


def answer_view(played: PlayedRound, guess: GuessRow) -> views.AnswerView:
    """Return the reveal of a settled position; marks are the stored ones."""
    unit = played.unit
    marks = reveal(played.scores, played.vocabulary, unit, guess.position, guess.text)
    return views.AnswerView(
        position=guess.position,
        guess=None if guess.text is None else visible(guess.text, unit),
        skipped=guess.skipped,
        target=visible(marks.target, unit),
        right=guess.is_right,
        model_guess=visible(marks.model_guess, unit),
        model_right=guess.model_is_right,
        target_probability=math.exp(-marks.target_loss_nats),
        target_rank=marks.target_rank,
        target_loss_bits=bits(marks.target_loss_nats),
        candidates=[
            views.CandidateView(token=visible(c.text, unit), probability=c.probability)
            for c in marks.candidates
        ],
        **_guess_fields(marks),
    )


def _guess_fields(marks: Reveal) -> dict[str, float | int | bool | None]:
    logprob, below = marks.guess_logprob_nats, marks.guess_below_nats
    return {
        "guess_is_token": marks.guess_is_token,
        "guess_rank": marks.guess_rank,
        "guess_probability": None if logprob is None else math.exp(logprob),
        "guess_probability_below": None if below is None else math.exp(below),
    }


def _asked_view(played: PlayedRound) -> views.AskedView | None:
    settled = len(played.row.guesses)
    position = next_position(played.asked, settled)
    if position is None:
        return None
    offered = (
        suggestions(played.scores, played.vocabulary, played.unit, position, SUGGESTIONS)
        if played.row.assisted
        else None
    )
    return views.AskedView(
        position=position, index=settled, of=len(played.asked), suggestions=offered
    )


def _segments(played: PlayedRound) -> list[views.SegmentView]:
    """Cut the revealed text at the settled targets; in `words` the leading space stays outside."""
    text = played.text
    segments, done = [], ""
    for index, guess in enumerate(played.row.guesses):
        before, after = text.before(guess.position), text.before(guess.position + 1)
        start = len(before)
        if played.unit is Unit.WORDS:
            start += len(after[start:]) - len(after[start:].lstrip())
        segments.append(views.SegmentView(text=after[len(done) : start], answer=None))
        segments.append(views.SegmentView(text=after[start:], answer=index))
        done = after
    position = next_position(played.asked, len(played.row.guesses))
    revealed = text.before(len(text) if position is None else position)
    segments.append(views.SegmentView(text=revealed[len(done) :], answer=None))
    return [segment for segment in segments if segment.text]


def comparison_view(counts: PairedCounts) -> views.ComparisonView:
    """Return the paired comparison of person and model."""
    return views.ComparisonView(
        difference=views.IntervalView.of(difference_interval(counts)),
        p_value=mcnemar_p_value(counts),
        answers_to_settle=answers_to_settle(counts),
    )


def result_view(played: PlayedRound) -> views.ResultView:
    """Return a finished round: every token with both sides' marks and losses."""
    guesses = played.row.guesses
    counts = paired_counts(guesses)
    mean_loss_nats = sum(guess.target_loss_nats for guess in guesses) / len(guesses)
    return views.ResultView(
        round=round_view(played),
        tokens=_token_views(played),
        you=views.SideView(
            accuracy=accuracy_view(counts.person_right, counts.n),
        ),
        model=views.ModelSideView(
            accuracy=accuracy_view(counts.model_right, counts.n),
            bits_per_word=bits(mean_loss_nats),
            perplexity=perplexity(mean_loss_nats),
        ),
        comparison=comparison_view(counts),
    )


def paired_counts(guesses: list[GuessRow]) -> PairedCounts:
    """Count the positions by who was right."""
    marks = [(guess.is_right, guess.model_is_right) for guess in guesses]
    return PairedCounts(
        both=marks.count((True, True)),
        person_only=marks.count((True, False)),
        model_only=marks.count((False, True)),
        neither=marks.count((False, False)),
    )


def accuracy_view(right: int, n: int) -> views.IntervalView:
    """Return one side's accuracy with its interval."""
    return views.IntervalView.of(wilson_interval(right, n))


def _token_views(played: PlayedRound) -> list[views.TokenView]:
    text, guesses = played.text, {guess.position: guess for guess in played.row.guesses}
    token_views, start, loss_nats = [], 0, 0.0
    for position in range(len(text)):
        guess = guesses.get(position)
        loss_nats += (
            guess.target_loss_nats
            if guess
            else played.scores.target_loss_nats(Unit.TOKENS, position)
        )
        shown = text.between(start, position + 1)
        if shown is None:  # inside a character that several tokens share
            continue
        token_views.append(
            views.TokenView(
                text=shown,
                loss_bits=bits(loss_nats),
                asked=guess is not None,
                right=guess.is_right if guess else None,
                model_right=guess.model_is_right if guess else None,
            )
        )
        start, loss_nats = position + 1, 0.0
    return token_views
