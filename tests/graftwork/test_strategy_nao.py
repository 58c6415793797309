"""NAO: three networks with one loss, and the way uphill in the embedding."""

import numpy as np
import pytest

from graftwork.space import Decision, Space
from graftwork.strategies.nao import Nao
from graftwork.surrogate_autoencoder import Autoencoder
from graftwork.surrogate_perceptron import Adam, Perceptron

SPACE = Space(tuple(Decision(f"decision {i}", ("a", "b", "c", "d")[: 2 + i % 3]) for i in range(7)))
TARGET = (1, 2, 3, 0, 1, 0, 1)


def matches(architecture):
    """How many decisions agree with a hidden architecture."""
    return sum(a == b for a, b in zip(architecture, TARGET, strict=True))


def told(strategy, count, score=matches):
    for _ in range(count):
        asked = strategy.ask()
        strategy.tell(asked, np.array([[score(a)] for a in asked], float))
    return strategy


def test_a_perceptron_has_the_gradients_of_finite_differences():
    rng = np.random.default_rng(0)
    network = Perceptron((4, 5, 6, 2), rng, members=3)
    network.weights = [weights.astype(float) for weights in network.weights]
    network.biases = [rng.normal(size=biases.shape) for biases in network.biases]
    inputs, outer = rng.normal(size=(3, 7, 4)), rng.normal(size=(3, 7, 2))
    gradients, by_inputs = network.gradients(network.layers(inputs), outer)

    def loss():
        return (network.layers(inputs)[-1] * outer).sum()

    for array, gradient in zip([*network.parameters, inputs], [*gradients, by_inputs], strict=True):
        assert array.shape == gradient.shape
        for index in list(np.ndindex(array.shape))[::3]:
            before = array[index]
            array[index] = before + 1e-6
            above = loss()
            array[index] = before - 1e-6
            below = loss()
            array[index] = before
            assert gradient[index] == pytest.approx((above - below) / 2e-6, abs=1e-5)


def test_members_are_trained_as_if_alone():
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(9, 4)).astype("float32")
    together = Perceptron((4, 5, 1), rng, members=3)
    alone = Perceptron((4, 5, 1), rng)
    alone.weights = [weights[1:2].copy() for weights in together.weights]
    for network in (together, alone):
        optimizer = Adam(network.parameters, 20, 0.05, weight_decay=0.1)
        for _ in range(20):
            values = network.layers(inputs)
            optimizer.apply(network.gradients(values, values[-1] - inputs[:, :1])[0])
    np.testing.assert_allclose(
        together.layers(inputs)[-1][1], alone.layers(inputs)[-1][0], rtol=1e-4, atol=1e-5
    )


def fitted(count=60, **options):
    rng = np.random.default_rng(0)
    model = Autoencoder(SPACE.choice_counts, **options)
    known = list(dict.fromkeys(SPACE.sample(rng) for _ in range(count)))
    targets = np.array([matches(a) for a in known], "float32") / 2 - 1
    model.fit(SPACE.one_hot(known), targets, SPACE.one_hot(known[:5]), rng)
    return model, known, targets


def test_it_predicts_and_decodes_what_it_was_fitted_to():
    model, known, targets = fitted()
    embeddings = model.embed(SPACE.one_hot(known))
    assert np.abs(model.predict(embeddings) - targets).mean() < 0.1
    assert np.mean([a == b for a, b in zip(model.decode(embeddings), known, strict=True)]) > 0.9


def test_the_trade_off_says_which_of_the_two_is_learnt():
    model, known, targets = fitted(trade_off=0.0)
    embeddings = model.embed(SPACE.one_hot(known))
    assert model.decode(embeddings) == known
    assert np.abs(model.predict(embeddings) - targets).mean() > 0.3
    model, known, targets = fitted(trade_off=1.0)
    embeddings = model.embed(SPACE.one_hot(known))
    assert np.abs(model.predict(embeddings) - targets).mean() < 0.1
    assert np.mean([a == b for a, b in zip(model.decode(embeddings), known, strict=True)]) < 0.2


def test_probabilities_sum_to_1_in_every_decision():
    model = Autoencoder(SPACE.choice_counts)
    logits = np.random.default_rng(0).normal(0, 30, (2, 5, sum(SPACE.choice_counts)))
    probabilities = model.softmax(logits)
    for part in np.split(probabilities, model.offsets[1:], axis=-1):
        np.testing.assert_allclose(part.sum(axis=-1), 1)


def test_the_slope_is_that_of_the_prediction():
    model, known, _ = fitted()
    embeddings = model.embed(SPACE.one_hot(known[:4])).astype(float)
    slope = model.slope(embeddings)
    for axis in range(0, embeddings.shape[1], 5):
        step = np.zeros_like(embeddings)
        step[:, axis] = 1e-3
        difference = model.predict(embeddings + step) - model.predict(embeddings - step)
        np.testing.assert_allclose(slope[:, axis], difference / 2e-3, atol=2e-2)


def test_what_lies_uphill_is_new_and_scores_higher_than_where_it_began():
    higher = []
    for seed in range(4):
        strategy = told(Nao(SPACE, 200, seed, initial=80), 80)
        strategy.improved()  # Fits the model.
        parents = [a for a, _ in strategy.ranked()[20:60]]
        found = strategy.uphill(parents)
        assert found
        assert all(strategy.is_new(architecture) for architecture in found)
        higher.append(np.mean([matches(a) for a in found]) - np.mean([matches(a) for a in parents]))
    assert min(higher) > 0.5


def test_steps_of_no_length_lead_nowhere():
    strategy = told(Nao(SPACE, 200, 0, initial=60, step_size=0.0), 60)
    strategy.improved()
    known = [
        a
        for a in strategy.history
        if strategy.model.decode(strategy.model.embed(SPACE.one_hot([a]))) == [a]
    ]
    assert known
    assert strategy.uphill(known) == []


def test_it_finds_the_best_of_2592_in_80_evaluations():
    for seed in range(3):
        assert matches(told(Nao(SPACE, 80, seed), 80).best) == len(SPACE)
