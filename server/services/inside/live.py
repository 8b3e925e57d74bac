"""What is asked of a model while the player waits: words it needed, what else it could write."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy.orm import Session

from server.domain.errors import InvalidInput, LiveScoringUnavailable, NotFound
from server.domain.inside.ablation import ContextEffects, Effect, Way
from server.domain.inside.position import InsidePosition
from server.domain.inside.trace import Lens
from server.domain.inside.tree import Branch, Nodes, branches_of, require_sampling
from server.domain.play.own_texts import read_own_text, require_few_tokens
from server.domain.scores.gap import Reading
from server.domain.text.tokens import Unit, Vocabulary
from server.services.contract.inside import InsideView
from server.services.contract.live_inside import (
    BranchView,
    ContextTokenView,
    ContextView,
    TreeView,
)
from server.services.contract.rounds import PassageView
from server.services.inside.settled import settled_round
from server.services.inside.swap_lab import NOBODY, SWITCHED_OFF
from server.services.inside.views import inside_view
from server.services.play.library import Scene, ScoreLibrary
from server.services.play.opponents import OpponentChoice, current_opponent, model_view
from server.services.scoring.live_scoring import LiveScoring, ModelInside

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class _Place:
    """A position of a text, as a model reads it; `text_key` tells texts apart in what is kept."""

    name: str
    revision: str
    text_key: Hashable
    position: int
    token_ids: Callable[[ModelInside], Sequence[int]]


class LiveInside:
    """The use cases of live looks inside; `live` is None where live scoring is switched off."""

    def __init__(
        self,
        session: Session,
        library: ScoreLibrary,
        opponent: OpponentChoice,
        live: LiveScoring | None,
    ) -> None:
        self._session, self._library = session, library
        self._opponent, self._live = opponent, live

    def why_not(self, name: str, revision: str) -> str | None:
        """Return why a model cannot be asked here, as a sentence; None where it can."""
        return SWITCHED_OFF if self._live is None else self._live.why_not(name, revision)

    def reads_as(self, name: str, revision: str) -> bool:
        """Tell whether texts of one's own are read here by this very model."""
        model = current_opponent(self._session, self._opponent)
        if self._live is None or model is None:
            return False
        reader = self._live.reader(model.name, model.revision)
        return reader == (name, revision) and self._live.why_not(*reader) is None

    def context(
        self, player_id: str | None, round_id: str, position: int, way: Way, piece: int
    ) -> ContextView:
        """Return what a piece of the context did for the author's word at a position.

        Raises NotFound unless the round is this player's, finished, and its passage open in no
        other; InvalidInput where there is no such piece; LiveScoringUnavailable.
        """
        return self._context(self._in_round(player_id, round_id, position), way, piece)

    def tree(
        self,
        player_id: str | None,
        round_id: str,
        position: int,
        temperature: float,
        top_k: int | None,
    ) -> TreeView:
        """Return what the model could have written there. Raises as `context`."""
        return self._tree(self._in_round(player_id, round_id, position), temperature, top_k)

    def view_of_text(self, text: str, position: int, lens: Lens) -> InsideView:
        """Return what the layers say at a position of a text of the player's own.

        Nothing is stored. Raises InvalidInput for a text or position that cannot be read,
        LiveScoringUnavailable.
        """
        place = self._in_text(text, position)
        own = read_own_text(text)

        def found(inside: ModelInside) -> InsideView:
            scores, trace = inside.trace(own.text, position)
            unit = Unit.WORDS if scores.asked(Unit.WORDS) else Unit.TOKENS
            reading = Reading(scores, inside.vocabulary, unit)
            passage = PassageView(title=own.title, genre="", source="", private=True)
            scene = Scene(passage, model_view(inside.identity), reading)
            return inside_view(scene, InsidePosition(trace, reading.at(position)), lens, None)

        return self._look(place, ("layers", lens), found)

    def context_of_text(self, text: str, position: int, way: Way, piece: int) -> ContextView:
        """Return the same for a text of the player's own, which is not stored."""
        return self._context(self._in_text(text, position), way, piece)

    def tree_of_text(
        self, text: str, position: int, temperature: float, top_k: int | None
    ) -> TreeView:
        """Return the same for a text of the player's own, which is not stored."""
        return self._tree(self._in_text(text, position), temperature, top_k)

    def _in_round(self, player_id: str | None, round_id: str, position: int) -> _Place:
        played = settled_round(self._session, self._library, player_id, round_id)
        scene, row = played.scene, played.row
        ids: list[int] = scene.reading.scores.token_ids.tolist()
        if not 0 < position < len(ids):
            raise NotFound("There is no such position, or nothing stands before it.")
        key = row.scored_passage.passage.content_hash
        model = scene.opponent
        return _Place(model.name, model.revision, key, position, lambda _inside: ids)

    def _in_text(self, text: str, position: int) -> _Place:
        own = read_own_text(text)
        model = current_opponent(self._session, self._opponent)
        if self._live is None or model is None:
            raise LiveScoringUnavailable(SWITCHED_OFF if self._live is None else NOBODY)
        name, revision = self._live.reader(model.name, model.revision)

        def read(inside: ModelInside) -> Sequence[int]:
            ids = inside.read(own.text)
            require_few_tokens(len(ids))
            if not 0 < position < len(ids):
                raise InvalidInput("position", f"1 to {len(ids) - 1} are allowed in this text.")
            return ids

        key = hashlib.sha256(own.text.encode()).digest()
        return _Place(name, revision, key, position, read)

    def _context(self, place: _Place, way: Way, piece: int) -> ContextView:
        def found(inside: ModelInside) -> tuple[ContextEffects, list[str]]:
            ids = place.token_ids(inside)
            effects = inside.context(ids, place.position, way, piece)
            texts = [inside.vocabulary.text(int(ids[one.position])) for one in effects.effects]
            return effects, texts

        effects, texts = self._look(place, ("context", way, piece), found)
        pairs = sorted(
            zip(effects.effects, texts, strict=True), key=lambda pair: -abs(pair[0].effect_nats)
        )
        return ContextView(
            way=way,
            piece=effects.piece,
            pieces=effects.pieces,
            tokens=effects.tokens,
            helped=[_token_view(*pair) for pair in pairs if pair[0].effect_nats > 0],
            hindered=[_token_view(*pair) for pair in pairs if pair[0].effect_nats < 0],
        )

    def _tree(self, place: _Place, temperature: float, top_k: int | None) -> TreeView:
        temperature, top_k = require_sampling(temperature, top_k)

        def found(inside: ModelInside) -> tuple[Nodes, Vocabulary]:
            return inside.tree(place.token_ids(inside), place.position), inside.vocabulary

        nodes, vocabulary = self._look(place, ("tree",), found)
        branches = branches_of(nodes, temperature, top_k)
        return TreeView(
            temperature=temperature,
            top_k=top_k,
            branches=[_branch_view(branch, vocabulary) for branch in branches],
        )

    def _look(
        self,
        place: _Place,
        question: tuple[Hashable, ...],
        answer: Callable[[ModelInside], Answer],
    ) -> Answer:
        if self._live is None:
            raise LiveScoringUnavailable(SWITCHED_OFF)
        self._session.rollback()  # no transaction is held open while the player waits
        key = (place.text_key, place.position, *question)
        return self._live.look(place.name, place.revision, key, answer)


def _token_view(effect: Effect, text: str) -> ContextTokenView:
    return ContextTokenView(
        position=effect.position,
        token=text,
        effect_nats=effect.effect_nats,
        attention=effect.attention,
    )


def _branch_view(branch: Branch, vocabulary: Vocabulary) -> BranchView:
    return BranchView(
        token=vocabulary.text(branch.token_id),
        probability=branch.probability,
        joint=branch.joint,
        branches=[_branch_view(below, vocabulary) for below in branch.branches],
    )
