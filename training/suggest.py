"""Show what a model suggests on texts it never saw: `python -m training.suggest --corpus F`.

One word position in each of the first twenty of the last 200 documents, drawn with a fixed seed and
never chosen by hand, so that the list is neither flattered nor repeated by luck.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from server.domain.play.guessing import suggested, visible
from server.domain.play.rounds import shuffled_positions
from server.domain.scores.gap import Reading
from server.domain.scores.passage_scores import PassageScores
from server.domain.text.tokens import Unit
from server.lm.load import load_model
from server.lm.score import PassageScorer
from server.lm.source import find_source
from training.corpus import read_documents, split_documents

EXAMPLES = 20
SHOWN = 5
_TOKENS_READ = 200
_CONTEXT_WORDS = 12


@dataclass(frozen=True)
class Example:
    """A gap in a text: what stands before it, what the author wrote, what the model suggests."""

    context: str
    target: str
    suggestions: list[str]


def examples(scorer: PassageScorer, documents: list[str], seed: str) -> list[Example]:
    """Return one example for each document that has a word to ask."""
    found = []
    for document in documents:
        scores = _beginning(scorer, document)
        text = Reading(scores, scorer.vocabulary, Unit.WORDS).text
        drawn = shuffled_positions(text, Unit.WORDS, (seed, document[:100]))
        asked = [position for position in drawn if position in scores.asked_words]
        if asked:
            found.append(_example(scorer, scores, asked[0]))
    return found


def _beginning(scorer: PassageScorer, document: str) -> PassageScores:
    """Score the first words of a document, about as many tokens as a passage has."""
    words = document.split(" ")[:_TOKENS_READ]
    while scorer.count_tokens(" ".join(words)) > _TOKENS_READ:
        words = words[: len(words) * 9 // 10]
    ((_, scores),) = scorer.score([" ".join(words)])
    if not isinstance(scores, PassageScores):
        raise TypeError(f"the beginning of a document was not scored: {scores}")
    return scores


def _example(scorer: PassageScorer, scores: PassageScores, position: int) -> Example:
    reading = Reading(scores, scorer.vocabulary, Unit.WORDS)
    text, candidates = reading.text, reading.at(position).candidates(4 * SHOWN)
    return Example(
        context=" ".join(text.before(position).split()[-_CONTEXT_WORDS:]),
        target=(text.whole_text(position) or "").strip(),
        suggestions=[visible(c.text, Unit.WORDS) for c in suggested(candidates, Unit.WORDS, SHOWN)],
    )


def main() -> None:
    """Parse the command line and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="openwebtext-sample.txt.xz")
    parser.add_argument("--model", default="bundled", help="a folder (/… or ./…) or `bundled`")
    arguments = parser.parse_args()
    _, documents = split_documents(read_documents(arguments.corpus))
    scorer = PassageScorer(load_model(find_source(arguments.model, "")))
    print("| the text before | the author | the model's first five |")
    print("| --- | --- | --- |")
    for example in examples(scorer, documents[:EXAMPLES], "suggestions"):
        offered = ", ".join(example.suggestions)
        print(f"| … {example.context.replace('|', '/')} | {example.target} | {offered} |")


if __name__ == "__main__":
    main()
