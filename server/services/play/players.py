"""Players: their page, their nickname, their data."""

from __future__ import annotations

import secrets
from collections import Counter
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from server.domain.errors import NotFound
from server.domain.estimators.ability import player_loss
from server.domain.estimators.accuracy import PairedCounts, together
from server.domain.estimators.perplexity import perplexity
from server.domain.intervals.clusters import one_player_weights
from server.domain.intervals.of_accuracy import PairedComponents, paired_intervals
from server.domain.text.tokens import Unit
from server.services.contest.names import read_name
from server.services.contract.figures import IntervalView
from server.services.contract.players import (
    PlayerAbilityView,
    PlayerData,
    PlayerLossView,
    PlayerView,
    RoundSummary,
)
from server.services.play.figures import comparison_view
from server.services.play.kinds import kind_of
from server.services.play.opponents import OpponentChoice, current_opponent, model_view
from server.services.play.round_view import score_view
from server.services.rooms.players_data import leave_rooms, rooms_data
from server.services.statistics.components import site_components, site_losses
from server.services.statistics.guess_abilities import guess_ability_of
from server.store import players as stored
from server.store.engine import writing
from server.store.passages import own_texts_of
from server.store.tables import BetRow, GuessRow, JudgementRow, PlayerRow, RoundRow

RECENT_ROUNDS = 20
ROUNDS_ON_A_PAGE = 100


def ensure_player(session: Session, public_id: str | None, now: datetime) -> PlayerRow:
    """Return the player with this public id, or a new one where there is none (any more)."""
    player = stored.find_player(session, public_id, lock=True) if public_id else None
    return player or stored.add_player(session, secrets.token_urlsafe(16), now)


