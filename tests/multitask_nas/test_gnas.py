"""GNAS: the paper's rule, its order of visits and its end."""

import itertools
import json

import numpy as np
import pytest

from multitask_nas.exact import tree_scores
from multitask_nas.gnas import SETTLING_SWEEPS, Gnas, full_tree, greedy_layer
from multitask_nas.tree import Tree, TreeSpace


def space_of(blocks, attributes):
    return TreeSpace(blocks, [f"attribute {i}" for i in range(attributes)])


def descends(rows, layer, block, attribute):
    """Whether the walk from an attribute's head upwards passes a block; heads included."""
    here = attribute
    for above in range(len(rows), layer, -1):
        here = rows[above - 1][here]
    return here == block


def literal_update(rows, layer, score_of):
    """The paper's rule with its words alone: lists, loops and one tree at a time.

    Args:
        rows: Parents by layer, lists of lists.
        layer: The layer to update.
        score_of: Returns the scores of a tree's attributes.
    """
    parents = len(rows[layer - 2]) if layer > 1 else 1
    row = rows[layer - 1]
    new_row = []
    for block in range(len(row)):
        descendants = [a for a in range(len(rows[-1])) if descends(rows, layer, block, a)]
        best_parent, best_score = row[block], None
        if descendants:
            for parent in [row[block], *range(parents)]:
                all_alike = [list(r) for r in rows]
                all_alike[layer - 1] = [parent] * len(row)
                scores = score_of(all_alike)
                score = sum(scores[a] for a in descendants) / len(descendants)
                if best_score is None or score > best_score:
                    best_parent, best_score = parent, score
        new_row.append(best_parent)
    return [*rows[: layer - 1], new_row, *rows[layer:]]


@pytest.mark.parametrize("levels", [3, 1_000_000], ids=["many ties", "few ties"])
@pytest.mark.parametrize("seed", range(10))
def test_a_layer_is_updated_as_the_paper_says(levels, seed):
    rng = np.random.default_rng(seed)
    space = space_of(rng.integers(1, 5, rng.integers(1, 4)).tolist(), int(rng.integers(1, 8)))
    tree = space.sample_tree(rng)
    for layer in range(1, space.layers + 1):
        # Whole numbers, whose sums have no rounding that could break a tie.
        shape = (space.blocks[layer - 1], tree.attributes)
        scores = rng.integers(0, levels, shape).astype(float)

        def score_of(rows, scores=scores, layer=layer):
            (parent,) = set(rows[layer - 1])
            return scores[parent].tolist()

        expected = literal_update(tree.to_json(), layer, score_of)
        assert greedy_layer(tree, layer, scores).to_json() == expected


def test_on_a_tie_a_block_keeps_its_parent():
    tree = Tree(((0, 0, 0), (2, 1, 0, 2)))
    assert greedy_layer(tree, 2, np.ones((3, 4))) == tree


def test_sums_that_differ_by_rounding_alone_are_a_tie():
    tree = Tree(((0, 0), (1,), (0, 0, 0)))
    scores = np.array([[0.1, 0.2, 0.3], [0.3, 0.2, 0.1]])
    assert scores[0].sum() > scores[1].sum()
    assert greedy_layer(tree, 2, scores) == tree


def test_a_block_without_descendants_keeps_its_parent():
    tree = Tree(((0, 0), (1, 1, 1), (0, 0, 2)))
    scores = np.array([[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]])
    assert greedy_layer(tree, 2, scores).parents[1] == (0, 1, 0)


def test_a_block_heeds_its_own_descendants_alone():
    tree = Tree(((0, 0), (0, 0), (0, 0, 1)))
    scores = np.array([[0.0, 0.5, 9.0], [0.4, 0.2, 0.0]])
    # Block 0 has attributes 0 and 1: means 0.25 and 0.3.
    assert greedy_layer(tree, 2, scores).parents[1] == (1, 0)


@pytest.mark.parametrize("poison", [np.nan, -np.inf])
def test_a_connection_without_a_proper_score_is_left_and_not_taken(poison):
    tree = Tree(((0, 0), (0, 1, 1)))
    scores = np.array([[poison, 0.2, poison], [0.1, 0.1, 0.1]])
    assert greedy_layer(tree, 2, scores).parents[1] == (1, 0, 1)


def evaluator(space, score):
    """Returns what scores architectures with a function of a tree."""
    return lambda architectures: np.stack([score(space.tree(a)) for a in architectures])


def play(gnas, evaluate):
    """Plays to the end and returns the layers that were visited and the reports."""
    layers, reports = [], []
    while not gnas.done:
        layers.append(gnas.layer)
        asked = gnas.ask()
        gnas.tell(asked, evaluate(asked))
        reports.append(gnas.report())
    return layers, reports


