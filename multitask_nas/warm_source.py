"""What a finished search of trees hands on to another one that starts from it."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from graftwork.errors import InputError
from graftwork.stored_arrays import read_arrays
from multitask_nas.config import TreeSearch
from multitask_nas.tree import Tree


@dataclasses.dataclass(frozen=True, eq=False)
class Source:
    """What a finished search hands on.

    Attributes:
        path: Its run folder.
        dataset: The name of its data.
        attributes: The names of its attributes.
        tree: The tree that its first seed found.
        table: Float array `(paths, attributes)` of its path scores, where they are asked for.
    """

    path: Path
    dataset: str
    attributes: tuple[str, ...]
    tree: Tree
    table: np.ndarray | None


def read_source(config: TreeSearch, result: dict[str, Any]) -> Source:
    """Reads what the search named by `--warm-start` hands on.

    Args:
        config: What was asked for, with `warm_start`.
        result: The `result.json` of that run.

    Raises:
        InputError: If it searched trees of other blocks, or its path scores are asked for and
            are not there.
    """
    run = config.warm_start
    assert run is not None
    tree, attributes = Tree.from_json(result["architecture"]), tuple(result["attributes"])
    if tree.blocks[1:] != config.blocks:
        theirs = " ".join(map(str, tree.blocks[1:]))
        raise InputError(
            f"--warm-start needs a search with the same blocks, {' '.join(map(str, config.blocks))}"
            f". Received: {run}, with {theirs}. Search with --blocks {theirs}, or start from "
            "another run."
        )
    if tree.attributes != len(attributes):
        raise InputError(
            f"{run / 'result.json'} has a tree of {tree.attributes} attributes and names "
            f"{len(attributes)}: it is damaged. Start from another run."
        )
    table = None
    if config.warm_start_with == "path-scores":
        table = _read_table(run, (int(np.prod(tree.blocks)), len(attributes)))
    name = _name(result)
    return Source(run, name, attributes, tree, table)


def _name(result: dict[str, Any]) -> str:
    described = result.get("dataset")
    name = described.get("name") if isinstance(described, dict) else None
    return name if isinstance(name, str) else "unknown data"


def _read_table(run: Path, shape: tuple[int, int]) -> np.ndarray:
    path = run / "path_scores.npz"
    if not path.exists():
        raise InputError(
            f"--warm-start-with path-scores needs {path}, which is not there: its search had too "
            "many paths. Use --warm-start-with tree."
        )
    try:
        table = read_arrays(path).get("scores", np.zeros(0))
    except InputError as error:
        raise InputError(f"{error} Use --warm-start-with tree.") from None
    if table.dtype.kind != "f" or table.shape != shape or not np.isfinite(table).all():
        raise InputError(
            f"{path} must hold finite scores of shape {shape}. Received: shape {table.shape}, "
            f"{int(np.isfinite(table).sum())} of {table.size} finite. Use --warm-start-with tree."
        )
    return table
