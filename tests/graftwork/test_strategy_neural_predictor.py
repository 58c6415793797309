"""Neural Predictor: a random sample, one fit over the cell's graph, then its favourites."""

from typing import ClassVar

import numpy as np
import pytest
from keras import ops

from graftwork.nats import EDGES, CellSpace
from graftwork.space import Decision, Space
from graftwork.strategies import neural_predictor
from graftwork.strategies.neural_predictor import NeuralPredictor
from graftwork.surrogate_graph import GraphConvolution, GraphPredictor

CELLS = CellSpace()
PLAIN = Space(tuple(Decision(f"decision {i}", ("a", "b")) for i in range(8)))
"""A space that says nothing of its graph: every decision is next to every other."""


def fitted(space, steps=40):
    """Returns a graph network fitted to random targets."""
    rng = np.random.default_rng(0)
    known = list(dict.fromkeys(space.sample(rng) for _ in range(40)))
    predictor = GraphPredictor(space, steps=steps)
    predictor.fit(known, rng.standard_normal(len(known), "float32"), rng)
    return predictor


def told(strategy, score):
    """Plays to the end; returns what was asked for, in order."""
    while not strategy.done:
        asked = strategy.ask()
        strategy.tell(asked, np.array([[score(a)] for a in asked], float))
    return list(strategy.history)


def test_a_convolution_is_the_equation():
    adjacency = CELLS.adjacency()
    layer = GraphConvolution(adjacency, 5)
    nodes = np.random.default_rng(0).normal(size=(3, 6, 4)).astype("float32")
    found = ops.convert_to_numpy(layer(nodes))
    with_loops = adjacency + np.eye(6)
    along = with_loops / with_loops.sum(axis=1, keepdims=True)
    against = with_loops.T / with_loops.T.sum(axis=1, keepdims=True)
    kernel, bias, other_kernel, other_bias = (ops.convert_to_numpy(w) for w in layer.weights)
    expected = (
        np.maximum(along @ nodes @ kernel + bias, 0)
        + np.maximum(against @ nodes @ other_kernel + other_bias, 0)
    ) / 2
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_a_convolution_reaches_neighbours_alone():
    layer = GraphConvolution(CELLS.adjacency(), 5)
    layer.build((None, 6, 4))
    nodes = np.random.default_rng(0).normal(size=(1, 6, 4)).astype("float32")
    changed = nodes.copy()
    changed[0, EDGES.index((0, 1))] += 1
    moved = ops.convert_to_numpy(layer(changed) - layer(nodes))[0].any(axis=1)
    # What flows into node 1 flows on by the edges from 1 to 2 and from 1 to 3.
    assert [edge for edge, m in zip(EDGES, moved, strict=True) if m] == [(0, 1), (1, 2), (1, 3)]


def test_a_node_knows_its_choice_and_which_decision_it_is():
    nodes = GraphPredictor(CELLS, steps=40).nodes([(4, 3, 2, 1, 0, 0)])
    np.testing.assert_array_equal(nodes[0, :, :5], np.eye(5)[[4, 3, 2, 1, 0, 0]])
    np.testing.assert_array_equal(nodes[0, :, 5:], np.eye(6))


@pytest.mark.parametrize("space", [CELLS, PLAIN], ids=["cells", "no known graph"])
def test_the_same_choice_at_another_decision_is_another_architecture(space):
    places = range(len(space))
    moved = [tuple(int(i == place) for i in places) for place in places]
    predicted = fitted(space).predict(moved)
    gaps = np.abs(predicted[:, None] - predicted)[~np.eye(len(space), dtype=bool)]
    assert gaps.min() > 1e-3


def test_it_learns_which_decision_matters_where_all_are_next_to_each_other():
    known = [PLAIN.at(i) for i in range(0, 256, 2)]
    new = [PLAIN.at(i) for i in range(1, 256, 2)]
    predictor = GraphPredictor(PLAIN, steps=100)
    predictor.fit(known, np.array([a[0] for a in known], "float32"), np.random.default_rng(0))
    first = np.array([a[0] for a in new], bool)
    predicted = predictor.predict(new)
    assert predicted[first].mean() - predicted[~first].mean() > 0.8


