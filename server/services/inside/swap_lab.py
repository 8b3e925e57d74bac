"""The swap lab: two prompts are read by whoever reads players' own texts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from server.domain.errors import LiveScoringUnavailable
from server.domain.inside.presets import Gate
from server.domain.inside.swaps import Direction, Site, SwapMaps, SwapPair, SwapPart, telling_parts
from server.domain.scores.models import model_label
from server.services.contract.swaps import SwapMapView, SwapPartView, SwapView, Values
from server.services.play.opponents import OpponentChoice, current_opponent
from server.services.scoring.live_scoring import LiveScoring

SWITCHED_OFF = (
    "No model runs on this server (LIVE_SCORING is off), so nothing new can be tried inside it. "
    "What was stored when its passages were scored can be seen after a round."
)
NOBODY = "No model plays here yet, so none can be looked into."
_DIGITS = 6


class SwapLab:
    """The use cases of the swap lab; `live` is None where live scoring is switched off."""

    def __init__(
        self, session: Session, opponent: OpponentChoice, live: LiveScoring | None
    ) -> None:
        self._session, self._opponent, self._live = session, opponent, live

    def why_not(self) -> str | None:
        """Return why nothing can be swapped here, as a sentence; None where it can."""
        try:
            live, name, revision = self._reader()
        except LiveScoringUnavailable as error:
            return str(error)
        return live.why_not(name, revision)

    def reader_label(self) -> str | None:
        """Return what pages call the model that reads; None where none does."""
        try:
            return model_label(self._reader()[1])
        except LiveScoringUnavailable:
            return None

    def load_ahead(self) -> None:
        """Start loading the model, so that the first swap does not wait; returns at once."""
        if self.why_not() is None:
            live, name, revision = self._reader()
            live.load_ahead(name, revision)

    def swap(self, pair: SwapPair, gate: Gate | None) -> SwapView:
        """Return what every swap between the two runs does; nothing is stored.

        Raises InvalidInput for prompts of different length or answers of several tokens,
        LiveScoringUnavailable where no model runs here or it is busy.
        """
        live, name, revision = self._reader()
        self._session.rollback()  # no transaction is held open while the prompts wait
        maps = live.look(
            name, revision, ("swap", pair, gate), lambda inside: inside.swap(pair, gate)
        )
        return swap_view(swap_label(model_label(name), gate), pair, maps)

    def _reader(self) -> tuple[LiveScoring, str, str]:
        if self._live is None:
            raise LiveScoringUnavailable(SWITCHED_OFF)
        model = current_opponent(self._session, self._opponent)
        if model is None:
            raise LiveScoringUnavailable(NOBODY)
        return self._live, *self._live.reader(model.name, model.revision)


def swap_label(model: str, gate: Gate | None) -> str:
    """Return what pages call whoever read the prompts: a model by its label, or a circuit."""
    return f"A hand-built {gate.upper()}" if gate else model


def swap_view(label: str, pair: SwapPair, maps: SwapMaps) -> SwapView:
    """Return what is shown of all swaps between two prompts."""
    enough, needed = Direction.ENOUGH, Direction.NEEDED
    by_site = [
        SwapMapView(
            site=site.value,
            enough=_rounded(maps.sites[enough][site]),
            needed=_rounded(maps.sites[needed][site]),
        )
        for site in Site
    ]
    heads = SwapMapView(
        site="heads", enough=_rounded(maps.heads[enough]), needed=_rounded(maps.heads[needed])
    )
    return SwapView(
        model=label,
        clean_tokens=list(maps.clean_tokens),
        corrupt_tokens=list(maps.corrupt_tokens),
        clean_answer=pair.clean_answer,
        corrupt_answer=pair.corrupt_answer,
        clean_difference=maps.clean_difference,
        corrupt_difference=maps.corrupt_difference,
        maps=[*by_site, heads],
        needed_only=_part_views(telling_parts(maps, enough=False, needed=True)),
        enough_only=_part_views(telling_parts(maps, enough=True, needed=False)),
        both=_part_views(telling_parts(maps, enough=True, needed=True)),
    )


def _rounded(values: NDArray[np.float64]) -> Values:
    rows: Values = (np.round(values, _DIGITS) + 0.0).tolist()  # no −0
    return rows


def _part_views(parts: list[SwapPart]) -> list[SwapPartView]:
    return [
        SwapPartView(
            kind="head" if part.site is None else "mlp",
            layer=part.layer + 1,
            place=part.place + 1,
            enough=part.enough,
            needed=part.needed,
        )
        for part in parts
    ]
