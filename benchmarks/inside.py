"""What looks inside a model cost, on one thread and 120 tokens, beside their bounds.

    python -m benchmarks.inside [--turns N]

Minnow reads a bundled passage; the model of GPT-2 small's shape has random weights and tokens. Each
figure is the fastest of a few turns, also as a multiple of one forward pass over the same tokens.
Seconds are the processor's: on one thread they are the clock's, and other load does not count.
Memory is the process's peak above what it held with the model loaded and one pass made.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from transformers import AutoTokenizer, GPT2Config, GPT2LMHeadModel, PreTrainedModel

from server.commands.passages import BUNDLED_PASSAGES
from server.domain.inside.ablation import Way
from server.domain.inside.position import InsidePosition
from server.domain.inside.trace import Lens
from server.domain.scores.gap import Reading
from server.domain.text.passages import passage_from_record
from server.domain.text.tokens import Unit
from server.lm.inside.ablation import Ablation
from server.lm.inside.lens_files import read_lens
from server.lm.inside.swap import Runs, swap_maps
from server.lm.inside.tracing import PassageTracer
from server.lm.inside.tree import grow_tree
from server.lm.load import load_model
from server.lm.loaded import LoadedModel
from server.lm.score import PassageScorer
from server.lm.source import BUNDLED_FOLDER, SHIPPED_LENS, find_source
from server.lm.vocabulary import ids_of_text
from server.services.contract.rounds import PassageView
from server.services.inside.views import inside_view
from server.services.play.library import Scene
from server.services.play.opponents import model_view
from server.store.inside.blobs import trace_from_blob, trace_to_blob

TOKENS, PROMPT_TOKENS = 120, 15
TURNS = 3
MOST_MB = 100
TARGET, NEUTRAL = 262, 257
Look = Callable[[], object]


@dataclass(frozen=True)
class Figure:
    """A look's seconds, its bound, and the seconds of one forward pass over the same tokens."""

    name: str
    seconds: float
    bound_s: float
    pass_s: float

    def __str__(self) -> str:
        passes = f"{self.seconds / self.pass_s:8.1f} passes"
        return f"{self.name:<46}{self.seconds:8.3f} s (at most {self.bound_s:5.2f}){passes}"


def fastest(look: Look, turns: int) -> float:
    """Return the processor's seconds of the fastest of a few turns."""
    seconds = []
    for _ in range(turns):
        start = time.process_time()
        look()
        seconds.append(time.process_time() - start)
    return min(seconds)


def peak_mb() -> float:
    """Return the most memory that this process has held, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def forward(model: PreTrainedModel, ids: list[int]) -> Look:
    """Return one plain pass over a text."""

    @torch.inference_mode()
    def run() -> object:
        return model(input_ids=torch.tensor([ids]), use_cache=False)

    return run


def context(model: PreTrainedModel, ids: list[int], way: Way, *, whole: bool) -> Look:
    """Return the look at 16 tokens of the context, or at all, piece by piece as pages ask."""

    def run() -> object:
        ablation = Ablation(model, ids, TARGET, NEUTRAL)
        pieces = ablation.piece(way, 0).pieces
        for piece in range(1, pieces if whole else 1):
            ablation.piece(way, piece)
        return pieces

    return run


def swaps(model: PreTrainedModel, ids: list[int]) -> Look:
    """Return all swaps of three sites and the heads, both ways, of texts that differ early."""
    other = [ids[0], ids[1] + 1, *ids[2:]]
    names = tuple(map(str, ids[1:]))

    def run() -> object:
        return swap_maps(Runs.of_model(model, ids, other, (TARGET, NEUTRAL)), names, names)

    return run


def of_minnow(turns: int) -> Iterator[Figure]:
    """Yield the figures of the bundled model."""
    loaded = load_model(find_source("bundled", ""))
    line = BUNDLED_PASSAGES.read_text(encoding="utf-8").splitlines()[0]
    text = passage_from_record(json.loads(line)).text
    ids = [loaded.beginning_id, *ids_of_text(loaded.tokenizer, text)][:TOKENS]
    model = loaded.model
    one = fastest(forward(model, ids), turns)
    yield Figure("Minnow: one forward pass", one, 0.5, one)
    yield from stored(loaded, text, one, turns)
    yield from contexts(model, ids, "Minnow", (0.5, 2.5), one, turns)
    yield Figure("Minnow: tree", fastest(lambda: grow_tree(model, ids), turns), 0.2, one)
    prompt = ids[: PROMPT_TOKENS + 1]
    short = fastest(forward(model, prompt), turns)
    seconds = fastest(swaps(model, prompt), turns)
    yield Figure("Minnow: three sites and heads, both ways, 15", seconds, 2.0, short)


def stored(loaded: LoadedModel, text: str, pass_s: float, turns: int) -> Iterator[Figure]:
    """Yield what a passage's trace costs to make, and to read and show at one position."""
    scorer = PassageScorer(loaded)
    scores = scorer.score_text(text)
    tracer = PassageTracer(loaded, read_lens(SHIPPED_LENS, loaded.identity)[0])
    trace = tracer.trace(scores)
    if isinstance(trace, str):
        raise SystemExit(trace)
    blob = trace_to_blob(trace)
    passage = PassageView(title="", genre="", source="", private=False)

    def show() -> object:
        reading = Reading(scores, loaded.vocabulary, Unit.WORDS)
        scene = Scene(passage, model_view(loaded.identity), reading)
        gap = reading.at(int(scores.asked_words[-1]))
        return inside_view(scene, InsidePosition(trace_from_blob(blob), gap), Lens.FITTED, None)

    yield Figure(
        "Minnow: a passage's trace, made", fastest(lambda: tracer.trace(scores), turns), 0.4, pass_s
    )
    yield Figure("Minnow: stored view", fastest(show, turns), 0.05, pass_s)


def of_gpt2_shape(turns: int) -> Iterator[Figure]:
    """Yield the figures of a model of GPT-2 small's shape."""
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:  # loaded as any model, with all that is faster
        GPT2LMHeadModel(GPT2Config()).save_pretrained(folder)
        AutoTokenizer.from_pretrained(BUNDLED_FOLDER).save_pretrained(folder)
        model = load_model(find_source(folder, "")).model
    ids = torch.randint(0, 50_257, (TOKENS,)).tolist()
    one = fastest(forward(model, ids), turns)
    yield Figure("GPT-2's shape: one forward pass", one, 5.0, one)
    yield from contexts(model, ids, "GPT-2's shape", (5.0, 25.0), one, turns)


def contexts(
    model: PreTrainedModel,
    ids: list[int],
    name: str,
    bounds_s: tuple[float, float],
    pass_s: float,
    turns: int,
) -> Iterator[Figure]:
    """Yield what the context costs in the default way: its most watched tokens, and all."""
    for whole, label, bound_s in ((False, "16 tokens", bounds_s[0]), (True, "all", bounds_s[1])):
        seconds = fastest(context(model, ids, Way.CUT, whole=whole), turns)
        yield Figure(f"{name}: {label}", seconds, bound_s, pass_s)


def main() -> int:
    """Print every figure; return 1 where a bound is not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=TURNS)
    turns = parser.parse_args().turns
    torch.set_num_threads(1)
    kept = True
    for figures in (of_minnow(turns), of_gpt2_shape(turns)):
        print(next(figures))
        before = peak_mb()
        for figure in figures:
            print(figure)
            kept &= figure.seconds <= figure.bound_s
        above = peak_mb() - before
        print(f"{'memory above the model after one pass':<46}{above:8.0f} MB (at most {MOST_MB})")
        kept &= above <= MOST_MB
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
