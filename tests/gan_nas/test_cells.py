"""The space of cells: encodings and cells are the same thing said twice."""

import itertools
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gan_nas
from gan_nas.cells import DOWN, NORMAL, UP, Cell, Edge, edge_choices
from gan_nas.space import GanSpace
from graftwork.errors import InputError

SIZES = {8: (4, 1), 16: (4, 2), 32: (4, 3), 64: (4, 4), 12: (6, 1), 48: (6, 3), 96: (6, 4)}


@st.composite
def spaces(draw):
    """Small spaces of every kind."""
    return GanSpace.make(
        draw(st.sampled_from(sorted(SIZES))),
        draw(st.integers(1, 4)),
        shared_cell=draw(st.booleans()),
        discriminator=draw(st.booleans()),
    )


@st.composite
def architectures(draw):
    """A space and an architecture of it."""
    space = draw(spaces())
    return space, tuple(draw(st.integers(0, count - 1)) for count in space.choice_counts)


def test_the_operations_are_those_of_the_paper():
    assert (len(NORMAL), len(UP), len(DOWN)) == (11, 14, 8)
    assert len({*NORMAL, *UP, *DOWN}) == 33
    assert UP[3:] == tuple(f"nearest_{name}" for name in NORMAL)


@pytest.mark.parametrize(("size", "expected"), SIZES.items())
def test_stages_double_the_start_up_to_the_image(size, expected):
    space = GanSpace.make(size, 2)
    assert (space.start, space.stages) == expected
    assert space.start * 2**space.stages == size == space.image_size


@pytest.mark.parametrize("size", [-32, 0, 4, 6, 10, 28, 36, 40])
def test_other_sizes_are_refused(size):
    with pytest.raises(InputError, match=f"image_size .*Received: {size}"):
        GanSpace.make(size, 2)


def test_a_cell_without_nodes_is_refused():
    with pytest.raises(InputError, match="nodes=0"):
        GanSpace.make(32, 0)


@settings(max_examples=60, deadline=None)
@given(architectures())
def test_cells_and_encodings_round_trip(example):
    space, architecture = example
    cells = space.cells(architecture)
    others = space.discriminator_cells(architecture)
    assert len(cells) == space.stages
    assert len(others) == (space.stages if space.discriminator else 0)
    assert space.encode(cells, others) == architecture
    assert (len(set(cells)) == 1) or not space.shared_cell
    for group, outside in ((cells, UP), (others, DOWN)):
        for cell in group:
            assert Cell.from_json(json.loads(json.dumps(cell.to_json()))) == cell
            for node, edges in enumerate(cell.nodes, start=1):
                for edge in edges:
                    assert 0 <= edge.source < node
                    assert edge.operation in (NORMAL if edge.source else outside)


@settings(max_examples=40, deadline=None)
@given(architectures())
def test_loose_ends_are_the_nodes_that_nobody_reads(example):
    space, architecture = example
    for cell in space.cells(architecture):
        assert space.nodes in cell.loose_ends
        for node in range(1, space.nodes + 1):
            read = any(f"node {node})" in str(edge) for edges in cell.nodes for edge in edges)
            assert (node in cell.loose_ends) != read


@settings(max_examples=40, deadline=None)
@given(architectures())
def test_decisions_say_what_the_cells_do(example):
    space, architecture = example
    said = iter(
        (decision.name, decision.choices[choice])
        for decision, choice in zip(space.decisions, architecture, strict=True)
    )
    kept = 1 if space.shared_cell else space.stages
    for network, cells in (
        ("generator", space.cells(architecture)),
        ("discriminator", space.discriminator_cells(architecture)),
    ):
        for c, cell in enumerate(cells[:kept], start=1):
            for j, edges in enumerate(cell.nodes, start=1):
                for slot, edge in enumerate(edges, start=1):
                    assert next(said) == (
                        f"{network} cell {c}, node {j}, input {slot}",
                        str(edge),
                    )
    assert next(said, None) is None


def test_size_and_distinct_are_what_enumeration_counts():
    space = GanSpace.make(8, 1, discriminator=True)
    everything = list(itertools.product(*(range(count) for count in space.choice_counts)))
    assert len(everything) == space.size == 14**2 * 8**2
    networks = [
        (*space.cells(architecture), *space.discriminator_cells(architecture))
        for architecture in everything
    ]
    assert len(set(networks)) == space.size
    unordered = {tuple(frozenset(cell.nodes[0]) for cell in cells) for cells in networks}
    assert len(unordered) == space.distinct
    assert len({space.canonical(a) for a in everything}) == space.distinct


