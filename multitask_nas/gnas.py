"""GNAS: greedy search of an attribute-sharing tree."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graftwork.constraints import told
from graftwork.errors import InputError
from graftwork.space import Architecture
from graftwork.strategies import Strategy
from multitask_nas.constraints import TreeConstraints
from multitask_nas.tree import Tree, TreeSpace

TIE = 1e-9
"""Mean scores this close are equal: they may differ by the rounding of their sums alone."""

SETTLING_SWEEPS = 20
"""Sweeps without training, at most: an evaluator with noise would let them go on for ever."""


class Gnas(Strategy):
    """The greedy strategy of Huang et al. ("GNAS", ACM MM 2018).

    It maximises R(G), the mean over the attributes of the validation score, one layer at
    a time, and inside a layer one connection at a time:

    1. Start from a random tree, or from a given one.
    2. Visit a layer. Train the shared weights on minibatches whose connections in this
       layer are drawn at random while the others stay as they are.
    3. Evaluate all connections of the layer together: with B possible parents, B trees in
       which all blocks of the layer take the same parent. The score of the connection
       from parent i to block j is the mean score, in the i-th of these trees, of the
       attributes that descend from j. A block without descendants keeps its parent.
    4. Every block takes its best parent; with equal scores it keeps the one it has.
    5. Stop when a whole sweep over the layers changes nothing. After `sweeps` sweeps the
       shared weights stay as they are, and greedy sweeps go on until that is so: every
       step then raises R(G), and the found tree is one that no change of a single
       connection improves.

    What the paper leaves open in what is public, and is chosen here (docs/gnas.md has the
    measurements): the layers are visited from the heads down to layer 1 (layers in which
    there is nothing to choose are left out); there are at most `sweeps` sweeps with training;
    before the first visit the shared weights can be trained on trees drawn from the whole
    space.

    One choice departs from the paper. When the heads are visited, the tree stays as it
    is: the supernet trains the heads of all leaves at once, as probes that do not change
    the leaves (`HeadLayer.probe`), so that the leaves keep what they learned for their
    own attributes, and every attribute can tell which of them serves it best.

    With `keep_blocks` the first tree uses every block, and no block loses its last child.
    Under shared weights an unused block costs nothing, and the greedy rule alone gathers
    everything at the blocks that were trained most; in the final tree the others are
    capacity thrown away.

    With `start` the first tree is not random: it is what a search on other data found
    (`multitask_nas/warm_start.py`). The warm-up still trains on random trees. The shared
    weights are fresh, and what the warm-up is for holds for any first tree: leaves that are
    general before an attribute settles on one. With the first visit, of the heads, training
    goes on with the given tree, and so each leaf with the attributes that it is given.

    Args:
        space: The trees to search.
        seed: Seed of the first tree.
        warmup: Rounds of shared training on random trees before the first visit.
        sweeps: The most sweeps over all layers with training.
        keep_blocks: Whether every block stays in use, or the paper's rule holds alone.
        start: The first tree, in place of a random one. Where blocks are to be kept, it should
            use all of them: none that is empty is filled here.
        constraints: What a tree may cost. The first tree keeps it, and a connection that would
            break it is not taken, so that every tree of the search keeps it.
        most: Evaluated trees after which the search ends: before the visit that would need more.
            None for no limit.

    Raises:
        InputError: If `start` is of another space, or over the limits.
    """

    def __init__(
        self,
        space: TreeSpace,
        seed: int,
        warmup: int,
        sweeps: int,
        keep_blocks: bool = False,
        start: Tree | None = None,
        constraints: TreeConstraints | None = None,
        most: int | None = None,
    ) -> None:
        self.space = space
        self.constraints, self.most = constraints, most
        self.evaluated = 0
        self.sweeps = sweeps
        self.keep_blocks = keep_blocks
        self._warmup = warmup
        rng = np.random.default_rng([seed, 13])
        if start is None:
            start = full_tree(space, rng) if keep_blocks else space.sample_tree(rng)
            if constraints is not None and not constraints.keeps_tree(start):
                start = space.tree(constraints.draw(rng))
        elif constraints is not None and not constraints.keeps_tree(start):
            raise InputError(
                "the first tree, of --warm-start, is over the limits of this search: it has "
                f"{told(constraints.counted(space.architecture(start)))}. Raise them, or leave "
                "--warm-start out."
            )
        self._tree = space.tree(space.architecture(start))  # Raises if it is of another space.
        self._order = [layer for layer in range(space.layers, 0, -1) if space.blocks[layer - 1] > 1]
        self._round = 0
        self._unchanged = 0

    @property
    def layer(self) -> int | None:
        """The layer that this round visits, or None while warming up."""
        visits = self._round - self._warmup
        return None if visits < 0 or not self._order else self._order[visits % len(self._order)]

    @property
    def trains(self) -> bool:
        return self._round - self._warmup < self.sweeps * len(self._order)

    @property
    def done(self) -> bool:
        visits = self._round - self._warmup
        layer = self.layer
        parents = 0 if layer is None else self.space.blocks[layer - 1]
        if parents and self.most is not None and self.evaluated + parents > self.most:
            return True
        if visits >= (self.sweeps + SETTLING_SWEEPS) * len(self._order):
            return True
        return visits >= 0 and self._unchanged >= len(self._order)

    @property
    def best(self) -> Architecture:
        return self.space.architecture(self._tree)

    def ask(self) -> list[Architecture]:
        layer = self.layer
        if layer is None:
            return [self.best]
        parents, blocks = self.space.blocks[layer - 1], self.space.row_lengths[layer - 1]
        return [
            self.space.architecture(self._tree.with_layer(layer, [parent] * blocks))
            for parent in range(parents)
        ]

    def tell(self, architectures: Sequence[Architecture], scores: np.ndarray) -> None:
        layer = self.layer
        self._report: dict[str, Any] = {"layer": layer, "changed": 0}
        if layer is None:
            score = float(scores[0].mean())
        else:
            old = self._tree
            keeps = self.constraints.keeps_tree if self.constraints else None
            self._tree = greedy_layer(old, layer, scores, self.keep_blocks, keeps)
            self.evaluated += len(architectures)
            changed = sum(
                a != b
                for a, b in zip(old.parents[layer - 1], self._tree.parents[layer - 1], strict=True)
            )
            self._unchanged = 0 if changed else self._unchanged + 1
            self._report["changed"] = changed
            self._report["sweep"] = (self._round - self._warmup) // len(self._order)
            # Every attribute's score is that of the tree in which its own block of this
            # layer, like all others, has the parent that it has in the new tree.
            above = self._tree.paths[:, layer - 1]
            score = float(scores[above, np.arange(scores.shape[1])].mean())
        self._report["score"] = score if np.isfinite(score) else None
        self._round += 1
        if self._round - self._warmup == self.sweeps * len(self._order):
            self._unchanged = 0  # No sweep has yet been seen under these weights.

    def training_sample(self, rng: np.random.Generator) -> Architecture:
        layer = self.layer
        if layer is None:
            return self.space.sample(rng)
        if layer == self.space.layers:
            return self.best
        row = rng.integers(0, self.space.blocks[layer - 1], size=self.space.row_lengths[layer - 1])
        return self.space.architecture(self._tree.with_layer(layer, row.tolist()))

    def report(self) -> dict[str, Any]:
        return self._report

    def state(self) -> dict[str, Any]:
        return {
            "tree": self._tree.to_json(),
            "round": self._round,
            "unchanged": self._unchanged,
            "evaluated": self.evaluated,
        }

    def restore(self, state: dict[str, Any]) -> None:
        self._tree = Tree.from_json(state["tree"])
        self._round = state["round"]
        self._unchanged = state["unchanged"]
        self.evaluated = state.get("evaluated", 0)


def full_tree(space: TreeSpace, rng: np.random.Generator) -> Tree:
    """Returns a random tree in which every block has a child, as far as there are children."""
    rows = []
    for parents, length in zip(space.blocks, space.row_lengths, strict=True):
        once = rng.permutation(parents)[:length]
        rest = rng.integers(0, parents, max(0, length - parents))
        rows.append(tuple(int(parent) for parent in rng.permutation([*once, *rest])))
    return Tree(tuple(rows))


def greedy_layer(
    tree: Tree,
    layer: int,
    scores: np.ndarray,
    keep_blocks: bool = False,
    keeps: Callable[[Tree], bool] | None = None,
) -> Tree:
    """Returns `tree` with the best parent for every block of one layer.

    Args:
        tree: The current tree.
        layer: The layer to update, 1…L + 1.
        scores: Float array `(parents, A)`: row i is the score of every attribute when all
            blocks of the layer take parent i. One that is not finite counts as the worst.
        keep_blocks: Whether a parent keeps the child that gains least by leaving, where
            all of its children would leave.
        keeps: Whether a tree is within the limits, as `tree` is. Where the greedy tree is not,
            connections are taken one by one, those that gain most first, as far as the tree
            stays within them.
    """
    old = tree.parents[layer - 1]
    row, gains = list(old), {}
    for block, current in enumerate(old):
        attributes = list(tree.descendants(layer, block))
        if not attributes:
            continue
        connection = scores[:, attributes].mean(axis=1)
        connection = np.where(np.isfinite(connection), connection, -np.inf)
        best = int(connection.argmax())
        gains[block] = 0.0
        if connection[best] > connection[current] + TIE:
            row[block] = best
            gains[block] = float(connection[best] - connection[current])
    if keep_blocks:
        # Sending a child back may empty the block that it went to: look again.
        while left := {old[b] for b in gains} - {row[b] for b in gains}:
            for parent in sorted(left):
                children = [block for block in gains if old[block] == parent]
                stays = min(children, key=lambda block: gains[block])
                row[stays] = parent
    found = tree.with_layer(layer, row)
    if keeps is None or keeps(found):
        return found
    return _one_by_one(tree, layer, scores, keep_blocks, keeps)


def _one_by_one(
    tree: Tree,
    layer: int,
    scores: np.ndarray,
    keep_blocks: bool,
    keeps: Callable[[Tree], bool],
) -> Tree:
    """Returns `tree` with the best parents of one layer that can be had within the limits."""
    scores = np.where(np.isfinite(scores), scores, -np.inf)
    current = tree.parents[layer - 1]
    moves = []
    for block, parent in enumerate(current):
        attributes = list(tree.descendants(layer, block))
        if not attributes:
            continue
        connection = scores[:, attributes].mean(axis=1)
        for better in np.flatnonzero(connection > connection[parent] + TIE).tolist():
            # How much R(G) gains, times the number of attributes.
            gain = (connection[better] - connection[parent]) * len(attributes)
            moves.append((-gain, block, better))
    used = [block for block in range(len(current)) if tree.descendants(layer, block)]
    moved: set[int] = set()
    again = True
    while again:  # A move that empties a block makes room for others.
        again = False
        for _, block, parent in sorted(moves):
            row = list(tree.parents[layer - 1])
            last_child = [row[b] for b in used].count(row[block]) == 1
            if block in moved or (keep_blocks and last_child):
                continue
            row[block] = parent
            changed = tree.with_layer(layer, row)
            if keeps(changed):
                tree, again = changed, True
                moved.add(block)
    return tree
