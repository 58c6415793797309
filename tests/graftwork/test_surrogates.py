"""What predicts scores: encodings, targets, and networks that learn an order."""

import numpy as np
import pytest
from scipy import stats

from graftwork.nats import CellSpace
from graftwork.space import Decision, Space
from graftwork.strategies import make_strategy
from graftwork.surrogate_autoencoder import Autoencoder
from graftwork.surrogate_graph import GraphPredictor
from graftwork.surrogate_perceptron import Adam, Ensemble, Perceptron
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


def differences(loss, array):
    """Returns the gradient of `loss()` by a float64 array, by central differences."""
    gradient = np.empty_like(array)
    for index in np.ndindex(array.shape):
        before = array[index]
        array[index] = before + 1e-6
        above = loss()
        array[index] = before - 1e-6
        gradient[index] = (above - loss()) / 2e-6
        array[index] = before
    return gradient


def in_float64(network, rng):
    """Gives a network parameters fit for finite differences, with biases that are not 0."""
    network.parameters = network.parameters + 0.1 * rng.normal(size=network.parameters.shape)


def test_a_perceptron_has_the_gradients_of_finite_differences():
    rng = np.random.default_rng(0)
    network = Perceptron((4, 5, 6, 2), rng, members=3)
    in_float64(network, rng)
    inputs, outer = rng.normal(size=(3, 7, 4)), rng.normal(size=(3, 7, 2))

    def loss():
        return (network.layers(inputs)[-1] * outer).sum()

    gradient, hidden = network.gradients(network.layers(inputs), outer)
    np.testing.assert_allclose(gradient, differences(loss, network.parameters), atol=1e-7)
    np.testing.assert_allclose(network.slopes(hidden), differences(loss, inputs), atol=1e-7)


@pytest.mark.parametrize("trade_off", [0.0, 0.7, 1.0])
def test_an_autoencoder_has_the_gradients_of_finite_differences(trade_off):
    """The loss is written out here anew, as in eq. 1 of the paper."""
    rng = np.random.default_rng(0)
    model = Autoencoder((2, 4, 3), embedding=4, hidden=5, trade_off=trade_off, steps=1)
    seen = Space(tuple(Decision(f"{count}", tuple("abcd"[:count])) for count in (2, 4, 3))).one_hot(
        [(0, 1, 2), (1, 3, 0), (1, 0, 1), (0, 2, 2), (1, 1, 1)]
    )
    targets = rng.normal(size=3)
    model.fit(seen[:3], targets.astype("float32"), seen[3:], rng)
    networks = (model.encoder, model.predictor, model.decoder)
    for network in networks:
        in_float64(network, rng)

    def loss():
        embeddings = model.embed(seen)
        logits = model.decoder.layers(embeddings)[-1][0]
        # −log of the probability of an architecture: a sum over its decisions.
        surprise = sum(
            np.log(np.exp(part).sum(axis=1)) - (part * truth).sum(axis=1)
            for part, truth in zip(
                *(np.split(each, [2, 6], axis=1) for each in (logits, seen)), strict=True
            )
        )
        errors = model.predict(embeddings)[:3] - targets
        return trade_off * (errors**2).mean() + (1 - trade_off) * surprise.mean()

    for network, gradient in zip(networks, model.gradients(seen, targets), strict=True):
        expected = differences(loss, network.parameters)
        np.testing.assert_allclose(gradient, expected, atol=1e-7)


def test_the_slope_of_a_prediction_is_that_of_finite_differences():
    rng = np.random.default_rng(0)
    model = Autoencoder((2, 4, 3), embedding=4, hidden=5, steps=1)
    model.fit(np.eye(9, dtype="float32"), np.arange(9, dtype="float32"), np.eye(9)[:0], rng)
    in_float64(model.predictor, rng)
    embeddings = rng.normal(size=(6, 4))
    slope = model.slope(embeddings)
    expected = differences(lambda: model.predict(embeddings).sum(), embeddings)
    np.testing.assert_allclose(slope, expected, atol=1e-7)


def test_an_ensemble_descends_the_mean_squared_error(monkeypatch):
    """Half of it, summed over the members: each is trained for itself."""
    steps = []
    monkeypatch.setattr(Adam, "apply", lambda self, gradient: steps.append(gradient.copy()))
    rng = np.random.default_rng(0)
    inputs, targets = rng.normal(size=(6, 4)), rng.normal(size=6)
    ensemble = Ensemble(2, hidden=(5,), steps=1)
    ensemble.fit(inputs.astype("float32"), targets.astype("float32"), rng)
    ensemble.network.parameters = ensemble.network.parameters.astype(float)

    def loss():
        return ((ensemble.predict(inputs) - targets) ** 2).mean(axis=1).sum() / 2

    expected = differences(loss, ensemble.network.parameters)
    np.testing.assert_allclose(steps[0], expected, atol=1e-5)


def test_adam_takes_the_steps_of_the_paper():
    gradients = np.array([[1.0, -2.0], [0.5, 3.0], [-4.0, 0.0]])
    parameters = expected = np.array([1.0, -1.0])
    parameters = parameters.copy()
    optimizer = Adam(parameters, steps=4, learning_rate=0.1, weight_decay=0.2)
    mean = square = np.zeros(2)
    for number, gradient in enumerate(gradients):
        optimizer.apply(gradient.copy())
        rate = 0.1 * (1 - number / 4)
        mean, square = 0.9 * mean + 0.1 * gradient, 0.99 * square + 0.01 * gradient**2
        unbiased = mean / (1 - 0.9 ** (number + 1)), square / (1 - 0.99 ** (number + 1))
        expected = expected * (1 - 0.2 * rate) - rate * unbiased[0] / (unbiased[1] ** 0.5 + 1e-8)
        np.testing.assert_allclose(parameters, expected, rtol=1e-6)


def test_members_are_trained_as_if_alone():
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(9, 4)).astype("float32")
    together, alone = Perceptron((4, 5, 1), rng, members=3), Perceptron((4, 5, 1), rng)
    for mine, theirs in zip(
        alone.split(alone.parameters)[0], together.split(together.parameters)[0], strict=True
    ):
        mine[0] = theirs[1]
    for network in (together, alone):
        optimizer = Adam(network.parameters, 20, 0.05, weight_decay=0.1)
        for _ in range(20):
            values = network.layers(inputs)
            optimizer.apply(network.gradients(values, values[-1] - inputs[:, :1])[0])
    np.testing.assert_allclose(
        together.layers(inputs)[-1][1], alone.layers(inputs)[-1][0], rtol=1e-4, atol=1e-5
    )


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
