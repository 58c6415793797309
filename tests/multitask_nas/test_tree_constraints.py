"""Trees within limits: gnas, the exact optimum and random trees, against all trees of a space."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graftwork.errors import InputError
from multitask_nas.config import TreeSearch
from multitask_nas.constraints import TreeConstraints, tree_numbers
from multitask_nas.cost import tree_cost, used_blocks
from multitask_nas.exact import best_tree, tree_scores
from multitask_nas.gnas import Gnas, greedy_layer
from multitask_nas.tree import Tree, TreeSpace

SPACE = TreeSpace((2, 3), ("a", "b", "c"))
SHAPE = (8, 8, 1)
ALL = [SPACE.tree(SPACE.at(index)) for index in range(SPACE.size)]
PARAMETERS = sorted({tree_cost(tree, SHAPE, 2, 1).parameters for tree in ALL})


def limited(parameters=None, flops=None, space=SPACE, latencies=None, **more):
    config = TreeSearch(
        dataset="tiny",
        out="nowhere",
        channels=2,
        max_params=parameters,
        max_flops=flops,
        **more,
    )
    return TreeConstraints(config, space, SHAPE, latencies)


def test_number_of_trees_by_their_used_blocks():
    assert tree_numbers(SPACE) == Counter(map(used_blocks, ALL))


@given(st.sampled_from(PARAMETERS), st.integers(0, 2**31))
@settings(deadline=None)
def test_random_trees_keep_the_limit(parameters, seed):
    constraints = limited(parameters)
    tree = SPACE.tree(constraints.draw(np.random.default_rng(seed)))
    assert tree_cost(tree, SHAPE, 2, 1).parameters <= parameters


def test_random_trees_are_uniform_within_the_limit():
    constraints, rng = limited(PARAMETERS[1]), np.random.default_rng(0)
    within = [tree for tree in ALL if constraints.keeps_tree(tree)]
    times = 40 * len(within)
    counts = Counter(SPACE.tree(constraints.draw(rng)) for _ in range(times))
    assert set(counts) <= set(within)
    chi = sum((counts[tree] - 40) ** 2 / 40 for tree in within)
    assert abs(chi - len(within)) < 5 * np.sqrt(2 * len(within))


@pytest.mark.parametrize("kind", ["parameters", "flops", "both"])
@pytest.mark.parametrize("place", range(len(PARAMETERS)))
def test_exact_optimum_is_the_best_of_all_trees_within_the_limits(kind, place):
    flops = sorted({tree_cost(tree, SHAPE, 2, 1).flops for tree in ALL})
    limits = {
        "parameters": (PARAMETERS[place], None),
        "flops": (None, flops[place]),
        "both": (PARAMETERS[place], flops[-2]),
    }[kind]
    constraints = limited(*limits)
    table = np.random.default_rng(place).random((SPACE.paths, 3))
    best = max(tree_scores(t, table).mean() for t in ALL if constraints.keeps_tree(t))
    found = best_tree(SPACE, table, limits=constraints.linear())
    assert constraints.keeps_tree(found.tree)
    assert found.score == pytest.approx(best)
    assert found.gap == 0


def test_exact_optimum_in_no_time_keeps_the_limit():
    constraints = limited(PARAMETERS[0])
    table = np.random.default_rng(0).random((SPACE.paths, 3))
    found = best_tree(SPACE, table, time_limit=0.0, limits=constraints.linear())
    assert constraints.keeps_tree(found.tree)


def run(gnas, table):
    trees = []
    while not gnas.done:
        asked = gnas.ask()
        gnas.tell(asked, np.stack([tree_scores(SPACE.tree(a), table) for a in asked]))
        trees.append(SPACE.tree(gnas.best))
    return trees


@given(st.sampled_from(PARAMETERS), st.integers(0, 999), st.booleans())
@settings(deadline=None, max_examples=40)
def test_every_tree_of_gnas_keeps_the_limit(parameters, seed, keep_blocks):
    constraints = limited(parameters)
    table = np.random.default_rng(seed).random((SPACE.paths, 3))
    gnas = Gnas(SPACE, seed, 1, 3, keep_blocks, constraints=constraints)
    trees = [SPACE.tree(gnas.best), *run(gnas, table)]
    assert all(map(constraints.keeps_tree, trees))
    if parameters == PARAMETERS[-1]:
        assert trees[-1] == SPACE.tree(free(seed, keep_blocks, table).best)
    if not keep_blocks:
        # No single connection that could be had within the limit is better.
        scores = tree_scores(trees[-1], table).mean()
        for index, neighbour in enumerate(SPACE.neighbours(gnas.best)):
            tree = SPACE.tree(neighbour)
            if constraints.keeps_tree(tree):
                assert tree_scores(tree, table).mean() <= scores + 1e-9, index


def free(seed, keep_blocks, table):
    gnas = Gnas(SPACE, seed, 1, 3, keep_blocks)
    run(gnas, table)
    return gnas


def test_connection_that_breaks_the_limit_is_left_for_the_next_best():
    # One leaf is free, the best one would be a second.
    tree = Tree(((0, 0), (0, 0, 0), (0, 0, 1)))
    scores = np.array([[0.5, 0.5, 0.5], [0.6, 0.6, 0.7], [0.9, 0.8, 0.9]])
    two_leaves = lambda t: len(set(t.parents[-1])) <= 2  # noqa: E731
    found = greedy_layer(tree, 3, scores, keeps=two_leaves)
    assert found.parents[-1] == (1, 1, 1) or set(found.parents[-1]) <= {1, 2}
    assert two_leaves(found)


def test_gnas_ends_before_the_visit_that_would_evaluate_too_much():
    table = np.random.default_rng(0).random((SPACE.paths, 3))
    for most in (1, 3, 5, 8, 11):
        gnas = Gnas(SPACE, 0, 1, 3, most=most)
        run(gnas, table)
        assert gnas.evaluated <= most


def test_first_tree_over_the_limit_is_refused():
    start = Tree(((0, 0), (0, 1, 1), (0, 1, 2)))
    with pytest.raises(InputError, match=r"--warm-start, is over the limits .*parameters"):
        Gnas(SPACE, 0, 1, 3, start=start, constraints=limited(PARAMETERS[0]))


def test_trees_with_the_same_blocks_are_measured_once(tmp_path):
    constraints = limited(max_latency_ms=1e3, latencies=tmp_path / "latency.json")
    costs = {constraints.counted(SPACE.architecture(tree))["latency_ms"] for tree in ALL[:40]}
    assert len(costs) <= len(set(map(used_blocks, ALL[:40])))
    again = limited(max_latency_ms=1e3, latencies=tmp_path / "latency.json")
    first = SPACE.architecture(ALL[0])
    assert again.counted(first) == constraints.counted(first)


def test_slow_trees_are_not_drawn(monkeypatch):
    constraints = limited(max_latency_ms=4.0)
    monkeypatch.setattr(TreeConstraints, "_latencies", staticmethod(sum))
    rng = np.random.default_rng(0)
    drawn = [used_blocks(SPACE.tree(constraints.draw(rng))) for _ in range(60)]
    assert set(drawn) == {(1, 1, 1), (1, 1, 2)}
