"""How the residual stream grows from layer to layer."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST_R2 = 0.9
FEWEST_LAYERS = 8  # below that, nearly any rising curve fits an exponential well


@dataclass(frozen=True)
class Growth:
    """An exponential through norms: by which factor they grow at each layer, and how well it fits.

    `r2` is the share of the variance of the logarithms that the line explains.
    """

    rate: float
    r2: float
    layers: int

    @property
    def is_exponential(self) -> bool:
        """Whether the growth may be called exponential: a good fit over enough layers."""
        return self.r2 >= LEAST_R2 and self.layers >= FEWEST_LAYERS


def growth_of(norms: NDArray[np.floating]) -> Growth | None:
    """Fit ln ‖r_l‖ = a + l·ln(rate) by least squares to norms after layers 0 to L, shape (L + 1,).

    None for fewer than three norms, for a norm that is not above 0, and where none differs from
    the others: a straight line through those tells nothing.
    Source: Heimersheim and Turner, "Residual stream norms grow exponentially over the forward
    pass" (2023).

    Example: 3·1.05^l gives the rate 1.05 and R² 1.
    """
    values = np.asarray(norms, dtype=np.float64)
    if values.size < 3 or not np.isfinite(values).all() or (values <= 0).any():
        return None
    heights = np.log(values)
    places = np.arange(values.size) - (values.size - 1) / 2
    around = heights - heights.mean()
    whole = float(around @ around)
    if whole < 1e-18:
        return None
    slope = float(places @ around) / float(places @ places)
    rest = around - slope * places
    return Growth(math.exp(slope), 1 - float(rest @ rest) / whole, values.size - 1)
