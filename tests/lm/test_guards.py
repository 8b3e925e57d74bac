"""Checkpoints with faults seen in the field: a number that may be wrong is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from tokenizers import normalizers, pre_tokenizers
from transformers import (
    AddedToken,
    AutoModelForCausalLM,
    AutoTokenizer,
    GPT2Config,
    GPT2LMHeadModel,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from server.domain.errors import InvalidInput
from server.domain.scores.passage_scores import PassageScores
from server.lm.load import load_model
from server.lm.score import PassageScorer
from server.lm.source import ModelUnavailable, find_source
from server.lm.vocabulary import vocabulary_of
from tests.lm.conftest import SMALL_SIZE, small_tokenizer

END = "<|endoftext|>"
TEXT = (
    "The lamp went out at four, and Marta lit it again. Nobody had slept; the dog least of all, "
    "which had barked at every wave since midnight. Then   three   boats came round the point."
)


def tokenizer() -> PreTrainedTokenizerFast:
    return cast("PreTrainedTokenizerFast", AutoTokenizer.from_pretrained(small_tokenizer().name))


ENDS: dict[str, Any] = {"bos_token_id": 0, "eos_token_id": 0, "pad_token_id": None}
SMALL: dict[str, Any] = {
    "vocab_size": SMALL_SIZE,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
}
LLAMA: dict[str, Any] = {
    **SMALL,
    **ENDS,
    "intermediate_size": 64,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
}


def gpt2(**more: Any) -> PreTrainedModel:
    sizes: dict[str, Any] = {
        "vocab_size": SMALL_SIZE,
        "n_embd": 32,
        "n_layer": 2,
        "n_head": 2,
        "n_positions": 128,
    }
    return GPT2LMHeadModel(GPT2Config(**(sizes | ENDS | more)))


def model_of(family: str, **config: Any) -> PreTrainedModel:
    made = getattr(transformers, f"{family}Config")(**config)
    whole: PreTrainedModel = getattr(transformers, f"{family}ForCausalLM")(made)
    return whole


def write(folder: Path, model: PreTrainedModel, reader: PreTrainedTokenizerFast | None) -> Path:
    """Write a checkpoint whose predictions are far from uniform, so that a wrong scale shows."""
    with torch.no_grad():
        model.get_output_embeddings().get_parameter("weight").mul_(20)
    model.save_pretrained(folder)
    if reader is not None:
        reader.save_pretrained(folder)
    return folder


def own_logprobs(folder: Path, beginning: str | None = None) -> torch.Tensor:
    """The log-probability of each token of TEXT by transformers alone."""
    reader = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    ids = reader(TEXT, add_special_tokens=False)["input_ids"]
    first = reader.convert_tokens_to_ids(beginning) if beginning else reader.bos_token_id
    with torch.no_grad():
        logprobs: torch.Tensor = model(torch.tensor([[first, *ids]])).logits[0].log_softmax(-1)
    return logprobs[torch.arange(len(ids)), torch.tensor(ids)]


def scorer_of(folder: Path, beginning: str = "") -> PassageScorer:
    return PassageScorer(load_model(find_source(str(folder), "", beginning)))


def refused(folder: Path, sentence: str, beginning: str = "") -> None:
    with pytest.raises(ModelUnavailable, match=sentence):
        load_model(find_source(str(folder), "", beginning))


def assert_scored_as_by_transformers(folder: Path, beginning: str = "") -> PassageScorer:
    scorer = scorer_of(folder, beginning)
    scores = dict(scorer.score([TEXT, TEXT[:60]]))[0]
    assert isinstance(scores, PassageScores)
    own = own_logprobs(folder, beginning or None)
    torch.testing.assert_close(torch.tensor(scores.target_logprob), own, atol=1e-3, rtol=1e-5)
    return scorer


@pytest.fixture(autouse=True)
def _same_weights() -> None:
    torch.manual_seed(5)


SCALED: dict[str, Callable[[], PreTrainedModel]] = {
    "divided": lambda: model_of("Granite", **LLAMA, logits_scaling=8.0, tie_word_embeddings=False),
    "multiplied": lambda: model_of(
        "Cohere", **LLAMA, logit_scale=0.0625, tie_word_embeddings=False
    ),
    "capped": lambda: model_of("Gemma2", **LLAMA, head_dim=16, final_logit_softcapping=5.0),
}
PLAIN: dict[str, Callable[[], PreTrainedModel]] = {
    "opt": lambda: model_of(
        "OPT", **SMALL, **{**ENDS, "pad_token_id": 1}, ffn_dim=64, word_embed_proj_dim=16
    ),
    "falcon": lambda: model_of("Falcon", **SMALL, **ENDS),
    "head with a bias": lambda: model_of("Phi", **LLAMA),
    "several experts": lambda: model_of(
        "Mixtral", **LLAMA, num_local_experts=4, num_experts_per_tok=2
    ),
    "short sight": lambda: model_of("Mistral", **LLAMA, sliding_window=8),
}
NO_WINDOW: dict[str, Callable[[], PreTrainedModel]] = {
    "alibi": lambda: model_of("Bloom", vocab_size=SMALL_SIZE, hidden_size=32, n_layer=2, n_head=2),
    "recurrent": lambda: model_of(
        "Mamba", vocab_size=SMALL_SIZE, hidden_size=32, num_hidden_layers=2, state_size=4, **ENDS
    ),
}


@pytest.mark.parametrize("kind", SCALED)
def test_logits_that_are_scaled_or_capped_come_from_the_models_own_forward_pass(
    tmp_path: Path, kind: str
) -> None:
    scorer = assert_scored_as_by_transformers(write(tmp_path, SCALED[kind](), tokenizer()))
    (remark,) = scorer.remarks
    assert "forward pass" in remark


@pytest.mark.parametrize("kind", PLAIN)
def test_a_plain_head_is_multiplied_here_and_gives_the_same(tmp_path: Path, kind: str) -> None:
    scorer = assert_scored_as_by_transformers(write(tmp_path, PLAIN[kind](), tokenizer()))
    assert scorer.remarks == ()


@pytest.mark.parametrize("kind", NO_WINDOW)
def test_a_model_of_any_length_is_scored_in_a_stated_window(tmp_path: Path, kind: str) -> None:
    reader = tokenizer()
    reader.model_max_length = 10**30  # how transformers writes that nothing is known
    scorer = assert_scored_as_by_transformers(write(tmp_path, NO_WINDOW[kind](), reader))
    assert scorer.identity.window_tokens == 1024
    assert "1,024" in scorer.remarks[0]


def test_a_window_that_only_the_tokenizer_tells_is_heeded(tmp_path: Path) -> None:
    reader = tokenizer()
    reader.model_max_length = 96
    folder = write(tmp_path, NO_WINDOW["alibi"](), reader)
    assert scorer_of(folder).identity.window_tokens == 96


def test_a_window_under_another_name_is_found(tmp_path: Path) -> None:
    model = model_of(
        "Mpt",
        vocab_size=SMALL_SIZE,
        d_model=32,
        n_layers=2,
        n_heads=2,
        max_seq_len=80,
        expansion_ratio=2,
    )
    scorer = assert_scored_as_by_transformers(write(tmp_path, model, tokenizer()))
    assert scorer.identity.window_tokens == 80


def test_a_window_longer_than_the_table_of_positions_is_refused(tmp_path: Path) -> None:
    model = model_of(
        "Roberta",
        **SMALL,
        bos_token_id=0,
        eos_token_id=0,
        pad_token_id=1,
        intermediate_size=64,
        max_position_embeddings=98,  # two of them are never used
        is_decoder=True,
    )
    refused(write(tmp_path, model, tokenizer()), "cannot read 98 tokens: .*out of bounds")


def test_weights_under_other_names_are_missing_weights(tmp_path: Path) -> None:
    folder = write(tmp_path, gpt2(), tokenizer())
    file = folder / "model.safetensors"
    weights = {f"_orig_mod.{name}": weight for name, weight in load_file(file).items()}
    save_file(weights, file, metadata={"format": "pt"})
    refused(folder, "Weights of .* are missing")


def test_a_head_that_is_neither_tied_nor_there_is_missing(tmp_path: Path) -> None:
    folder = write(tmp_path, model_of("Llama", **LLAMA, tie_word_embeddings=True), tokenizer())
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"tie_word_embeddings": False}))
    refused(folder, "missing from its files: lm_head.weight")


def test_a_tied_head_is_not_missing(tmp_path: Path) -> None:
    model = model_of("Llama", **LLAMA, tie_word_embeddings=True)
    assert_scored_as_by_transformers(write(tmp_path, model, tokenizer()))


def test_a_checkpoint_of_more_layers_than_its_configuration_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path, gpt2(), tokenizer())
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"n_layer": 1}))
    refused(folder, "no place for: transformer.h.1")


def test_weights_of_another_width_are_refused(tmp_path: Path) -> None:
    folder = write(tmp_path, gpt2(), tokenizer())
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"n_positions": 64}))
    refused(folder, "shape|could not be read")


def test_gpt2s_published_file_with_its_masks_and_short_names_is_whole(tmp_path: Path) -> None:
    """The hub's file names weights without `transformer.`, and holds each layer's causal mask."""
    folder = write(tmp_path, gpt2(), tokenizer())
    file = folder / "model.safetensors"
    weights = {k.removeprefix("transformer."): v for k, v in load_file(file).items()}
    for layer in range(2):
        weights[f"h.{layer}.attn.bias"] = torch.ones(1, 1, 128, 128).tril()
    save_file(weights, file, metadata={"format": "pt"})
    assert_scored_as_by_transformers(folder)


def test_a_weight_that_overflowed_in_half_precision_is_refused(tmp_path: Path) -> None:
    model = gpt2()
    with torch.no_grad():
        model.get_parameter("transformer.h.1.mlp.c_fc.weight")[3, 3] = torch.inf
    refused(write(tmp_path, model.half(), tokenizer()), "not finite numbers: transformer.h.1.mlp")


def test_a_model_that_gives_nan_is_refused(tmp_path: Path) -> None:
    model = gpt2()
    with torch.no_grad():
        model.get_parameter("transformer.h.0.mlp.c_proj.weight").fill_(1e30)
        model.get_parameter("transformer.h.1.mlp.c_fc.weight").fill_(3e38)
        model.get_parameter("transformer.ln_f.weight").fill_(3e38)
    refused(write(tmp_path, model, tokenizer()), "numbers that are not finite")


def test_a_text_whose_numbers_are_none_is_left_out_and_named(
    scorer: PassageScorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = scorer._forward.hidden_states
    monkeypatch.setattr(scorer._forward, "hidden_states", lambda batch: whole(batch) * torch.nan)
    ((_, sentence),) = scorer.score(["The ferry was late again, so we sat on the wall."])
    assert isinstance(sentence, str)
    assert "values that are not log-probabilities" in sentence or "not entropies" in sentence
    with pytest.raises(InvalidInput, match="cannot be right"):
        scorer.score_text("The ferry was late again, so we sat on the wall.")


@pytest.mark.parametrize("family", ["Bert", "Roberta"])
def test_a_model_that_sees_what_comes_is_refused(tmp_path: Path, family: str) -> None:
    config = transformers.AutoConfig.for_model(
        family.lower(),
        **SMALL,
        bos_token_id=0,
        eos_token_id=0,
        pad_token_id=1,
        intermediate_size=64,
        max_position_embeddings=160,
    )
    model = AutoModelForCausalLM.from_config(config)
    folder = write(tmp_path, model, tokenizer())
    refused(folder, "looks ahead")


def test_a_beginning_without_an_embedding_is_refused(tmp_path: Path) -> None:
    reader = tokenizer()
    reader.add_special_tokens({"bos_token": "<|startoftext|>"})
    refused(write(tmp_path, gpt2(), reader), "no embedding for the token that stands before")


def test_a_tokenizer_of_another_model_is_refused(tmp_path: Path) -> None:
    refused(
        write(tmp_path, gpt2(vocab_size=SMALL_SIZE - 40), tokenizer()), "no embedding for 40 of its"
    )


def test_special_tokens_beyond_the_embedding_are_never_met(tmp_path: Path) -> None:
    reader = tokenizer()
    reader.add_special_tokens({"pad_token": "<|pad|>"})
    assert_scored_as_by_transformers(write(tmp_path, gpt2(), reader))


def test_more_embeddings_than_tokens_count_as_transformers_counts_them(tmp_path: Path) -> None:
    assert_scored_as_by_transformers(write(tmp_path, gpt2(vocab_size=SMALL_SIZE + 47), tokenizer()))


@pytest.mark.parametrize("added", ["   ", "<\uff5cUser\uff5c>", "Marta"])
def test_an_added_token_that_is_plain_text_is_that_text(tmp_path: Path, added: str) -> None:
    reader = tokenizer()
    reader.add_tokens([AddedToken(added, special=False, normalized=False)])
    folder = write(tmp_path, gpt2(vocab_size=SMALL_SIZE + 1), reader)
    scorer = assert_scored_as_by_transformers(folder)
    assert scorer.vocabulary.pieces[SMALL_SIZE] == added.encode()


def test_a_sign_that_is_declared_special_is_still_text() -> None:
    reader = tokenizer()
    reader.pad_token = "!"
    vocabulary = vocabulary_of(reader, SMALL_SIZE)
    assert vocabulary.id_of("!") == reader.pad_token_id
    assert vocabulary.pieces[reader.bos_token_id] == b""


def test_a_checkpoint_without_a_tokenizer_is_refused(tmp_path: Path) -> None:
    refused(write(tmp_path / "one", gpt2(), None), "no tokenizer, or an empty one|could not be re")
    llama = model_of("Llama", **LLAMA)
    refused(write(tmp_path / "two", llama, None), "no tokenizer, or an empty one|could not be re")


def test_a_tokenizer_in_its_old_two_files_is_read_and_known_by_both(tmp_path: Path) -> None:
    folder = with_two_files(write(tmp_path, gpt2(), tokenizer()))
    before = find_source(str(folder), "").revision
    assert_scored_as_by_transformers(folder)
    merges = (folder / "merges.txt").read_text().splitlines()
    (folder / "merges.txt").write_text("\n".join(merges[:1000]))
    assert find_source(str(folder), "").revision != before


def test_a_tokenizer_that_lost_its_merges_is_refused(tmp_path: Path) -> None:
    folder = with_two_files(write(tmp_path, gpt2(), tokenizer()))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    refused(folder, "merges")


def with_two_files(folder: Path) -> Path:
    """Write tokenizer.json as vocab.json and merges.txt instead."""
    whole = json.loads((folder / "tokenizer.json").read_text())["model"]
    (folder / "vocab.json").write_text(json.dumps(whole["vocab"]))
    merges = [pair if isinstance(pair, str) else " ".join(pair) for pair in whole["merges"]]
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
    (folder / "tokenizer.json").unlink()
    settings = {"tokenizer_class": "GPT2Tokenizer", "bos_token": END, "unk_token": END}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return folder


def test_a_tokenizer_that_changes_text_is_refused(tmp_path: Path) -> None:
    lower, spaced = tokenizer(), tokenizer()
    lower.backend_tokenizer.normalizer = normalizers.Lowercase()
    refused(write(tmp_path / "one", gpt2(), lower), "changes plain English")
    spaced.backend_tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    refused(write(tmp_path / "two", gpt2(), spaced), "changes plain English")


def test_code_that_comes_with_a_model_is_not_run(tmp_path: Path) -> None:
    folder = write(tmp_path, gpt2(), tokenizer())
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "mine", "auto_map": {"AutoConfig": "mine.Mine"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "mine.py").write_text("raise SystemExit('it ran')\n")
    refused(folder, "could not be read")


def test_an_adapter_is_not_silently_left_out(tmp_path: Path) -> None:
    folder = write(tmp_path, gpt2(), tokenizer())
    (folder / "adapter_config.json").write_text("{}")
    refused(folder, "adapter")


def test_the_declared_beginning_is_part_of_the_identity(tmp_path: Path) -> None:
    revisions = set()
    for name, bos in (("one", END), ("two", "!")):
        folder = write(tmp_path / name / "same", gpt2(), tokenizer())
        settings = json.loads((folder / "tokenizer_config.json").read_text())
        (folder / "tokenizer_config.json").write_text(json.dumps(settings | {"bos_token": bos}))
        source = find_source(str(folder), "")
        assert load_model(source).identity.beginning == bos
        revisions.add(source.revision)
    assert len(revisions) == 2


def without_beginning(folder: Path) -> Path:
    """Take the declared beginning away, as Qwen2's and Falcon's tokenizers have none."""
    path = folder / "tokenizer_config.json"
    settings = json.loads(path.read_text()) | {"bos_token": None}
    path.write_text(json.dumps(settings | {"tokenizer_class": "PreTrainedTokenizerFast"}))
    return folder


def test_a_model_without_a_beginning_is_told_one(tmp_path: Path) -> None:
    folder = without_beginning(write(tmp_path, model_of("Qwen2", **LLAMA), tokenizer()))
    refused(folder, r"--beginning '<\|endoftext\|>'")
    scorer = assert_scored_as_by_transformers(folder, END)
    assert scorer.identity.beginning == END


def test_a_chosen_beginning_changes_the_revision_and_the_loss(tmp_path: Path) -> None:
    folder = write(tmp_path, gpt2(), tokenizer())
    declared, chosen = find_source(str(folder), ""), find_source(str(folder), "", "!")
    assert chosen.revision.startswith(f"{declared.revision}+")
    first, second = (
        PassageScorer(load_model(source)).score_text(TEXT) for source in (declared, chosen)
    )
    assert first.target_logprob[0] != pytest.approx(second.target_logprob[0], abs=1e-3)
    assert_scored_as_by_transformers(folder, "!")


def test_a_beginning_that_is_no_single_token_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path, gpt2(), tokenizer())
    refused(folder, "not a single token", beginning="Once upon a time")
