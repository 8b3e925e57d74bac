"""Import a generated corpus, interrupted once; print time, peak memory and what was stored.

    python -m benchmarks.import_corpus [LINES] [OPTION...]

Options go to `passages import`. Works in a folder of its own and leaves nothing behind.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BIN = Path(sys.executable).parent
WORDS = 36


def write_corpus(path: Path, lines: int) -> None:
    """Write a .jsonl file of distinct short texts; one in a hundred is too short."""
    draw = random.Random(1)
    vocabulary = [
        "".join(draw.choices("abcdefghijklmnoprstuw", k=draw.randint(2, 9))) for _ in range(5_000)
    ]
    with path.open("w", encoding="utf-8") as file:
        for number in range(lines):
            words = draw.choices(vocabulary, k=5 if number % 100 == 99 else WORDS)
            file.write(json.dumps({"text": f"{number} {' '.join(words)}."}) + "\n")


def run(arguments: list[str], environment: dict[str, str], stop_after_s: float | None) -> float:
    """Run a flask command, press Ctrl-C after a while; return its peak memory in MiB."""
    # A shell's background job ignores Ctrl-C, and what it starts would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen([BIN / "flask", "--app", "server", *arguments], env=environment)
    if stop_after_s is not None:
        time.sleep(stop_after_s)
        os.kill(process.pid, signal.SIGINT)
    _, _, usage = os.wait4(process.pid, 0)
    return usage.ru_maxrss / 1024


def main() -> None:
    """Measure."""
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    stop_after_s = lines / 20_000
    with tempfile.TemporaryDirectory() as folder:
        corpus, database = Path(folder, "corpus.jsonl"), Path(folder, "corpus.sqlite3")
        write_corpus(corpus, lines)
        environment = os.environ | {
            "DATABASE_URL": f"sqlite:///{database}",
            "FLASK_SKIP_DOTENV": "1",
        }
        run(["db", "upgrade"], environment, None)
        command = ["passages", "import", "--in-batches", *sys.argv[2:], str(corpus)]
        began = time.monotonic()
        first = run(command, environment, stop_after_s)
        stopped = time.monotonic()
        second = run(command, environment, None)
        finished = time.monotonic()
        print(f"{lines:,} lines, {corpus.stat().st_size / 1e6:.0f} MB")
        print(f"stopped after {stopped - began:.0f} s, peak {first:.0f} MiB")
        print(f"finished after {finished - stopped:.0f} s more, peak {second:.0f} MiB")
        print(f"database {database.stat().st_size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
