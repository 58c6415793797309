"""The LSTM policy, against the same LSTM written in NumPy."""

import itertools

import keras
import numpy as np
import pytest
from keras import ops

from graftwork import policy as module
from graftwork.controller import Controller
from graftwork.policy import Policy
from graftwork.strategies.reinforce import PolicyGradientLoss

COUNTS = (2, 3, 1, 4)
EVERY = np.array(list(itertools.product(*map(range, COUNTS))), "int32")


def made(counts=COUNTS, units=5, context_size=0, spread=1.0):
    """Returns a controller with large random weights, so that its choices depend on each other."""
    controller = Controller(counts, units, context_size)
    rng = np.random.default_rng(0)
    for variable in controller.trainable_variables:
        variable.assign(rng.normal(scale=spread, size=variable.shape))
    return controller


def numbers(controller):
    return [ops.convert_to_numpy(v).astype(float) for v in controller.trainable_variables]


def distributions(weights, counts, architecture):
    """Returns the distribution of every choice of one architecture, by NumPy in float64."""
    embeddings, heads, biases, kernel, recurrent, bias = weights
    hidden = carry = np.zeros(len(recurrent))
    row, result = 0, []
    for step, choice in enumerate(architecture):
        gates = embeddings[row] @ kernel + hidden @ recurrent + bias
        into, forget, new, out = np.split(gates, 4)
        into, forget, out = (1 / (1 + np.exp(-gate)) for gate in (into, forget, out))
        carry = forget * carry + into * np.tanh(new)
        hidden = out * np.tanh(carry)
        odds = np.exp(hidden @ heads[step] + biases[step])[: counts[step]]
        result.append(odds / odds.sum())
        row = 1 + sum(counts[:step]) + choice
    return result


def log_probability(weights, counts, architecture):
    each = distributions(weights, counts, architecture)
    return sum(np.log(p[choice]) for p, choice in zip(each, architecture, strict=True))


def gumbel(rows, counts=COUNTS, seed=1):
    shape = (rows, len(counts), max(counts))
    return np.random.default_rng(seed).gumbel(size=shape).astype("float32")


def test_log_probability_and_entropy_are_those_of_the_whole_sequence():
    controller = made()
    values = ops.convert_to_numpy(controller(EVERY))
    assert values.shape == (len(EVERY), 2)
    for architecture, (log, entropy) in zip(EVERY, values, strict=True):
        each = distributions(numbers(controller), COUNTS, architecture)
        assert log == pytest.approx(
            log_probability(numbers(controller), COUNTS, architecture), abs=1e-4
        )
        assert entropy == pytest.approx(-sum((p * np.log(p)).sum() for p in each), abs=1e-4)


def test_the_probabilities_of_all_architectures_sum_to_one():
    logs = ops.convert_to_numpy(made()(EVERY))[:, 0]
    assert np.exp(logs).sum() == pytest.approx(1, abs=1e-5)
    assert logs.std() > 0.5


def test_samples_come_as_often_as_their_probabilities_say():
    controller, rows = made(), 20_000
    choices, values = controller.sample(gumbel(rows))
    choices, values = ops.convert_to_numpy(choices), ops.convert_to_numpy(values)
    assert choices.dtype == np.int32
    np.testing.assert_allclose(values, ops.convert_to_numpy(controller(choices)), atol=1e-5)
    expected = np.exp(ops.convert_to_numpy(controller(EVERY))[:, 0])
    found = (choices[:, None] == EVERY).all(axis=2).mean(axis=0)
    assert found.sum() == 1  # No choice that a decision does not have.
    assert (abs(found - expected) < 4.5 * np.sqrt(expected / rows) + 1e-4).all()


def test_a_context_changes_the_distribution_alike_in_both_directions():
    controller = made(context_size=2)
    one, other = (np.tile(np.float32([row]), (len(EVERY), 1)) for row in ([0, 0], [2, -1]))
    first, second = (ops.convert_to_numpy(controller([EVERY, c]))[:, 0] for c in (one, other))
    assert np.exp(first).sum() == pytest.approx(1, abs=1e-5)
    assert np.exp(second).sum() == pytest.approx(1, abs=1e-5)
    assert abs(first - second).max() > 0.1

    choices, values = controller.sample(gumbel(len(EVERY)), other)
    again = controller([choices, other])
    np.testing.assert_allclose(ops.convert_to_numpy(values), ops.convert_to_numpy(again), atol=1e-5)
    # The same noise and the context of zeros: what a controller without its rows draws.
    plain = made()
    for variable, value in zip(plain.trainable_variables, numbers(controller), strict=True):
        variable.assign(value[: variable.shape[0]])  # The LSTM's kernel has two rows more.
    expected, _ = plain.sample(gumbel(len(EVERY)))
    drawn, _ = controller.sample(gumbel(len(EVERY)), one)
    assert (ops.convert_to_numpy(drawn) == ops.convert_to_numpy(expected)).all()


