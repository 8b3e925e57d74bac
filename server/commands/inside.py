"""`flask inside`: fit lenses, look into scored passages, and show what is kept of them."""

from __future__ import annotations

import gzip
import json
import lzma
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import click
from flask.cli import AppGroup

from server.application import db, now, service
from server.commands.passages import BUNDLED_PASSAGES
from server.commands.patch import patch_command
from server.commands.scores import source_of
from server.commands.terminal import progress, say, sentences_for_errors
from server.config import LENS_FOLDER, Settings
from server.domain.errors import NotFound
from server.domain.inside.trace import Lens
from server.domain.scores.models import SMOLLM2, model_label
from server.domain.text.passages import passage_from_record
from server.domain.text.tokens import Unit
from server.lm.source import require_reachable
from server.services.inside.building import build_traces, count_left, lacks_traces
from server.services.inside.showing import stored_position
from server.store.inside.traces import texts_except
from server.web.wording.figures import counted
from server.web.wording.inside import inside_sentence

inside = AppGroup("inside", help="Look inside models: layers, parts, and what words needed.")
inside.add_command(patch_command)

# SmolLM2's layers on the bundled passages, as `make smollm2-inside` makes them.
SHIPPED_TRACES = Path(__file__).parents[1] / "data" / "smollm2-inside.parquet"
_DOCUMENT_END = "\0"
_LOST = "\N{REPLACEMENT CHARACTER}"  # a document with one was decoded wrongly
_MODEL = click.option("--model", help="Instead of MODEL: a hub name, a path, or `bundled`.")
_REVISION = click.option("--revision", help="Instead of MODEL_REVISION.")
_READERS: dict[str, Callable[..., IO[str]]] = {".gz": gzip.open, ".xz": lzma.open}


@inside.command("fit")
@_MODEL
@_REVISION
@click.option(
    "--text",
    "files",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A text to fit on (.txt, also .gz or .xz); a line with a NUL ends a document; "
    "documents that lost characters (U+FFFD) are left out. Without any: the imported passages, "
    "those that come with the release left out.",
)
@click.option("--tokens", default=60_000, show_default=True, type=click.IntRange(min=1_000))
@click.option(
    "--steps",
    default=300,
    show_default=True,
    type=click.IntRange(min=0),
    help="Of every map towards the output, after the closed form; 0 for that alone.",
)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False))
def fit_command(
    model: str | None,
    revision: str | None,
    files: tuple[Path, ...],
    tokens: int,
    steps: int,
    output: Path | None,
) -> None:
    """Fit a lens to the model: maps from each layer to the last, on text that nobody plays.

    First in closed form, by one pass over the text; then each map takes steps towards the output.

    The file goes to instance/lenses, where `inside build` finds it.
    """
    with sentences_for_errors():
        settings = wanted(model, revision)
        source = source_of(settings)
        require_reachable(source)
        texts = _texts_of(files) if files else _imported_texts()
        # Imported only here: torch takes seconds and hundreds of megabytes.
        from server.lm.inside.lens_files import LensFacts, write_lens
        from server.lm.inside.lens_fitting import fit_lens
        from server.lm.load import load_model
        from server.lm.source import lens_path

        say(f"Loading {model_label(source.name)} ...")
        loaded = load_model(source)
        with progress("Fitting") as advance:
            lens, quality, read = fit_lens(loaded, texts, tokens, steps, advance)
        named = ", ".join(file.name for file in files) or "imported passages"
        identity = loaded.identity
        facts = LensFacts(identity.name, identity.revision, named, read, quality, steps)
        path = output or lens_path(LENS_FOLDER, identity.name, identity.revision)
        write_lens(path, lens, facts)
        say(f"A lens fitted on {read:,} tokens: {path}")
        say(
            "Nats from the output (KL), on text kept apart; the output's mean would be "
            f"{quality.of_mean:.2f} away:"
        )
        for layer, (fitted, plain) in enumerate(zip(quality.fitted, quality.plain, strict=True)):
            say(f"  after layer {layer}: fitted {fitted:.2f}, plain {plain:.2f}")


@inside.command("build")
@_MODEL
@_REVISION
@click.option(
    "--small",
    is_flag=True,
    help="Keep less of a large model: rounds of words alone, and what a head looked at for the "
    "sixteen at each word that pushed most.",
)
def build_command(model: str | None, revision: str | None, *, small: bool) -> None:
    """Look into every passage that the model has scored, so that pages need no model for it."""
    with sentences_for_errors():
        build(wanted(model, revision), small=small)


