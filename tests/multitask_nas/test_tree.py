"""Trees: what holds for every tree of every space."""

import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graftwork.errors import InputError
from multitask_nas.tree import Tree, TreeSpace

QUICK = settings(max_examples=60, deadline=None)


def space_of(blocks, attributes):
    return TreeSpace(blocks, [f"attribute {i}" for i in range(attributes)])


SPACES = st.builds(space_of, st.lists(st.integers(1, 5), min_size=1, max_size=4), st.integers(1, 7))


@st.composite
def trees_of_spaces(draw):
    space = draw(SPACES)
    rows = [
        tuple(draw(st.lists(st.integers(0, above - 1), min_size=length, max_size=length)))
        for above, length in zip(space.blocks, space.row_lengths, strict=True)
    ]
    return space, Tree(tuple(rows))


TREES = trees_of_spaces().map(lambda pair: pair[1])


def walk(tree, attribute):
    """Returns the blocks of layers 0…L that an attribute passes, found one by one."""
    block, found = attribute, []
    for row in reversed(tree.parents):
        block = row[block]
        found.append(block)
    return found[::-1]


@QUICK
@given(trees_of_spaces())
def test_trees_and_architectures_are_two_forms_of_one_thing(pair):
    space, tree = pair
    architecture = space.architecture(tree)
    assert space.check(architecture) == architecture
    assert space.tree(architecture) == tree


@QUICK
@given(SPACES, st.integers(0, 1000))
def test_a_sampled_tree_is_the_sampled_architecture(space, seed):
    tree = space.sample_tree(np.random.default_rng(seed))
    assert space.architecture(tree) == space.sample(np.random.default_rng(seed))
    assert tree.blocks == space.blocks
    assert tree.attributes == len(space.attributes)


@QUICK
@given(TREES)
def test_a_tree_comes_back_from_json(tree):
    assert Tree.from_json(json.loads(json.dumps(tree.to_json()))) == tree


@QUICK
@given(TREES)
def test_paths_are_what_one_finds_by_walking(tree):
    assert tree.paths.tolist() == [walk(tree, a) for a in range(tree.attributes)]


@QUICK
@given(TREES)
def test_the_descendants_of_a_layers_blocks_share_the_attributes_out(tree):
    for layer, blocks in enumerate([*tree.blocks, tree.attributes]):
        found = [tree.descendants(layer, block) for block in range(blocks)]
        assert sorted(itertools.chain(*found)) == list(range(tree.attributes))


@QUICK
@given(TREES)
def test_the_descendants_of_a_block_are_those_of_its_children(tree):
    for layer, row in enumerate(tree.parents, start=1):
        for block in range(tree.blocks[layer - 1]):
            children = [child for child, parent in enumerate(row) if parent == block]
            below = itertools.chain(*(tree.descendants(layer, child) for child in children))
            assert tree.descendants(layer - 1, block) == tuple(sorted(below))


@QUICK
@given(TREES)
def test_pruning_leaves_no_block_without_descendants(tree):
    pruned = tree.pruned()
    for layer, blocks in enumerate(pruned.blocks):
        assert all(pruned.descendants(layer, block) for block in range(blocks))


@QUICK
@given(TREES)
def test_pruning_renames_blocks_in_their_order_and_changes_no_path(tree):
    pruned = tree.pruned()
    assert pruned.paths.shape == tree.paths.shape
    for layer in range(len(tree.blocks)):
        names = dict(zip(tree.paths[:, layer], pruned.paths[:, layer], strict=True))
        # One new name for every old one, in the same order, without gaps.
        assert [names[old] for old in sorted(names)] == list(range(pruned.blocks[layer]))
        assert pruned.paths[:, layer].tolist() == [names[old] for old in tree.paths[:, layer]]


@QUICK
@given(TREES)
def test_pruning_twice_is_pruning_once(tree):
    assert tree.pruned().pruned() == tree.pruned()


def test_a_pruned_tree():
    tree = Tree(((0, 0), (0, 1, 1), (2, 2, 2)))
    assert tree.pruned() == Tree(((0,), (0,), (0, 0, 0)))