COUNTS_OF_TWO = (2, 3)
BATCH_OF_FIVE = np.array([[0, 0], [1, 2], [0, 2], [1, 1], [0, 0]], "int32")
ADVANTAGES = np.array([1.5, -0.5, 0.25, -2.0, 0.75])


def descent(entropy_weight=0.0):
    """Returns weights before a step of the loss, and the gradient that the step followed."""
    controller = made(COUNTS_OF_TWO, units=3)
    controller.compile(
        keras.optimizers.SGD(1.0), loss=PolicyGradientLoss(entropy_weight), jit_compile=False
    )
    before = numbers(controller)
    targets = np.stack([ADVANTAGES, np.zeros(5)], axis=1).astype("float32")
    controller.train_on_batch(BATCH_OF_FIVE, targets)
    return before, [a - b for a, b in zip(before, numbers(controller), strict=True)]


def test_the_gradient_is_the_policy_gradient_computed_by_hand():
    """d/d(logits) of −(1/n) Σ A_i log π(a_i) is −(1/n) Σ A_i (one-hot(a_i) − π)."""
    weights, gradient = descent()
    expected = np.zeros((2, 3))
    for architecture, advantage in zip(BATCH_OF_FIVE, ADVANTAGES, strict=True):
        each = distributions(weights, COUNTS_OF_TWO, architecture)
        for step, choice in enumerate(architecture):
            chosen = np.eye(COUNTS_OF_TWO[step])[choice]
            expected[step, : COUNTS_OF_TWO[step]] -= advantage * (chosen - each[step]) / 5
    assert abs(expected).max() > 0.1
    np.testing.assert_allclose(gradient[2], expected, atol=1e-5)


@pytest.mark.parametrize("entropy_weight", [0.0, 0.7])
def test_the_gradient_of_every_weight_is_that_of_finite_differences(entropy_weight):
    weights, gradient = descent(entropy_weight)

    def loss(moved):
        total = 0.0
        for architecture, advantage in zip(BATCH_OF_FIVE, ADVANTAGES, strict=True):
            each = distributions(moved, COUNTS_OF_TWO, architecture)
            entropy = -sum((p * np.log(p)).sum() for p in each)
            log = log_probability(moved, COUNTS_OF_TWO, architecture)
            total -= advantage * log + entropy_weight * entropy
        return total / 5

    for index, value in enumerate(weights):
        for place in np.ndindex(value.shape):
            step = np.zeros_like(value)
            step[place] = 1e-5
            up, down = (
                loss([*weights[:index], value + s, *weights[index + 1 :]]) for s in (step, -step)
            )
            slope = (up - down) / 2e-5
            assert gradient[index][place] == pytest.approx(slope, abs=2e-5)


def policy(seed=0, units=4):
    return Policy(COUNTS, units, 0.05, PolicyGradientLoss(0.0), np.random.default_rng(seed))


def taught(one, steps=3):
    for step in range(steps):
        choices, _ = one.sample(6, np.random.default_rng(step))
        advantage = (choices[:, 1] == 2) - 0.5
        one.learn(choices, np.stack([advantage, 0 * advantage], axis=1).astype("float32"))
        yield


def test_policies_share_what_is_compiled_and_nothing_else():
    alone = policy(1)
    list(taught(alone))
    one, other = policy(1), policy(2)
    for _ in zip(taught(one), taught(other), strict=True):
        pass
    assert one.state() == alone.state()
    assert other.state() != one.state()
    assert one._shared is other._shared
    assert one._shared.sample.experimental_get_tracing_count() == 1
    assert module._shared.cache_info().hits >= 2


def test_a_policy_learns_what_it_is_told():
    one = policy()
    for _ in range(8):
        list(taught(one, 5))
    choices, logs = one.sample(500, np.random.default_rng(0))
    assert (choices[:, 1] == 2).mean() > 0.9
    assert np.isfinite(logs).all()


def test_a_policy_goes_on_from_its_state():
    whole, stopped, restored = policy(1), policy(1), policy(5)
    list(taught(whole))
    list(taught(whole))
    list(taught(stopped))
    restored.restore(stopped.state())
    list(taught(restored))
    assert restored.state() == whole.state()
