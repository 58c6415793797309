"""The supernets compute what the plain models compute, and only that."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan_nas.extraction import calibrate, extract
from gan_nas.operations import Convolution, steps
from gan_nas.space import GanSpace
from gan_nas.supernet import DiscriminatorSupernet, GeneratorSupernet
from graftwork.errors import InputError

BATCH = 5
LATENT = 6
CHANNELS = (4, 3)
CLASSES = 3
SPACE = GanSpace.make(16, 3, discriminator=True)
NETWORKS = [
    *(pytest.param(kind, None, id=kind) for kind in ("generator", "discriminator")),
    *(
        pytest.param(kind, CLASSES, id=f"{kind}-conditional", marks=pytest.mark.slow)
        for kind in ("generator", "discriminator")
    ),
]


def make(kind, classes=None, space=SPACE, channels=CHANNELS):
    if kind == "generator":
        supernet = GeneratorSupernet(space, channels, LATENT, 2, classes, seed=1)
    else:
        supernet = DiscriminatorSupernet(space, channels, 2, classes, seed=1)
    supernet.build()
    rng = np.random.default_rng(0)
    for variable in supernet.trainable_variables:  # Biases, scales and shifts are not 0 and 1.
        variable.assign(variable + rng.normal(0, 0.1, variable.shape))
    return supernet


def inputs_of(supernet, architecture=None, seed=0):
    rng = np.random.default_rng(seed)
    size = supernet.space.image_size
    inputs = {
        "latents": rng.normal(size=(BATCH, LATENT)).astype("float32"),
        "images": rng.uniform(-1, 1, (BATCH, size, size, 2)).astype("float32"),
        "classes": rng.integers(0, CLASSES, BATCH).astype("int32"),
    }
    if architecture is not None:
        inputs["architecture"] = np.tile(np.asarray(architecture, "int32"), (BATCH, 1))
    return {key: tf.constant(inputs[key]) for key in inputs if key in supernet.input_names}


def outputs_and_gradients(network, inputs):
    with tf.GradientTape() as tape:
        outputs = network(inputs, training=True)
        loss = tf.reduce_sum(tf.sin(3 * outputs) * outputs)
    gradients = tape.gradient(loss, network.trainable_variables)
    return outputs, [tf.convert_to_tensor(gradient) for gradient in gradients]


def compiled_gradients(network):
    """Returns `outputs_and_gradients` as a compiled function, and the list of its traces."""
    traces = []

    @tf.function(autograph=False)
    def run(inputs):
        traces.append(1)
        return outputs_and_gradients(network, inputs)

    return run, traces


@pytest.mark.parametrize(("kind", "classes"), NETWORKS)
def test_outputs_and_gradients_are_those_of_the_plain_model(kind, classes):
    supernet = make(kind, classes)
    rng = np.random.default_rng(3)
    for number in range(2 if classes else 3):
        architecture = SPACE.sample(rng)
        plain = extract(supernet, SPACE, architecture)
        inputs = inputs_of(supernet, architecture, seed=number)
        alone = {key: value for key, value in inputs.items() if key != "architecture"}
        before = supernet.get_weights()
        outputs, gradients = outputs_and_gradients(supernet, inputs)
        expected, expected_gradients = outputs_and_gradients(plain, alone)
        np.testing.assert_allclose(outputs, expected, rtol=1e-3, atol=1e-4)
        # The supernet's gradients, read as weights, are the plain model's gradients.
        for variable, gradient in zip(supernet.trainable_variables, gradients, strict=True):
            variable.assign(gradient)
        copied = extract(supernet, SPACE, architecture).trainable_variables
        assert len(copied) == len(expected_gradients)
        largest = [float(np.abs(gradient).max()) for gradient in expected_gradients]
        for variable, gradient, own in zip(copied, expected_gradients, largest, strict=True):
            # Relative, but a bias before a normalisation has nothing but rounding errors.
            scale = max(own, 0.03 * max(largest))
            np.testing.assert_allclose(
                np.asarray(variable) / scale, gradient / scale, atol=2e-3, err_msg=variable.path
            )
        supernet.set_weights(before)


@pytest.mark.parametrize("kind", ["generator", "discriminator"])
def test_rows_that_were_not_chosen_get_no_gradient_and_one_trace_serves_all(kind):
    space = GanSpace.make(8, 3, discriminator=True)
    supernet = make(kind, space=space, channels=(3,))
    run, traces = compiled_gradients(supernet)
    rng = np.random.default_rng(4)
    (cell,) = supernet.searched_cells
    for _ in range(8):
        architecture = space.sample(rng)
        gradients = run(inputs_of(supernet, architecture))[1]
        by_path = {
            variable.path: np.asarray(gradient)
            for variable, gradient in zip(supernet.trainable_variables, gradients, strict=True)
        }
        decode = space.cells if kind == "generator" else space.discriminator_cells
        (found,) = decode(architecture)
        edges = [edge for node in found.nodes for edge in node]
        for name, rows in cell.rows.items():
            used = np.abs(by_path[cell.stacks[name].path]).reshape(len(rows), -1).sum(1) > 0
            chosen = [
                edges[edge].operation == operation
                and any(isinstance(step, Convolution) for step in steps(operation))
                for edge, operation in rows
            ]
            np.testing.assert_array_equal(used, chosen)
        loose = np.abs(by_path[cell.projection.path]).sum((1, 2)) > 0
        np.testing.assert_array_equal(np.flatnonzero(loose) + 1, found.loose_ends)
    assert len(traces) == 1


def test_initial_kernels_are_scaled_as_those_of_the_plain_model():
    space = GanSpace.make(8, 2)
    supernet = GeneratorSupernet(space, (16,), LATENT, 1)
    supernet.build()
    cell = supernet.searched_cells[0]
    for name, convolution in cell.convolutions.items():
        np.testing.assert_allclose(
            np.std(cell.stacks[name]), convolution.stddev(16), rtol=0.1, err_msg=name
        )


def test_calibrated_statistics_are_the_mean_over_batches():
    space = GanSpace.make(8, 1)
    supernet = make("generator", space=space, channels=(3,))
    architecture = (0, 5)
    plain = extract(supernet, space, architecture)
    batches = [{"latents": inputs_of(supernet, seed=seed)["latents"]} for seed in range(3)]
    calibrate(plain, batches)
    norm = plain.get_layer("g1_norm")
    starts = [np.asarray(plain.get_layer("g_dense")(batch["latents"])) for batch in batches]
    means = [start.reshape(BATCH, 4, 4, 3).mean((0, 1, 2)) for start in starts]
    np.testing.assert_allclose(norm.moving_mean, np.mean(means, 0), rtol=1e-4, atol=1e-5)
    assert norm.momentum == 0.99


def test_a_space_without_discriminators_is_refused():
    with pytest.raises(InputError, match="discriminator=True"):
        DiscriminatorSupernet(GanSpace.make(8, 1), (4,), 1)
    with pytest.raises(InputError, match="one a stage"):
        GeneratorSupernet(GanSpace.make(8, 1), (4, 4), LATENT, 1)


def test_discriminators_of_one_seed_have_equal_weights_whatever_was_drawn_before():
    made = []
    for seed, draws in ((1, 0), (1, 3), (2, 3)):
        keras.utils.set_random_seed(draws)
        made.append(DiscriminatorSupernet(SPACE, CHANNELS, 2, CLASSES, seed=seed))
        made[-1].build()
    names = [weight.name for weight in made[0].weights]
    vectors = [i for i, name in enumerate(names) if "vector" in name]
    # Beside those of the cells those of the stem, the logit and the embedding.
    assert names.count("vector_u") == 3
    assert len(vectors) > 5
    weights = [network.get_weights() for network in made]
    for first, again in zip(weights[0], weights[1], strict=True):
        np.testing.assert_array_equal(first, again)
    assert all((weights[0][i] != weights[2][i]).any() for i in vectors)


def test_the_embedding_of_a_class_is_not_rounded():
    supernet = make("discriminator", CLASSES)
    table = supernet.embedding.layer.embeddings
    table.assign(np.asarray([0.1, 0.2, 0.4])[:, None] * np.ones(table.shape))
    inputs = inputs_of(supernet, SPACE.sample(np.random.default_rng(0)))
    first, second, third = (
        supernet(inputs | {"classes": tf.fill([BATCH], number)}).numpy() for number in range(3)
    )
    assert np.abs(second - first).min() > 1e-3
    np.testing.assert_allclose(third - first, 3 * (second - first), rtol=1e-3)
