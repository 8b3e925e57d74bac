"""A bet: what is offered, what may be staked, and what it costs once the target is known."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from server.domain.errors import InvalidInput
from server.domain.play.guessing import ids_of_answer, suggested_candidates, visible
from server.domain.scores.gap import Gap
from server.domain.scores.passage_scores import Form
from server.domain.text.tokens import Unit

# Log-like: rounding stakes to 5 % steps would cost a weak player 0.3 nats more than these do.
STAKE_STEPS = (0.0003, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.85, 0.95, 0.99)
SMALLEST_STAKE = 1e-6
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Option:
    """An answer on offer: its text, the tokens that it covers, the model's log-probability.

    Beyond the stored candidates the log-probability is an upper bound.
    """

    text: str
    token_ids: tuple[int, ...]
    logprob_nats: float
    is_bound: bool = False
    is_own: bool = False  # the player's guess, which was not suggested


@dataclass(frozen=True)
class SettledBet:
    """What a bet cost: both sides' losses for the same target, in nats."""

    option: Option | None  # the one that was the target
    loss_nats: float
    target_logprob_nats: float


def options(gap: Gap, guess: str | None) -> list[Option]:
    """Return what is offered at an asked position: eight suggestions, then the player's own guess.

    The guess is left out where it is suggested already, and where it is not a single token: then
    it cannot be the target. Its log-probability is an upper bound beyond the stored candidates.
    """
    offered = [
        _option(gap, visible(candidate.text, gap.unit), token_ids)
        for candidate, token_ids in suggested_candidates(gap)
    ]
    token_ids = ids_of_answer(gap.vocabulary, gap.unit, guess) if guess is not None else ()
    covered = {token_id for option in offered for token_id in option.token_ids}
    if guess is not None and token_ids and not covered.intersection(token_ids):
        own = _option(gap, visible(guess, gap.unit), token_ids)
        offered.append(replace(own, is_own=True))
    return offered


def _option(gap: Gap, text: str, token_ids: tuple[int, ...]) -> Option:
    logprob = gap.answer_logprob(token_ids)
    if logprob is None:
        return Option(text, token_ids, gap.least_stored_logprob, is_bound=True)
    return Option(text, token_ids, logprob)


def require_whole(stakes: Mapping[str, float], other: float, offered: Sequence[Option]) -> None:
    """Raise InvalidInput (field `stakes` or `other`) unless these shares are a bet on `offered`."""
    texts = [option.text for option in offered]
    for text in stakes:
        if text not in texts:
            raise InvalidInput(
                "stakes", f"“{text}” is not on offer; the options are {_list(texts)}."
            )
    for text in texts:
        if text not in stakes:
            raise InvalidInput("stakes", f"“{text}” has no share; each option needs one above 0.")
    for name, share in (
        *((f"“{text}”", share) for text, share in stakes.items()),
        ("other", other),
    ):
        if not SMALLEST_STAKE <= share < 1:  # also refuses NaN
            field = "other" if name == "other" else "stakes"
            raise InvalidInput(field, f"The share of {name} must be above 0 and below 1.")
    total = math.fsum((*stakes.values(), other))
    if abs(total - 1) > _ROUNDING:
        raise InvalidInput("stakes", f"The shares add up to {total:.6g}; they must add up to 1.")


def _list(texts: Sequence[str]) -> str:
    return ", ".join(f"“{text}”" for text in texts)


def settle_bet(
    gap: Gap, offered: Sequence[Option], stakes: Mapping[str, float], other: float
) -> SettledBet:
    """Return what a bet cost.

    −ln h(x*) where x* was offered; otherwise −ln(other) − ln[g(x*) / (1 − Σ_offered g)]: the
    model's tail g stands in for the player's. Where an option covers several tokens (a guess with
    and without its space), g divides its share among them.
    """
    target_logprob = target_answer_logprob(gap)
    hit = next((option for option in offered if gap.target_id in option.token_ids), None)
    if hit is not None:
        divides = gap.unit is Unit.TOKENS and not hit.is_bound  # a bound cannot be divided
        within = min(0.0, target_logprob - hit.logprob_nats) if divides else 0.0
        return SettledBet(hit, -math.log(stakes[hit.text]) - within, target_logprob)
    rest = max(math.log(rest_of(offered)), target_logprob)
    return SettledBet(None, -math.log(other) - (target_logprob - rest), target_logprob)


def rest_of(offered: Sequence[Option]) -> float:
    """Return the model's probability of "something else", never quite 0."""
    return max(1.0 - math.fsum(math.exp(option.logprob_nats) for option in offered), 1e-12)


def target_answer_logprob(gap: Gap) -> float:
    """Return the model's log-probability, in nats, of the target as an answer of this unit."""
    rivals = gap.scores.rivals(gap.unit, Form.WHOLE)
    raw = float(rivals.target_logprob[rivals.row_of(gap.position)])
    return min(0.0, raw - gap.log_mass)
