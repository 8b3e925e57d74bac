"""How long `study analyse` takes with a file of 100,000 made-up rows of all kinds.

Run: .venv/bin/python -m benchmarks.analysis
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from server.domain.study.analysis import analyse
from server.services.research.study import read_rows

BETS, COMPARISONS, GUESSES = 40_000, 40_000, 20_000
PLAYERS, PASSAGES, POSITIONS = 800, 300, 12
WORDS = [f" word{number}" for number in range(8)]


def rows() -> Iterator[dict[str, Any]]:
    """Yield rows of all three kinds."""
    generator = np.random.default_rng(0)
    offered = {"gpt2": dict(zip(WORDS, np.log(np.full(8, 0.1)).tolist(), strict=True))}
    for number in range(BETS + COMPARISONS + GUESSES):
        player = f"p{generator.integers(PLAYERS)}"
        passage, position = str(generator.integers(PASSAGES)), int(generator.integers(POSITIONS))
        target, logprob = WORDS[generator.integers(8)], -float(generator.gamma(2, 2))
        asked = {"player": player, "passage": passage, "position": position, "target": target}
        if number < BETS:
            stakes = (generator.dirichlet(np.ones(9)) * 0.998 + 0.002 / 9).tolist()
            yield asked | {
                "stakes": dict(zip(WORDS, stakes[:8], strict=True)),
                "other": stakes[8],
                "target_logprob": {"gpt2": logprob},
                "offered_logprob": offered,
            }
        elif number < BETS + COMPARISONS:
            yield {
                "player": player,
                "question": f"{passage}-{position}",
                "generator": "gpt2",
                "p_target": float(generator.choice([0.1, 0.35, 0.5, 0.65, 0.9])),
                "target_logprob": {"gpt2": logprob},
                "rival_logprob": {"gpt2": -float(generator.gamma(2, 2))},
                "tail": bool(number % 2),
            }
        else:
            yield asked | {"guess": WORDS[generator.integers(8)], "is_word": True}


def main() -> None:
    """Time reading, analysing, and the whole command."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.jsonl"
        path.write_bytes(b"\n".join(orjson.dumps(row) for row in rows()))
        started = time.perf_counter()
        found = read_rows([path])
        read = time.perf_counter()
        analyse(found.rows)
        done = time.perf_counter()
        print(
            f"{len(found.rows):,} rows: read {read - started:.2f} s, analysed {done - read:.2f} s"
        )
        command = [sys.executable, "-m", "flask", "--app", "server", "study", "analyse", str(path)]
        subprocess.run([*command, "--json"], check=True, capture_output=True)
        print(f"the whole command: {time.perf_counter() - done:.2f} s")


if __name__ == "__main__":
    main()
