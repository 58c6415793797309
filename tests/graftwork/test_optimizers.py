"""LazyAdam is Adam where there are gradients, and nothing where there are none."""

import keras
import numpy as np
import pytest

from graftwork.optimizers import LazyAdam

SHAPES = [(4, 3, 3, 2, 5), (4, 5), (4,)]


def variables():
    rng = np.random.default_rng(0)
    return [keras.Variable(rng.normal(size=shape), dtype="float32") for shape in SHAPES]


def gradients(step):
    rng = np.random.default_rng([1, step])
    return [keras.ops.convert_to_tensor(rng.normal(size=s).astype("float32")) for s in SHAPES]


def masked(step, used):
    """Returns gradients that are zero but for the slices `used`."""
    mask = np.isin(np.arange(4), used).astype("float32")
    return [g * mask.reshape(-1, *[1] * (len(g.shape) - 1)) for g in gradients(step)]


def train(optimizer, steps, gradients_of):
    trained = variables()
    optimizer.build(trained)
    for step in range(steps):
        optimizer.apply(gradients_of(step), trained)
    return trained


def schedule():
    return keras.optimizers.schedules.CosineDecay(0.01, 20, warmup_target=0.1, warmup_steps=3)


@pytest.mark.parametrize(
    "arguments",
    [
        {"learning_rate": 0.05},
        {"learning_rate": 0.05, "beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3},
        {"learning_rate": 0.05, "clipnorm": 0.1},
    ],
)
def test_it_is_adam_where_all_slices_have_gradients(arguments):
    ours = train(LazyAdam(**arguments), 10, gradients)
    keras_own = train(keras.optimizers.Adam(**arguments), 10, gradients)
    for variable, expected in zip(ours, keras_own, strict=True):
        np.testing.assert_allclose(np.asarray(variable), np.asarray(expected), rtol=1e-4, atol=1e-6)


def test_it_follows_a_schedule_as_adam_does():
    ours = train(LazyAdam(schedule()), 10, gradients)
    keras_own = train(keras.optimizers.Adam(schedule()), 10, gradients)
    for variable, expected in zip(ours, keras_own, strict=True):
        np.testing.assert_allclose(np.asarray(variable), np.asarray(expected), rtol=1e-4, atol=1e-6)


def test_slices_without_gradient_keep_weights_and_moments():
    optimizer = LazyAdam(0.05)
    trained = variables()
    optimizer.build(trained)
    optimizer.apply(gradients(0), trained)  # Momentum everywhere.

    def snapshot():
        moments = [*optimizer._momentums, *optimizer._velocities]
        return [np.asarray(v).copy() for v in (*trained, *moments)]

    before = snapshot()
    optimizer.apply(masked(1, used=[0, 2]), trained)
    for old, new in zip(before, snapshot(), strict=True):
        np.testing.assert_array_equal(new[[1, 3]], old[[1, 3]])
        assert (new[[0, 2]] != old[[0, 2]]).all()
    # What Keras's Adam does there: the reason for LazyAdam.
    adam = keras.optimizers.Adam(0.05)
    moved = train(adam, 2, lambda step: gradients(0) if step == 0 else masked(1, used=[0, 2]))
    assert all((np.asarray(v)[1] != old[1]).all() for v, old in zip(moved, before, strict=False))


def test_a_slice_that_comes_back_goes_on_with_its_own_moments():
    # Slice 0 has gradients in steps 0 and 3 alone, and the moments of two steps.
    steps = {0: [0, 1, 2, 3], 1: [1, 2], 2: [1, 2], 3: [0, 1, 2, 3]}
    optimizer = LazyAdam(0.05)
    trained = train(optimizer, 4, lambda step: masked(step, steps[step]))
    for index, (variable, start) in enumerate(zip(trained, variables(), strict=True)):
        expected = np.asarray(start)[0]
        m = v = np.zeros_like(expected)
        for step in (0, 3):
            g = np.asarray(gradients(step)[index])[0]
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
            unbiased = m / (1 - 0.9 ** (step + 1)), v / (1 - 0.999 ** (step + 1))
            expected = expected - 0.05 * unbiased[0] / (np.sqrt(unbiased[1]) + 1e-7)
        np.testing.assert_allclose(np.asarray(variable)[0], expected, rtol=1e-3, atol=1e-5)
