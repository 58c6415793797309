"""What a network may cost, and which networks of a space keep to it."""

import abc
import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from graftwork.errors import InputError
from graftwork.space import Architecture

DRAWS = 10_000
"""Random architectures among which there must be one within the limits."""
MEASURED_DRAWS = 50
"""Of these so many are measured, where there is a limit of latency: each takes a second or so."""
FLAGS = {"parameters": "max-params", "flops": "max-flops", "latency_ms": "max-latency-ms"}
UNITS = {
    "parameters": "parameters",
    "flops": "floating-point operations",
    "latency_ms": "ms for one image",
}


@dataclasses.dataclass(frozen=True)
class Limits:
    """The most that a network may cost; None for no limit.

    Args:
        parameters: Trainable parameters.
        flops: Floating-point operations for one image, two a multiply-add.
        latency_ms: Milliseconds for one image on this device.
    """

    parameters: int | None = None
    flops: float | None = None
    latency_ms: float | None = None

    def __bool__(self) -> bool:
        return bool(self.given())

    def given(self) -> dict[str, float]:
        """Returns the limits that there are, by the names of the fields."""
        return {key: value for key, value in vars(self).items() if value is not None}

    def excess(self, cost: Mapping[str, float]) -> float:
        """Returns by how much a cost is over the limits.

        Args:
            cost: What a network costs, by the names of the fields. What it lacks breaks no limit.

        Returns:
            Σ max(0, ln(cost / limit)): 0 within all limits, ln 2 at twice one of them.
        """
        return sum(
            max(0.0, math.log(cost[key] / limit))
            for key, limit in self.given().items()
            if cost.get(key, 0) > 0
        )

    def keep(self, cost: Mapping[str, float]) -> bool:
        """Whether a cost is within all limits."""
        return all(cost.get(key, 0) <= limit for key, limit in self.given().items())


def penalised(score: float, excess: float, weight: float = 1.0) -> float:
    """Returns the score of a network, lowered by what it costs too much.

    MnasNet's reward (Tan et al., CVPR 2019, eq. 2) with α = 0 and β = −1 (its hard
    constraint): score · Π min(1, limit / cost)^w. A score below 0, as of −KID, is divided by the
    product instead: a product would raise it. So the result falls with the cost and rises with
    the score, whatever the sign.

    Args:
        score: Higher is better.
        excess: What `Limits.excess` returned.
        weight: The exponent w, above 0.
    """
    factor = math.exp(-weight * excess)
    return score * factor if score >= 0 else score / factor


class Constraints(abc.ABC):
    """Which architectures of a space keep the limits.

    Parameters and operations are counted by closed forms, for every candidate. The latency is
    measured, which takes a second or so for each network: where it is not part of `counted`,
    only what would be chosen is measured, the best first, until one keeps the limit.

    Args:
        limits: The limits.
        latency: Returns the latency of an architecture in milliseconds, and remembers it. None if
            there is no limit of it, or if `counted` tells it.
    """

    def __init__(
        self, limits: Limits, latency: Callable[[Architecture], float] | None = None
    ) -> None:
        self.limits, self.latency = limits, latency

    @property
    @abc.abstractmethod
    def smallest(self) -> Architecture:
        """The architecture that has the fewest parameters, and the fewest operations."""

    @abc.abstractmethod
    def counted(self, architecture: Architecture) -> dict[str, float]:
        """Returns what an architecture costs, without what must be measured."""

    @abc.abstractmethod
    def draw(self, rng: np.random.Generator) -> Architecture:
        """Returns a random architecture whose `counted` costs are within the limits."""

    def excess(self, architecture: Architecture) -> float:
        """Returns by how much the counted costs are over the limits (`Limits.excess`)."""
        return self.limits.excess(self.counted(architecture))

    def keeps(self, architecture: Architecture) -> bool:
        """Whether the counted costs are within the limits."""
        return self.limits.keep(self.counted(architecture))

    def fits(self, architecture: Architecture) -> bool:
        """Whether an architecture keeps all limits, its latency measured if need be."""
        if not self.keeps(architecture):
            return False
        return self.latency is None or self.limits.keep({"latency_ms": self.latency(architecture)})

    def first_that_fits(self, architectures: Sequence[Architecture]) -> Architecture | None:
        """Returns the first of some architectures that keeps all limits, or None."""
        return next((a for a in architectures if self.fits(a)), None)

    def draw_fitting(self, rng: np.random.Generator) -> Architecture:
        """Returns a random architecture that keeps all limits, its latency measured if need be.

        Where none of the measured ones does, it is the smallest.
        """
        drawn = [self.draw(rng) for _ in range(1 if self.latency is None else MEASURED_DRAWS)]
        return self.first_that_fits(drawn) or self.smallest

    def check(self) -> None:
        """Checks, before anything is trained, that there is a network within the limits.

        Raises:
            InputError: If the smallest is over one of them.
        """
        cost = dict(self.counted(self.smallest))
        if self.latency is not None and self.limits.latency_ms is not None:
            cost["latency_ms"] = self.latency(self.smallest)
        for key, limit in self.limits.given().items():
            if cost[key] > limit:
                raise InputError(
                    f"{FLAGS[key]} must be at least {amount(cost[key], up=True)}: the smallest "
                    f"network of this space has {amount(cost[key])} {UNITS[key]}. "
                    f"Received: {amount(limit)}."
                )


