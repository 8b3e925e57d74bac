"""`flask scores`: let models score passages, and carry scores from one machine to another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from flask.cli import AppGroup
from sqlalchemy.orm import Session

from server.application import db, now, service
from server.commands.terminal import progress, say, sentences_for_errors
from server.config import Settings
from server.domain.scores.models import BUNDLED, SMOLLM2, Precision, model_label
from server.lm.source import ModelSource, ModelUnavailable, find_source, require_reachable
from server.services.scoring.scoring import (
    Scored,
    count_left,
    has_scored_all,
    has_unscored,
    score_all,
    score_in_shards,
)
from server.web.wording.figures import counted

if TYPE_CHECKING:
    from server.lm.score import PassageScorer

scores = AppGroup("scores", help="Let models score passages, and carry their scores.")

_AUTO = "auto"
_MODEL = click.option("--model", help="Instead of MODEL: a hub name, a path, or `bundled`.")
_REVISION = click.option("--revision", help="Instead of MODEL_REVISION.")
_BEGINNING = click.option(
    "--beginning",
    metavar="TOKEN",
    help="Instead of MODEL_BEGINNING: the token that stands before every text.",
)
# Scores of the bundled passages that come with the release: they play without torch or network.
SHIPPED_SCORES = Path(__file__).parents[1] / "data" / "smollm2.parquet"


@scores.command("build")
@_MODEL
@_REVISION
@_BEGINNING
@click.option(
    "--precision",
    type=click.Choice([_AUTO, *(one.value for one in Precision)]),
    default=_AUTO,
    help="auto: float32, or bfloat16 for a large job on a processor that multiplies it.",
)
@click.option(
    "--scheduler", metavar="ADDRESS", help="Spread the work over this Dask scheduler's workers."
)
def build_command(
    model: str | None,
    revision: str | None,
    beginning: str | None,
    precision: str,
    scheduler: str | None,
) -> None:
    """Let the model score every passage that it has not scored yet."""
    wanted = None if precision == _AUTO else Precision(precision)
    with sentences_for_errors():
        score(_wanted(model, revision, beginning), wanted, scheduler)


@scores.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@_MODEL
@_REVISION
@_BEGINNING
def export_command(
    file: Path, model: str | None, revision: str | None, beginning: str | None
) -> None:
    """Write the passages and all that the model says about them into FILE.

    `scores load` reads it on another machine, which needs neither the model nor torch.
    """
    # Imported only here: pyarrow is large, and the web process does not need it.
    from server.services.scoring.score_transfer import export_scores

    wanted = _wanted(model, revision, beginning)
    with sentences_for_errors(), progress("Writing") as advance:
        count = export_scores(db.session, wanted.model_name, wanted.hub_revision, file, advance)
    say(f"{model_label(wanted.model_name)} on {counted(count, 'passage')}: {file}")


@scores.command("load")
@click.argument("file", type=click.Path(path_type=Path))
@_MODEL
@_REVISION
@_BEGINNING
def load_command(
    file: Path, model: str | None, revision: str | None, beginning: str | None
) -> None:
    """Load the passages and scores that `scores export` wrote into FILE: all of them, or none.

    The file must hold the wanted model's scores; what is here already stays as it is.
    """
    wanted = _wanted(model, revision, beginning)
    with sentences_for_errors():
        _load(file, wanted.model_name, wanted.hub_revision)


def load_shipped() -> None:
    """Load SmolLM2's scores that come with the release."""
    _load(SHIPPED_SCORES, SMOLLM2, None)


def _load(file: Path, name: str, revision: str | None) -> None:
    from server.services.scoring.score_transfer import load_score_file

    with progress("Loading") as advance:
        loaded = load_score_file(db.session, file, name, revision, now(), advance)
    say(
        f"{model_label(loaded.model)}: scores of {counted(loaded.scores, 'passage')} loaded, "
        f"{loaded.known} known already; {counted(loaded.passages, 'passage')} added."
        + (
            f" The inside of {counted(loaded.traces, 'passage')} came along."
            if loaded.traces
            else ""
        )
    )


