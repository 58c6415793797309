"""The exact tree is what it says: no tree has a higher score under the table."""

import itertools

import numpy as np
import pytest

from multitask_nas.exact import best_tree, path_blocks, tree_scores
from multitask_nas.gnas import Gnas
from multitask_nas.tree import Tree, TreeSpace


def space_of(blocks, attributes):
    return TreeSpace(blocks, [f"attribute {i}" for i in range(attributes)])


def random_table(space, seed):
    return np.random.default_rng(seed).random((space.paths, len(space.attributes)))


def enumerated(space, table):
    """Returns the highest mean score of all trees, each looked up on its own."""
    listed = path_blocks(space.blocks).tolist()
    rows = {tuple(blocks): row for row, blocks in zip(table, listed, strict=True)}
    best = -np.inf
    for architecture in itertools.product(*map(range, space.choice_counts)):
        paths = space.tree(architecture).paths
        best = max(best, np.mean([rows[tuple(path)][a] for a, path in enumerate(paths)]))
    return best


def gnas_score(space, table, seed):
    gnas = Gnas(space, seed=seed, warmup=0, sweeps=20)
    while not gnas.done:
        asked = gnas.ask()
        gnas.tell(asked, np.stack([tree_scores(space.tree(a), table) for a in asked]))
    return tree_scores(space.tree(gnas.best), table).mean()


BLOCK_LISTS = [(1,), (4,), (1, 1, 1), (2, 3), (3, 1, 2), (2, 3, 4)]


@pytest.mark.parametrize("blocks", BLOCK_LISTS)
def test_paths_are_numbered_with_layer_1_fastest(blocks):
    space = space_of(blocks, 1)
    listed = path_blocks(space.blocks)
    assert listed.shape == (space.paths, len(blocks) + 1)
    slow_to_fast = itertools.product(*(range(count) for count in reversed(blocks)))
    expected = [(0, *reversed(path)) for path in slow_to_fast]
    assert [tuple(path) for path in listed.tolist()] == expected


@pytest.mark.parametrize("blocks", BLOCK_LISTS)
def test_looking_up_a_tree_follows_that_numbering(blocks):
    space = space_of(blocks, 5)
    # Every entry names its path and its attribute.
    table = np.arange(space.paths)[:, None] * 100 + np.arange(5)
    number = {tuple(path): p for p, path in enumerate(path_blocks(space.blocks).tolist())}
    for seed in range(20):
        tree = space.sample_tree(np.random.default_rng(seed))
        expected = [number[tuple(path)] * 100 + a for a, path in enumerate(tree.paths.tolist())]
        assert tree_scores(tree, table).tolist() == expected


@pytest.mark.parametrize("seed", range(4))
def test_on_1944_trees_it_finds_the_enumerated_optimum(seed):
    space = space_of((2, 3), 5)
    table = random_table(space, seed)
    exact = best_tree(space, table)
    assert exact.score == pytest.approx(enumerated(space, table), abs=1e-12)


@pytest.mark.parametrize("blocks", [(1,), (4,), (1, 1, 1), (3, 1, 2), (2, 2, 2)])
def test_it_finds_the_enumerated_optimum_of_odd_spaces(blocks):
    space = space_of(blocks, 3)
    table = random_table(space, 0)
    exact = best_tree(space, table)
    assert exact.score == pytest.approx(enumerated(space, table), abs=1e-12)
    assert exact.gap == 0
    assert space.check(space.architecture(exact.tree))


def test_scores_may_be_negative_and_equal():
    space = space_of((2, 3), 4)
    exact = best_tree(space, np.full((space.paths, 4), -2.5))
    assert exact.score == -2.5
    assert exact.gap == 0
    table = -random_table(space, 0)
    assert best_tree(space, table).score == pytest.approx(enumerated(space, table), abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_its_score_is_that_of_its_tree_and_proved(seed):
    space = space_of((2, 4, 8), 10)
    table = random_table(space, seed)
    exact = best_tree(space, table)
    assert exact.tree.blocks == space.blocks
    assert exact.score == tree_scores(exact.tree, table).mean()
    assert exact.gap == 0


@pytest.mark.parametrize("seed", range(4))
def test_neither_gnas_nor_a_thousand_random_trees_beat_it(seed):
    space = space_of((2, 4, 8), 10)
    table = random_table(space, seed)
    optimum = best_tree(space, table).score
    rng = np.random.default_rng(seed)
    drawn = [tree_scores(space.sample_tree(rng), table).mean() for _ in range(1000)]
    greedy = [gnas_score(space, table, start) for start in range(3)]
    assert max(drawn) < optimum
    assert max(greedy) <= optimum + 1e-9
    assert max(greedy) > max(drawn)


def test_attributes_that_disagree_are_weighed_against_each_other():
    # One leaf block for three attributes: two of them prefer parent 1.
    space = space_of((2, 1), 3)
    table = np.array([[0.0, 0.0, 1.0], [0.6, 0.6, 0.0]])
    exact = best_tree(space, table)
    assert exact.tree == Tree(((0, 0), (1,), (0, 0, 0)))
    assert exact.score == pytest.approx(0.4)


@pytest.mark.parametrize("seconds", [1e-9, 0.03])
def test_a_gap_is_told_where_the_time_may_be_too_short(seconds):
    space = space_of((2, 4, 8), 16)
    table = random_table(space, 0)
    short = best_tree(space, table, time_limit=seconds)
    assert short.score == tree_scores(short.tree, table).mean()
    assert short.score <= best_tree(space, table).score <= short.score + short.gap + 1e-6


def test_no_time_at_all_leaves_a_gap():
    space = space_of((2, 4, 8), 16)
    assert 0 < best_tree(space, random_table(space, 0), time_limit=1e-9).gap < 1
