"""Train the bundled model: `python -m training.train --corpus FILE --out FOLDER`.

GPT-2's architecture, small enough for two processor cores. Muon moves the layers' matrices, AdamW
the embeddings and norms; the rate is constant until the last `decay_steps`, during which it falls
linearly to zero. A run writes a checkpoint every few minutes and `--resume` goes on from it with
the same batches. Until the rate falls, nothing depends on the number of steps: a resumed run may
be given another `--steps`, and ends as if it had had it from the start. `--begin-with FOLDER`
starts from an existing model, whose window may be shorter than the new one's.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from transformers import GPT2Config, GPT2LMHeadModel

from training.corpus import read_documents, split_documents
from training.muon import Muon
from training.softmax import VocabularySampler, sampled_cross_entropy
from training.tokenizer import save_for_transformers, train_tokenizer

BEGINNING_OF_TEXT_ID = 0


@dataclass(frozen=True)
class Recipe:
    """All that decides the weights, besides the corpus and the machine's arithmetic."""

    steps: int
    decay_steps: int = 1500
    vocabulary: int = 16384
    window: int = 512
    short_window: int = 256  # until the last steps: attention then costs half as much
    width: int = 320
    layers: int = 5
    heads: int = 5
    windows_per_step: int = 16
    matrix_rate: float = 0.02
    other_rate: float = 0.003
    warmup_steps: int = 100
    seed: int = 0
    bfloat16: bool = False
    always_counted: int = 4096  # of the vocabulary, in each step's loss; the last steps count all
    one_in: int = 4  # of the others
    whole_steps: int = 600  # the last ones, with the whole window and vocabulary

    @property
    def dtype(self) -> torch.dtype:
        """The type that products are made in."""
        return torch.bfloat16 if self.bfloat16 else torch.float32

    def is_whole(self, step: int) -> bool:
        """Tell whether `step` reads the whole window and counts the whole vocabulary."""
        return step >= self.steps - self.whole_steps

    def rate_share(self, step: int) -> float:
        """Return the share of the full rate at `step`: warm-up, constant, linear to zero."""
        if step < self.warmup_steps:
            return (step + 1) / self.warmup_steps
        return min(1.0, (self.steps - step) / self.decay_steps)


def new_model(recipe: Recipe) -> GPT2LMHeadModel:
    """Return a randomly initialised GPT-2 of the recipe's shape, without dropout."""
    torch.manual_seed(recipe.seed)
    config = GPT2Config(
        vocab_size=recipe.vocabulary,
        n_positions=recipe.window,
        n_embd=recipe.width,
        n_layer=recipe.layers,
        n_head=recipe.heads,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=BEGINNING_OF_TEXT_ID,
        eos_token_id=BEGINNING_OF_TEXT_ID,
        use_cache=False,
    )
    model = GPT2LMHeadModel(config)
    # Compiled, this is a quarter faster than the fused attention in windows this short.
    model.set_attn_implementation("eager")
    return model


def begin_with(model: GPT2LMHeadModel, folder: Path) -> None:
    """Give `model` the weights in `folder`, whose window may be shorter.

    Positions that it never saw begin as copies of its last one.
    """
    weights = GPT2LMHeadModel.from_pretrained(folder, dtype=torch.float32).state_dict()
    name = "transformer.wpe.weight"
    missing = model.config.n_positions - len(weights[name])
    weights[name] = torch.cat([weights[name], weights[name][-1:].expand(missing, -1)])
    model.load_state_dict(weights)