def test_the_documented_tree():
    tree = Tree.from_json([[0, 0], [0, 0, 1], [0, 1, 1, 2]])
    assert tree.blocks == (1, 2, 3)
    assert tree.attributes == 4
    assert tree.paths.tolist() == [[0, 0, 0], [0, 0, 1], [0, 0, 1], [0, 1, 2]]
    assert tree.descendants(1, 0) == (0, 1, 2)
    assert tree.descendants(2, 1) == (1, 2)
    assert tree.descendants(3, 3) == (3,)
    assert tree.pruned() == tree


@QUICK
@given(trees_of_spaces(), st.data())
def test_another_layer_changes_that_layer_alone(pair, data):
    space, tree = pair
    layer = data.draw(st.integers(1, space.layers))
    parents = [data.draw(st.integers(0, space.blocks[layer - 1] - 1))] * space.row_lengths[
        layer - 1
    ]
    other = tree.with_layer(layer, parents)
    assert other.parents[layer - 1] == tuple(parents)
    assert other.parents[: layer - 1] == tree.parents[: layer - 1]
    assert other.parents[layer:] == tree.parents[layer:]


def test_layers_of_2_and_3_blocks_and_5_attributes_make_1944_trees():
    space = space_of((2, 3), 5)
    assert space.size == 1944
    assert space.paths == 6
    assert space.layers == 3
    assert space.row_lengths == (2, 3, 5)


@settings(max_examples=20, deadline=None)
@given(st.builds(space_of, st.lists(st.integers(1, 3), min_size=1, max_size=2), st.integers(1, 3)))
def test_size_counts_different_trees(space):
    architectures = itertools.product(*map(range, space.choice_counts))
    trees = {space.tree(architecture) for architecture in architectures}
    assert len(trees) == space.size


def test_size_is_exact_beyond_64_bits():
    assert space_of((2, 4, 8), 40).size == 1**2 * 2**4 * 4**8 * 8**40


def test_decisions_say_what_they_decide():
    space = TreeSpace((2,), ["hat", "smile"])
    assert [decision.name for decision in space.decisions] == [
        "layer 1, block 0",
        "layer 1, block 1",
        "head of hat",
        "head of smile",
    ]
    assert space.decisions[0].choices == ("block 0",)
    assert space.decisions[2].choices == ("block 0", "block 1")


@pytest.mark.parametrize("blocks", [(), (0,), (2, -1), (2, 1.5), (True, 2), ("2",)])
def test_block_lists_that_make_no_sense_are_refused(blocks):
    with pytest.raises(InputError, match=r"blocks must list .* each at least 1.*Received: "):
        space_of(blocks, 3)


def test_a_space_needs_attributes():
    with pytest.raises(InputError, match="at least one attribute"):
        space_of((2,), 0)


def test_attributes_need_different_names():
    with pytest.raises(InputError, match=r"different names.*hat"):
        TreeSpace((2,), ["hat", "hat"])


@pytest.mark.parametrize(
    ("parents", "message"),
    [
        ((), "at least the layer of its heads"),
        (
            ((0, 1), (0,)),
            r"layer 1 of a tree needs parents between 0 and 0. Received: \[0, 1\]",
        ),
        (((0, 0), (2,)), r"layer 2 of a tree needs parents between 0 and 1. Received: \[2\]"),
        (((0, 0), (-1,)), r"layer 2 .* Received: \[-1\]"),
        (((0, 0), ()), r"layer 2 .* Received: \[\]"),
    ],
)
def test_parents_that_make_no_tree_are_named(parents, message):
    with pytest.raises(InputError, match=message):
        Tree(parents)


@pytest.mark.parametrize(
    "value", [None, 3, "tree", {}, [0], [[0], "0"], [[0.0]], [[True]], [[None]], ((0,),)]
)
def test_json_that_is_no_tree_is_refused(value):
    with pytest.raises(InputError, match=r"a tree is a list of lists of integers\. Received: "):
        Tree.from_json(value)


@pytest.mark.parametrize("rows", [[[0], [0, 0]], [[0, 0], [0]], [[0, 0], [0, 1], [0, 1]]])
def test_a_tree_of_another_space_is_refused(rows):
    with pytest.raises(InputError, match=r"must have blocks \[1, 2\] and 2 attributes"):
        space_of((2,), 2).architecture(Tree.from_json(rows))