def test_size_of_larger_spaces_is_a_product_of_cells():
    cell, down = (14 * 25) ** 2, (8 * 19) ** 2
    pairs = (14 * 15 // 2) * (25 * 26 // 2)
    assert GanSpace.make(32, 2).distinct == pairs**3
    assert GanSpace.make(32, 2, shared_cell=True).distinct == pairs
    assert GanSpace.make(32, 2).size == cell**3
    assert GanSpace.make(32, 2, shared_cell=True).size == cell
    assert GanSpace.make(32, 2, discriminator=True).size == cell**3 * down**3
    assert GanSpace.make(64, 2, shared_cell=True, discriminator=True).size == cell * down


@settings(max_examples=60, deadline=None)
@given(architectures(), st.lists(st.booleans(), min_size=64, max_size=64))
def test_canonical_forgets_the_order_of_inputs_and_nothing_else(example, swaps):
    space, architecture = example
    swapped = list(architecture)
    for pair, swap in zip(range(len(swapped) // 2), swaps, strict=False):
        if swap:
            swapped[2 * pair : 2 * pair + 2] = swapped[2 * pair : 2 * pair + 2][::-1]
    canonical = space.canonical(architecture)
    assert space.canonical(swapped) == canonical == space.canonical(canonical)
    assert [sorted(canonical[i : i + 2]) for i in range(0, len(space), 2)] == [
        sorted(architecture[i : i + 2]) for i in range(0, len(space), 2)
    ]


@settings(max_examples=40, deadline=None)
@given(spaces(), st.integers(0, 2**32 - 1))
def test_samples_and_mutations_are_of_the_space(space, seed):
    rng = np.random.default_rng(seed)
    architecture = space.sample(rng)
    mutated = space.mutate(architecture, rng)
    assert space.check(architecture) == architecture
    assert space.check(mutated) == mutated
    assert sum(a != b for a, b in zip(architecture, mutated, strict=True)) == 1
    # No choice is without effect: another encoding of other inputs is another network.
    assert space.canonical(mutated) != space.canonical(architecture)
    assert space.at(space.index(architecture)) == architecture


def test_an_edge_that_cannot_be_read_is_refused():
    for text in ("conv_3x3", "conv_3x3(node)", "conv_3x3(node 1", "(input)", ""):
        with pytest.raises(InputError, match="operation"):
            Edge.parse(text)
    for value in (None, [["conv_3x3(input)"]], "identity", [["identity(node 1)"] * 2]):
        with pytest.raises(InputError, match="node"):
            Cell.from_json(value)


def test_cells_of_another_space_are_refused():
    space = GanSpace.make(8, 2)
    up, normal = Edge(0, "nearest_identity"), Edge(1, "identity")
    good = Cell(((up, up), (up, normal)))
    assert space.cells(space.encode([good])) == (good,)
    for cells in (
        [good, good],
        [Cell(((up, up),))],
        [Cell(((up, normal), (up, up)))],
        [Cell(((up, up), (up, Edge(0, "identity"))))],
    ):
        with pytest.raises(InputError):
            space.encode(cells)
    with pytest.raises(InputError, match="same cell"):
        GanSpace.make(16, 2, shared_cell=True).encode([good, Cell(((up, up), (normal, up)))])


def test_edge_choices_come_in_the_documented_order():
    edges = edge_choices(3, DOWN)
    assert len(edges) == 8 + 22
    assert [edge.source for edge in edges] == [0] * 8 + [1] * 11 + [2] * 11
    assert str(edges[0]) == "conv_1x3_3x1_avg(input)"
    assert str(edges[-1]) == "avg_pool_7(node 2)"


def test_a_cell_reads_as_one_line():
    cell = Cell(
        (
            (Edge(0, "nearest_conv_3x3"), Edge(0, "transposed_3x3")),
            (Edge(0, "nearest_identity"), Edge(0, "transposed_5x5")),
            (Edge(1, "identity"), Edge(0, "transposed_7x7")),
        )
    )
    assert cell.loose_ends == (2, 3)
    assert str(cell) == (
        "node 1 = nearest_conv_3x3(input) + transposed_3x3(input); "
        "node 2 = nearest_identity(input) + transposed_5x5(input); "
        "node 3 = identity(node 1) + transposed_7x7(input); output: 2, 3"
    )


def test_the_space_is_known_without_keras():
    code = "import sys, gan_nas.space; sys.exit('keras' in sys.modules)"
    root = Path(gan_nas.__file__).parents[1]
    assert subprocess.run([sys.executable, "-c", code], cwd=root).returncode == 0