class Batches:
    """Random windows of the token stream: batch `step` depends on the recipe and the step alone."""

    def __init__(self, tokens: NDArray[np.uint16], recipe: Recipe) -> None:
        self._tokens, self._recipe = tokens, recipe
        self._per_epoch = (len(tokens) - 1) // recipe.window // recipe.windows_per_step - 1
        self._epoch, self._starts = -1, np.empty(0, dtype=np.int64)

    def token_counts(self) -> torch.Tensor:
        """Return how often each token of the vocabulary stands in the stream."""
        counts = np.bincount(self._tokens, minlength=self._recipe.vocabulary)
        return torch.from_numpy(counts)

    def at(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return (inputs, targets), both (windows, window) of token ids, or cut shorter."""
        epoch, index = divmod(step, self._per_epoch)
        if epoch != self._epoch:
            self._epoch, self._starts = epoch, self._shuffled_starts(epoch)
        size = self._recipe.windows_per_step
        starts = self._starts[index * size : (index + 1) * size]
        rows = np.stack([self._tokens[s : s + self._recipe.window + 1] for s in starts])
        ids = torch.from_numpy(rows.astype(np.int64))
        window = self._recipe.window if self._recipe.is_whole(step) else self._recipe.short_window
        return ids[:, :-1].reshape(-1, window), ids[:, 1:].reshape(-1, window)

    def _shuffled_starts(self, epoch: int) -> NDArray[np.int64]:
        rng = np.random.default_rng([self._recipe.seed, epoch])
        offset = int(rng.integers(self._recipe.window))
        starts = np.arange(offset, len(self._tokens) - self._recipe.window - 1, self._recipe.window)
        return rng.permutation(starts)


class Trainer:
    """The model, its two optimizers and the step it has reached."""

    def __init__(self, recipe: Recipe, batches: Batches) -> None:
        self.recipe, self.batches, self.step = recipe, batches, 0
        self.model = new_model(recipe)
        matrices = [p for p in self.model.transformer.h.parameters() if p.ndim == 2]
        chosen = {id(p) for p in matrices}
        others = [p for p in self.model.parameters() if id(p) not in chosen]
        self.optimizers = (
            Muon(matrices, lr=recipe.matrix_rate, bfloat16=recipe.bfloat16),
            torch.optim.AdamW(others, lr=recipe.other_rate, betas=(0.9, 0.95), weight_decay=0.0),
        )
        self._rates = (recipe.matrix_rate, recipe.other_rate)
        counts = batches.token_counts()
        self._sampler = VocabularySampler(counts, recipe.always_counted, recipe.one_in)
        self._whole = VocabularySampler(counts, recipe.vocabulary, 1)
        self._hidden_states = torch.compile(self._eager_hidden_states, dynamic=False)

    def _eager_hidden_states(self, inputs: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=self.recipe.bfloat16):
            hidden: torch.Tensor = self.model.transformer(inputs).last_hidden_state
            return hidden.float()  # (windows, window, width)

    def train_step(self) -> float:
        """Take one step; return its mean loss in nats a token."""
        inputs, targets = self.batches.at(self.step)
        sampler = self._whole if self.recipe.is_whole(self.step) else self._sampler
        sample = sampler.draw(self.recipe.seed, self.step)
        hidden = self._hidden_states(inputs).flatten(0, 1)  # (windows * window, width)
        weight, dtype = self.model.lm_head.weight, self.recipe.dtype
        loss = sampled_cross_entropy(hidden, weight, targets.flatten(), sample, dtype)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimizer, rate in zip(self.optimizers, self._rates, strict=True):
            for group in optimizer.param_groups:
                group["lr"] = rate * self.recipe.rate_share(self.step)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.step += 1
        return loss.item()

    def save_checkpoint(self, path: Path) -> None:
        """Write weights, optimizer state and step to `path`, replacing it whole."""
        partial = path.with_suffix(".partial")
        states = [optimizer.state_dict() for optimizer in self.optimizers]
        torch.save(
            {"step": self.step, "model": self.model.state_dict(), "optimizers": states}, partial
        )
        partial.replace(path)

    def load_checkpoint(self, path: Path) -> None:
        """Go on from the checkpoint at `path`."""
        saved = torch.load(path, weights_only=True)
        self.step = saved["step"]
        self.model.load_state_dict(saved["model"])
        for optimizer, state in zip(self.optimizers, saved["optimizers"], strict=True):
            optimizer.load_state_dict(state)


def tokenized(
    corpus: Path, recipe: Recipe, out: Path, first_model: Path | None
) -> NDArray[np.uint16]:
    """Save a tokenizer to `out`, and return the training documents as one stream.

    The tokenizer is the first model's, if there is one, or is trained on the documents.
    """
    cache = out / "tokens.npy"
    if cache.exists():
        stored: NDArray[np.uint16] = np.load(cache)
        return stored
    documents, _ = split_documents(read_documents(corpus))
    if first_model is None:
        tokenizer = train_tokenizer(documents, recipe.vocabulary)
    else:
        tokenizer = Tokenizer.from_file(str(first_model / "tokenizer.json"))
    save_for_transformers(tokenizer, out, recipe.window)
    stream = [
        piece
        for encoding in tokenizer.encode_batch(documents)
        for piece in (BEGINNING_OF_TEXT_ID, *encoding.ids)
    ]
    tokens = np.array(stream, dtype=np.uint16)
    np.save(cache, tokens)
    return tokens


def train(trainer: Trainer, out: Path, log_every: int = 50, save_every: int = 100) -> None:
    """Train to the recipe's last step, printing loss and speed, with checkpoints in `out`."""
    losses, started = [], time.monotonic()
    per_step = trainer.recipe.windows_per_step * trainer.recipe.window
    while trainer.step < trainer.recipe.steps:
        losses.append(trainer.train_step())
        if trainer.step % log_every == 0:
            speed = per_step * len(losses) / (time.monotonic() - started)
            print(
                f"step {trainer.step} loss_nats {np.mean(losses):.4f} {speed:.0f} tokens/s",
                flush=True,
            )
            losses, started = [], time.monotonic()
        if trainer.step % save_every == 0:
            trainer.save_checkpoint(out / "checkpoint.pt")


def save_model(trainer: Trainer, out: Path) -> None:
    """Write the weights as float16 safetensors, with the recipe beside them."""
    trainer.model.half().save_pretrained(out)
    (out / "recipe.json").write_text(json.dumps(vars(trainer.recipe), indent=1) + "\n")


def main() -> None:
    """Parse the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="openwebtext-sample.txt.xz")
    parser.add_argument("--out", type=Path, required=True, help="folder for the model")
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--decay-steps", type=int, default=1500, help="the last ones, rate falling")
    parser.add_argument("--peak", type=float, default=1.0, help="share of the recipe's rates")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--bfloat16", action="store_true", help="where lscpu shows avx512_bf16")
    parser.add_argument("--begin-with", type=Path, help="folder of a model to go on from")
    parser.add_argument("--resume", action="store_true", help="go on from FOLDER/checkpoint.pt")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    recipe = Recipe(
        steps=arguments.steps,
        decay_steps=arguments.decay_steps,
        matrix_rate=Recipe.matrix_rate * arguments.peak,
        other_rate=Recipe.other_rate * arguments.peak,
        seed=arguments.seed,
        bfloat16=arguments.bfloat16,
    )
    tokens = tokenized(arguments.corpus, recipe, arguments.out, arguments.begin_with)
    print(f"{len(tokens):,} training tokens, {recipe}", flush=True)
    trainer = Trainer(recipe, Batches(tokens, recipe))
    if arguments.begin_with:
        begin_with(trainer.model, arguments.begin_with)
    if arguments.resume:
        trainer.load_checkpoint(arguments.out / "checkpoint.pt")
    train(trainer, arguments.out)
    save_model(trainer, arguments.out)


if __name__ == "__main__":
    main()
