"""Score documents with a model of GPT-2 small's shape; print speeds, ratios and peak memory.

    python -m benchmarks.scoring [--documents N] [--tokens N] [--corpus FILE] [--model FOLDER]
        [--threads N]

The weights are random unless a folder is named; the tokenizer is GPT-2's where $GPT2_TOKENIZER
names its folder. Needs requirements-bench.txt.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from transformers import AutoTokenizer, GPT2Config, GPT2LMHeadModel

from benchmarks.scoring.rows import BATCH_SIZES, EVERY, SQUARE
from server.commands.passages import BUNDLED_PASSAGES
from server.domain.scores.models import Precision
from server.domain.text.passages import Passage
from server.lm.forward import multiplies_bfloat16
from server.lm.source import BUNDLED_FOLDER, find_source
from server.lm.tokenizing import TokenReader
from server.services.corpus.cutting import cut_passage
from training.corpus import read_documents

ROUNDS = 2  # each row is measured in so many turns, so that a disturbance strikes all rows
TRIAL_PASSAGES, LOOP_PASSAGES = 8, 3

console = Console()


@dataclass
class Row:
    """What was measured of one way to score, over its turns."""

    tokens: int = 0
    seconds: float = 0.0
    peak_mb: float = 0.0
    least_seconds: float = 0.0
    default_least_seconds: float = 0.0
    parameters: int = 0
    losses: list[list[float]] = field(default_factory=list)
    loss_sum: float = 0.0

    @property
    def speed(self) -> float:
        """Tokens a second."""
        return self.tokens / self.seconds

    @property
    def share_of_limit(self) -> float:
        """The share of the time that the tokens' products would take by themselves."""
        return self.least_seconds / self.seconds

    def add(self, turn: dict[str, Any], run: dict[str, Any]) -> None:
        """Add a turn: the process's figures, and those of the one run that counts."""
        self.tokens += run["tokens"]
        self.seconds += run["seconds"]
        self.peak_mb = max(self.peak_mb, turn["peak_mb"])
        self.parameters = turn["parameters"]
        operations = run["tokens"] * 2 * self.parameters
        self.least_seconds += operations / turn["rate"]
        self.default_least_seconds += operations / turn["default_rate"]
        self.losses += run.get("losses", [])
        self.loss_sum += run.get("loss", 0.0) * run["tokens"]


def write_model(folder: Path) -> Path:
    """Write GPT-2 small with random weights, and a tokenizer; return the folder."""
    named = os.environ.get("GPT2_TOKENIZER")
    if not named:
        console.print("GPT2_TOKENIZER is not set: the bundled model's tokenizer cuts the texts.")
    tokenizer = AutoTokenizer.from_pretrained(named or BUNDLED_FOLDER)
    torch.manual_seed(1)
    ends = tokenizer.bos_token_id
    model = GPT2LMHeadModel(GPT2Config(bos_token_id=ends, eos_token_id=ends))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def texts_of(
    corpus: str | None, documents: int, count: Callable[[str], int], most: int
) -> list[str]:
    """Return the first passage of each document, cut at sentence ends as the importer does."""
    if corpus:
        whole = read_documents(Path(corpus))[-documents:]
    else:
        lines = BUNDLED_PASSAGES.read_text(encoding="utf-8").splitlines()
        # No text twice: the harness would read it once.
        whole = [json.loads(line)["text"] for line in lines[:documents]]
        console.print("OPENWEBTEXT_SAMPLE is not set: the bundled passages are scored.")
    return [cut_passage(Passage(text, "x"), most, count)[0].text for text in whole]


