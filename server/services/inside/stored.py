"""What is stored of the inside of a model, shown to the player whose round it was."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator

import numpy as np
from cachetools import LRUCache
from sqlalchemy.orm import Session

from server.domain.errors import NotFound
from server.domain.inside.likeness import Likeness, by_guesses, by_loss
from server.domain.inside.position import InsidePosition
from server.domain.inside.trace import Lens, PassageTrace
from server.domain.play.guessing import ids_of_answer
from server.services.contract.inside import InsideView, LikenessView
from server.services.inside.settled import settled_round
from server.services.inside.views import inside_view
from server.services.play.kinds import kind_of
from server.services.play.library import ScoreLibrary
from server.services.play.played import PlayedRound
from server.store.inside.traces import load_trace
from server.store.tables import RoundRow

_NOT_ASKED = "This round did not ask about that position."
_NOT_KEPT = "Nothing is kept of the inside of the model at this position."
TRACES_IN_MEMORY = 32


class TraceLibrary:
    """The most recently used traces, about 50 kB each, shared by a process's threads.

    Those of players' own texts are not kept: they can be deleted, and SQLite then reuses their ids.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._traces: LRUCache[int, PassageTrace] = LRUCache(TRACES_IN_MEMORY)

    def trace(self, session: Session, row: RoundRow) -> PassageTrace | None:
        """Return the trace of the passage that a round is played on; None where none is kept."""
        key = row.scored_passage_id
        with self._lock:
            trace = self._traces.get(key)
        if trace is None:
            trace = load_trace(session, key)
            if trace is not None and row.scored_passage.passage.owner_id is None:
                with self._lock:
                    self._traces[key] = trace
        return trace


class StoredInside:
    """The use cases of what is stored of the inside of a model."""

    def __init__(self, session: Session, library: ScoreLibrary, traces: TraceLibrary) -> None:
        self._session, self._library, self._traces = session, library, traces

    def at(
        self, player_id: str | None, round_id: str, position: int, lens: Lens = Lens.FITTED
    ) -> InsideView:
        """Return what the layers said at a position of the player's finished round.

        Raises NotFound for another player's round, one that goes on, a position that it did not
        ask, a passage that is open in another round of the player's, and where nothing is kept.
        """
        played = self._finished(player_id, round_id)
        if position not in kind_of(played.row).settled(played.row):
            raise NotFound(_NOT_ASKED)
        trace = self._traces.trace(self._session, played.row)
        try:
            inside = _inside(played, trace, position) if trace is not None else None
        except KeyError:  # a duel's position, of which no distribution is kept either
            inside = None
        if inside is None:
            raise NotFound(_NOT_KEPT)
        return inside_view(played.scene, inside, lens, _guess_at(played.row, position))

    def positions(self, player_id: str | None, round_id: str) -> list[int]:
        """Return the positions of a finished round that can be looked into; empty where none.

        Raises NotFound as `at`.
        """
        played = self._finished(player_id, round_id)
        trace = self._traces.trace(self._session, played.row)
        if trace is None:
            return []
        kept = {int(one) for one in trace.of(played.unit).positions}
        return [one for one in kind_of(played.row).settled(played.row) if one in kept]

    def keeps_other_unit(self, player_id: str | None, round_id: str) -> bool:
        """Tell whether rounds in the other unit alone can be looked into on a round's passage.

        Raises NotFound as `at`.
        """
        played = self._finished(player_id, round_id)
        trace = self._traces.trace(self._session, played.row)
        return trace is not None and not trace.keeps(played.unit)

    def likeness(self, player_id: str | None, round_id: str) -> LikenessView | None:
        """Return which layer the player read like in a round; None where that cannot be said.

        Raises NotFound as `at`.
        """
        played = self._finished(player_id, round_id)
        trace = self._traces.trace(self._session, played.row)
        if trace is None or not trace.keeps(played.unit):
            return None
        losses = kind_of(played.row).losses(played.row)
        if played.row.bets and losses:
            player = np.array([loss.person_nats for loss in losses])
            layers = np.array(list(_target_losses(played, trace)))
            found = by_loss(player, layers) if len(layers) == len(player) else None
            return _likeness_view(found, typed=False)
        return _likeness_view(by_guesses(_guess_losses(played, trace)), typed=True)

    def _finished(self, player_id: str | None, round_id: str) -> PlayedRound:
        return settled_round(self._session, self._library, player_id, round_id)


def _inside(played: PlayedRound, trace: PassageTrace, position: int) -> InsidePosition:
    guess, gap = _guess_at(played.row, position), played.at(position)
    ids = ids_of_answer(gap.vocabulary, gap.unit, guess) if guess is not None else ()
    return InsidePosition(trace, gap, ids)


def _guess_at(row: RoundRow, position: int) -> str | None:
    """Return the player's first answer at a position; None for a skip, or a duel."""
    return next((guess.text for guess in row.guesses if guess.position == position), None)


def _target_losses(played: PlayedRound, trace: PassageTrace) -> Iterator[list[float]]:
    """Yield for each settled position the losses of the layers for its target, in nats."""
    for position in kind_of(played.row).settled(played.row):
        layers = _inside(played, trace, position).layers(Lens.FITTED)
        yield [-layer.target.logprob_nats for layer in layers]


def _guess_losses(
    played: PlayedRound, trace: PassageTrace
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return (n, L + 1): −ln of what each layer gave the player's word, where that is kept."""
    rows: list[list[float]] = []
    kept = {int(one) for one in trace.of(played.unit).positions}
    for position in kind_of(played.row).settled(played.row):
        if position not in kept or _guess_at(played.row, position) is None:
            continue
        guesses = [one.guess for one in _inside(played, trace, position).layers(Lens.FITTED)]
        known = [one for one in guesses if one is not None]
        if len(known) == len(guesses):
            rows.append([max(0.0, -one.logprob_nats) for one in known])
    return np.array(rows, dtype=np.float64).reshape(len(rows), trace.layers + 1)


def _likeness_view(likeness: Likeness | None, *, typed: bool) -> LikenessView | None:
    if likeness is None or not math.isfinite(likeness.perplexity.high):
        return None
    return LikenessView(
        layer=likeness.layer,
        low=likeness.low,
        high=likeness.high,
        layers=likeness.layers,
        n=likeness.perplexity.n,
        perplexity=likeness.perplexity.value,
        perplexity_low=likeness.perplexity.low,
        perplexity_high=likeness.perplexity.high,
        typed=typed,
    )
