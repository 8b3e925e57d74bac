"""Measure the estimators against models whose true loss is known: `make oracle`.

Prints the tables, and writes them to server/data/oracle.json and docs/methods.md.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch

from benchmarks.oracle.answers import AS_ASKED, Answers
from benchmarks.oracle.document import DOCUMENT, markdown, with_tables
from benchmarks.oracle.places import Places, Reference, all_places, reading_all, reference_of
from benchmarks.oracle.play import prepare
from benchmarks.oracle.players import (
    COLD,
    HOT,
    ModelPlayer,
    by_frequency,
    tempered,
    the_reference,
    unigram,
    well_read,
    with_short_memory,
)
from benchmarks.oracle.repeated import REPETITIONS, Studies
from benchmarks.oracle.study import Study
from server.commands.passages import BUNDLED_PASSAGES
from server.domain.scores.models import BUNDLED, model_label
from server.domain.scores.passage_scores import PassageScores
from server.lm.load import load_model
from server.lm.loaded import LoadedModel
from server.lm.score import PassageScorer
from server.lm.source import find_source
from server.services.research.oracle import RESULTS, OracleResults, RepeatedRow

PASSAGES_PLAYED = 6
PLAYED_THROUGH_THE_SERVICE = (0, 1, -1)  # of the players: reference, short memory, well-read


def main() -> None:
    """Measure, print and write."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    results = measured(load_model(find_source(BUNDLED, "")))
    print(markdown(results))
    RESULTS.write_text(results.model_dump_json(indent=1) + "\n", encoding="utf-8")
    document = DOCUMENT.read_text(encoding="utf-8")
    DOCUMENT.write_text(with_tables(document, results), encoding="utf-8")


def measured(loaded: LoadedModel) -> OracleResults:
    """Return what the studies of all players give."""
    scorer = PassageScorer(loaded)
    lines = BUNDLED_PASSAGES.read_text(encoding="utf-8").splitlines()
    said = dict(scorer.score([json.loads(line)["text"] for line in lines]))
    texts, scores = [], []
    for index, line in enumerate(lines):
        if isinstance(some := said[index], PassageScores):
            texts.append(json.loads(line)["text"])
            scores.append(some)
    places = all_places(texts, scores, loaded)
    players, reference = _players(loaded, scores, places)
    with tempfile.TemporaryDirectory() as folder:
        few, database = Path(folder) / "few.jsonl", Path(folder) / "few.sqlite3"
        few.write_text("\n".join(lines[:PASSAGES_PLAYED]) + "\n", encoding="utf-8")
        prepare(database, few, scorer)
        study = Study(database, loaded, texts, places)
        played = [
            study.played(players[index], answers)
            for index in PLAYED_THROUGH_THE_SERVICE
            for answers in AS_ASKED
        ]
    identity = loaded.identity
    return OracleResults(
        model=model_label(identity.name),
        revision=identity.revision,
        parameters=identity.parameters,
        passages=len(scores),
        studies=REPETITIONS,
        passages_played=PASSAGES_PLAYED,
        repeated=_repeated(Studies(places, reference), players),
        played=played,
    )


def _players(
    loaded: LoadedModel, scores: Sequence[PassageScores], places: Places
) -> tuple[list[ModelPlayer], Reference]:
    reference = reference_of(reading_all(loaded, scores, places), loaded)
    players = [
        the_reference(reference),
        with_short_memory(loaded, scores, places),
        by_frequency(reference, loaded, scores),
        unigram(reference, loaded, scores),
        tempered(reference, COLD),
        tempered(reference, HOT),
        well_read(loaded, scores, places),
    ]
    return players, reference


def _repeated(studies: Studies, players: Sequence[ModelPlayer]) -> list[RepeatedRow]:
    return [studies.repeat(player, answers) for player in players for answers in Answers]


if __name__ == "__main__":
    main()
