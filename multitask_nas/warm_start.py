"""Where gnas begins when it is given the outcome of another search: `--warm-start`.

The other search may have been on other data. Each attribute takes the place of the one that it
is matched with: by name, or by what can be said of both without a search
(`graftwork.attribute_descriptors`).
"""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from datasets import Dataset
from graftwork.attribute_descriptors import describe_attributes
from graftwork.attribute_matching import Match, match_attributes, match_names
from graftwork.errors import InputError
from multitask_nas.config import TreeSearch
from multitask_nas.exact import best_tree, tree_scores
from multitask_nas.tree import Tree, TreeSpace
from multitask_nas.warm_source import Source


@dataclasses.dataclass(frozen=True)
class WarmStart:
    """Where a search begins, and where that comes from.

    Attributes:
        source: What it comes from.
        start_with: `"tree"` or `"path-scores"`.
        tree: The first tree.
        matches: For every attribute the source's that it takes the place of.
    """

    source: Source
    start_with: str
    tree: Tree
    matches: tuple[Match, ...]

    def to_json(self) -> dict[str, Any]:
        """Returns what `config.json` keeps: resuming needs the other run no more."""
        return {
            "path": str(self.source.path.resolve()),
            "dataset": self.source.dataset,
            "start_with": self.start_with,
            "architecture": self.tree.to_json(),
            "matches": [dataclasses.asdict(match) for match in self.matches],
        }

    def lines(self) -> list[str]:
        """Returns what is printed: where the tree comes from, and what was matched by what."""
        what = "the tree" if self.start_with == "tree" else "the path scores"
        others = [match for match in self.matches if match.by != "name"]
        count = len(self.matches)
        lines = [
            f"Starts from {what} of {self.source.path} ({self.source.dataset}): "
            f"{count - len(others)} of {count} attributes matched by name"
            + (f", {len(others)} by descriptor:" if others else ".")
        ]
        width = max((len(match.target) for match in others), default=0)
        return lines + [
            f"  {match.target:<{width}}  as {match.source} (similarity {match.similarity:.2f})"
            for match in others
        ]


def warm_start(
    config: TreeSearch, source: Source, dataset: Dataset, load: Callable[[], Dataset]
) -> WarmStart:
    """Makes the first tree of a search from what another one found.

    With `"tree"`, blocks keep the parents that they have in the source's tree, and every
    attribute's head takes the leaf of its match. With `"path-scores"`, the tree is the best
    one for these attributes under the source's path scores, each attribute with the column
    of its match.

    Where blocks are to be kept in use (`keep_blocks`), that tree may leave some without a child:
    the attributes that a leaf served may be no match here. `with_all_blocks` then moves as few
    connections as it takes.

    Args:
        config: What was asked for, with `warm_start`.
        source: What the other search hands on.
        dataset: The data of this search.
        load: Loads the data of the other search; called only where an attribute has no namesake.

    Raises:
        InputError: If attributes without a namesake are to be matched, and the data of the other
            search cannot be loaded.
    """
    matches = _matches(dataset, source, load)
    columns = [source.attributes.index(match.source) for match in matches]
    space = TreeSpace(config.blocks, dataset.attributes)
    leaves = range(space.blocks[-1])
    if source.table is None:
        heads = [source.tree.parents[-1][column] for column in columns]
        tree = Tree((*source.tree.parents[:-1], tuple(heads)))
        # What moves an attribute away from its match's leaf is how little it is like it.
        costs = np.repeat([[match.similarity] for match in matches], len(leaves), axis=1)
    else:
        table = source.table[:, columns]
        tree = best_tree(space, table).tree
        attributes = len(columns)
        by_leaf = [
            tree_scores(tree.with_layer(space.layers, [i] * attributes), table) for i in leaves
        ]
        costs = (tree_scores(tree, table) - np.stack(by_leaf)).T
    if config.keep_blocks:
        tree = with_all_blocks(tree, costs)
    return WarmStart(source, config.warm_start_with, tree, tuple(matches))


def _matches(dataset: Dataset, source: Source, load: Callable[[], Dataset]) -> Sequence[Match]:
    by_name = match_names(dataset.attributes, source.attributes)
    found = [match for match in by_name if match is not None]
    if len(found) == len(by_name):
        return found
    lacking = [
        name for name, match in zip(dataset.attributes, by_name, strict=True) if match is None
    ]
    try:
        other = load()
    except (InputError, OSError) as error:
        raise InputError(
            f"{', '.join(lacking[:3])}{' …' * (len(lacking) > 3)} ({len(lacking)} of "
            f"{len(by_name)} attributes) cannot be matched by name with those of {source.path}, "
            f"and by descriptor only with its data, which cannot be loaded: {error} "
            "Mend that, or leave these attributes out by --without."
        ) from None
    described = [
        describe_attributes(data.attributes, data.images, data.labels, rows=data.split("train"))
        for data in (dataset, other)
    ]
    return match_attributes(dataset.attributes, described[0], other.attributes, described[1])


def with_all_blocks(tree: Tree, costs: np.ndarray) -> Tree:
    """Returns a tree in which every block has a child, as far as there are children.

    From the heads down to layer 1, each block without a child takes one from a block that has
    several: of the heads the one that costs least, of the blocks the one from which the
    fewest attributes descend. A tree that uses all of its blocks stays as it is.

    Args:
        tree: The tree.
        costs: Float array `(attributes, leaves)`: what is lost when an attribute's head moves to
            a leaf.
    """
    for layer in range(len(tree.parents), 0, -1):
        row = list(tree.parents[layer - 1])
        for parent in sorted(set(range(tree.blocks[layer - 1])) - set(row)):
            spare = [child for child, above in enumerate(row) if row.count(above) > 1]
            if not spare:
                break
            if layer == len(tree.parents):
                moved = min(spare, key=lambda child: costs[child, parent])
            else:
                moved = min(spare, key=lambda child: len(tree.descendants(layer, child)))
            row[moved] = parent
        tree = tree.with_layer(layer, row)
    return tree


def stored_start(config: dict[str, Any], path: Path) -> Tree | None:
    """Returns the tree from which a run begins.

    Args:
        config: The run's `config.json`.
        path: Its folder.

    Returns:
        The tree, or None where the run begins by itself.

    Raises:
        InputError: If the run was begun with a tree, and the tree cannot be read.
    """
    if not config.get("arguments", {}).get("warm_start"):
        return None
    try:
        return Tree.from_json(config["source"]["architecture"])
    except (KeyError, TypeError) as error:
        raise InputError(
            f"{path / 'config.json'} lacks the tree that the search began with ({error!r}). "
            "Begin a new run."
        ) from None
