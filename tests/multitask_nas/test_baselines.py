"""The controls: label-correlation trees, random trees, constant answers."""

import numpy as np
import pytest

from datasets.dataset import Dataset
from multitask_nas.baselines import (
    base_errors,
    correlation_tree,
    label_correlation,
    random_tree,
    trunk,
)
from multitask_nas.tree import TreeSpace


def grouped_labels(rng, images=400):
    """Three groups of attributes, alike inside a group, but for some noise."""
    groups = [0, 1, 2, 0, 1, 2, 0]
    causes = rng.random((images, 3)) < 0.5
    noise = rng.random((images, len(groups))) < 0.05
    return groups, (causes[:, groups] ^ noise).astype(np.int8)


def test_the_correlation_tree_puts_alike_attributes_into_one_leaf():
    groups, labels = grouped_labels(np.random.default_rng(0))
    tree = correlation_tree(TreeSpace((2, 3), list("abcdefg")), labels)
    leaves = tree.parents[-1]
    assert len(set(leaves)) == 3
    assert [leaves[groups.index(g)] for g in groups] == list(leaves)


def test_the_correlation_tree_leaves_missing_labels_out():
    rng = np.random.default_rng(1)
    _, labels = grouped_labels(rng)
    holes = labels.copy()
    holes[rng.random(labels.shape) < 0.1] = -1
    space = TreeSpace((2, 3), list("abcdefg"))
    assert (
        correlation_tree(space, holes).paths.tolist()
        == correlation_tree(space, labels).paths.tolist()
    )


@pytest.mark.parametrize("blocks", [(2, 4, 8), (3,), (1, 1), (4, 2), (9, 9)])
@pytest.mark.parametrize("attributes", [1, 2, 7])
def test_the_correlation_tree_is_of_the_space(blocks, attributes):
    labels = np.random.default_rng(0).integers(0, 2, (50, attributes)).astype(np.int8)
    space = TreeSpace(blocks, [str(i) for i in range(attributes)])
    tree = correlation_tree(space, labels)
    assert space.tree(space.architecture(tree)) == tree


def test_random_trees_are_functions_of_seed_and_index():
    space = TreeSpace((2, 4), list("abcdef"))
    drawn = {(s, i): random_tree(space, s, i) for s in (0, 1) for i in range(5)}
    assert len(set(drawn.values())) == 10
    assert all(random_tree(space, *key) == tree for key, tree in drawn.items())


def test_a_trunk_has_one_block_a_layer():
    assert trunk(4, 3).parents == ((0,), (0,), (0,), (0, 0, 0))


def test_base_errors_are_those_of_the_more_frequent_class_of_training():
    labels = np.array([[1, 0], [1, 0], [0, 1], [1, 1], [0, 1], [0, -1]], np.int8)
    rows = [np.array(part) for part in ((0, 1, 2), (3,), (3, 4, 5))]
    splits = dict(zip(("train", "validation", "test"), rows, strict=True))
    images = np.zeros((6, 2, 2, 1), np.uint8)
    dataset = Dataset.from_arrays("six", images, labels, ("a", "b"), splits)
    # Training tells 1 for a, right for one of three, and 0 for b, wrong for both known.
    assert base_errors(dataset, "accuracy") == pytest.approx([200 / 3, 100])
    assert base_errors(dataset, "balanced-accuracy") == pytest.approx([50, 100])


def test_label_correlation_is_numpys_where_all_labels_are_known():
    rng = np.random.default_rng(0)
    labels = (rng.random((200, 5)) < [0.5, 0.1, 0.9, 0.3, 0.5]).astype(np.int8)
    labels[:, 4] = labels[:, 0] ^ (rng.random(200) < 0.2)
    np.testing.assert_allclose(label_correlation(labels), np.corrcoef(labels.T), atol=1e-9)


def test_label_correlation_is_over_the_rows_where_both_are_known():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, (300, 3)).astype(np.int8)
    labels[:, 1] = labels[:, 0] ^ (rng.random(300) < 0.2)
    labels[(labels[:, 1] == 1) & (rng.random(300) < 0.7), 0] = -1
    known = (labels[:, :2] >= 0).all(axis=1)
    expected = np.corrcoef(labels[known, :2].T)[0, 1]
    assert label_correlation(labels)[0, 1] == pytest.approx(expected)
    labels[:, 2] = 1
    assert (label_correlation(labels)[2, :2] == 0).all()
