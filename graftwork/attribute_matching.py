"""Which attribute of another domain is most like a given one, by descriptors or by names."""

import dataclasses
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from graftwork.attribute_descriptors import Descriptors, normalised_name

CLIPPED = 3.0
"""Scaled descriptors lie between minus and plus this many deviations."""
LEAST_DEVIATION = 1e-3
"""A value that varies less over attributes, such as a word that none has, is left as it is."""
FEWEST_TO_SCALE = 5
"""Attributes of a domain at least, for their mean to say what the domain is like."""


@dataclasses.dataclass(frozen=True, eq=False)
class Scaling:
    """Brings descriptors to mean 0 and deviation 1 over the attributes that it was fitted on.

    Args:
        mean: Float array `(d,)`.
        deviation: Float array `(d,)`, above 0.
    """

    mean: np.ndarray
    deviation: np.ndarray

    @classmethod
    def fit(cls, values: np.ndarray) -> "Scaling":
        """Returns the scaling of descriptors `(A, d)`, A at least 1."""
        values = np.asarray(values, float)
        deviation = values.std(axis=0)
        return cls(values.mean(axis=0), np.where(deviation < LEAST_DEVIATION, 1.0, deviation))

    def apply(self, values: np.ndarray) -> np.ndarray:
        """Returns float32 `(A, d)`, clipped to ±3, of descriptors `(A, d)` of any domain."""
        scaled = (np.asarray(values, float) - self.mean) / self.deviation
        return np.clip(scaled, -CLIPPED, CLIPPED).astype(np.float32)

    def to_json(self) -> dict[str, Any]:
        """Returns the scaling as JSON values."""
        return {"mean": self.mean.tolist(), "deviation": self.deviation.tolist()}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Scaling":
        """Returns the scaling that `to_json` told."""
        return cls(np.asarray(stored["mean"], float), np.asarray(stored["deviation"], float))


@dataclasses.dataclass(frozen=True)
class Match:
    """An attribute and the one of another domain that is most like it.

    Attributes:
        target: Name of the attribute.
        source: Name of its match.
        similarity: Cosine of their scaled descriptors, −1…1; 1 where the names are the same.
        by: How it was found.
    """

    target: str
    source: str
    similarity: float
    by: Literal["name", "descriptor"]


def match_names(targets: Sequence[str], sources: Sequence[str]) -> list[Match | None]:
    """Matches attributes of the same name, but for case and how words are parted.

    Args:
        targets: Names of the attributes to match.
        sources: Names of those to choose from.

    Returns:
        For every target its match, or None where no source has its name.
    """
    by_name = {normalised_name(source): source for source in reversed(sources)}
    by_name |= {source: source for source in sources}  # The very same name first.
    matches: list[Match | None] = []
    for target in targets:
        source = by_name.get(target, by_name.get(normalised_name(target)))
        matches.append(None if source is None else Match(target, source, 1.0, "name"))
    return matches


def match_attributes(
    target_names: Sequence[str],
    targets: Descriptors,
    source_names: Sequence[str],
    sources: Descriptors,
) -> list[Match]:
    """Finds for each attribute of a domain the one of another domain that is most like it.

    The one with the same name, else the one whose descriptor is nearest. Two targets may have
    the same match.

    Args:
        target_names: Names of T attributes.
        targets: Their descriptors.
        source_names: Names of S attributes of another domain, at least one.
        sources: Their descriptors.

    Returns:
        T matches, in the order of the targets.
    """
    similarity = similarities(targets, sources)
    return [
        found or Match(target, source_names[int(row.argmax())], float(row.max()), "descriptor")
        for target, found, row in zip(
            target_names, match_names(target_names, source_names), similarity, strict=True
        )
    ]


def similarities(targets: Descriptors, sources: Descriptors) -> np.ndarray:
    """Returns float `(T, S)`: cosines of scaled descriptors.

    Each domain is scaled by itself, so that what tells all digits from all letters does not
    decide: otherwise few attributes are the nearest of most others. That needs a few attributes;
    with fewer, both are scaled together.

    Args:
        targets: Descriptors of T attributes.
        sources: Descriptors of S attributes.
    """
    target, source = targets.values, sources.values
    if min(len(target), len(source)) < FEWEST_TO_SCALE:
        scaling = Scaling.fit(np.concatenate([target, source]))
        return cosines(scaling.apply(target), scaling.apply(source))
    return cosines(Scaling.fit(target).apply(target), Scaling.fit(source).apply(source))


def cosines(targets: np.ndarray, sources: np.ndarray) -> np.ndarray:
    """Returns the cosine of every two rows, float `(T, S)`; 0 for a row of zeros.

    Args:
        targets: Float array `(T, d)`, such as scaled descriptors.
        sources: Float array `(S, d)`.
    """
    one, other = (
        x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)
        for x in (np.asarray(targets, float), np.asarray(sources, float))
    )
    return one @ other.T
