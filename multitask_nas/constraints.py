"""Which trees keep the limits of a search, and random ones among them."""

import math
import random
from collections.abc import Callable, Iterator, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np

from datasets import Dataset
from graftwork.constraints import Constraints
from graftwork.space import Architecture
from multitask_nas.config import TreeSearch
from multitask_nas.cost import block_costs, blocks_cost, head_cost, used_blocks
from multitask_nas.exact import LinearLimits
from multitask_nas.tree import Tree, TreeSpace

Counts = tuple[int, ...]
"""How many blocks of every layer are used, the root's first."""


class TreeConstraints(Constraints):
    """Limits of trees.

    What a tree costs depends on the numbers of its used blocks alone, and so does its latency, as
    the same blocks and heads are computed. It is measured once for each such numbers, in the
    first tree that has them, and counts as known of all others.

    Random trees are drawn uniformly among those within the limits: first the numbers of
    used blocks, each as likely as it has trees, then one of these trees. No tree is drawn in
    vain, however close a limit is. One assumption is made, of the latency alone: where a tree is
    over the limit, one with more used blocks is not measured, but is over it, too.

    Args:
        config: What was asked for; with limits.
        space: The trees.
        image_shape: Height, width and channels of an image.
        latencies: Where measured latencies are kept; for this object alone if None.
    """

    def __init__(
        self,
        config: TreeSearch,
        space: TreeSpace,
        image_shape: tuple[int, int, int],
        latencies: Path | None = None,
    ) -> None:
        super().__init__(config.limits)
        self.space = space
        self._sizes = image_shape, config.channels, config.depth
        self._path = latencies
        self.cost = cache(self._cost)

    @cached_property
    def smallest(self) -> Architecture:
        return (0,) * len(self.space)

    def counted(self, architecture: Architecture) -> dict[str, float]:
        return self.cost(used_blocks(self.space.tree(architecture)))

    def keeps_tree(self, tree: Tree) -> bool:
        """Whether a tree is within all limits."""
        return self.limits.keep(self.cost(used_blocks(tree)))

    def linear(self) -> LinearLimits:
        """Returns the limits of parameters and operations, as the exact optimum needs them."""
        image_shape, channels, depth = self._sizes
        each = block_costs(len(self.space.blocks), image_shape, channels, depth)
        heads = head_cost(channels).times(len(self.space.attributes))
        limits = {k: v for k, v in self.limits.given().items() if k != "latency_ms"}
        return LinearLimits(
            np.array([[getattr(block, key) for block in each] for key in limits], float),
            np.array([limit - getattr(heads, key) for key, limit in limits.items()], float),
        )

    def draw(self, rng: np.random.Generator) -> Architecture:
        exact = random.Random(int(rng.integers(2**63)))  # Numbers of trees have any length.
        left = [counts for counts in self._numbers if self._keeps_counted(counts)]
        while left:
            weights = [self._numbers[counts] for counts in left]
            place = exact.randrange(sum(weights))
            chosen = 0
            while place >= weights[chosen]:
                place -= weights[chosen]
                chosen += 1
            counts = left[chosen]
            if self.limits.keep(self.cost(counts)):
                return self.space.architecture(_tree(self.space, counts, exact))
            left = [c for c in left if any(a < b for a, b in zip(c, counts, strict=True))]
        return self.smallest

    def _keeps_counted(self, counts: Counts) -> bool:
        return self.limits.keep(self._closed(counts))

    @cached_property
    def _numbers(self) -> dict[Counts, int]:
        """How many trees there are with every numbers of used blocks."""
        return tree_numbers(self.space)

    def _closed(self, counts: Counts) -> dict[str, float]:
        found = blocks_cost(counts, len(self.space.attributes), *self._sizes)
        return {"parameters": found.parameters, "flops": found.flops}

    def _cost(self, counts: Counts) -> dict[str, float]:
        found = self._closed(counts)
        if self.limits.latency_ms is not None:
            found["latency_ms"] = self._latencies(counts)
        return found

    @cached_property
    def _latencies(self) -> Callable[[Counts], float]:
        from graftwork.latency import Latencies
        from multitask_nas.networks import Network

        image_shape, channels, depth = self._sizes

        def build(counts: Sequence[int]) -> Any:
            tree = _tree(self.space, tuple(counts), random.Random(0))
            return Network(tree, channels, depth).plain_model(image_shape)

        return Latencies(self._path, build)


def constraints_of(
    config: TreeSearch,
    space: TreeSpace,
    image_shape: tuple[int, int, int],
    latencies: Path | None = None,
) -> TreeConstraints | None:
    """Returns the limits of a search, or None where there are none."""
    return TreeConstraints(config, space, image_shape, latencies) if config.limits else None


def check_limits(config: TreeSearch, dataset: Dataset) -> None:
    """Checks that there is a tree within the limits, before anything is trained.

    Raises:
        InputError: If there is none.
    """
    space = TreeSpace(config.blocks, dataset.attributes)
    if constraints := constraints_of(config, space, dataset.image_shape):
        constraints.check()


def tree_numbers(space: TreeSpace) -> dict[Counts, int]:
    """Returns how many trees of a space have every possible numbers of used blocks.

    With k and m used blocks in two layers, each of the m has one of the k as parent and each of
    the k at least one child; which k of a layer's blocks are used does not matter, nor what the
    parents of the unused ones are.
    """
    numbers: dict[Counts, int] = {}
    for used in _used(space, len(space.attributes), len(space.blocks) - 1):
        below = (*used[1:], len(space.attributes))
        ways = 1
        for layer, (k, m) in enumerate(zip(used, below, strict=True)):
            blocks = space.blocks[layer]
            ways *= math.comb(blocks, k) * surjections(m, k, k)
            if layer:
                ways *= space.blocks[layer - 1] ** (blocks - k)
        numbers[used] = ways
    return numbers


def _used(space: TreeSpace, below: int, layer: int) -> Iterator[Counts]:
    """Yields the numbers of used blocks of layers 0 to `layer`, where the next has `below`."""
    if layer < 0:
        yield ()
        return
    for count in range(1, min(space.blocks[layer], below) + 1):
        for above in _used(space, count, layer - 1):
            yield (*above, count)


@cache
def surjections(children: int, parents: int, unused: int) -> int:
    """Returns in how many ways children choose parents so that none of `unused` is left out.

    Args:
        children: How many children choose.
        parents: How many parents there are.
        unused: How many of them must be chosen at least once.
    """
    return sum(
        (-1) ** left_out * math.comb(unused, left_out) * (parents - left_out) ** children
        for left_out in range(unused + 1)
    )


def _tree(space: TreeSpace, counts: Counts, rng: random.Random) -> Tree:
    """Returns a tree with given numbers of used blocks, each as likely."""
    used = [
        sorted(rng.sample(range(blocks), count))
        for blocks, count in zip(space.blocks, counts, strict=True)
    ]
    rows = []
    for layer, length in enumerate(space.row_lengths, start=1):
        above = used[layer - 1]
        children = used[layer] if layer < len(used) else list(range(length))
        row = [rng.randrange(space.blocks[layer - 1]) for _ in range(length)]
        unused = set(above)
        for place, child in enumerate(children):
            left = len(children) - place
            ways = surjections(left, len(above), len(unused))
            new = len(unused) * surjections(left - 1, len(above), len(unused) - 1) if unused else 0
            choices = unused if rng.randrange(ways) < new else set(above) - unused
            row[child] = rng.choice(sorted(choices))
            unused.discard(row[child])
        rows.append(tuple(row))
    return Tree(tuple(rows))