def player_view(
    session: Session, public_id: str | None, choice: OpponentChoice, page: int = 1
) -> PlayerView:
    """Return a player's page, empty for somebody who has never played.

    `page` says which portion of their rounds is listed; beyond the last one it is the last.

    The comparison counts unassisted guesses at words against the present opponent alone, person
    and model on the same positions: other kinds of play are other tasks.
    """
    opponent = current_opponent(session, choice)
    view = PlayerView(opponent=model_view(opponent) if opponent else None)
    player = stored.find_player(session, public_id) if public_id else None
    if player is None:
        return view
    view.nickname, view.since = player.nickname, player.created_at
    view.rounds = stored.count_rounds(session, player.id)
    view.guesses = stored.count_guesses(session, player.id)
    view.pages = max(1, -(-view.rounds // RECENT_ROUNDS))
    view.page = min(max(1, page), view.pages)
    recent = stored.rounds_of(session, player.id, RECENT_ROUNDS, (view.page - 1) * RECENT_ROUNDS)
    view.recent = [_summary(row) for row in recent]
    if opponent:
        by_passage = stored.paired_counts_of(session, player.id, opponent.id, Unit.WORDS)
        view.ability = _ability_view(session, player.id, opponent.id)
        view.loss = _loss_view(session, player.id, opponent.id)
        if by_passage:
            components = site_components(session, opponent.id, Unit.WORDS)
            _add_comparison(view, by_passage, components)
    return view


def _ability_view(session: Session, player_id: int, model_id: int) -> PlayerAbilityView | None:
    found = guess_ability_of(session, player_id, model_id, Unit.WORDS)
    if found is None:
        return None
    return PlayerAbilityView(words=found.words, accuracy=IntervalView.of(found.accuracy))


def _loss_view(session: Session, player_id: int, model_id: int) -> PlayerLossView | None:
    """Return the player's own perplexity; None until a bet that counts is in the sums."""
    bets = stored.bets_of(session, player_id, model_id, Unit.WORDS)
    site = site_losses(session, model_id, Unit.WORDS)
    if not bets or site is None:
        return None
    person = np.array([loss for _, loss, _ in bets], dtype=np.float64)
    model = -np.array([logprob for *_, logprob in bets], dtype=np.float64)
    answers = list(Counter(passage for passage, *_ in bets).values())
    loss = player_loss(site, person, model, answers)
    return PlayerLossView(
        words=loss.n,
        perplexity=IntervalView(
            value=perplexity(loss.value),
            low=perplexity(loss.low),
            high=perplexity(loss.high),
            n=loss.n,
        ),
        model_perplexity=perplexity(site.model_nats),
    )


def _add_comparison(
    view: PlayerView, by_passage: list[PairedCounts], components: PairedComponents
) -> None:
    weights = one_player_weights([counts.n for counts in by_passage])
    intervals = paired_intervals(together(by_passage), weights, components)
    view.you, view.model = IntervalView.of(intervals.person), IntervalView.of(intervals.model)
    view.comparison = comparison_view(intervals)


def rename(session: Session, public_id: str | None, nickname: str | None, now: datetime) -> str:
    """Set or clear the nickname and return the player's public id, of a new player where needed.

    Raises InvalidInput for a nickname that is not allowed.
    """
    name = read_name(nickname)
    with writing(session):
        player = ensure_player(session, public_id, now)
        player.nickname = name
        return player.public_id


def pages_of_data(rounds: int) -> int:
    """Return on how many pages a player's data is, at least one."""
    return max(1, -(-rounds // ROUNDS_ON_A_PAGE))


def player_data(session: Session, public_id: str | None, page: int = 1) -> PlayerData:
    """Return a page of all that is stored about a player; raise NotFound where there is nothing."""
    player = stored.find_player(session, public_id) if public_id else None
    if player is None:
        raise NotFound("Nothing is stored about you.")
    pages = pages_of_data(stored.count_rounds(session, player.id))
    if page > pages:
        raise NotFound(f"Your data has {pages} pages.")
    skipped = (page - 1) * ROUNDS_ON_A_PAGE
    rounds = stored.rounds_of(session, player.id, ROUNDS_ON_A_PAGE, skipped)
    return PlayerData(
        nickname=player.nickname,
        created_at=player.created_at,
        page=page,
        pages=pages,
        rounds=[_round_data(row) for row in rounds],
        rooms=rooms_data(session, player.id) if page == 1 else [],
        texts=[row.text for row in own_texts_of(session, player.id)] if page == 1 else [],
    )


def forget(session: Session, public_id: str | None) -> None:
    """Delete a player with all that is theirs; there may be nothing to delete."""
    with writing(session):
        player = stored.find_player(session, public_id) if public_id else None
        if player is not None:
            leave_rooms(session, player.id)
            stored.delete_player(session, player.id)


def _summary(row: RoundRow) -> RoundSummary:
    return RoundSummary(
        id=row.public_id,
        title=row.scored_passage.passage.title,
        mode=row.mode,
        unit=row.unit,
        assisted=row.assisted,
        practice=row.practice,
        started_at=row.started_at,
        finished=row.finished_at is not None,
        score=score_view(row),
    )


def _round_data(row: RoundRow) -> dict[str, Any]:
    settled = set(kind_of(row).settled(row))
    return {
        "id": row.public_id,
        "passage": row.scored_passage.passage.title,
        "model": row.scored_passage.model.name,
        "mode": row.mode,
        "unit": row.unit,
        "assisted": row.assisted,
        "repeated": row.repeated,
        "practice": row.practice,
        "form": row.form,
        "started_at": row.started_at.isoformat(),
        "finished_at": row.finished_at.isoformat() if row.finished_at else None,
        "guesses": [_guess_data(guess, guess.position in settled) for guess in row.guesses],
        "bets": [_bet_data(bet) for bet in row.bets],
        "judgements": [_judgement_data(judgement) for judgement in row.judgements],
    }


def _guess_data(guess: GuessRow, settled: bool) -> dict[str, Any]:
    marks = {
        "target": guess.target,
        "right": guess.is_right,
        "model_guess": guess.model_guess,
        "model_right": guess.model_is_right,
        "target_loss_nats": guess.target_loss_nats,
    }
    return {
        "position": guess.position,
        "attempt": guess.attempt,
        "guess": guess.text,
        "skipped": guess.skipped,
        # A bet or another try is still to come: nothing may give the target away.
        **(marks if settled else dict.fromkeys(marks)),
        "elapsed_ms": guess.elapsed_ms,
        "answered_at": guess.answered_at.isoformat(),
    }


def _bet_data(bet: BetRow) -> dict[str, Any]:
    return {
        "position": bet.position,
        "stakes": {text: share for text, share, _ in bet.stakes},
        "other": bet.other,
        "target": bet.target,
        "loss_nats": bet.loss_nats,
        "target_logprob_nats": bet.target_logprob_nats,
        "elapsed_ms": bet.elapsed_ms,
        "answered_at": bet.answered_at.isoformat(),
    }


def _judgement_data(judgement: JudgementRow) -> dict[str, Any]:
    return {
        "position": judgement.position,
        "asked": judgement.asked,
        "question_version": judgement.question_version,
        "target": judgement.target,
        "rival": judgement.rival,
        "target_share": judgement.target_share,
        "elapsed_ms": judgement.elapsed_ms,
        "answered_at": judgement.answered_at.isoformat(),
    }
