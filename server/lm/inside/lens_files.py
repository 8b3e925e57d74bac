"""Files of fitted lenses: one safetensors file per model revision, made here or shipped."""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from server.domain.scores.models import ModelIdentity, model_label
from server.lm.inside.lens import FittedLens, LensQuality
from server.lm.source import ModelUnavailable

VERSION = "1"
_HALF_LIMIT = 65_000.0  # a float16 holds numbers up to 65,504


@dataclass(frozen=True)
class LensFacts:
    """Whose lens a file holds, what it was fitted on, and how well it reads.

    `steps` are those that each map took after the closed form.
    """

    model: str
    revision: str
    fitted_on: str
    tokens: int
    quality: LensQuality
    steps: int = 0


def write_lens(path: Path, lens: FittedLens, facts: LensFacts) -> None:
    """Write a lens, whole or not at all: maps as float16, which costs no digit that is read."""
    if float(lens.maps.abs().max()) > _HALF_LIMIT:
        raise ModelUnavailable("A map of this lens has numbers too large for its file.")
    tensors = {
        "maps": lens.maps.half().contiguous().cpu(),
        "shifts": lens.shifts.contiguous().cpu(),
    }
    content = save(tensors, metadata={"version": VERSION, "facts": json.dumps(asdict(facts))})
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(content)
    Path(file.name).replace(path)
    path.chmod(0o644)


def read_lens(path: Path, identity: ModelIdentity) -> tuple[FittedLens, LensFacts]:
    """Read the lens of a model.

    Raises ModelUnavailable where there is none, where the file is damaged, or where it belongs to
    another model or another revision of it.
    """
    label = model_label(identity.name)
    if not path.exists():
        raise ModelUnavailable(
            f"No lens is fitted to {label} yet: `flask inside fit` makes {path}."
        )
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            facts = _facts(metadata)
            lens = FittedLens(
                file.get_tensor("maps").float(), file.get_tensor("shifts").float(), _name(path)
            )
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ModelUnavailable(f"{path} is no lens file of version {VERSION}.") from error
    if (facts.model, facts.revision) != (identity.name, identity.revision):
        raise ModelUnavailable(
            f"{path} is the lens of {facts.model} at revision {facts.revision}; "
            f"`flask inside fit` makes one for {identity.name} at {identity.revision}."
        )
    return lens, facts


def _facts(metadata: dict[str, str]) -> LensFacts:
    if metadata["version"] != VERSION:
        raise ValueError(metadata["version"])
    facts = json.loads(metadata["facts"])
    return LensFacts(**{**facts, "quality": LensQuality(**facts["quality"])})


def _name(path: Path) -> str:
    """Return the lens's revision: whoever changes a number of it changes this."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]