def separable(space, seed):
    """A score that GNAS can maximise one connection at a time, and its maximum.

    An attribute's score sums what the blocks on its path are worth. Leaves differ by
    steps of 8, blocks of layer 2 by steps of 1, blocks of layer 1 by less than 1 in all,
    so that the best choice in a lower layer is best whatever is above.
    """
    rng = np.random.default_rng(seed)
    attributes = len(space.attributes)
    _, first, second, leaves = space.blocks
    worth_1 = rng.random((first, attributes)) * 0.9
    worth_2 = rng.permutation(second).astype(float)
    worth_3 = 8.0 * rng.permuted(np.tile(np.arange(leaves), (attributes, 1)), axis=1).T

    def score(tree):
        _, b1, b2, b3 = tree.paths.T
        a = np.arange(attributes)
        return worth_1[b1, a] + worth_2[b2] + worth_3[b3, a]

    best = 8 * (leaves - 1) + (second - 1) + worth_1.mean(axis=1).max()
    return score, best


@pytest.mark.parametrize("seed", range(8))
def test_on_a_separable_score_it_reaches_the_optimum_and_stops(seed):
    space = space_of((2, 4, 8), 10)
    score, best = separable(space, seed)
    gnas = Gnas(space, seed=seed, warmup=1, sweeps=20)
    layers, reports = play(gnas, evaluator(space, score))
    assert score(space.tree(gnas.best)).mean() == pytest.approx(best, abs=1e-9)
    assert reports[-1]["score"] == pytest.approx(best, abs=1e-9)
    # One sweep finds it, and one more, which changes nothing, ends the search.
    assert len(layers) <= 1 + 3 + 3


@pytest.mark.parametrize("seed", range(5))
def test_under_fixed_scores_no_visit_lowers_the_score_and_the_report_tells_it(seed):
    space = space_of((2, 3, 4), 6)
    table = np.random.default_rng(seed).random((*space.blocks, 6))

    def score(tree):
        return table[(*tree.paths.T, np.arange(6))]

    gnas = Gnas(space, seed=seed, warmup=0, sweeps=20)
    before = score(space.tree(gnas.best)).mean()
    while not gnas.done:
        asked = gnas.ask()
        old = gnas.best
        gnas.tell(asked, evaluator(space, score)(asked))
        after = score(space.tree(gnas.best)).mean()
        report = gnas.report()
        assert after >= before - 1e-12
        assert report["score"] == pytest.approx(after, abs=1e-12)
        assert report["changed"] == sum(a != b for a, b in zip(old, gnas.best, strict=True))
        before = after


def test_it_asks_one_tree_a_parent_in_which_the_whole_layer_takes_it():
    space = space_of((2, 3), 4)
    gnas = Gnas(space, seed=0, warmup=0, sweeps=2)
    tree = space.tree(gnas.best)
    assert gnas.layer == 3
    for parent, architecture in enumerate(gnas.ask()):
        asked = space.tree(architecture)
        assert asked.parents[2] == (parent,) * 4
        assert asked.parents[:2] == tree.parents[:2]
    assert len(gnas.ask()) == 3


def test_training_varies_the_visited_layer_alone_and_no_heads():
    space = space_of((2, 3), 4)
    gnas = Gnas(space, seed=0, warmup=0, sweeps=1)
    for layer in (3, 2):
        tree = space.tree(gnas.best)
        rngs = [np.random.default_rng(i) for i in range(60)]
        drawn = [space.tree(gnas.training_sample(rng)).parents for rng in rngs]
        for row, parents in enumerate(tree.parents):
            found = [set(column) for column in zip(*(rows[row] for rows in drawn), strict=True)]
            if row == layer - 1 and layer < space.layers:
                assert found == [set(range(space.blocks[row]))] * len(parents)
            else:
                assert found == [{parent} for parent in parents]
        gnas.tell(gnas.ask(), np.random.default_rng(0).random((space.blocks[layer - 1], 4)))


def test_warming_up_trains_on_the_whole_space_and_changes_nothing():
    space = space_of((2, 3), 4)
    gnas = Gnas(space, seed=0, warmup=3, sweeps=1)
    first = gnas.best
    for _ in range(3):
        assert gnas.layer is None
        assert gnas.ask() == [first]
        drawn = [gnas.training_sample(np.random.default_rng(i)) for i in range(200)]
        for position, count in enumerate(space.choice_counts):
            assert {architecture[position] for architecture in drawn} == set(range(count))
        gnas.tell([first], np.full((1, 4), 0.25))
        assert gnas.report() == {"layer": None, "changed": 0, "score": 0.25}
    assert gnas.best == first
    assert gnas.layer == 3


def test_layers_are_visited_from_the_heads_up_and_sweeps_are_bounded():
    space = space_of((2, 3, 4), 5)
    scores = np.random.default_rng(0)
    gnas = Gnas(space, seed=0, warmup=2, sweeps=3)
    layers, reports = play(gnas, lambda asked: scores.random((len(asked), 5)))
    assert layers == [None, None, *[4, 3, 2] * (3 + SETTLING_SWEEPS)]
    assert [report["sweep"] for report in reports[2:11]] == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert [report["layer"] for report in reports] == layers


