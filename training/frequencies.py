"""Count the words of the OpenWebText sample: what the unigram baseline knows.

Run: .venv/bin/python -m training.frequencies openwebtext-sample.txt.xz
"""

from __future__ import annotations

import gzip
import re
import sys
from collections import Counter
from pathlib import Path

from server.domain.text.tokens import continues_word, folded
from training.corpus import read_documents, split_documents

FILE = Path(__file__).parents[1] / "server" / "data" / "word_frequencies.tsv.gz"
FEWEST = 3  # rarer words are named together: most are misspelt, or somebody's name
_WORD = re.compile(r"(?<= )[^\W\d_]+(?:['\u2019][^\W\d_]+)*")


def counted(documents: list[str]) -> Counter[str]:
    """Count the words, all cases together, that a game in `words` could ask for."""
    counts: Counter[str] = Counter()
    for text in documents:
        for match in _WORD.finditer(text):
            if not continues_word(text[match.end() : match.end() + 2]):
                counts[folded(match[0])] += 1
    return counts


def as_table(counts: Counter[str]) -> str:
    """Return lines of word and count, commonest first; the first line is of all rarer ones.

    It holds, in place of a word, how many different ones they are.
    """
    named = {word: count for word, count in counts.items() if count >= FEWEST}
    rest = counts.total() - sum(named.values())
    ordered = sorted(named.items(), key=lambda item: (-item[1], item[0]))
    lines = [f"{len(counts) - len(named)}\t{rest}", *(f"{word}\t{n}" for word, n in ordered)]
    return "\n".join(lines) + "\n"


def main(corpus: Path) -> None:
    """Write the table, from the documents that Minnow was trained on."""
    training, _ = split_documents(read_documents(corpus))
    table = as_table(counted(training))
    FILE.write_bytes(gzip.compress(table.encode("utf-8"), mtime=0))
    print(f"{table.count(chr(10)) - 1:,} words, {FILE.stat().st_size:,} bytes: {FILE}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
