"""The places of blocks and attributes: no crossings, no attribute lost."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graftwork.errors import InputError
from reports.layout import lay_out, outline


@st.composite
def architectures(draw) -> list[list[int]]:
    widths = [1, *draw(st.lists(st.integers(1, 12), max_size=4)), draw(st.integers(1, 40))]
    return [
        draw(st.lists(st.integers(0, above - 1), min_size=size, max_size=size))
        for above, size in itertools.pairwise(widths)
    ]


def lay_out_anonymous(architecture):
    return lay_out(architecture, [f"attribute {i}" for i in range(len(architecture[-1]))])


@settings(max_examples=30, deadline=None)
@given(architectures())
def test_edges_never_cross(architecture):
    for column in lay_out_anonymous(architecture).columns[:-1]:
        edges = [(node.row, child.row) for node in column for child in node.children]
        assert len({below for _, below in edges}) == len(edges)
        for (above_1, below_1), (above_2, below_2) in itertools.combinations(edges, 2):
            assert (above_1 - above_2) * (below_1 - below_2) >= 0


@settings(max_examples=30, deadline=None)
@given(architectures())
def test_every_attribute_hangs_once_on_the_path_of_its_parents(architecture):
    layout = lay_out_anonymous(architecture)
    leaves = layout.leaves()
    assert sorted(leaf.index for leaf in leaves) == list(range(len(architecture[-1])))
    rows = [leaf.row for leaf in leaves]
    assert all(below - above > 0.999 for above, below in itertools.pairwise(rows))
    for column in layout.columns[:-1]:
        for node in column:
            assert node.size == sum(child.size for child in node.children) > 0
            for child in node.children:
                assert architecture[node.layer][child.index] == node.index


@settings(max_examples=30, deadline=None)
@given(architectures())
def test_outline_holds_every_attribute_once(architecture):
    def walk(stem):
        assert (stem.leaf is None) == (len(stem.stems) > 1)
        if stem.leaf:
            yield stem.leaf.index
        for child in stem.stems:
            yield from walk(child)

    attributes = walk(outline(lay_out_anonymous(architecture).root))
    assert sorted(attributes) == list(range(len(architecture[-1])))


def test_blocks_without_descendants_are_left_out():
    layout = lay_out([[0, 0, 0], [2, 2, 0], [0, 0, 1]], ["a", "b", "c"])
    assert [[node.index for node in column] for column in layout.columns] == [
        [0],
        [2],
        [0, 1],
        [0, 1, 2],
    ]
    assert layout.blocks == (1, 3, 3)


def test_branches_begin_at_the_deepest_layer_that_the_colours_can_show():
    architecture = [[0, 0], [0, 0, 1], [0, 1, 1, 2, 2]]
    deep = lay_out(architecture, list("abcde"), colours=3)
    assert [leaf.branch for leaf in deep.leaves()] == [0, 1, 1, 2, 2]
    assert deep.root.branch is None
    shallow = lay_out(architecture, list("abcde"), colours=2)
    assert [leaf.branch for leaf in shallow.leaves()] == [0, 0, 0, 1, 1]


def test_numbers_of_blocks_do_not_change_the_drawing():
    one = lay_out([[0, 0], [0, 1, 0]], ["a", "b", "c"])
    other = lay_out([[0, 0], [1, 0, 1]], ["a", "b", "c"])
    assert [(leaf.index, leaf.row) for leaf in one.leaves()] == [
        (leaf.index, leaf.row) for leaf in other.leaves()
    ]


@pytest.mark.parametrize(
    ("architecture", "message"),
    [
        ([], "one list of parents a layer"),
        ("tree", "must be a list of parents|must be a block"),
        ([[0, 1], [0, 0]], "node 1 in layer 1 .* from 0 to 0. Received: 1"),
        ([[0, 0], [0, -1]], "Received: -1"),
        ([[0, 0], [0, 1.0]], "Received: 1.0"),
        ([[0, 0], [True, 0]], "Received: True"),
        ([[0, 0], [0, 1, 1]], "2 attributes. Received 3"),
        ([[0, 0], []], "layer 2"),
    ],
)
def test_what_is_no_tree_is_refused(architecture, message):
    with pytest.raises(InputError, match=message):
        lay_out(architecture, ["a", "b"])