class AdditiveConstraints(Constraints):
    """Limits of a space in which every choice costs something, whatever the others are.

    Args:
        limits: The limits.
        base: What every network costs: parameters and operations, `(2,)`.
        tables: For every decision what its choices add, `(choices, 2)`.
        latency: See `Constraints`.
    """

    def __init__(
        self,
        limits: Limits,
        base: np.ndarray,
        tables: Sequence[np.ndarray],
        latency: Callable[[Architecture], float] | None = None,
    ) -> None:
        super().__init__(limits, latency)
        self.base, self.tables = np.asarray(base, np.int64), tuple(tables)
        infinity = math.inf
        self._most = np.array([limits.parameters or infinity, limits.flops or infinity])

    @property
    def smallest(self) -> Architecture:
        # The choice with the fewest of both: one without weights, in every space that there is.
        return tuple(int(np.lexsort(table.T[::-1])[0]) for table in self.tables)

    def counted(self, architecture: Architecture) -> dict[str, float]:
        ((parameters, flops),) = self.costs(np.array([architecture]))
        return {"parameters": int(parameters), "flops": int(flops)}

    def costs(self, architectures: np.ndarray) -> np.ndarray:
        """Returns the parameters and operations of architectures `(n, D)`, int64 `(n, 2)`."""
        parts = [table[architectures[:, place]] for place, table in enumerate(self.tables)]
        return self.base + sum(parts)

    def draw(self, rng: np.random.Generator) -> Architecture:
        drawn, costs = self._drawn(rng)
        within = np.flatnonzero((costs <= self._most).all(axis=1))
        if len(within):
            return tuple(drawn[within[0]].tolist())
        # The limits are close to the smallest network: what is drawn is made smaller, choice by
        # choice, until it keeps them.
        architecture = drawn[0].copy()
        for place in rng.permutation(len(architecture)).tolist():
            if self.keeps(tuple(architecture.tolist())):
                break
            architecture[place] = self.smallest[place]
        return tuple(architecture.tolist())

    def check(self) -> None:
        super().check()
        costs = self._drawn(np.random.default_rng(0))[1]
        if (costs <= self._most).all(axis=1).any():
            return
        given = self.limits.given()
        for key, least in zip(("parameters", "flops"), costs.min(axis=0), strict=True):
            if key in given and least > given[key]:
                why = f"the smallest of them has {amount(least)} {UNITS[key]}, and {FLAGS[key]} is"
                why = f"{why} {amount(given[key])}. Raise it"
                break
        else:
            both = (f"{FLAGS[key]} {amount(given[key])}" for key in ("parameters", "flops"))
            why = f"some keep one of them, none keeps both {' and '.join(both)}. Raise one"
        raise InputError(
            f"none of {DRAWS:,} random networks keeps the limits: {why}: a search and its random "
            "controls need networks to choose from."
        )

    def _drawn(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        counts = [len(table) for table in self.tables]
        drawn = rng.integers(0, counts, size=(DRAWS, len(counts)))
        return drawn, self.costs(drawn)


def told(cost: Mapping[str, float]) -> str:
    """Returns what a network costs as text."""
    return ", ".join(f"{amount(value)} {UNITS[key]}" for key, value in cost.items())


def amount(value: float, up: bool = False) -> str:
    """Returns a cost or a limit as text; a measured one with three digits.

    Args:
        value: The number.
        up: Whether to round up: a limit that is to be enough.
    """
    if float(value).is_integer():
        return f"{int(value):,}"
    if not up:
        return f"{value:.3g}"
    scale = 10.0 ** (2 - math.floor(math.log10(value)))
    return f"{math.ceil(value * scale) / scale:.3g}"
