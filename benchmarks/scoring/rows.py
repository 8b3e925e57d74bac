"""One row of the table, in a process of its own, so that its peak memory is its own.

python -m benchmarks.scoring.rows ROW JOB.json   reads what to do, prints what came of it as JSON.
"""

from __future__ import annotations

import contextlib
import io
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from server.domain.models import Precision
from server.domain.scores import PassageScores
from server.lm.load import LoadedModel, load_model
from server.lm.score import PassageScorer
from server.lm.source import find_source

SQUARE = 2_048  # width of the matrices whose product gives the machine's rate
EVERY = 16  # of the prefixes, so many are passed over for one that the loop reads
BATCH_SIZES = (1, 2, 4, 8, 16)

Result = dict[str, Any]


def measured_rate() -> float:
    """Return the best rate, in operations a second, of multiplying two large square matrices."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    left, right = (torch.randn(SQUARE, SQUARE, device=device) for _ in range(2))
    return 2 * SQUARE**3 / min(_seconds(lambda: left @ right) for _ in range(8))


def _seconds(work: Callable[[], object]) -> float:
    # On one thread that thread's own time counts, which a busy machine does not lengthen.
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    began = clock()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return clock() - began


def ours(loaded: LoadedModel, texts: list[str], precision: Precision) -> Result:
    """Score all texts as `scores build` does, with ranks, entropy, candidates and rivals."""
    compiled = precision is Precision.BFLOAT16
    scorer = PassageScorer(loaded, precision, compiled=compiled)
    warming = _seconds(lambda: list(scorer.score(texts if compiled else texts[:2])))
    loss_of: dict[int, list[float]] = {}

    def score() -> None:
        for index, scores in scorer.score(texts):
            assert isinstance(scores, PassageScores), scores
            loss_of[index] = (-scores.target_logprob).tolist()

    seconds = _seconds(score)
    losses = [loss_of[index] for index in range(len(texts))]
    return {
        "tokens": sum(map(len, losses)),
        "seconds": seconds,
        "warming": warming,
        "losses": losses,
    }


def harness(loaded: LoadedModel, texts: list[str], batch_sizes: list[int]) -> list[Result]:
    """Let lm-evaluation-harness give each text's log-likelihood, at each of the batch sizes.

    It does not sort beyond a batch, so it gets the texts sorted by length.
    """
    from lm_eval.api.instance import Instance
    from lm_eval.models.huggingface import HFLM

    results = []
    texts = sorted(texts, key=len)
    for size in batch_sizes:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            model = HFLM(
                pretrained=loaded.model,
                tokenizer=loaded.tokenizer,
                batch_size=size,
                max_length=1024,
            )
            requests = [
                Instance("loglikelihood_rolling", doc={}, arguments=(text,), idx=index)
                for index, text in enumerate(texts)
            ]
            model.loglikelihood_rolling(requests[:2])
            sums: list[float] = []
            seconds = _seconds(lambda: sums.extend(model.loglikelihood_rolling(requests)))  # noqa: B023
        tokens = sum(len(model.tok_encode(text)) for text in texts)
        loss = -sum(sums) / tokens
        results.append({"batch": size, "tokens": tokens, "seconds": seconds, "loss": loss})
    return results


@torch.inference_mode()
def loop(loaded: LoadedModel, texts: list[str]) -> Result:
    """Read each prefix from its beginning, as most scripts do; every sixteenth prefix only."""
    tokens, seconds = 0, 0.0
    for text in texts:
        ids = loaded.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        context = torch.tensor([[loaded.beginning_id, *ids]], device=loaded.model.device)
        for position in range(EVERY // 2, len(ids), EVERY):
            prefix = context[:, : position + 1]
            seconds += _seconds(
                lambda: loaded.model(prefix).logits[0, -1].log_softmax(dim=0).argmax().item()  # noqa: B023
            )
            tokens += 1
    return {"tokens": tokens, "seconds": seconds}


def main() -> None:
    """Do one row."""
    row, job = sys.argv[1], json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    texts = job["texts"]
    torch.set_num_threads(job["threads"])
    loaded = load_model(find_source(job["model"], ""))
    rate = measured_rate()
    if row == "harness":
        result: Result = {"runs": harness(loaded, texts, job["batch_sizes"])}
    elif row == "loop":
        result = loop(loaded, texts)
    else:
        result = ours(loaded, texts, Precision(row))
    result |= {
        "rate": (rate + measured_rate()) / 2,
        "parameters": loaded.identity.parameters,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
    }
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
