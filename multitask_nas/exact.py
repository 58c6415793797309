"""The provably best tree under a table of path scores.

In inference an attribute's output depends on its path from the root alone. Under fixed
shared weights the score of any tree is therefore a sum of table look-ups, and the best
tree is the solution of an integer program.
"""

import dataclasses

import numpy as np
from scipy import optimize, sparse

from multitask_nas.tree import Tree, TreeSpace


@dataclasses.dataclass(frozen=True)
class ExactTree:
    """The best tree under a table of path scores.

    Args:
        tree: The tree.
        score: Its mean score over the attributes.
        gap: How far below the optimum it can be at most, in the unit of the score; 0
            where the solver proved it to be the best.
    """

    tree: Tree
    score: float
    gap: float


def path_blocks(blocks: tuple[int, ...]) -> np.ndarray:
    """Returns the blocks on every path, as the supernet numbers the paths.

    Args:
        blocks: The numbers of blocks of layers 0…L.

    Returns:
        An int array `(paths, L + 1)`; the block of layer 1 varies fastest.
    """
    grid = np.indices(blocks[::-1]).reshape(len(blocks), -1)
    return grid[::-1].T


def tree_scores(tree: Tree, table: np.ndarray) -> np.ndarray:
    """Looks up the score of every attribute of a tree.

    Args:
        tree: The tree.
        table: Float array `(paths, A)`.

    Returns:
        Float array `(A,)`.
    """
    # path = b_1 + B_1 · (b_2 + B_2 · …); the root, b_0, is always 0 and weighs nothing.
    weights = np.concatenate([[1], np.cumprod(tree.blocks[:-1])])
    return table[tree.paths @ weights, np.arange(tree.attributes)]


@dataclasses.dataclass(frozen=True)
class LinearLimits:
    """Limits of costs that are sums over the used blocks of a tree.

    Args:
        blocks: Float array `(limits, L + 1)`: what a used block of every layer adds.
        most: Float array `(limits,)`: the most that all used blocks may add.
    """

    blocks: np.ndarray
    most: np.ndarray


