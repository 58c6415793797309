"""Neural Predictor: a random half, one fit over the cell's graph, then the predicted best."""

import numpy as np
import pytest

from graftwork.nats import CellSpace
from graftwork.space import Decision, Space
from graftwork.strategies import neural_predictor
from graftwork.strategies.neural_predictor import NeuralPredictor
from graftwork.surrogate_graph import GraphPredictor

CELLS = CellSpace()
CONVOLUTION = 3


class Chain(Space):
    """Decisions of which each feeds the next."""

    def adjacency(self):
        return np.eye(len(self), k=1, dtype=bool)


def fitted(space, seed=0):
    """Returns a graph network fitted to random targets."""
    rng = np.random.default_rng(seed)
    known = list(dict.fromkeys(space.sample(rng) for _ in range(40)))
    predictor = GraphPredictor(space, steps=60)
    predictor.fit(known, rng.standard_normal(len(known), "float32"), rng)
    return predictor


def told(strategy, score):
    """Plays to the end; returns what was asked for, in order."""
    while not strategy.done:
        asked = strategy.ask()
        strategy.tell(asked, np.array([[score(a)] for a in asked], float))
    return list(strategy.history)


def test_the_same_choice_at_another_decision_is_another_architecture():
    cells = [tuple(CONVOLUTION if i == place else 0 for i in range(6)) for place in range(6)]
    predicted = fitted(CELLS).predict(cells)
    gaps = np.abs(predicted[:, None] - predicted)[~np.eye(6, dtype=bool)]
    assert gaps.min() > 1e-3


def test_a_node_knows_its_own_choice_and_its_decision():
    nodes = GraphPredictor(CELLS).nodes([(4, 3, 2, 1, 0, 0)])
    assert nodes.shape == (1, 6, 5 + 6)
    np.testing.assert_array_equal(nodes[0, :, :5].argmax(axis=1), [4, 3, 2, 1, 0, 0])
    np.testing.assert_array_equal(nodes[0, :, 5:], np.eye(6))
    assert (nodes[0, :, :5].sum(axis=1) == 1).all()


def test_a_convolution_passes_along_the_edges_and_no_further():
    """After one convolution, a change is known to the decision itself and its neighbours."""
    space = Chain(tuple(Decision(f"decision {i}", ("a", "b", "c")) for i in range(7)))
    predictor = fitted(space)
    nodes = predictor.nodes([(0,) * 7, (0, 0, 0, 1, 0, 0, 0)])
    reached = []
    for layer in predictor.network.layers[:4]:  # The nodes' own layer, three convolutions.
        nodes = np.array(layer(nodes))
        reached.append(np.flatnonzero(np.abs(nodes[0] - nodes[1]).max(axis=1) > 1e-6).tolist())
    assert reached == [[3], [2, 3, 4], [1, 2, 3, 4, 5], list(range(7))]


def test_another_graph_over_the_same_decisions_predicts_otherwise():
    decisions = tuple(Decision(f"decision {i}", ("a", "b", "c")) for i in range(5))
    chain, unknown = Chain(decisions), Space(decisions)
    architectures = [chain.at(index) for index in range(0, chain.size, 20)]
    first, second = (fitted(space).predict(architectures) for space in (chain, unknown))
    assert np.abs(first - second).max() > 1e-2


def test_decisions_renumbered_with_their_graph_and_names_predict_the_same():
    """The network knows decisions by their edges and their mark alone, not by their place."""
    order = np.array([3, 0, 5, 1, 4, 2])
    predictor = fitted(CELLS)
    rng = np.random.default_rng(1)
    nodes = predictor.nodes([CELLS.sample(rng) for _ in range(20)])
    plain = np.array(predictor.network(nodes))
    convolutions = [each for each in predictor.network.layers if hasattr(each, "forward")]
    moved = np.array(predictor.network(nodes[:, order]))
    assert np.abs(moved - plain).max() > 1e-3  # The graph is still the old one.
    kept = [(each.forward, each.backward) for each in convolutions]
    try:
        for each in convolutions:
            each.forward = each.forward[np.ix_(order, order)]
            each.backward = each.backward[np.ix_(order, order)]
        moved = np.array(predictor.network(nodes[:, order]))
    finally:
        for each, (each.forward, each.backward) in zip(convolutions, kept, strict=True):
            pass
    np.testing.assert_allclose(moved, plain, rtol=1e-4, atol=1e-5)


def test_it_fits_once_and_asks_for_the_predicted_best_in_order(monkeypatch):
    fits = []

    class Truth:
        """Predicts the sum of the choices."""

        def __init__(self, space, steps):
            pass

        def fit(self, architectures, targets, rng):
            fits.append(list(architectures))

        def predict(self, architectures):
            return np.array([sum(a) for a in architectures], "float32")

    monkeypatch.setattr(neural_predictor, "GraphPredictor", Truth)
    asked = told(NeuralPredictor(CELLS, 40, 0, share=0.25), sum)
    assert fits == [asked[:10]]
    worths = [sum(a) for a in asked[10:]]
    assert worths == sorted(worths, reverse=True)
    # All cells were candidates: nothing that was left out is better.
    left = {CELLS.at(i) for i in range(CELLS.size)} - set(asked)
    assert min(worths) >= max(map(sum, left))


@pytest.mark.parametrize("decisions", [30, 60])
def test_a_space_beyond_counting_is_sampled(decisions, monkeypatch):
    space = Space(tuple(Decision(f"decision {i}", tuple("abcdefghij")) for i in range(decisions)))
    assert space.size >= 10**30

    def at(self, index):
        raise AssertionError("the space is enumerated")

    sampled, plain = [], Space.sample
    monkeypatch.setattr(Space, "at", at)
    monkeypatch.setattr(Space, "sample", lambda *args: sampled.append(0) or plain(*args))
    strategy = NeuralPredictor(space, 40, 0, share=0.75, candidates=300, steps=40)
    asked = told(strategy, lambda a: -sum(a))
    assert len(set(asked)) == 40
    # The first guess of the best, 30 at random, and the candidates: no more than these.
    assert len(sampled) == 1 + 30 + 300
    assert np.mean([sum(a) for a in asked[30:]]) < np.mean([sum(a) for a in asked[:30]])
