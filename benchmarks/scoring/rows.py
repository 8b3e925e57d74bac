"""One row of the table, in a process of its own, so that its peak memory is its own.

python -m benchmarks.scoring.rows ROW JOB.json   reads what to do, prints the outcome as JSON.
"""

from __future__ import annotations

import contextlib
import io
import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from server.domain.scores.models import Precision
from server.domain.scores.passage_scores import PassageScores
from server.lm.load import load_model
from server.lm.loaded import LoadedModel
from server.lm.products import fastest_library
from server.lm.score import PassageScorer
from server.lm.source import find_source

SQUARE = 2_048  # width of the matrices whose product gives the machine's rate
EVERY = 16  # the loop reads one prefix in so many
BATCH_SIZES = (1, 2, 4, 8, 16)
MEASURED_EVERY_S = 3.0

Result = dict[str, Any]


class ProductRate:
    """The rate of multiplying two large square matrices, measured between pieces of a row's work.

    A shared machine's rate drifts by a third within minutes: only a rate measured in the same
    minutes says how fast the row could have been. Where there are two libraries, both are measured.
    """

    def __init__(self) -> None:
        device = "cuda" if torch.cuda.is_available() else "cpu"
        self._left, self._right, self._product = (
            torch.randn(SQUARE, SQUARE, device=device) for _ in range(3)
        )
        self._products, self._seconds, self._seconds_by_default = 0, 0.0, 0.0
        self._multiply()

    def measure(self) -> None:
        """Multiply them twice by the faster library, and twice by the one that torch takes."""
        for _ in range(2):
            with fastest_library():
                self._seconds += _seconds(self._multiply)
            self._seconds_by_default += _seconds(self._multiply)
            self._products += 1

    def rates(self) -> dict[str, float]:
        """Return operations a second of all products: at best, and by torch's default."""
        operations = 2 * SQUARE**3 * self._products
        by_default = operations / self._seconds_by_default
        return {"rate": max(operations / self._seconds, by_default), "default_rate": by_default}

    def _multiply(self) -> None:
        torch.mm(self._left, self._right, out=self._product)


@dataclass(frozen=True)
class PlainModel:
    """A model as other scripts use it, with nothing of ours in it."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase


def plain_model(folder: str) -> PlainModel:
    """Load the model by transformers, on a GPU where there is one."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    return PlainModel(model, AutoTokenizer.from_pretrained(folder))


def _now() -> float:
    # On one thread that thread's own time counts, which a busy machine does not lengthen.
    return time.process_time() if torch.get_num_threads() == 1 else time.perf_counter()


def _seconds(work: Callable[[], object]) -> float:
    began = _now()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return _now() - began


def ours(loaded: LoadedModel, texts: list[str], precision: Precision, rate: ProductRate) -> Result:
    """Score all texts as `scores build` does, with ranks, entropy, candidates and rivals."""
    compiled = precision is Precision.BFLOAT16
    scorer = PassageScorer(loaded, precision, compiled=compiled)
    warming = _seconds(lambda: list(scorer.score(texts if compiled else texts[:2])))
    loss_of: dict[int, list[float]] = {}
    seconds, began = 0.0, _now()
    for index, scores in scorer.score(texts):
        assert isinstance(scores, PassageScores), scores
        loss_of[index] = (-scores.target_logprob).tolist()
        if _now() - began > MEASURED_EVERY_S:
            seconds += _now() - began
            rate.measure()
            began = _now()
    seconds += _now() - began
    losses = [loss_of[index] for index in range(len(texts))]
    return {
        "tokens": sum(map(len, losses)),
        "seconds": seconds,
        "warming": warming,
        "losses": losses,
    }


def harness(
    plain: PlainModel, texts: list[str], batch_sizes: list[int], rate: ProductRate
) -> list[Result]:
    """Let lm-evaluation-harness give each text's log-likelihood, at each of the batch sizes.

    It sorts within a batch only, so it gets the texts sorted by length.
    """
    from lm_eval.api.instance import Instance
    from lm_eval.models.huggingface import HFLM

    results = []
    sums: list[float]
    texts = sorted(texts, key=len)
    for size in batch_sizes:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            model = HFLM(
                pretrained=plain.model,
                tokenizer=plain.tokenizer,
                batch_size=size,
                max_length=1024,
            )
            requests = [
                Instance("loglikelihood_rolling", doc={}, arguments=(text,), idx=index)
                for index, text in enumerate(texts)
            ]
            model.loglikelihood_rolling(requests[:2])
            sums, seconds = [], 0.0
            for first in range(0, len(requests), max(BATCH_SIZES)):
                portion = requests[first : first + max(BATCH_SIZES)]
                seconds += _seconds(lambda: sums.extend(model.loglikelihood_rolling(portion)))  # noqa: B023
                rate.measure()
        tokens = sum(len(model.tok_encode(text)) for text in texts)
        loss = -sum(sums) / tokens
        results.append({"batch": size, "tokens": tokens, "seconds": seconds, "loss": loss})
    return results


@torch.inference_mode()
def loop(plain: PlainModel, texts: list[str], rate: ProductRate) -> Result:
    """Read each prefix from its beginning, as most scripts do; every sixteenth prefix only."""
    tokens, seconds = 0, 0.0
    for text in texts:
        ids = plain.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        context = torch.tensor([[plain.tokenizer.bos_token_id, *ids]], device=plain.model.device)
        for position in range(EVERY // 2, len(ids), EVERY):
            prefix = context[:, : position + 1]
            seconds += _seconds(
                lambda: plain.model(prefix).logits[0, -1].log_softmax(dim=0).argmax().item()  # noqa: B023
            )
            tokens += 1
        rate.measure()
    return {"tokens": tokens, "seconds": seconds}


def main() -> None:
    """Do one row."""
    row, job = sys.argv[1], json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    texts = job["texts"]
    torch.set_num_threads(job["threads"])
    rate = ProductRate()
    if row in ("harness", "loop"):
        plain = plain_model(job["model"])
        parameters = plain.model.num_parameters()
        rate.measure()
        if row == "harness":
            result: Result = {"runs": harness(plain, texts, job["batch_sizes"], rate)}
        else:
            result = loop(plain, texts, rate)
    else:
        loaded = load_model(find_source(job["model"], ""))
        parameters = loaded.identity.parameters
        rate.measure()
        result = ours(loaded, texts, Precision(row), rate)
    rate.measure()
    result |= {
        **rate.rates(),
        "parameters": parameters,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
    }
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