def build(settings: Settings, *, small: bool = False) -> None:
    """Look into what was not looked into yet, with the model's lens; a model must be at hand."""
    source = source_of(settings)
    label = model_label(source.name)
    if not count_left(db.session, source.name, source.revision):
        say(f"{label} was looked into on every passage already.")
        return
    require_reachable(source)
    from server.lm.inside.lens_files import read_lens
    from server.lm.inside.tracing import PassageTracer
    from server.lm.load import load_model
    from server.lm.source import lens_path

    loaded = load_model(source)
    path = lens_path(LENS_FOLDER, source.name, source.revision)
    lens, _ = read_lens(path, loaded.identity)
    with progress("Looking") as advance:
        tracer = PassageTracer(loaded, lens)
        built = build_traces(db.session, tracer, now(), advance, small=small)
    say(f"{label} was looked into on {counted(built.added, 'passage')}.")
    for reason in built.left_out:
        say(f"Left out: {reason}")


@inside.command("show")
@_MODEL
@_REVISION
@click.option("--passage", required=True, help="Its title, or the beginning of its content hash.")
@click.option("--position", required=True, type=click.IntRange(min=0))
@click.option("--unit", type=click.Choice([one.value for one in Unit]), default=Unit.WORDS.value)
@click.option("--lens", type=click.Choice([one.value for one in Lens]), default=Lens.FITTED.value)
@click.option("--json", "as_json", is_flag=True, help="All of it, as the API gives it.")
def show_command(
    model: str | None,
    revision: str | None,
    passage: str,
    position: int,
    unit: str,
    lens: str,
    *,
    as_json: bool,
) -> None:
    """Show what the layers said at a position of a passage."""
    with sentences_for_errors():
        settings = wanted(model, revision)
        view = stored_position(
            db.session,
            settings.model_name,
            settings.hub_revision,
            passage,
            position,
            Unit(unit),
            Lens(lens),
        )
        view = view.model_copy(update={"sentence": inside_sentence(view)})
    if as_json:
        click.echo(view.model_dump_json(indent=2))
        return
    say(f"{view.before} [{view.target}]")
    say(view.sentence)
    for layer in view.layers:
        top = ", ".join(f"{one.token} {one.probability:.1%}" for one in layer.top[:3])
        say(
            f"  layer {layer.layer}: {view.target} {layer.target.probability:.2%} "
            f"(rank {layer.target.rank:,}); {top}"
        )


@inside.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@_MODEL
@_REVISION
def export_command(file: Path, model: str | None, revision: str | None) -> None:
    """Write what the model's layers say into FILE, for `inside load` on another machine.

    `scores export` carries it too, with scores and passages.
    """
    from server.services.inside.trace_transfer import export_traces

    settings = wanted(model, revision)
    with sentences_for_errors():
        count = export_traces(db.session, settings.model_name, settings.hub_revision, file)
    say(f"{model_label(settings.model_name)} inside, on {counted(count, 'passage')}: {file}")


@inside.command("load")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def load_command(file: Path) -> None:
    """Load what `inside export` wrote into FILE, where its model's scores are here."""
    with sentences_for_errors():
        load(file)


def load(file: Path) -> None:
    """Load a file of traces and say how many were new."""
    # Imported only here: pyarrow is large, and the web process does not need it.
    from server.services.inside.trace_transfer import load_traces

    name, added = load_traces(db.session, file, now())
    say(f"{model_label(name)} inside: {counted(added, 'passage')} loaded.")


def load_shipped_traces() -> None:
    """Load what `make smollm2-inside` made, where SmolLM2's scores are here and lack it.

    Only so: a model that is elsewhere cannot be looked into, and others are by `inside build`.
    """
    if SHIPPED_TRACES.exists() and lacks_traces(db.session, SMOLLM2):
        load(SHIPPED_TRACES)


def wanted(model: str | None, revision: str | None) -> Settings:
    """Return the settings, with the model that a command's options name."""
    settings = service().settings
    update = {
        "model": model or settings.model,
        "model_revision": revision or settings.model_revision,
    }
    return settings.model_copy(update=update)


def _texts_of(files: tuple[Path, ...]) -> Iterator[str]:
    return (text for path in files for text in _documents(path) if _LOST not in text)


def _documents(path: Path) -> Iterator[str]:
    with _READERS.get(path.suffix, open)(path, "rt", encoding="utf-8") as file:
        lines: list[str] = []
        for line in file:
            if line.strip("\n") == _DOCUMENT_END:
                yield "".join(lines)
                lines = []
            else:
                lines.append(line)
        yield "".join(lines)


def _imported_texts() -> Iterator[str]:
    lines = BUNDLED_PASSAGES.read_text(encoding="utf-8").splitlines()
    shipped = {passage_from_record(json.loads(line)).content_hash for line in lines}
    texts = texts_except(db.session, shipped)
    first = next(texts, None)
    if first is None:
        raise NotFound(
            "There is no text to fit on: the passages that come with the release are played, so a "
            "lens is fitted on other text. Import passages, or give --text FILE."
        )
    yield first
    yield from texts
