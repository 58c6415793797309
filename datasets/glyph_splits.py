"""Splits in which the test glyphs are no near-copies of the training glyphs."""

from collections.abc import Hashable, Sequence

import numpy as np

SHARES = {"train": 0.70, "validation": 0.15, "test": 0.15}
# Units are few and large. Of this many random deals the one with the most even rates counts.
DEALS = 200


def split_units(
    units: Sequence[Hashable],
    groups: Sequence[Hashable],
    labels: np.ndarray,
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Deals whole units to the splits, in the proportion of `SHARES`.

    Args:
        units: The unit of each glyph. All glyphs of a unit go to one split.
        groups: The group of each glyph, the same for all glyphs of a unit. Every split gets
            its share of every group.
        labels: `(glyphs, attributes)`, 0 or 1. The deal is kept in which the attributes'
            rates differ least between the splits.
        rng: Where all chance comes from.

    Returns:
        For each split, the sorted positions of its glyphs.
    """
    _, first, unit_of = np.unique(
        [repr(unit) for unit in units], return_index=True, return_inverse=True
    )
    sizes = np.bincount(unit_of)
    group_of = np.unique([repr(group) for group in groups], return_inverse=True)[1][first]
    rate = labels.mean(axis=0)
    rarer = np.maximum(np.minimum(rate, 1 - rate), 1 / len(labels))
    best, least = {}, np.inf
    for _ in range(DEALS):
        dealt = deal(sizes, group_of, rng)[unit_of]
        splits = {name: np.flatnonzero(dealt == row) for row, name in enumerate(SHARES)}
        rates = np.stack([labels[rows].mean(axis=0) for rows in splits.values()])
        unevenness = float(np.abs((rates - rate) / rarer).max())
        if unevenness < least:
            best, least = splits, unevenness
    return best


def deal(sizes: np.ndarray, groups: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Deals units to the splits group by group, in random order within a group.

    Args:
        sizes: `(units,)` integers, the number of glyphs of each unit.
        groups: `(units,)` integers, the group of each unit.
        rng: Where all chance comes from.

    Returns:
        `(units,)` integers, the position in `SHARES` of each unit's split.
    """
    shares = np.array(list(SHARES.values()))
    filled = np.zeros(len(shares))
    dealt = np.empty(len(sizes), int)
    order = rng.permutation(len(sizes))
    for unit in order[np.argsort(groups[order], kind="stable")]:
        # Sainte-Laguë's rule: to the split that is furthest below its share.
        dealt[unit] = np.argmin((filled + sizes[unit] / 2) / shares)
        filled[dealt[unit]] += sizes[unit]
    return dealt
