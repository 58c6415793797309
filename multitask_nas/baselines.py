"""The controls of a tree search: what it must beat."""

import numpy as np
from scipy.cluster import hierarchy
from scipy.spatial import distance

from datasets import Dataset
from graftwork.constraints import Constraints
from graftwork.label_correlation import phi_coefficients
from multitask_nas.scores import Counts, count_classes
from multitask_nas.tree import Tree, TreeSpace


def random_tree(space: TreeSpace, seed: int, index: int, limits: Constraints | None = None) -> Tree:
    """Returns the `index`-th random tree of a seed.

    Args:
        space: The trees.
        seed: The seed.
        index: Its number, from 0.
        limits: What it may cost: it is drawn uniformly among the trees within the limits. All
            connections are drawn uniformly if None.
    """
    rng = np.random.default_rng([seed, 14, index + 1])
    return space.tree(limits.draw(rng)) if limits else space.sample_tree(rng)


def trunk(layers: int, attributes: int) -> Tree:
    """Returns the tree with one block a layer: hard parameter sharing (Caruana 1997)."""
    return Tree((*(((0,),) * (layers - 1)), (0,) * attributes))


def correlation_tree(space: TreeSpace, labels: np.ndarray) -> Tree:
    """Returns the tree that follows the correlation of the labels, without any training.

    Attributes are clustered by average linkage with the distance 1 − |correlation|. The
    dendrogram is cut once a layer, into as many clusters as the layer has blocks; cuts
    of one dendrogram are nested, so that every cluster has one parent.

    Args:
        space: The trees. Where a layer has fewer blocks than the one above it, a cluster
            hangs at the block of its first attribute.
        labels: int8 array `(n, A)` of the training split, −1 where missing.
    """
    count = len(space.attributes)
    if count == 1:
        return trunk_like(space)
    apart = np.clip(1 - np.abs(label_correlation(labels)), 0, 1)
    np.fill_diagonal(apart, 0)
    linkage = hierarchy.linkage(distance.squareform(apart, checks=False), "average")
    clusters = [np.zeros(count, int)]
    for blocks in space.blocks[1:]:
        # A layer that is narrower than the one above it cannot be cut finer.
        wanted = min(blocks, count)
        labels_at_cut = hierarchy.fcluster(linkage, wanted, "maxclust")
        clusters.append(np.unique(labels_at_cut, return_inverse=True)[1])
    rows = []
    for layer in range(1, len(space.blocks)):
        row = [0] * space.blocks[layer]
        for cluster in range(clusters[layer].max() + 1):
            member = int(np.flatnonzero(clusters[layer] == cluster)[0])
            row[cluster] = int(clusters[layer - 1][member])
        rows.append(tuple(row))
    return Tree((*rows, tuple(int(c) for c in clusters[-1])))


def label_correlation(labels: np.ndarray) -> np.ndarray:
    """Returns the φ coefficient of every two attributes, over the rows where both are known.

    Args:
        labels: int8 array `(n, A)` in {0, 1, −1 missing}.

    Returns:
        Float array `(A, A)`; 0 where one of the two is constant on these rows.
    """
    return np.nan_to_num(phi_coefficients(labels))


def trunk_like(space: TreeSpace) -> Tree:
    """Returns the tree of a space in which everything hangs at block 0."""
    return Tree(tuple((0,) * length for length in space.row_lengths))


def base_errors(dataset: Dataset, score: str) -> list[float]:
    """Returns the test errors, in percent, of always telling training's more frequent class.

    Args:
        dataset: The data.
        score: `"accuracy"` or `"balanced-accuracy"`.
    """
    positives, negatives = count_classes(dataset.labels[dataset.split("train")])
    told = positives > negatives
    positives, negatives = count_classes(dataset.labels[dataset.split("test")])
    counts = Counts(positives * told, negatives * ~told, positives, negatives)
    return [float(error) for error in 100 * (1 - counts.score(score))]