def best_tree(
    space: TreeSpace,
    table: np.ndarray,
    time_limit: float = 30.0,
    limits: LinearLimits | None = None,
) -> ExactTree:
    """Solves for the tree with the highest mean score.

    Binary x[l, j, i] says that block j of layer l has parent i; y[a, p] that attribute a
    takes path p. Every block has one parent, every attribute one path, and a path can be
    taken only where the tree has its edges:

        max  Σ_a Σ_p table[p, a] · y[a, p] / A
        s.t. Σ_i x[l, j, i] = 1;  Σ_p y[a, p] = 1;  Σ_{p ∋ (l, j, i)} y[a, p] ≤ x[l, j, i].

    With x integral some optimal y is, so that y need not be declared so. The heads'
    connections need no x: each attribute chooses its leaf alone.

    With limits, binary u[l, j] says that a block is used, and

             Σ_{p ∋ (l, j)} y[a, p] ≤ u[l, j];  Σ_l Σ_j cost[l] · u[l, j] ≤ limit.

    Args:
        space: The trees to choose from.
        table: Float array `(paths, A)` of path scores.
        time_limit: Seconds after which the best tree so far is returned, with its gap.
        limits: What trees may cost; the tree with one block a layer must be within them.

    Returns:
        An `ExactTree`.
    """
    paths, attributes = table.shape
    on_path = path_blocks(space.blocks)
    edges = [
        (layer, block, parent)
        for layer in range(2, len(space.blocks))
        for block in range(space.blocks[layer])
        for parent in range(space.blocks[layer - 1])
    ]
    # uses[e, p]: path p runs over edge e.
    uses = np.array(
        [
            (on_path[:, layer] == block) & (on_path[:, layer - 1] == parent)
            for layer, block, parent in edges
        ]
    ).reshape(len(edges), paths)
    layers = range(1, len(space.blocks)) if limits else ()
    after_root = [(layer, block) for layer in layers for block in range(space.blocks[layer])]
    used = len(after_root)
    columns = len(edges) + attributes * paths + used
    one_path = sparse.hstack(
        [
            sparse.csr_array((attributes, len(edges))),
            sparse.kron(sparse.eye_array(attributes), np.ones((1, paths))),
            sparse.csr_array((attributes, used)),
        ]
    )
    constraints = [optimize.LinearConstraint(one_path.tocsr(), 1, 1)]
    if edges:
        blocks = [edge[:2] for edge in edges]
        owner = np.unique(blocks, axis=0, return_inverse=True)[1]
        one_parent = sparse.csr_array(
            (np.ones(len(edges)), (owner, np.arange(len(edges)))),
            shape=(owner.max() + 1, columns),
        )
        linked = sparse.hstack(
            [
                sparse.kron(np.ones((attributes, 1)), -sparse.eye_array(len(edges))),
                sparse.kron(sparse.eye_array(attributes), uses.astype(float)),
                sparse.csr_array((attributes * len(edges), used)),
            ]
        )
        constraints += [
            optimize.LinearConstraint(one_parent, 1, 1),
            optimize.LinearConstraint(linked.tocsr(), -np.inf, 0),
        ]
    if limits:
        # passes[b, p]: path p passes block b.
        passes = np.array([on_path[:, layer] == block for layer, block in after_root])
        within = sparse.hstack(
            [
                sparse.csr_array((attributes * used, len(edges))),
                sparse.kron(
                    sparse.eye_array(attributes), passes.reshape(used, paths).astype(float)
                ),
                sparse.kron(np.ones((attributes, 1)), -sparse.eye_array(used)),
            ]
        )
        rows = np.zeros((len(limits.most), columns))
        rows[:, columns - used :] = limits.blocks[:, [layer for layer, _ in after_root]]
        # In units of the limits: their numbers may be of 10⁹, and the solver's tolerance is not.
        left = limits.most - limits.blocks[:, 0]
        scale = np.maximum(left, 1.0)
        constraints += [
            optimize.LinearConstraint(within.tocsr(), -np.inf, 0),
            optimize.LinearConstraint(rows / scale[:, None], -np.inf, left / scale),
        ]
    solution = optimize.milp(
        c=np.concatenate([np.zeros(len(edges)), -table.T.ravel() / attributes, np.zeros(used)]),
        integrality=np.concatenate(
            [np.ones(len(edges)), np.zeros(attributes * paths), np.ones(used)]
        ),
        bounds=optimize.Bounds(0, 1),
        constraints=constraints,
        options={"time_limit": time_limit, "mip_rel_gap": 0.0},
    )
    # In no time at all the solver finds no tree; then any will do, its gap told.
    chosen = np.zeros(len(edges)) if solution.x is None else solution.x[: len(edges)]
    allowed = None
    if limits:
        allowed = {(0, 0), *((layer, 0) for layer in range(1, len(space.blocks)))}
        if solution.x is not None:
            found = solution.x[columns - used :] > 0.5
            allowed = {(0, 0), *(b for b, yes in zip(after_root, found, strict=True) if yes)}
    tree = _tree_of(space, edges, chosen, table, allowed)
    score = float(tree_scores(tree, table).mean())
    # No tree does better than every attribute on its own best path.
    bound = float(table.max(axis=0).mean())
    if solution.mip_dual_bound is not None:
        bound = min(bound, -float(solution.mip_dual_bound))
    # The solver stops at an absolute gap of 1e-6: what is below is none.
    gap = max(0.0, bound - score)
    return ExactTree(tree, score, 0.0 if gap <= 1e-6 else gap)


def _tree_of(
    space: TreeSpace,
    edges: list[tuple[int, int, int]],
    chosen: np.ndarray,
    table: np.ndarray,
    allowed: set[tuple[int, int]] | None,
) -> Tree:
    """Reads the tree off a solution: the blocks' parents, then each attribute's best leaf.

    Args:
        space: The trees.
        edges: Layer, block and parent of every edge that can be chosen.
        chosen: Which of them are, `(edges,)`.
        table: Float array `(paths, A)` of path scores.
        allowed: Layer and number of the blocks that may be used; all if None.
    """
    rows = [[0] * length for length in space.row_lengths]
    for (layer, block, parent), value in zip(edges, chosen, strict=True):
        if value > 0.5:
            rows[layer - 1][block] = parent
    tree = Tree(tuple(tuple(row) for row in rows))
    heads = len(rows)
    by_leaf = np.stack(
        [
            tree_scores(tree.with_layer(heads, [leaf] * len(rows[-1])), table)
            for leaf in range(space.blocks[-1])
        ]
    )
    if allowed is not None:
        for leaf in range(space.blocks[-1]):
            path = tree.with_layer(heads, [leaf] * len(rows[-1])).paths[0].tolist()
            if not allowed.issuperset(enumerate(path)):
                by_leaf[leaf] = -np.inf
    return tree.with_layer(heads, [int(leaf) for leaf in by_leaf.argmax(axis=0)])