@dataclass(frozen=True)
class Bench:
    """Where rows are measured: each turn in a process of its own."""

    folder: Path
    model: str
    threads: int

    def run(self, row: str, texts: list[str], batch_sizes: Sequence[int] = ()) -> dict[str, Any]:
        """Do one turn of a row; the batch sizes are the harness's."""
        job = {"model": self.model, "threads": self.threads, "texts": texts}
        file = self.folder / "job.json"
        file.write_text(json.dumps(job | {"batch_sizes": list(batch_sizes)}), encoding="utf-8")
        command = [sys.executable, "-m", "benchmarks.scoring.rows", row, str(file)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            sys.exit(done.stderr)
        result: dict[str, Any] = json.loads(done.stdout)
        return result


def best_batch_size(bench: Bench, texts: list[str]) -> int:
    """Return the batch size at which the harness reads a sample of the texts fastest."""
    trial = sorted(texts, key=len)[:: max(1, len(texts) // TRIAL_PASSAGES)]
    runs = bench.run("harness", trial, BATCH_SIZES)["runs"]
    speeds: dict[int, float] = {one["batch"]: one["tokens"] / one["seconds"] for one in runs}
    rates = ", ".join(f"{size}: {speed:.0f}" for size, speed in speeds.items())
    console.print(f"The harness by batch size, tokens a second: {rates}.")
    return max(speeds, key=lambda size: speeds[size])


def measure(bench: Bench, texts: list[str]) -> dict[str, Row]:
    """Measure all rows, in turns."""
    precisions = [Precision.FLOAT32]
    if multiplies_bfloat16():
        precisions.append(Precision.BFLOAT16)
    rows = {name: Row() for name in ("loop", "harness", *precisions)}
    batch = best_batch_size(bench, texts)
    few = sorted(texts, key=len)[:: -(-len(texts) // LOOP_PASSAGES)]
    turn = bench.run("loop", few)
    rows["loop"].add(turn, turn)
    for number in range(ROUNDS):
        portion = texts[number::ROUNDS]
        for precision in precisions:
            turn = bench.run(precision, portion)
            rows[precision].add(turn, turn)
        turn = bench.run("harness", portion, [batch])
        rows["harness"].add(turn, turn["runs"][0])
    return rows


def show(rows: dict[str, Row]) -> None:
    """Print the table, and what it does not say."""
    names = {
        "loop": f"one pass for each prefix (every {EVERY}th measured)",
        "harness": "lm-evaluation-harness, loglikelihood_rolling",
        Precision.FLOAT32: "scores build, float32",
        Precision.BFLOAT16: "scores build, bfloat16, compiled",
    }
    table = Table("", "tokens/s", "x loop", "x harness", "of the limit", "peak MB")
    for name, row in rows.items():
        ratios = (row.speed / rows["loop"].speed, row.speed / rows["harness"].speed)
        columns = (f"{ratios[0]:.1f}", f"{ratios[1]:.2f}", f"{row.share_of_limit:.2f}")
        table.add_row(names[name], f"{row.speed:,.1f}", *columns, f"{row.peak_mb:,.0f}")
    exact = rows[Precision.FLOAT32]
    operations = 2 * exact.parameters
    limit = exact.tokens / exact.least_seconds
    by_default = exact.tokens / exact.default_least_seconds
    table.add_row("the limit", f"{limit:,.1f}", "", "", "1", "")
    console.print(table)
    console.print(
        f"The limit: the rate of multiplying {SQUARE:,} by {SQUARE:,} float32 matrices every few "
        f"seconds of a row, with the faster of torch's libraries, divided by 2 and by "
        f"{exact.parameters:,} parameters. During the turns of float32 it was "
        f"{limit * operations / 1e9:.0f} GFLOP/s. The library that torch chooses by itself reached "
        f"{by_default * operations / 1e9:.0f}, {by_default:,.1f} tokens a second; of that limit "
        f"float32 is {exact.speed / by_default:.2f}."
    )
    harness_loss = rows["harness"].loss_sum / rows["harness"].tokens
    ours = float(np.mean(np.concatenate(exact.losses)))
    console.print(f"Mean loss: {ours:.6f} nats a token, the harness's {harness_loss:.6f}.")
    if Precision.BFLOAT16 not in rows:
        console.print("bfloat16 was left out: nothing here multiplies it faster than float32.")
        return
    change = np.concatenate(rows[Precision.BFLOAT16].losses) - np.concatenate(exact.losses)
    console.print(
        f"bfloat16 changes the loss by {change.mean():+.5f} nats a token on average, by "
        f"{np.abs(change).max():.3f} at most."
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="How fast passages are scored.")
    parser.add_argument("--documents", type=int, default=200)
    parser.add_argument("--tokens", type=int, default=256, help="at most so many of each document")
    parser.add_argument(
        "--threads",
        type=int,
        default=torch.get_num_threads(),
        help="1 measures that thread's processor time: for a machine that others use too",
    )
    parser.add_argument("--corpus", default=os.environ.get("OPENWEBTEXT_SAMPLE"))
    parser.add_argument("--model", help="a folder; else random weights in GPT-2 small's shape")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        model = options.model or str(write_model(Path(name, "model")))
        count = TokenReader(find_source(model, "")).count_tokens
        texts = texts_of(options.corpus, options.documents, count, options.tokens)
        tokens = sum(map(count, texts))
        device = "a GPU" if torch.cuda.is_available() else f"{options.threads} threads"
        console.print(f"{len(texts)} documents, {tokens:,} tokens; torch on {device}.")
        show(measure(Bench(Path(name), model, options.threads), texts))


if __name__ == "__main__":
    main()
