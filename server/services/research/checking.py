"""Hold the statistics that the sums give against those that a whole count gives."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from sqlalchemy.orm import Session

from server.services.contract.statistics import PublicStatistics
from server.services.statistics.whole_count import whole_count

TOLERANCE = 1e-9


def check(session: Session, kept: PublicStatistics) -> list[str]:
    """Return for each number that is not the same, to 1e-9 of its size, what both say."""
    counted = whole_count(session, kept.counted_at)
    return list(_differences("", kept.model_dump(mode="json"), counted.model_dump(mode="json")))


def _differences(name: str, kept: Any, counted: Any) -> Iterator[str]:
    if isinstance(kept, dict) and isinstance(counted, dict) and kept.keys() == counted.keys():
        for field in kept:
            yield from _differences(f"{name}.{field}".strip("."), kept[field], counted[field])
    elif isinstance(kept, list) and isinstance(counted, list) and len(kept) == len(counted):
        for number, (one, other) in enumerate(zip(kept, counted, strict=True)):
            yield from _differences(f"{name}[{number}]", one, other)
    elif not _same(kept, counted):
        yield f"{name}: {kept} by the sums, {counted} by the answers"


def _same(kept: Any, counted: Any) -> bool:
    if isinstance(kept, float) and isinstance(counted, float):
        return math.isclose(kept, counted, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return bool(kept == counted)
