"""What predicts scores: encodings, targets, and networks that learn an order."""

import numpy as np
import pytest
from scipy import stats

from graftwork.nats import CellSpace
from graftwork.space import Decision, Space
from graftwork.strategies import make_strategy
from graftwork.surrogate_autoencoder import Autoencoder
from graftwork.surrogate_graph import GraphPredictor
from graftwork.surrogate_perceptron import Ensemble
from graftwork.surrogates import encode, mutants, normal_ranks
from multitask_nas.tree import TreeSpace

CELLS = CellSpace()
SPACE = Space(tuple(Decision(f"decision {i}", ("a", "b", "c", "d")) for i in range(8)))
PREDICTORS = ("pnas", "neural-predictor", "bananas", "nao")


def worth(architectures):
    """A score that is additive in the decisions, of very different weights."""
    return np.array([sum(c * 0.7**i for i, c in enumerate(a)) for a in architectures])


def sampled(space, count, seed=0):
    rng = np.random.default_rng(seed)
    return list(dict.fromkeys(space.sample(rng) for _ in range(count)))


def test_targets_keep_the_order_and_failures_are_the_lowest():
    scores = [0.9, -np.inf, 0.1, 0.5, 0.5, -np.inf]
    targets = normal_ranks(scores)
    assert targets[0] == targets.max()
    assert targets[1] == targets[5] == targets.min()
    assert targets[3] == targets[4]
    assert np.isfinite(targets).all()


def test_paths_are_used_where_a_space_has_them_and_counts_of_paths_are_no_encoding():
    assert encode(CELLS, sampled(CELLS, 5), "auto").shape == (5, 30 + 84)
    trees = TreeSpace((2, 3), list("abcd"))
    assert encode(trees, sampled(trees, 5), "auto").shape == (5, sum(trees.choice_counts))
    with pytest.raises(ValueError, match="no path encoding"):
        encode(trees, sampled(trees, 2), "paths")


def test_mutants_are_near_their_parents():
    parent = (0,) * 8
    found = mutants(SPACE, [parent], 100, 2, np.random.default_rng(0))
    apart = {sum(a != b for a, b in zip(parent, m, strict=True)) for m in found}
    assert len(set(found)) == len(found) > 50
    assert apart <= {0, 1, 2}
    assert {1, 2} <= apart


def test_an_ensemble_learns_an_order_and_is_less_sure_where_it_saw_nothing():
    known, new = sampled(SPACE, 120), sampled(SPACE, 200, seed=1)
    ensemble = Ensemble(5, steps=200)
    ensemble.fit(SPACE.one_hot(known), normal_ranks(worth(known)), np.random.default_rng(0))
    predicted = ensemble.predict(SPACE.one_hot(new))
    assert predicted.shape == (5, len(new))
    assert stats.spearmanr(predicted.mean(axis=0), worth(new)).statistic > 0.8
    seen = ensemble.predict(SPACE.one_hot(known)).std(axis=0)
    assert predicted.std(axis=0).mean() > seen.mean()


def test_a_graph_network_learns_an_order_over_cells():
    known, new = sampled(CELLS, 150), sampled(CELLS, 200, seed=1)

    def score(cells):
        return np.array([sum(c == 3 for c in a) - sum(c == 0 for c in a) for a in cells])

    predictor = GraphPredictor(CELLS, steps=200)
    predictor.fit(known, normal_ranks(score(known)), np.random.default_rng(0))
    assert stats.spearmanr(predictor.predict(new), score(new)).statistic > 0.7


def test_an_autoencoder_decodes_what_it_encoded_and_uphill_is_better():
    known = sampled(SPACE, 200)
    model = Autoencoder(SPACE.choice_counts, steps=400)
    encoded = SPACE.one_hot(known)
    model.fit(encoded, normal_ranks(worth(known)), encoded, np.random.default_rng(0))
    embeddings = model.embed(encoded)
    back = np.array(list(model.decode(embeddings)))
    assert (back == np.array(known)).mean() > 0.6
    slope = model.slope(embeddings)
    step = 0.05 * slope / np.linalg.norm(slope, axis=1, keepdims=True)
    assert (model.predict(embeddings + step) >= model.predict(embeddings)).mean() > 0.95


@pytest.mark.parametrize("name", PREDICTORS)
@pytest.mark.parametrize("batch", [1, 7])
def test_a_predictor_finds_better_than_random_search(name, batch):
    def best(strategy):
        while not strategy.done:
            asked = strategy.ask()
            strategy.tell(asked, worth(asked)[:, None])
        return worth([strategy.best])[0]

    found = [best(make_strategy(name, SPACE, 70, seed, batch=batch)) for seed in range(3)]
    random = [best(make_strategy("random", SPACE, 70, seed, batch=batch)) for seed in range(3)]
    assert np.mean(found) > np.mean(random)


@pytest.mark.parametrize("name", ["bananas", "nao"])
@pytest.mark.parametrize("batch", [1, 3, 7])
def test_only_the_first_architectures_are_drawn_at_random(name, batch, monkeypatch):
    strategy = make_strategy(name, SPACE, 60, 0, batch=batch)
    drawn, plain = [], strategy.unseen

    def unseen(*besides):
        drawn.append(plain(*besides))
        return drawn[-1]

    monkeypatch.setattr(strategy, "unseen", unseen)
    while not strategy.done:
        asked = strategy.ask()
        strategy.tell(asked, worth(asked)[:, None])
    assert strategy.initial <= len(drawn) < strategy.initial + batch
