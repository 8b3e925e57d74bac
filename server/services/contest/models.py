"""How the models do where people are ranked: the opponent, and a baseline that anyone can grasp."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from server.domain.play.guessing import reveal
from server.domain.play.rounds import points_bits
from server.domain.scores.gap import Reading
from server.domain.scores.unigram import unigram
from server.domain.text.tokens import Unit
from server.services.contest.memory import ContestMemory
from server.services.play.kinds import kind_of
from server.services.play.library import ScoreLibrary
from server.services.play.played import PlayedRound
from server.store.contest.boards import first_passages
from server.store.scoring.scores import load_scores
from server.store.tables import LanguageModelRow, RoundRow

PASSAGES_FOR_MODELS = 60


@dataclass(frozen=True)
class ModelStanding:
    """A model's right answers, of how many, their worth in bits, and Σ over passages of words²."""

    right: int
    words: int
    points_bits: float
    squares: int


@dataclass(frozen=True)
class BothModels:
    """The opponent's standing, and that of the most frequent word, always."""

    opponent: ModelStanding
    baseline: ModelStanding


def models_on_round(library: ScoreLibrary, session: Session, row: RoundRow) -> BothModels:
    """Return how both do on the words of a round."""
    played = PlayedRound(row, library.scene(session, row))
    return _standings([(played.reading, kind_of(row).positions(played))])


def models_on_passages(
    library: ScoreLibrary, session: Session, memory: ContestMemory, model: LanguageModelRow
) -> BothModels:
    """Return how both do on the words of the first 60 passages: about 700, read once a process."""
    ids = tuple(first_passages(session, model.id, PASSAGES_FOR_MODELS))

    def read() -> BothModels:
        vocabulary = library.vocabulary(session, model.id)
        readings = (Reading(load_scores(session, id_), vocabulary, Unit.WORDS) for id_ in ids)
        return _standings([(reading, reading.asked) for reading in readings])

    found = memory.kept(memory.models, (model.id, ids), read)
    if not isinstance(found, BothModels):
        raise TypeError("something else is kept in the models' place")
    return found


def _standings(asked: list[tuple[Reading, list[int]]]) -> BothModels:
    words = sum(len(positions) for _, positions in asked)
    squares = sum(len(positions) ** 2 for _, positions in asked)
    right, worth, known = [0, 0], [0.0, 0.0], unigram()
    for reading, positions in asked:
        for position in positions:
            shown = reveal(reading.at(position), None)
            for side, hit in enumerate((shown.model_right, known.is_right(shown.target))):
                right[side] += hit
                worth[side] += points_bits(shown.target_loss_nats, right=hit)
    opponent, baseline = (
        ModelStanding(count, words, bits, squares) for count, bits in zip(right, worth, strict=True)
    )
    return BothModels(opponent, baseline)
