"""The training engine: the loss, the order of the images, and going on where it stopped."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tiny
from hypothesis import given, settings
from hypothesis import strategies as st

from graftwork.augmentation import Augmentation
from graftwork.batch_order import BatchOrder
from graftwork.compiled import compiled
from graftwork.errors import InputError
from graftwork.losses import MaskedBinaryCrossentropy
from graftwork.training import Trainer
from graftwork.training_data import TrainingData
from multitask_nas.supernet import build_supernet

BLOCKS = (1, 2, 3)
DECISIONS = 2 + 3 + 5


# The loss.


def test_with_all_labels_known_the_loss_is_keras_own():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, (50, 6))
    logits = (4 * rng.normal(size=(50, 6))).astype("float32")
    expected = keras.losses.BinaryCrossentropy(from_logits=True)(labels.astype("float32"), logits)
    found = MaskedBinaryCrossentropy()(labels.astype(np.int8), logits)
    np.testing.assert_allclose(float(found), float(expected), rtol=1e-5)


def test_a_missing_label_has_no_gradient_and_every_known_one_weighs_the_same():
    labels = np.array([[1, -1, 0, 1], [-1, -1, -1, 0], [-1, -1, -1, -1]], np.int8)
    logits = tf.Variable(np.zeros(labels.shape, "float32"))
    with tf.GradientTape() as tape:
        loss = MaskedBinaryCrossentropy()(labels, logits)
    gradient = np.asarray(tape.gradient(loss, logits))
    # The derivative of the cross-entropy at logit 0 is ½ − y, for 12 labels on average.
    np.testing.assert_allclose(gradient, np.where(labels < 0, 0, 0.5 - labels) / 12, rtol=1e-6)
    np.testing.assert_allclose(float(loss), 4 * np.log(2) / 12, rtol=1e-6)


def test_several_predictions_of_all_attributes_have_the_mean_of_their_losses():
    rng = np.random.default_rng(0)
    labels = rng.integers(-1, 2, (6, 3)).astype(np.int8)
    logits = rng.normal(size=(6, 4, 3)).astype("float32")
    loss = MaskedBinaryCrossentropy()
    alone = [float(loss(labels, logits[:, k])) for k in range(4)]
    np.testing.assert_allclose(
        float(loss(labels, logits.reshape(6, 12))), np.mean(alone), rtol=1e-5
    )


def test_large_logits_have_finite_losses_and_gradients():
    labels = np.array([[0, 1, 0, 1]], np.int8)
    logits = tf.Variable([[1e4, 1e4, -1e4, -1e4]])
    with tf.GradientTape() as tape:
        loss = MaskedBinaryCrossentropy()(labels, logits)
    np.testing.assert_allclose(float(loss), 2e4 / 4)
    np.testing.assert_allclose(tape.gradient(loss, logits), [[0.25, 0, 0, -0.25]], atol=1e-6)


# The order of the images.


@settings(deadline=None)
@given(st.integers(1, 9), st.integers(0, 40), st.integers(0, 99))
def test_every_epoch_is_a_permutation(batch_size, more, seed):
    order = BatchOrder(batch_size + more, batch_size, seed)
    per_epoch = order.rows // batch_size
    epochs = order.indices(0, 3 * per_epoch).reshape(3, -1)
    for rows in epochs:
        assert len(set(rows)) == per_epoch * batch_size
        assert set(rows) <= set(range(order.rows))
    if order.rows > 30:
        assert (epochs[0] != epochs[1]).any()


@settings(deadline=None)
@given(st.integers(0, 40), st.integers(0, 40))
def test_any_part_of_the_order_can_be_had_alone(start, steps):
    order = BatchOrder(rows=23, batch_size=4, seed=5)
    whole = order.indices(0, 80)
    np.testing.assert_array_equal(order.indices(start, steps), whole[start : start + steps])


def test_other_seeds_give_other_orders():
    orders = [BatchOrder(100, 10, seed).indices(0, 10) for seed in (0, 0, 1)]
    np.testing.assert_array_equal(orders[0], orders[1])
    assert (orders[0] != orders[2]).any()


@pytest.mark.parametrize("batch_size", [0, -1, 11])
def test_a_batch_must_fit_the_data(batch_size):
    with pytest.raises(InputError, match="between 1 and the 10 training images"):
        BatchOrder(10, batch_size, 0)


# The trainer.


def trainer(seed=0, learning_rate: object = 0.01, images=None, **changes):
    data = tiny.tiny_dataset()
    network = build_supernet(BLOCKS, 5, 3, 1, data.image_shape, seed=0)
    images = data.images if images is None else images
    training_data = TrainingData(images, data.labels, data.split("train"), **changes)
    made = Trainer(network, training_data, 16, learning_rate)
    made.start_over(seed, network.get_weights())
    return made


def sample(rng):
    limits = [1] * 2 + [2] * 3 + [3] * 5
    return tuple(int(choice) for choice in rng.integers(0, limits))


def assert_same(first, second):
    assert first.keys() == second.keys()
    for name in first:
        np.testing.assert_array_equal(first[name], second[name], err_msg=name)


def differs(first, second):
    return any(not np.array_equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("scheduled", [False, True])
def test_it_goes_on_from_its_state_bit_for_bit(scheduled):
    decay = keras.optimizers.schedules.CosineDecay(0.01, 10) if scheduled else 0.01
    undisturbed = trainer(seed=3, learning_rate=decay)
    undisturbed.train(4, sample)
    state = {name: np.array(value) for name, value in undisturbed.state().items()}
    loss = undisturbed.train(5, sample)

    other = trainer(seed=8, learning_rate=decay)
    other.train(2, sample)
    other.restore(state)
    assert other.step == 4
    assert other.train(5, sample) == loss
    assert_same(other.state(), undisturbed.state())
    assert differs(state, undisturbed.state())


def test_how_the_steps_are_divided_does_not_matter():
    at_once, in_parts = trainer(), trainer()
    at_once.train(6, sample)
    for steps in (1, 2, 3):
        in_parts.train(steps, sample)
    assert_same(at_once.state(), in_parts.state())


def test_starting_over_forgets_what_was_before():
    fresh = trainer(seed=1)
    weights = fresh.network.get_weights()
    used = trainer(seed=0)
    used.train(3, sample)
    used.start_over(1, weights)
    assert_same(used.state(), fresh.state())
    used.train(3, sample)
    fresh.train(3, sample)
    assert_same(used.state(), fresh.state())


def test_seeds_differ_and_training_learns():
    first, other = trainer(seed=0), trainer(seed=1)
    begin = first.train(5, sample)
    other.train(5, sample)
    assert differs(first.state(), other.state())
    for _ in range(3):
        first.train(20, sample)
    assert first.train(5, sample) < begin


def test_every_step_is_reported_and_has_an_architecture_of_its_own():
    made = trainer()
    drawn, steps = [], []

    def watched(rng):
        drawn.append(sample(rng))
        return drawn[-1]

    made.train(7, watched, lambda: steps.append(1))
    assert len(drawn) == len(steps) == 7
    assert len(set(drawn)) > 1
    assert all(len(architecture) == DECISIONS for architecture in drawn)


def test_a_loss_that_is_no_number_stops_with_one_line_that_names_the_steps():
    made = trainer(learning_rate=1e30)
    with pytest.raises(InputError, match=r"in steps 0 to 5\. .*lower learning rate") as error:
        made.train(5, sample)
    assert "\n" not in str(error.value)


def test_a_compiled_function_is_traced_once_for_all_lengths():
    calls = []

    def double(x):
        calls.append(1)
        return 2 * x

    function = compiled(double, ((None, 2), "float32"))
    for rows in (1, 3, 5):
        assert function(np.ones((rows, 2), "float32")).shape == (rows, 2)
    assert len(calls) == 1


# Where the images live.


@pytest.fixture
def mapped(tmp_path):
    np.save(tmp_path / "images.npy", tiny.tiny_dataset().images)
    return np.load(tmp_path / "images.npy", mmap_mode="r")


@pytest.mark.parametrize("augmentation", [Augmentation(), Augmentation(True, (1, 2))])
def test_images_from_a_file_give_the_same_training_as_images_on_the_device(mapped, augmentation):
    on_device = trainer(augmentation=augmentation)
    streamed = trainer(images=mapped, augmentation=augmentation, device_bytes=0)
    assert on_device.data.on_device is not None
    assert streamed.data.on_device is None
    steps = 30  # An epoch has 25.
    assert on_device.train(steps, sample) == streamed.train(steps, sample)
    assert_same(on_device.state(), streamed.state())


def test_a_streamed_and_augmented_training_goes_on_in_the_middle_of_an_epoch(mapped):
    kind = {"images": mapped, "augmentation": Augmentation(True, (1, 1)), "device_bytes": 0}
    undisturbed, first, second = (trainer(**kind) for _ in range(3))
    undisturbed.train(9, sample)
    first.train(4, sample)
    second.restore({name: np.array(value) for name, value in first.state().items()})
    second.train(5, sample)
    assert_same(second.state(), undisturbed.state())


def test_augmentation_changes_what_is_learned():
    plain, augmented = trainer(), trainer(augmentation=Augmentation(shift=(1, 1)))
    plain.train(3, sample)
    augmented.train(3, sample)
    assert differs(plain.state(), augmented.state())


@pytest.mark.parametrize("change", [lambda value: value[..., :1], lambda value: None])
def test_a_checkpoint_of_another_network_is_refused_in_one_line(change):
    made = trainer()
    state = made.state()
    state["weight_0"] = change(state["weight_0"])
    with pytest.raises(
        InputError, match=r"of another network: weight 0 is .* is expected"
    ) as error:
        trainer().restore({name: value for name, value in state.items() if value is not None})
    assert "\n" not in str(error.value)