def _wanted(model: str | None, revision: str | None, beginning: str | None) -> Settings:
    """Return the settings, with the model that the command's options name."""
    settings = service().settings
    update = {
        "model": model or settings.model,
        "model_revision": revision or settings.model_revision,
        "model_beginning": beginning or settings.model_beginning,
    }
    return settings.model_copy(update=update)


def source_of(settings: Settings) -> ModelSource:
    """Return where the wanted model comes from; raise ModelUnavailable if it is nowhere."""
    return find_source(settings.model, settings.model_revision, settings.model_beginning)


def score(
    settings: Settings, precision: Precision | None = None, scheduler: str | None = None
) -> None:
    """Let the wanted model score what it has not; outside production another may stand in.

    The hub is asked, and a model loaded, only if something is left to score.
    """
    try:
        source = source_of(settings)
    except ModelUnavailable:
        # If its scores came in a file, the model itself is elsewhere.
        if not has_scored_all(db.session, settings.model_name):
            raise
        say(f"{model_label(settings.model_name)} has scored every passage elsewhere.")
        return
    if not has_unscored(db.session, source.name, source.revision):
        say(f"{model_label(source.name)} has scored every passage already.")
        return
    try:
        require_reachable(source)
        _build(db.session, source, precision, scheduler)
    except ModelUnavailable as error:
        if settings.is_production or not source.on_hub:
            raise
        say(str(error))
        _let_stand_in(precision, scheduler)


def _let_stand_in(precision: Precision | None, scheduler: str | None) -> None:
    """Let SmolLM2 play by the scores that come with the release, or else Minnow."""
    if SHIPPED_SCORES.exists():
        say("Going on with SmolLM2, whose scores come with the release; every page says so.")
        load_shipped()
        if has_scored_all(db.session, SMOLLM2):
            return
        try:
            stand_in = find_source(SMOLLM2, "")
        except ModelUnavailable:
            say("Your own passages are not among them; `make smollm2` scores those too.")
            return
    else:
        say("Going on with the small bundled model, Minnow; every page says so.")
        stand_in = find_source(BUNDLED, "")
    if has_unscored(db.session, stand_in.name, stand_in.revision):
        _build(db.session, stand_in, precision, scheduler)


def _build(
    session: Session, source: ModelSource, precision: Precision | None, scheduler: str | None
) -> None:
    say(f"Loading {model_label(source.name)} ...")
    if scheduler is None:
        scorer = _scorer(source, precision, count_left(session, source.name, source.revision))
        for remark in scorer.remarks:
            say(remark)
        with progress("Scoring") as advance:
            scored = score_all(session, scorer, advance)
    else:
        scored = _build_on(scheduler, session, source, precision or Precision.FLOAT32)
    say(f"{model_label(source.name)} scored {counted(scored.added, 'passage')}.")
    for sentence in scored.left_out:
        say(f"Left out: {sentence}")
    for sentence in scored.cut:
        say(f"Cut: {sentence}")
    if scored.unnamed:
        say(f"And {counted(scored.unnamed, 'passage')} more left out or cut.")


def _build_on(
    scheduler: str, session: Session, source: ModelSource, precision: Precision
) -> Scored:
    try:
        from server.lm.cluster import ClusterScorer, connected
        from server.lm.known import KnownModel
    except ModuleNotFoundError as error:
        if error.name not in ("dask", "distributed"):
            raise
        raise click.ClickException(
            "Dask is not installed here: pip install -r requirements-distributed.txt"
        ) from error
    with connected(scheduler) as client:
        cluster = ClusterScorer(client, scheduler, source, precision, KnownModel(source))
        with progress("Scoring") as advance:
            return score_in_shards(session, cluster, advance)


def _scorer(source: ModelSource, wanted: Precision | None, passages: int) -> PassageScorer:
    # Imported only here: torch takes seconds and hundreds of megabytes; the web does without.
    from server.lm.forward import chosen_precision
    from server.lm.load import load_model
    from server.lm.score import PassageScorer

    precision = chosen_precision(wanted, passages)
    if precision is Precision.BFLOAT16:
        say("Compiling the model for bfloat16: ten seconds for each length, up to a minute in all.")
    return PassageScorer(load_model(source), precision, compiled=precision is Precision.BFLOAT16)
