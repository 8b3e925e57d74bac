"""`flask inside patch`: activation patching between two prompts from a file, as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
from flask.cli import with_appcontext
from pydantic import ValidationError

from server.application import service
from server.commands.terminal import sentences_for_errors
from server.config import LENS_FOLDER
from server.domain.errors import InvalidInput
from server.domain.scores.models import model_label
from server.lm.source import find_source, require_reachable
from server.services.inside.swap_lab import swap_label, swap_view
from server.web.inside.schemas import NewSwap
from server.web.wording.swaps import swap_sentence

if TYPE_CHECKING:
    from server.lm.inside.live import InsideModel


@click.command("patch")
@with_appcontext
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--model", help="Instead of MODEL: a hub name, a folder, or `bundled`.")
@click.option("--revision", help="Instead of MODEL_REVISION.")
def patch_command(file: Path, model: str | None, revision: str | None) -> None:
    """Swap every part of two runs, in both directions, and print what that does as JSON.

    FILE is JSON: `{"clean": "The keys", "corrupt": "The key", "clean_answer": " were",
    "corrupt_answer": " was"}`, and `"gate": "and"` or `"or"` for a circuit built by hand.
    """
    with sentences_for_errors():
        wish = _wish(file)
        inside = _inside(model, revision)
        maps = inside.swap(wish.pair(), wish.circuit())
        label = swap_label(model_label(inside.identity.name), wish.circuit())
        view = swap_view(label, wish.pair(), maps)
        view.sentence = swap_sentence(view)
        click.echo(view.model_dump_json(indent=2))


def _wish(file: Path) -> NewSwap:
    try:
        return NewSwap.model_validate(json.loads(file.read_text(encoding="utf-8-sig")))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "it"
        raise InvalidInput("file", f"{file}: {where}: {first['msg']}.") from error
    except (UnicodeDecodeError, ValueError) as error:
        raise InvalidInput("file", f"{file}: it is not JSON in UTF-8.") from error


def _inside(model: str | None, revision: str | None) -> InsideModel:
    settings = service().settings
    beginning = "" if model else settings.model_beginning
    source = find_source(model or settings.model, revision or settings.model_revision, beginning)
    require_reachable(source)
    # Imported here alone: torch takes seconds and hundreds of megabytes.
    from server.lm.inside.live import InsideModel
    from server.lm.score import load_on_one_thread
    from server.lm.source import lens_path

    lens_file = lens_path(LENS_FOLDER, source.name, source.revision)
    return InsideModel(load_on_one_thread(source), lens_file)