def test_renumbered_with_their_marks_decisions_predict_the_same_by_a_renumbered_graph(monkeypatch):
    predictor = fitted(CELLS)
    order = np.array([3, 0, 5, 1, 4, 2])
    nodes = predictor.nodes([CELLS.at(i) for i in range(0, CELLS.size, 800)])
    plain = ops.convert_to_numpy(predictor.network(nodes))
    otherwise = ops.convert_to_numpy(predictor.network(nodes[:, order]))
    assert np.abs(otherwise - plain).max() > 1e-2
    for layer in predictor.network.layers:
        if isinstance(layer, GraphConvolution):
            monkeypatch.setattr(layer, "forward", layer.forward[np.ix_(order, order)])
            monkeypatch.setattr(layer, "backward", layer.backward[np.ix_(order, order)])
    same = ops.convert_to_numpy(predictor.network(nodes[:, order]))
    np.testing.assert_allclose(same, plain, rtol=1e-4, atol=1e-5)


def test_a_fit_begins_anew_and_the_compiled_network_is_shared():
    rng = np.random.default_rng(0)
    known = [CELLS.sample(rng) for _ in range(20)]
    targets = rng.standard_normal(20, "float32")
    first, second = GraphPredictor(CELLS, steps=40), GraphPredictor(CELLS, steps=40)
    assert first.network is second.network
    first.fit(known, targets, np.random.default_rng(1))
    before = first.predict(known)
    second.fit(known, -targets, np.random.default_rng(2))
    assert not np.allclose(second.predict(known), before)
    second.fit(known, targets, np.random.default_rng(1))
    np.testing.assert_array_equal(second.predict(known), before)


class Truth:
    """A predictor that knows the score, and remembers what it was fitted to."""

    fits: ClassVar = []

    def __init__(self, space, steps):
        pass

    def fit(self, architectures, targets, rng):
        self.fits.append(list(architectures))

    def predict(self, architectures):
        return np.array([sum(a) for a in architectures], "float32")


@pytest.mark.parametrize("share", [0.25, 0.6])
def test_a_random_sample_comes_first_then_what_one_fit_predicts_best(share, monkeypatch):
    monkeypatch.setattr(neural_predictor, "GraphPredictor", Truth)
    monkeypatch.setattr(Truth, "fits", [])
    asked = told(NeuralPredictor(CELLS, 40, 0, share=share), sum)
    first = round(40 * share)
    assert Truth.fits == [asked[:first]]
    worths = [sum(a) for a in asked[first:]]
    assert worths == sorted(worths, reverse=True)
    # All cells were candidates: nothing that was left out is better.
    left = {CELLS.at(i) for i in range(CELLS.size)} - set(asked)
    assert min(worths) >= max(map(sum, left))


@pytest.mark.parametrize("decisions", [30, 60])
def test_a_space_beyond_counting_is_sampled_not_enumerated(decisions, monkeypatch):
    space = Space(tuple(Decision(f"decision {i}", tuple("abcdefghij")) for i in range(decisions)))
    assert space.size >= 10**30
    drawn, plain = [], Space.sample

    def at(self, index):
        raise AssertionError("the space is enumerated")

    def sample(self, rng):
        drawn.append(plain(self, rng))
        return drawn[-1]

    monkeypatch.setattr(neural_predictor, "GraphPredictor", Truth)
    monkeypatch.setattr(Space, "at", at)
    monkeypatch.setattr(Space, "sample", sample)
    asked = told(NeuralPredictor(space, 40, 0, share=0.75, candidates=300), sum)
    # What is preferred before anything is known, 30 at random, and the candidates.
    assert len(drawn) == 1 + 30 + 300
    assert asked[30:] == sorted(drawn[31:], key=sum, reverse=True)[:10]


def test_it_finds_better_than_its_sample_in_a_space_beyond_counting():
    space = Space(tuple(Decision(f"decision {i}", ("a", "b", "c", "d")) for i in range(50)))
    assert space.size > 10**30

    def matches(architecture):
        return sum(choice == (3 * i + 1) % 4 for i, choice in enumerate(architecture))

    asked = told(NeuralPredictor(space, 60, 0, share=0.7, candidates=2000, steps=100), matches)
    scores = [matches(a) for a in asked]
    assert np.mean(scores[42:]) > np.mean(scores[:42]) + 2
