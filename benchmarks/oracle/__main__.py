"""Measure the estimators against models whose true loss is known: `make oracle`.

Prints the tables, and writes them to server/data/oracle.json and docs/methods.md. With
`--strangers` only players with another vocabulary, and the one who knows some subjects, are
measured anew; the other rows stay as they were, where model and passages are the same.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch

from benchmarks.oracle.answers import AS_ASKED, Answers
from benchmarks.oracle.document import DOCUMENT, markdown, with_tables
from benchmarks.oracle.places import (
    Places,
    Reference,
    all_places,
    cut_into_tokens,
    reading_all,
    reference_of,
)
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
from benchmarks.oracle.strangers import by_subject, independent
from benchmarks.oracle.study import Study
from server.commands.passages import BUNDLED_PASSAGES
from server.domain.scores.models import BUNDLED, SMOLLM2, model_label
from server.domain.scores.passage_scores import PassageScores
from server.lm.load import load_model
from server.lm.loaded import LoadedModel
from server.lm.score import PassageScorer
from server.lm.source import find_source
from server.services.research.oracle import RESULTS, OracleResults, RepeatedRow, oracle_results

PASSAGES_PLAYED = 6
PASSAGES_OF_STRANGERS = 66  # SmolLM2 knows three times as many words, which takes memory
ANSWERS_OF_STRANGERS = (Answers.EXACT, Answers.ROUNDED, Answers.NOISY)
PLAYED_THROUGH_THE_SERVICE = (0, 1, -1)  # of the players: reference, short memory, well-read


def main() -> None:
    """Measure, print and write."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    loaded = load_model(find_source(BUNDLED, ""))
    results = oracle_results() if "--strangers" in sys.argv[1:] else measured(loaded)
    results = with_strangers(results, loaded)
    print(markdown(results))
    RESULTS.write_text(results.model_dump_json(indent=1) + "\n", encoding="utf-8")
    document = DOCUMENT.read_text(encoding="utf-8")
    DOCUMENT.write_text(with_tables(document, results), encoding="utf-8")


def measured(loaded: LoadedModel) -> OracleResults:
    """Return what the studies of all players give."""
    scorer = PassageScorer(loaded)
    lines = BUNDLED_PASSAGES.read_text(encoding="utf-8").splitlines()
    outcomes = dict(scorer.score([json.loads(line)["text"] for line in lines]))
    texts, scores = [], []
    for index, line in enumerate(lines):
        if isinstance(outcome := outcomes[index], PassageScores):
            texts.append(json.loads(line)["text"])
            scores.append(outcome)
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


def _repeated(
    studies: Studies, players: Sequence[ModelPlayer], ways: Iterable[Answers] = Answers
) -> list[RepeatedRow]:
    return [studies.repeat(player, answers) for player in players for answers in ways]


def with_strangers(results: OracleResults, loaded: LoadedModel) -> OracleResults:
    """Return results with the rows of players whose vocabulary, or knowledge, is another."""
    if results.revision != loaded.identity.revision:
        raise ValueError("the rows that stay are of another model: run `make oracle`")
    stranger = load_model(find_source(SMOLLM2, ""))
    lines = BUNDLED_PASSAGES.read_text("utf-8").splitlines()[:PASSAGES_OF_STRANGERS]
    records = [json.loads(line) for line in lines]
    rows = _against_minnow(records, loaded, stranger) + _against(records, stranger, loaded)
    names = {row.player for row in rows}
    kept = [row for row in results.repeated if row.player not in names]
    return results.model_copy(update={"repeated": [*kept, *rows]})


def _against_minnow(
    records: Sequence[dict[str, str]], loaded: LoadedModel, stranger: LoadedModel
) -> list[RepeatedRow]:
    texts = [record["text"] for record in records]
    read = cut_into_tokens(texts, loaded)
    places = all_places(texts, read, loaded)
    reference = reference_of(reading_all(loaded, read, places), loaded)
    genres = sorted({record["genre"] for record in records})
    known = set(genres[::2])  # every other genre
    of_passage = np.array([record["genre"] in known for record in records])
    players = [
        by_subject(
            well_read(loaded, read, places),
            with_short_memory(loaded, read, places),
            of_passage[places.passage],
        ),
        independent("SmolLM2", stranger, loaded, read, places, reference),
    ]
    return _repeated(Studies(places, reference), players, ANSWERS_OF_STRANGERS)


def _against(
    records: Sequence[dict[str, str]], loaded: LoadedModel, stranger: LoadedModel
) -> list[RepeatedRow]:
    """Let another model be the reference, and Minnow a player among others."""
    texts = [record["text"] for record in records]
    read = cut_into_tokens(texts, loaded)
    places = all_places(texts, read, loaded)
    reference = reference_of(reading_all(loaded, read, places), loaded)
    players = [
        independent("Minnow, SmolLM2 the reference", stranger, loaded, read, places, reference),
        with_short_memory(loaded, read, places),
        unigram(reference, loaded, read),
    ]
    named = [ModelPlayer(_reversed(player.name), player.logprob) for player in players]
    return _repeated(Studies(places, reference), named, ANSWERS_OF_STRANGERS)


def _reversed(name: str) -> str:
    """Say whose reference it is, once."""
    suffix = ", SmolLM2 the reference"
    return name if name.endswith(suffix) else f"{name}{suffix}"


if __name__ == "__main__":
    main()
