"""Seeded splits that keep the attributes' rates."""

from collections.abc import Mapping, Sequence

import numpy as np

# Whole numbers in place of fractions, so that every machine deals alike.
ONE = 2**32
# Units larger than this share of all rows are dealt first, while every split has room.
LARGE = 0.01
# How many rows are tried to bring a class to a split that has none of it.
TRIES = 100


def split_rows(
    labels: np.ndarray,
    shares: Mapping[str, float],
    seed: int,
    groups: Sequence[int] | np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Deals rows to splits so that every split gets its share of both classes of attributes.

    Iterative stratification (Sechidis, Tsoumakas & Vlahavas 2011) over the positives and the
    negatives of every attribute: the rows of the rarest class first, each to the split for
    which the chi-square distance of the counts from the shares falls most. Then rows are
    swapped until no split lacks a class that has enough rows for all.

    Without groups the splits have their sizes exactly, to rounding. No split is empty if
    there are as many rows, or groups, as splits.

    Args:
        labels: `(n, A)` int8 in {0, 1, −1 missing}; A may be 0.
        shares: The share of the rows of each split, above 0; they sum to 1.
        seed: Seed of the order in which rows are dealt; 0 is a seed.
        groups: `(n,)` whole numbers: rows of one group, such as the images of a person, stay
            together. If None every row is by itself.

    Returns:
        For each split, the sorted int64 rows.
    """
    count = len(labels)
    if not count:
        return {name: np.zeros(0, np.int64) for name in shares}
    group = np.arange(count) if groups is None else np.unique(groups, return_inverse=True)[1]
    sizes = np.bincount(group)
    held = _held(labels, None if groups is None else group)
    parts = np.array(list(shares.values()), float)
    dealt = _deal(held, sizes, parts, np.random.default_rng([seed, 21]))
    _reach_every_split(held > 0, sizes, dealt, len(parts))
    split_of = dealt[group]
    return {name: np.flatnonzero(split_of == row) for row, name in enumerate(shares)}


def _held(labels: np.ndarray, group: np.ndarray | None) -> np.ndarray:
    """Returns how many rows of each class a unit has: `(units, classes)`, no class empty."""
    rows = np.concatenate([labels == 1, labels == 0], axis=1)
    rows = rows[:, rows.any(axis=0)].view(np.uint8)
    if group is None:
        return rows
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    return np.add.reduceat(rows[order], starts, axis=0, dtype=np.int32)


def _deal(
    held: np.ndarray, sizes: np.ndarray, parts: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Returns the split of each unit."""
    units, splits = len(held), len(parts)
    wanted = _wanted(held, parts)
    price = (ONE / wanted).astype(np.int64)
    lacking = np.full(wanted.shape, ONE)  # What a split still lacks of its share of a class.
    room = _room(int(sizes.sum()), parts).tolist()
    empty = set(range(splits))
    dealt = np.empty(units, np.int64)
    for place, unit in enumerate(_order(held, sizes, rng).tolist()):
        size, counts = int(sizes[unit]), held[unit].astype(np.int64)
        fits = [split for split in range(splits) if 2 * room[split] >= size]
        if units - place <= len(empty):
            fits = list(empty)
        elif not fits:
            fits = [room.index(max(room))]
        gains = (2 * (lacking @ counts) - price @ (counts * counts)).tolist()
        best = max(fits, key=lambda split: (gains[split], room[split]))
        dealt[unit] = best
        lacking[best] -= price[best] * counts
        room[best] -= size
        empty.discard(best)
    return dealt


def _order(held: np.ndarray, sizes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Returns the units: large ones first, then by their rarest class; equals in random order."""
    rarest = np.full(len(held), len(held))
    for column in held.T:
        has = column > 0
        rarest[has] = np.minimum(rarest[has], has.sum())
    large = np.where(sizes > max(1, LARGE * sizes.sum()), sizes, 0)
    return np.lexsort((rng.permutation(len(held)), rarest, -large))


def _wanted(held: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """Returns the rows of each class that each split should get: `(splits, classes)`."""
    totals = held.sum(axis=0, dtype=np.int64)
    wanted = np.outer(parts / parts.sum(), totals)
    enough = (held > 0).sum(axis=0) >= len(parts)
    raised = np.where(enough, np.maximum(wanted, 1), wanted)
    largest = int(np.argmax(parts))
    raised[largest] -= raised.sum(axis=0) - totals
    return np.maximum(raised, wanted.min(axis=0))


def _room(count: int, parts: np.ndarray) -> np.ndarray:
    """Returns the rows of each split, by largest remainders, none 0 if there are enough."""
    exact = parts / parts.sum() * count
    room = np.floor(exact + 1e-9).astype(np.int64)
    room[np.argsort(room - exact, kind="stable")[: count - room.sum()]] += 1
    for split in np.flatnonzero(room == 0) if count >= len(parts) else ():
        room[np.argmax(room)] -= 1
        room[split] = 1
    return room


def _reach_every_split(has: np.ndarray, sizes: np.ndarray, dealt: np.ndarray, splits: int) -> None:
    """Swaps units, in place, until each split has each class that has as many units as splits.

    Sizes stay, and so do the classes that a split has one unit of. Where no such swap is
    found, as in a table of very few rows, the split goes without the class.
    """
    needed = has.sum(axis=0) >= splits
    present = np.stack([has[dealt == split].sum(axis=0) for split in range(splits)])
    for split, column in np.argwhere((present == 0) & needed):
        if present[split, column]:
            continue  # Another swap brought it.
        holders = np.flatnonzero(has[:, column])
        holders = holders[present[dealt[holders], column] > 1][:TRIES]
        pair = _best_swap(has, sizes, dealt, present, needed, holders, split)
        if pair is not None:
            come, go = pair
            change = has[come].astype(np.int64) - has[go]
            present[split] += change
            present[dealt[come]] -= change
            dealt[come], dealt[go] = dealt[go], dealt[come]


def _best_swap(
    has: np.ndarray,
    sizes: np.ndarray,
    dealt: np.ndarray,
    present: np.ndarray,
    needed: np.ndarray,
    holders: np.ndarray,
    split: int,
) -> tuple[int, int] | None:
    """Returns the holder and the unit of a split that are most alike and may be swapped."""
    best, least = None, np.inf
    inside = np.flatnonzero(dealt == split)
    for holder in holders:
        only_there = needed & has[holder] & (present[dealt[holder]] == 1)
        only_here = needed & ~has[holder] & (present[split] == 1)
        may = has[inside][:, only_there].all(axis=1) & ~has[inside][:, only_here].any(axis=1)
        going = inside[may]
        if not len(going):
            continue
        differ = (has[going] != has[holder]).sum(axis=1)
        differ += has.shape[1] * np.abs(sizes[going] - sizes[holder])
        place = int(np.argmin(differ))
        if differ[place] < least:
            best, least = (int(holder), int(going[place])), differ[place]
    return best
