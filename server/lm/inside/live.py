"""A loaded model that is looked into while somebody waits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from server.domain.errors import InvalidInput, LiveScoringUnavailable
from server.domain.inside.ablation import ContextEffects, Effect, Way
from server.domain.inside.presets import Gate
from server.domain.inside.swaps import MOST_PROMPT_TOKENS, SwapMaps, SwapPair
from server.domain.inside.trace import PassageTrace
from server.domain.inside.tree import NextToken
from server.domain.inside.tree import Path as TreePath
from server.domain.scores.models import ModelIdentity, model_label
from server.domain.scores.passage_scores import PassageScores
from server.domain.text.tokens import Vocabulary, windows
from server.lm.inside.ablation import Ablation
from server.lm.inside.anatomy import anatomy_of
from server.lm.inside.gates import WORDS, gate_runs
from server.lm.inside.lens_files import read_lens
from server.lm.inside.swap import Runs, swap_maps
from server.lm.inside.tracing import PassageTracer
from server.lm.inside.tree import grow_tree
from server.lm.score import PassageScorer
from server.lm.source import ModelUnavailable
from server.lm.vocabulary import ids_of_text

_NEUTRAL = " the"  # the commonest word token, which says least


class InsideModel:
    """The questions that are put to the inside of a model. Token ids are a text's own, whole."""

    def __init__(self, scorer: PassageScorer, lens_file: Path) -> None:
        """Raise UnknownAnatomy for a model of another shape than GPT-2's or Llama's.

        `lens_file` is read once a trace is asked for.
        """
        anatomy_of(scorer.loaded.model)
        self._scorer, self._loaded, self._lens_file = scorer, scorer.loaded, lens_file
        self._latest: tuple[tuple[tuple[int, ...], int], Ablation] | None = None

    @property
    def identity(self) -> ModelIdentity:
        """Which model this is."""
        return self._loaded.identity

    @property
    def vocabulary(self) -> Vocabulary:
        """The model's tokens."""
        return self._loaded.vocabulary

    def read(self, text: str) -> list[int]:
        """Return the tokens that the model reads a text as."""
        return ids_of_text(self._loaded.tokenizer, text)

    def trace(self, text: str, position: int) -> tuple[PassageScores, PassageTrace]:
        """Return the scores of a text and what is inside the model at one position of it.

        Raises InvalidInput for a text or position that cannot be read, and for one beyond the
        model's window; LiveScoringUnavailable where no lens is fitted to it.
        """
        window = self.identity.window_tokens
        if position >= window:
            raise InvalidInput(
                "position", f"The model looks at {window} tokens at once; choose an earlier one."
            )
        try:
            lens, _ = read_lens(self._lens_file, self.identity)
        except ModelUnavailable as error:
            label = model_label(self.identity.name)
            raise LiveScoringUnavailable(
                f"No lens is fitted to {label} on this server, so its layers cannot be read."
            ) from error
        scores = self._scorer.score_position(text, position)
        trace = PassageTracer(self._loaded, lens).trace(scores)
        if isinstance(trace, str):
            raise InvalidInput("text", f"This text cannot be looked into: {trace}")
        return scores, trace

    def context(
        self, token_ids: Sequence[int], position: int, way: Way, piece: int
    ) -> ContextEffects:
        """Return what one piece of the context does for the token at a position.

        Raises InvalidInput where there is no such piece.
        """
        start, before = self._before(token_ids, position)
        found = self._ablation(tuple(before), int(token_ids[position])).piece(way, piece)
        moved = tuple(
            Effect(start + one.position, one.effect_nats, one.attention) for one in found.effects
        )
        return ContextEffects(moved, found.piece, found.pieces, found.tokens, found.target_logprob)

    def _ablation(self, before: tuple[int, ...], target_id: int) -> Ablation:
        """Return the latest again where the next piece of the same context is asked for."""
        if self._latest is None or self._latest[0] != (before, target_id):
            neutral = self.vocabulary.id_of(_NEUTRAL)
            neutral_id = self._loaded.beginning_id if neutral is None else neutral
            ablation = Ablation(self._loaded.model, before, target_id, neutral_id)
            self._latest = (before, target_id), ablation
        return self._latest[1]

    def tree(self, token_ids: Sequence[int], position: int) -> dict[TreePath, NextToken]:
        """Return the distributions of the tree of continuations at a position."""
        return grow_tree(self._loaded.model, self._before(token_ids, position)[1])

    def _before(self, token_ids: Sequence[int], position: int) -> tuple[int, list[int]]:
        """Return what the model read before a position when it was scored, and where that began."""
        window = next(
            window
            for window in windows(len(token_ids), self.identity.window_tokens)
            if window.kept <= position < window.stop
        )
        ids = [int(one) for one in token_ids[window.start : position]]
        return window.start, [self._loaded.beginning_id, *ids]

    def swap(self, pair: SwapPair, gate: Gate | None = None) -> SwapMaps:
        """Return what swapping each part of two prompts' runs does; a gate reads them instead.

        Raises InvalidInput where the prompts are not of as many tokens, or an answer is not one
        token.
        """
        if gate is not None:
            return _swap_gate(gate, pair)
        clean, corrupt = self._prompt("clean", pair.clean), self._prompt("corrupt", pair.corrupt)
        _require_equal_length(len(clean), len(corrupt))
        answers = (
            self._answer("clean_answer", pair.clean_answer),
            self._answer("corrupt_answer", pair.corrupt_answer),
        )
        _require_two_answers(pair)
        texts = [tuple(map(self.vocabulary.text, ids)) for ids in (clean, corrupt)]
        one, other = ([self._loaded.beginning_id, *ids] for ids in (clean, corrupt))
        return swap_maps(Runs.of_model(self._loaded.model, one, other, answers), *texts)

    def _prompt(self, field: str, text: str) -> list[int]:
        ids = self.read(text)
        if not 1 <= len(ids) <= MOST_PROMPT_TOKENS:
            raise InvalidInput(
                field,
                f"This prompt is {len(ids)} tokens; 1 to {MOST_PROMPT_TOKENS} are allowed.",
            )
        return ids

    def _answer(self, field: str, text: str) -> int:
        ids = self.read(text)
        if len(ids) != 1:
            raise InvalidInput(
                field,
                f"To the model {text!r} is {len(ids)} tokens; an answer is one token. A word in "
                "the middle of a sentence begins with a space.",
            )
        return ids[0]


def _swap_gate(gate: Gate, pair: SwapPair) -> SwapMaps:
    texts = {"clean": tuple(pair.clean.split()), "corrupt": tuple(pair.corrupt.split())}
    _require_equal_length(*map(len, texts.values()))
    for field, words in texts.items():
        if len(words) != len(WORDS) or not {*words} <= {*WORDS}:
            raise InvalidInput(field, f"The circuit reads three of the words {', '.join(WORDS)}.")
    clean, corrupt = ([WORDS.index(word) for word in words] for words in texts.values())
    answers = WORDS.index("yes"), WORDS.index("no")
    return swap_maps(gate_runs(gate, clean, corrupt, answers), *texts.values())


def _require_equal_length(clean: int, corrupt: int) -> None:
    if clean != corrupt:
        raise InvalidInput(
            "corrupt",
            f"The first prompt is {clean} tokens and the second {corrupt}; what stands at a place "
            "can be swapped only where both have as many.",
        )


def _require_two_answers(pair: SwapPair) -> None:
    if pair.clean_answer == pair.corrupt_answer:
        raise InvalidInput("corrupt_answer", "The two answers are the same; two are weighed.")
