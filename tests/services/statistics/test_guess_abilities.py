"""Abilities at guessing, from the folded tallies: the same as from the guesses themselves."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from server.domain.estimators.guess_ability import GRADES, Tally, grade
from server.domain.text.tokens import Unit
from server.services.statistics.folding import fold
from server.services.statistics.guess_abilities import (
    PlayerAbility,
    guess_abilities,
    guess_ability_of,
)
from server.store.engine import writing
from server.store.statistics.rollups import mark_player
from server.store.tables import BetRow, GuessRow, LanguageModelRow, PlayerRow, RoundRow
from tests.services.statistics.made_up import Delete, Round, happen, memory_engine

KINDS = ("guess", "assisted", "bet", "tries")


@pytest.fixture(name="session")
def _session() -> Session:
    """A database in which four players have played ten rounds each."""
    session = Session(memory_engine())
    draw = np.random.default_rng(5)
    for number in range(40):
        kind = KINDS[int(draw.integers(len(KINDS)))]
        passage, seed = int(draw.integers(3)), int(draw.integers(2**32))
        happen(session, Round(number % 4, kind, passage, 0, "words", False, False, False, seed))
    with writing(session):
        session.execute(update(RoundRow).values(counts=True, counts_from=None))
    fold(session)
    return session


def model_of(session: Session) -> int:
    return session.scalars(select(LanguageModelRow.id).order_by(LanguageModelRow.id)).first() or 0


def ranked(session: Session, least_words: int = 1) -> list[PlayerAbility]:
    return guess_abilities(session, model_of(session), Unit.WORDS, least_words)


def tallies(session: Session) -> dict[int, Tally]:
    """Count anew, from rows."""
    query = (
        select(GuessRow, RoundRow.scored_passage_id)
        .join(RoundRow, RoundRow.id == GuessRow.round_id)
        .where(GuessRow.attempt == 1, GuessRow.assisted.is_(False))
    )
    found: dict[int, list[tuple[GuessRow, int]]] = defaultdict(list)
    for guess, passage in session.execute(query):
        revealed = {"tries": _closed, "bet": _staked}.get(guess.mode, lambda _: True)(guess)
        if revealed:
            found[guess.player_id].append((guess, passage))
    return {player: _tally(rows) for player, rows in found.items()}


def _staked(guess: GuessRow) -> bool:
    return any(bet.position == guess.position for bet in guess.round.bets)


def _closed(guess: GuessRow) -> bool:
    tries = [one for one in guess.round.guesses if one.position == guess.position]
    return any(one.is_right or one.skipped or one.attempt == 5 for one in tries)


def _tally(rows: list[tuple[GuessRow, int]]) -> Tally:
    right, guesses = np.zeros(GRADES), np.zeros(GRADES)
    for guess, _ in rows:
        place = grade(guess.target_loss_nats, guess.entropy_nats)
        guesses[place] += 1
        right[place] += guess.is_right
    passages = Counter(passage for _, passage in rows)
    return Tally(right, guesses, float(sum(n**2 for n in passages.values())))


def test_the_ranking_is_what_the_guesses_give(session: Session) -> None:
    found, counted = ranked(session), tallies(session)
    assert {one.player_id for one in found} == set(counted)
    assert {one.player_id: (one.right, one.words) for one in found} == {
        player: (tally.right.sum(), tally.guesses.sum()) for player, tally in counted.items()
    }
    lows = [one.accuracy.low for one in found]
    assert lows == sorted(lows, reverse=True)
    for one in found:
        alone = guess_ability_of(session, one.player_id, model_of(session), Unit.WORDS)
        assert alone is not None
        assert alone.words == one.words
        assert alone.accuracy.value == pytest.approx(one.accuracy.value)
        assert alone.accuracy.low == pytest.approx(one.accuracy.low)


def test_few_words_make_no_rank(session: Session) -> None:
    found = ranked(session)
    most = max(one.words for one in found)
    assert [one.words for one in ranked(session, most)] == [
        one.words for one in found if one.words == most
    ]
    assert ranked(session, most + 1) == []


def test_who_is_gone_is_ranked_no_more(session: Session) -> None:
    happen(session, Delete(0))
    fold(session)
    assert len(ranked(session)) == 3
    for player in (1, 2, 3):
        happen(session, Delete(player))
    fold(session)
    assert ranked(session) == []
    assert abilities_of_nobody(session) is None


def abilities_of_nobody(session: Session) -> PlayerAbility | None:
    return guess_ability_of(session, 1, model_of(session), Unit.WORDS)


def test_a_guess_before_its_bet_is_not_told(session: Session) -> None:
    player = session.scalars(select(PlayerRow.id)).first() or 0
    before = {one.player_id: one.words for one in ranked(session)}
    bets = session.scalars(select(BetRow.id).where(BetRow.player_id == player)).all()
    with writing(session):
        session.execute(delete(BetRow).where(BetRow.id == bets[0]))
        mark_player(session, player)
    fold(session)
    after = {one.player_id: one.words for one in ranked(session)}
    assert after == before | {player: before[player] - 1}
    alone = guess_ability_of(session, player, model_of(session), Unit.WORDS)
    assert alone is not None
    assert alone.words == after[player]


def test_rounds_that_do_not_count_yet_give_nothing_to_the_ranking(session: Session) -> None:
    player = session.scalars(select(PlayerRow.id)).first() or 0
    before = {one.player_id: one.words for one in ranked(session)}
    with writing(session):
        session.execute(update(RoundRow).where(RoundRow.player_id == player).values(counts=False))
        mark_player(session, player)
    fold(session)
    after = {one.player_id: one.words for one in ranked(session)}
    assert after == {other: words for other, words in before.items() if other != player}
    alone = guess_ability_of(session, player, model_of(session), Unit.WORDS)
    assert alone is not None
    assert alone.words == before[player], "their own page has them"


def test_flagged_players_are_left_out(session: Session) -> None:
    player = session.scalars(select(PlayerRow.id)).first() or 0
    with writing(session):
        session.execute(update(PlayerRow).where(PlayerRow.id == player).values(flagged=True))
        mark_player(session, player)
    fold(session)
    assert player not in {one.player_id for one in ranked(session)}


def test_a_single_player_is_like_nobody_else_known() -> None:
    session = Session(memory_engine())
    happen(session, Round(0, "guess", 0, 0, "words", False, False, False, 1))
    fold(session)
    (only,) = ranked(session)
    assert 0 < only.accuracy.low < only.accuracy.value < only.accuracy.high < 1
