"""Policies that read descriptors. What policies without do, test_controller.py tests."""

import itertools
import json

import numpy as np
import pytest
from keras import ops

from graftwork.controller import INITIAL_RANGE, Controller
from graftwork.errors import InputError
from graftwork.policy import Policy
from graftwork.strategies.reinforce import PolicyGradientLoss

COUNTS = (2, 3, 1, 4)
EVERY = np.array(list(itertools.product(*map(range, COUNTS))), "int32")
SIZE, EMBEDDED = 3, 5


class CountingLoss:
    """The policy gradient's loss, which knows how often it was traced."""

    def __init__(self):
        self.traces = 0

    def __call__(self, targets, values):
        self.traces += 1
        return PolicyGradientLoss(0.0)(targets, values)


def policy(seed=0, units=4, loss=PolicyGradientLoss(0.0), size=SIZE):  # noqa: B008
    rng = np.random.default_rng(seed)
    return Policy(COUNTS, units, 0.03, loss, rng, size, EMBEDDED)


def wild(seed=0):
    """Returns a policy with large weights, so that descriptors and choices matter much."""
    one = policy(seed)
    rng = np.random.default_rng([seed, 1])
    one.weights = [rng.normal(size=weight.shape) for weight in one.weights]
    return one


def rows(count, seed=3, size=SIZE):
    return np.random.default_rng(seed).normal(size=(count, size)).astype("float32")


def embedded(one, descriptors):
    """Returns the embeddings by NumPy in float64."""
    first, first_bias, second, second_bias = one.weights[-4:]
    hidden = np.maximum(descriptors @ first + first_bias, 0)
    return np.tanh(hidden @ second + second_bias)


def log_probabilities(one, descriptor):
    """Returns log π of `EVERY` for one descriptor, by a controller with a context."""
    controller = Controller(COUNTS, 4, EMBEDDED)
    for variable, value in zip(controller.trainable_variables, one.weights[:-4], strict=True):
        variable.assign(value)
    context = np.tile(embedded(one, descriptor[None]).astype("float32"), (len(EVERY), 1))
    return ops.convert_to_numpy(controller([EVERY, context]))[:, 0]


def taught(one, steps=3, count=6):
    """Teaches choice 2 of the second decision where a descriptor begins above 0, else choice 0."""
    for step in range(steps):
        descriptors = rows(count, seed=step)
        choices, _ = one.sample(count, np.random.default_rng(step), descriptors)
        wanted = np.where(descriptors[:, 0] > 0, 2, 0)
        advantage = (choices[:, 1] == wanted) - 0.4
        targets = np.stack([advantage, 0 * advantage], axis=1).astype("float32")
        one.learn(choices, targets, descriptors=descriptors)


def test_embeddings_are_those_of_the_two_layers():
    one, descriptors = wild(), rows(7)
    found = one.embed(descriptors)
    assert found.shape == (7, EMBEDDED)
    np.testing.assert_allclose(found, embedded(one, descriptors), atol=1e-5)
    assert (np.ptp(found, axis=0) > 0.1).sum() >= 3


def test_every_architecture_is_drawn_for_its_own_descriptor():
    one, descriptors = wild(), rows(3)
    logs = np.stack([log_probabilities(one, row) for row in descriptors])
    assert abs(logs[0] - logs[1]).max() > 0.5
    of = np.arange(3000) % 3
    choices, found = one.sample(len(of), np.random.default_rng(0), descriptors[of])
    matches = (choices[:, None] == EVERY).all(axis=2)
    np.testing.assert_allclose(found, logs[of, matches.argmax(axis=1)], atol=1e-4)
    for task in range(3):
        expected = np.exp(logs[task])
        shares = matches[of == task].mean(axis=0)
        assert (abs(shares - expected) < 4.5 * np.sqrt(expected / 1000) + 2e-3).all()


