"""A player's own text: seen through the model's eyes, and played."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from sqlalchemy.orm import Session

from server.domain.errors import InvalidInput, LiveScoringUnavailable
from server.domain.estimators.perplexity import bits, perplexity
from server.domain.play.own_texts import read_own_text, require_enough_to_ask
from server.domain.scores.gap import Reading
from server.domain.scores.models import model_label
from server.domain.scores.passage_scores import PassageScores
from server.domain.text.tokens import Unit, Vocabulary
from server.services.contract.opponents import ModelView
from server.services.contract.texts import ScoredTextView, ScoredTokenView, TextTotalsView
from server.services.play.choosing import RoundWish, new_round_row
from server.services.play.library import Scene, ScoreLibrary, passage_view
from server.services.play.opponents import OpponentChoice, current_opponent, model_view
from server.services.play.played import PlayedRound
from server.services.play.players import ensure_player
from server.services.play.result import likeliest_tokens
from server.services.play.round_view import round_view
from server.services.play.rounds import StartedRound
from server.services.scoring.live_scoring import LiveScoring, ReadText
from server.store.engine import writing
from server.store.passages import ensure_own_text
from server.store.rounds import find_open_round_on
from server.store.scoring.scores import add_private_scores, ensure_model, find_scored
from server.store.statistics.rollups import mark_player
from server.store.tables import LanguageModelRow

_NOBODY = "No model plays here yet, so none can read your text."


@dataclass(frozen=True)
class StandIn:
    """The model that reads in place of the one that plays, and why that one cannot."""

    name: str
    problem: str


class OwnTextService:
    """The use cases of a player's own text; the opponent reads it if its weights are here."""

    def __init__(
        self, session: Session, library: ScoreLibrary, opponent: OpponentChoice, live: LiveScoring
    ) -> None:
        self._session, self._library = session, library
        self._opponent, self._live = opponent, live

    def why_not(self) -> str | None:
        """Return why no text can be scored here, as a sentence; None where it can."""
        reader = self._reader()
        return self._live.why_not(*reader) if reader else _NOBODY

    def stand_in(self) -> StandIn | None:
        """Return who reads instead of the model that plays; None where that one does."""
        model = self._plays
        problem = self._live.why_not(model.name, model.revision) if model else None
        if model is None or problem is None:
            return None
        name, _ = self._live.reader(model.name, model.revision)
        return StandIn(name, problem)

    def has_layers(self) -> bool:
        """Tell whether it can be shown what each layer of the reading model says."""
        reader = self._reader()
        return reader is not None and self._live.has_lens(*reader)

    def reader_label(self) -> str | None:
        """Return what pages call the model that reads; None while nothing is scored."""
        reader = self._reader()
        return model_label(reader[0]) if reader else None

    def load_ahead(self) -> None:
        """Start loading the model while the player types, so that their first text does not wait.

        Returns at once; where no model plays or its weights are not here, nothing happens.
        """
        reader = self._reader()
        if reader is not None:
            self._live.load_ahead(*reader)

    def score(self, text: str) -> ScoredTextView:
        """Return every token's loss, rank and the model's candidates; nothing is stored.

        Raises InvalidInput for a text that is not allowed, LiveScoringUnavailable where the model
        is not here or is busy.
        """
        own = read_own_text(text)
        read_text = self._read(own.text)
        scores, reader = read_text.scores, read_text.reader
        return scored_text_view(own.text, model_view(reader.identity), scores, reader.vocabulary)

    def start_round(self, player_id: str | None, text: str, now: datetime) -> StartedRound:
        """Store the text as the player's own and begin a round on it, left out of all statistics.

        The same text again returns its round, if that has no answer yet. Raises as `score` does,
        and InvalidInput for a text with too few words to ask; then nothing is stored.
        """
        own = read_own_text(text)
        read_text = self._read(own.text)
        scores, reader = read_text.scores, read_text.reader
        require_enough_to_ask(len(scores.asked_words))
        with writing(self._session) as session:
            model = ensure_model(session, reader.identity, reader.vocabulary, now)
            player = ensure_player(session, player_id, now)
            passage = ensure_own_text(session, own, player, now)
            scored = find_scored(session, passage.id, model.id)
            scored = scored or add_private_scores(session, passage.id, model.id, scores, now)
            row = find_open_round_on(session, player.id, scored.id)
            is_new = row is None
            if row is None:
                row = new_round_row(player.id, scored.id, model.id, RoundWish(), now)
                row.repeated = True  # its player knows the text, so it stays out of comparisons
                session.add(row)
                session.flush()
                mark_player(session, player.id)
            else:
                row.asked_at = now  # the time before the player came back is not thinking time
            vocabulary = self._library.vocabulary(session, model.id)
            reading = Reading(scores, vocabulary, Unit.WORDS)
            scene = Scene(passage_view(passage), model_view(model), reading)
            played = PlayedRound(row, scene)
            return StartedRound(round_view(played), player.public_id, is_new)

    def _reader(self) -> tuple[str, str] | None:
        """Return name and revision of the model that reads; None while nothing is scored."""
        model = self._plays
        return self._live.reader(model.name, model.revision) if model else None

    @cached_property
    def _plays(self) -> LanguageModelRow | None:
        return current_opponent(self._session, self._opponent)

    def _read(self, text: str) -> ReadText:
        reader = self._reader()
        if reader is None:
            raise LiveScoringUnavailable(_NOBODY)
        self._session.rollback()  # no transaction is held open while the text waits
        return self._live.score(*reader, text)


def scored_text_view(
    text: str, model: ModelView, scores: PassageScores, vocabulary: Vocabulary
) -> ScoredTextView:
    """Return what a page shows of a scored text."""
    tokens = _token_views(scores, vocabulary)
    words_to_ask = len(scores.asked_words)
    return ScoredTextView(
        model=model,
        text=text,
        tokens=tokens,
        totals=_totals(
            text, -float(scores.target_logprob.astype(float).sum()), len(scores.token_ids)
        ),
        words_to_ask=words_to_ask,
        why_no_round=_why_no_round(words_to_ask),
    )


def _why_no_round(words_to_ask: int) -> str | None:
    try:
        require_enough_to_ask(words_to_ask)
    except InvalidInput as error:
        return str(error)
    return None


def _totals(text: str, loss_nats: float, tokens: int) -> TextTotalsView:
    words = len(text.split())
    return TextTotalsView(
        tokens=tokens,
        words=words,
        characters=len(text),
        bits=bits(loss_nats),
        bits_per_token=bits(loss_nats) / tokens,
        bits_per_word=bits(loss_nats) / words,
        bits_per_character=bits(loss_nats) / len(text),
        perplexity=perplexity(loss_nats / tokens),
    )


def _token_views(scores: PassageScores, vocabulary: Vocabulary) -> list[ScoredTokenView]:
    text = Reading(scores, vocabulary, Unit.TOKENS).text
    shown, start = [], 0
    for position in range(len(text)):
        characters = text.between(start, position + 1)
        if characters is None:  # inside a character that several tokens share
            continue
        loss_nats = -float(scores.target_logprob[start : position + 1].astype(float).sum())
        alone = start == position
        shown.append(
            ScoredTokenView(
                text=characters,
                pieces=position + 1 - start,
                loss_bits=bits(loss_nats),
                probability=math.exp(-loss_nats),
                rank=int(scores.target_rank[position]) if alone else None,
                candidates=likeliest_tokens(scores, vocabulary, position) if alone else [],
            )
        )
        start = position + 1
    return shown
