"""The cells of NATS-Bench: written and read alike, counted as published, encoded by paths."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graftwork.errors import InputError
from graftwork.nats import EDGES, OPERATIONS, CellSpace

SPACE = CellSpace()
CELLS = st.tuples(*[st.integers(0, len(OPERATIONS) - 1)] * len(EDGES))
GOOD = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|nor_conv_1x1~0|avg_pool_3x3~1|none~2|"
QUICK = settings(max_examples=200, deadline=None)


def number(operation):
    return OPERATIONS.index(operation)


def test_there_are_as_many_cells_as_published():
    assert SPACE.size == 15_625
    assert len(set(map(SPACE.unique_text, map(SPACE.at, range(SPACE.size))))) == 6_466


def test_a_cell_is_written_as_nats_bench_does():
    cell = tuple(
        map(
            number,
            ("nor_conv_3x3", "none", "skip_connect", "nor_conv_1x1", "avg_pool_3x3", "none"),
        )
    )
    assert SPACE.text(cell) == GOOD
    assert SPACE.parse(GOOD) == cell
    assert SPACE.parse(f"  {GOOD}\n") == cell


@QUICK
@given(CELLS)
def test_a_cell_that_is_written_is_read_as_the_same(cell):
    read = SPACE.parse(SPACE.text(cell))
    assert read == cell == SPACE.check(read)
    assert all(type(choice) is int for choice in read)


def test_different_cells_have_different_texts():
    cells = list(map(SPACE.at, range(SPACE.size)))
    assert len(set(map(SPACE.text, cells))) == len(set(cells)) == SPACE.size


@pytest.mark.parametrize(
    "text",
    [
        "",
        "|",
        "nor_conv_3x3",
        GOOD[:-1],
        GOOD[1:],
        GOOD + GOOD,
        GOOD + "+",
        GOOD.replace("~2", "~1"),
        GOOD.replace("~2", ""),
        GOOD.replace("~2", "~22"),
        GOOD.replace("+", ""),
        GOOD.replace("|+|", "+"),
        GOOD.replace("+", " + "),
        GOOD.replace("none", "None"),
        GOOD.replace("none", ""),
        GOOD.replace("none", "nor_conv_7x7"),
        GOOD.replace("~0", "~٠"),
        "|nor_conv_3x3~0|+|none~0|skip_connect~1|",
        "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|none~3|",
        "x" * 10_000,
        "|~0" * 50_000,
    ],
    ids=lambda text: text[:40],
)
def test_what_is_no_cell_is_refused_in_a_short_line(text):
    with pytest.raises(InputError) as error:
        SPACE.parse(text)
    assert "cell" in str(error.value)
    assert len(str(error.value)) < 400


def test_an_unknown_operation_is_named():
    with pytest.raises(InputError, match=r"unknown operation 'nor_conv_7x7'.*nor_conv_3x3"):
        SPACE.parse(GOOD.replace("nor_conv_3x3", "nor_conv_7x7"))


@QUICK
@given(st.text(alphabet="|+~012 noneskip_ct3x", max_size=90))
def test_any_text_is_a_cell_or_refused(text):
    try:
        cell = SPACE.parse(text)
    except InputError:
        return
    assert SPACE.text(cell) == text.strip()


def computes(cell, values):
    """Returns what a cell computes with operations that are random functions, or None."""
    functions = {
        operation: (lambda x, k=k: None if x is None else round(np.sin(k * x + k) + x, 9))
        for k, operation in enumerate(OPERATIONS, start=1)
    }
    functions["none"] = lambda x: None
    functions["skip_connect"] = lambda x: x
    nodes = [values]
    for node in (1, 2, 3):
        inputs = [
            functions[OPERATIONS[choice]](nodes[start])
            for choice, (start, end) in zip(cell, EDGES, strict=True)
            if end == node
        ]
        there = [value for value in inputs if value is not None]
        nodes.append(round(sum(sorted(there)), 9) if there else None)
    return nodes[-1]


@QUICK
@given(CELLS, CELLS)
def test_cells_with_the_same_unique_text_compute_the_same(first, second):
    if SPACE.unique_text(first) == SPACE.unique_text(second):
        assert computes(first, 0.7) == computes(second, 0.7)


def test_isomorphic_cells_are_recognised_and_others_not():
    skip, conv, none = map(number, ("skip_connect", "nor_conv_3x3", "none"))
    # One convolution in all: from 0 to 3, with operations on nothing beside it, and by node 1.
    same = [
        (none, none, none, conv, none, none),
        (none, none, none, conv, skip, none),
        (none, none, none, conv, conv, none),
        (conv, none, none, none, skip, none),
        (skip, none, none, none, conv, none),
    ]
    others = [
        (none, none, none, skip, none, none),
        (conv, none, none, none, conv, none),
        (conv, none, none, conv, skip, none),
    ]
    assert len({SPACE.unique_text(cell) for cell in same}) == 1
    assert len({SPACE.unique_text(cell) for cell in [same[0], *others]}) == 4


@QUICK
@given(st.lists(CELLS, max_size=5))
def test_paths_are_those_of_the_graph(cells):
    encoded = SPACE.path_encoding(cells)
    assert encoded.shape == (len(cells), 4 + 4**2 + 4**3)
    assert encoded.dtype == np.float32
    real = [operation for operation in OPERATIONS if operation != "none"]
    words = [word for length in (1, 2, 3) for word in itertools.product(real, repeat=length)]
    # `encoded` numbers the paths in its own order, which lengths and words share.
    assert encoded.shape[1] == len(words)
    for cell, row in zip(cells, encoded, strict=True):
        operation = dict(zip(EDGES, (OPERATIONS[choice] for choice in cell), strict=True))
        routes = [(0, 3), (0, 1, 3), (0, 2, 3), (0, 1, 2, 3)]
        expected = {
            tuple(operation[edge] for edge in itertools.pairwise(route)) for route in routes
        }
        expected = {word for word in expected if "none" not in word}
        assert {words[i] for i in np.flatnonzero(row)} == expected


def test_the_adjacency_follows_the_edges():
    adjacency = SPACE.adjacency()
    for i, (_, end) in enumerate(EDGES):
        for j, (start, _) in enumerate(EDGES):
            assert adjacency[i, j] == (end == start)