def test_the_mode_takes_the_most_likely_choice_after_the_choices_before():
    one, descriptors = wild(2), rows(26)
    modes = one.mode(descriptors)
    assert modes.dtype == np.int32
    assert modes.shape == (26, len(COUNTS))
    assert len(set(map(tuple, modes.tolist()))) > 1
    for descriptor, mode in zip(descriptors, modes, strict=True):
        odds = np.exp(log_probabilities(one, descriptor))
        for decision, count in enumerate(COUNTS):
            before = (EVERY[:, :decision] == mode[:decision]).all(axis=1)
            each = [odds[before & (EVERY[:, decision] == c)].sum() for c in range(count)]
            assert mode[decision] == np.argmax(each)


def test_a_policy_without_descriptors_has_one_mode_and_no_embeddings():
    one = policy(size=0)
    assert one.mode().shape == (1, len(COUNTS))
    assert (one.mode() == one.mode()).all()
    with pytest.raises(ValueError, match="no embeddings"):
        one.embed(np.zeros((2, 0), "float32"))


def test_first_weights_without_descriptors_are_drawn_as_they_ever_were():
    one, rng = policy(7, size=0), np.random.default_rng(7)
    for weight in one.weights:
        assert (weight == rng.uniform(-INITIAL_RANGE, INITIAL_RANGE, weight.shape)).all()


def test_descriptors_make_a_difference_from_the_first_weights_on():
    found = policy().embed(rows(50))
    assert found.std(axis=0).min() > 0.05


def test_learning_reaches_the_embedding_and_tells_descriptors_apart():
    one = policy(loss=PolicyGradientLoss(0.1), units=8)
    before = [weight.copy() for weight in one.weights]
    taught(one, 90, count=24)
    for old, new in zip(before, one.weights, strict=True):
        assert abs(old - new).max() > 0.01
    descriptors = rows(400, seed=99)  # None of them was learned from.
    descriptors = descriptors[abs(descriptors[:, 0]) > 0.3]
    wanted = np.where(descriptors[:, 0] > 0, 2, 0)
    assert (one.mode(descriptors)[:, 1] == wanted).mean() > 0.9


def test_policies_of_a_shape_share_what_is_compiled_whatever_the_number_of_descriptors():
    loss = CountingLoss()
    one, other = policy(1, loss=loss), policy(2, loss=loss)
    assert one._shared is other._shared
    for count in (1, 6, 24):
        for each in (one, other):
            taught(each, 1, count)
            each.mode(rows(count))
            each.embed(rows(count))
    assert one._shared.sample.experimental_get_tracing_count() == 1
    assert one._shared.embed.experimental_get_tracing_count() == 1
    # Keras traces for the first number, and once more for any number when a second comes.
    assert loss.traces <= 2
    assert one.state() != other.state()


def test_policies_that_share_do_not_mix():
    alone = policy(1)
    taught(alone)
    one, other = policy(1), policy(2)
    for _ in range(3):
        other.mode(rows(4))
        taught(other, 1)
    taught(one)
    assert one.state() == alone.state()


def test_a_policy_goes_on_from_its_state_as_json():
    whole, stopped, restored = policy(1), policy(1), policy(5)
    taught(whole, 3)
    taught(whole, 4)
    taught(stopped, 3)
    restored.restore(json.loads(json.dumps(stopped.state())))
    taught(restored, 4)
    assert restored.state() == whole.state()


def test_learned_weights_with_a_fresh_adam():
    learned, one = policy(1), policy(5)
    taught(learned, 5)
    one.begin_from(json.loads(json.dumps(learned.state())))
    assert one.state()["weights"] == learned.state()["weights"]
    assert learned.slots[0] == 5
    assert all((np.asarray(slot) == 0).all() for slot in one.slots)
    descriptors = rows(9)
    assert (one.mode(descriptors) == learned.mode(descriptors)).all()


@pytest.mark.parametrize("other", [{"size": 4}, {"size": 0}, {"units": 6}])
def test_weights_of_another_shape_are_refused(other):
    with pytest.raises(InputError, match=r"Received: .*goes on in the space"):
        policy().begin_from(policy(**other).state())


@pytest.mark.parametrize("given", [None, rows(3), rows(4, size=2)], ids=["none", "3", "size"])
def test_descriptors_of_another_shape_are_a_mistake(given):
    with pytest.raises(ValueError, match=r"shape \(4, 3\)"):
        policy().sample(4, np.random.default_rng(0), given)