@pytest.mark.parametrize("seed", range(5))
def test_it_settles_without_training_where_no_single_connection_is_better(seed):
    space = space_of((2, 3, 4), 6)
    table = np.random.default_rng(seed).random((24, 6))

    def score(tree):
        return tree_scores(tree, table)

    gnas = Gnas(space, seed=seed, warmup=1, sweeps=1)
    trained, totals = [], []
    while not gnas.done:
        trained.append(gnas.trains)
        asked = gnas.ask()
        gnas.tell(asked, np.stack([score(space.tree(a)) for a in asked]))
        totals.append(score(space.tree(gnas.best)).mean())
    assert trained == [True] * 4 + [False] * (len(trained) - 4)
    assert totals == sorted(totals)
    found = space.tree(gnas.best)
    for layer, row in enumerate(found.parents, start=1):
        for block in range(len(row)):
            for parent in range(space.blocks[layer - 1]):
                other = found.with_layer(layer, [*row[:block], parent, *row[block + 1 :]])
                assert score(other).mean() <= totals[-1] + 1e-9


@pytest.mark.parametrize(
    ("blocks", "visited"),
    [((1, 3), [3]), ((3, 1), [2]), ((2, 1, 2), [4, 2]), ((1, 1), []), ((1,), [])],
)
def test_layers_with_nothing_to_choose_are_not_visited(blocks, visited):
    space = space_of(blocks, 4)
    scores = np.random.default_rng(0)
    gnas = Gnas(space, seed=0, warmup=1, sweeps=2)
    layers, _ = play(gnas, lambda asked: scores.random((len(asked), 4)))
    assert layers[0] is None
    assert layers[1 : 1 + len(visited)] == visited
    assert set(layers[1:]) == set(visited)


def test_it_stops_after_a_sweep_that_changed_nothing():
    space = space_of((2, 3, 4), 5)
    gnas = Gnas(space, seed=0, warmup=2, sweeps=100)
    layers, _ = play(gnas, lambda asked: np.zeros((len(asked), 5)))
    assert layers == [None, None, 4, 3, 2]


@pytest.mark.parametrize("rounds", range(6))
def test_a_sweep_without_changes_is_counted_through_an_interruption(rounds):
    space = space_of((2, 3, 4), 5)
    interrupted = Gnas(space, seed=0, warmup=2, sweeps=100)
    for _ in range(rounds):
        asked = interrupted.ask()
        interrupted.tell(asked, np.zeros((len(asked), 5)))
    restored = Gnas(space, seed=1, warmup=2, sweeps=100)
    restored.restore(json.loads(json.dumps(interrupted.state())))
    layers, _ = play(restored, lambda asked: np.zeros((len(asked), 5)))
    assert layers == [None, None, 4, 3, 2][rounds:]


def test_one_change_asks_for_another_whole_sweep():
    space = space_of((2, 3, 4), 5)
    gnas = Gnas(space, seed=0, warmup=0, sweeps=100)
    rounds = itertools.count()

    def evaluate(asked):
        scores = np.zeros((len(asked), 5))
        if next(rounds) == 1:  # The second visit: layer 3 has something to change.
            above = space.tree(gnas.best).parents[2]
            leaf = space.tree(gnas.best).parents[3][0]
            scores[(above[leaf] + 1) % 3] = 1.0
        return scores

    layers, reports = play(gnas, evaluate)
    assert [report["changed"] > 0 for report in reports] == [False, True, False, False, False]
    assert layers == [4, 3, 2, 4, 3]


@pytest.mark.parametrize("seed", range(20))
def test_no_block_in_use_loses_its_last_child(seed):
    space = space_of((2, 3, 4), 6)
    rng = np.random.default_rng(seed)
    tree = full_tree(space, rng)
    assert tree.pruned() == tree
    for layer in (4, 3, 2, 4, 3, 2):
        scores = rng.random((space.blocks[layer - 1], 6))
        free, kept = greedy_layer(tree, layer, scores), greedy_layer(tree, layer, scores, True)
        assert kept.pruned() == kept
        if free.pruned() == free:
            assert kept == free
        tree = kept


def test_the_child_that_gains_least_stays():
    space = space_of((2,), 3)
    tree = space.tree((0, 0, 0, 0, 1))
    scores = np.array([[0.1, 0.4, 0.5], [0.9, 0.6, 0.7]])
    assert greedy_layer(tree, 2, scores).parents[-1] == (1, 1, 1)
    assert greedy_layer(tree, 2, scores, keep_blocks=True).parents[-1] == (1, 0, 1)


def test_a_full_tree_with_too_few_children_uses_as_many_blocks_as_it_can():
    space = space_of((5, 2), 1)
    tree = full_tree(space, np.random.default_rng(0))
    assert len(set(tree.parents[1])) == 2
    assert space.tree(space.architecture(tree)) == tree


def test_gnas_that_keeps_blocks_ends_with_all_of_them():
    space = space_of((2, 3, 4), 6)
    scores = np.random.default_rng(0)
    gnas = Gnas(space, seed=0, warmup=0, sweeps=3, keep_blocks=True)
    play(gnas, lambda asked: scores.random((len(asked), 6)))
    found = space.tree(gnas.best)
    assert found.pruned() == found
