"""Live scoring's way to the model: apart from the commands, the only one from the web to `lm`."""

from __future__ import annotations

import gc
from functools import lru_cache
from typing import TYPE_CHECKING

from server.config import LENS_FOLDER, Settings
from server.domain.errors import LiveScoringUnavailable
from server.domain.scores.models import BUNDLED, model_label
from server.lm.source import (
    ModelSource,
    ModelUnavailable,
    find_source,
    is_on_machine,
    lens_path,
)
from server.services.scoring.live_scoring import ModelInside, TextScorer

if TYPE_CHECKING:
    from server.lm.score import PassageScorer


class LocalModels:
    """The models on this machine that may score players' own texts."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._sources: dict[str, ModelSource | None] = {}

    def stand_in(self) -> tuple[str, str]:
        """Return name and revision of Minnow, which every machine has."""
        source = find_source(BUNDLED, "")
        return source.name, source.revision

    def why_not(self, name: str, revision: str) -> str | None:
        """Return why the playing model cannot be loaded here, as a sentence; None where it can."""
        source = self._source(name)
        if source is None or not is_on_machine(source):
            problem = "plays here from stored scores alone; its weights are not on this machine"
        elif source.revision != revision:
            problem = "plays here from scores of another revision than the one on this machine"
        else:
            return None
        return f"{model_label(name)} {problem}, so it cannot read texts here."

    def has_lens(self, name: str, revision: str) -> bool:
        """Tell whether a lens is fitted to this model here, so that its layers can be read."""
        return lens_path(LENS_FOLDER, name, revision).exists()

    def load(self, name: str, revision: str) -> TextScorer:
        """Return the model, loaded at the first call; this takes seconds and imports torch.

        Raises LiveScoringUnavailable where it is not here or cannot be read.
        """
        return self._load(name, revision)

    def look_into(self, name: str, revision: str) -> ModelInside:
        """Return the inside of the same model.

        Raises LiveScoringUnavailable as `load` does, and where the model's parts are not known.
        """
        try:
            return _inside(self._load(name, revision), name, revision)
        except ModelUnavailable as error:
            raise LiveScoringUnavailable(str(error)) from error

    def _load(self, name: str, revision: str) -> PassageScorer:
        problem, source = self.why_not(name, revision), self._source(name)
        if problem or source is None:
            raise LiveScoringUnavailable(problem or "The model is not on this machine.")
        try:
            return _loaded(source)
        except ModelUnavailable as error:
            raise LiveScoringUnavailable(
                f"{model_label(name)} cannot be loaded on this machine."
            ) from error

    def _source(self, name: str) -> ModelSource | None:
        """Return where the playing model would come from: it is the wanted one, or a stand-in."""
        if name not in self._sources:
            settings = self._settings
            try:
                if name == settings.model_name:
                    self._sources[name] = find_source(
                        settings.model, settings.model_revision, settings.model_beginning
                    )
                else:
                    self._sources[name] = find_source(name, "")
            except ModelUnavailable:
                self._sources[name] = None
        return self._sources[name]


@lru_cache(maxsize=1)
def _loaded(source: ModelSource) -> PassageScorer:
    # Players of this process wait while Python looks for garbage. Loading makes hardly any, and
    # what is loaded stays: so nobody looks meanwhile, and once later; further looks leave it out.
    gc.disable()
    try:
        # Imported here alone: torch takes seconds and hundreds of megabytes, and play needs none.
        from server.lm.score import load_on_one_thread

        return load_on_one_thread(source)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


@lru_cache(maxsize=1)
def _inside(scorer: PassageScorer, name: str, revision: str) -> ModelInside:
    from server.lm.inside.live import InsideModel  # torch is here by now

    return InsideModel(scorer, lens_path(LENS_FOLDER, name, revision))
