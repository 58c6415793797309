"""What plain generators and discriminators are built of: Keras's own layers alone.

A model of them is loaded from its `.keras` file where Graftwork is not installed.
"""

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from gan_nas.cells import Cell
from gan_nas.operations import apply_operation, apply_spectral, named_seed
from gan_nas.space import start_and_stages
from graftwork.errors import InputError

EPSILON = 1e-3
"""Added to every variance before it is divided by, here and in the supernets."""


def stages_of(image_size: int, channels: Sequence[int]) -> tuple[int, int]:
    """Returns the size where networks begin or end, and the number of stages.

    Args:
        image_size: Height and width of an image in pixels.
        channels: The channels of every stage, from the start to the image.

    Raises:
        InputError: If the size has no stages, or `channels` is not one number a stage.
    """
    start, stages = start_and_stages(image_size)
    if len(channels) != stages or min(channels) < 1:
        raise InputError(
            f"channels must be {stages} positive numbers, one a stage, for images of "
            f"{image_size} pixels. Received: {tuple(channels)}."
        )
    return start, stages


def convolution(
    x: Any,
    filters: int,
    size: int,
    name: str,
    seed: int,
    rectified: bool = True,
    spectral: bool = False,
    activation: str | None = None,
    dtype: str | None = None,
) -> Any:
    """Adds a convolution with bias, stride 1 and same padding.

    Args:
        x: Keras tensor `(n, height, width, channels)`.
        filters: Channels of the output.
        size: Height and width of the kernel.
        name: Name of the layer.
        seed: Seed of the initial weights, N(0, 2 / n) with n products an output after a
            ReLU (He et al., 2015), else N(0, 1 / n).
        rectified: Whether `x` comes out of a ReLU.
        spectral: Whether to normalise its kernel by its spectral norm.
        activation: Name of the activation, if any.
        dtype: What it computes in; that of the run's precision if None.
    """
    stddev = math.sqrt((2 if rectified else 1) / (size * size * x.shape[-1]))
    initializer = keras.initializers.RandomNormal(stddev=stddev, seed=named_seed(seed, name))
    layer: keras.Layer = layers.Conv2D(
        filters,
        size,
        padding="same",
        activation=activation,
        kernel_initializer=initializer,
        name=name,
        dtype=dtype,
    )
    return apply_spectral(layer, x, seed) if spectral else layer(x)


def dense_start(latents: Any, start: int, channels: int, seed: int) -> Any:
    """Adds the dense layer from latents `(n, latent)` to `(n, start, start, channels)`."""
    initializer = keras.initializers.RandomNormal(
        stddev=1 / math.sqrt(latents.shape[-1]), seed=named_seed(seed, "g_dense")
    )
    x = layers.Dense(start * start * channels, kernel_initializer=initializer, name="g_dense")(
        latents
    )
    return layers.Reshape((start, start, channels), name="g_start")(x)


def normalize(
    x: Any, labels: Any, classes: int | None, place: str, synchronized: bool = False
) -> Any:
    """Adds batch normalisation, with scale and shift by class if there are classes.

    Conditional batch normalisation: Dumoulin et al., "A learned representation for artistic
    style" (ICLR 2017), eq. 5.

    Args:
        x: Keras tensor `(n, height, width, channels)`.
        labels: Keras tensor `(n,)` of classes, or None.
        classes: How many classes there are; None without.
        place: What the layers' names begin with.
        synchronized: Whether several devices share a batch, whose statistics are then those of
            all of its parts.
    """
    conditional = classes is not None
    x = layers.BatchNormalization(
        epsilon=EPSILON,
        center=not conditional,
        scale=not conditional,
        synchronized=synchronized,
        name=f"{place}_norm",
    )(x)
    if classes is None:
        return x
    for kind, initial, combine in (
        ("scale", "ones", layers.Multiply),
        ("shift", "zeros", layers.Add),
    ):
        of_class = layers.Embedding(
            classes, x.shape[-1], embeddings_initializer=initial, name=f"{place}_{kind}"
        )(labels)
        of_class = layers.Reshape((1, 1, x.shape[-1]), name=f"{place}_{kind}_shape")(of_class)
        x = combine(name=f"{place}_{kind}_by_class")([x, of_class])
    return x


def apply_cell(
    cell: Cell, x: Any, filters: int, prefix: str, seed: int, spectral: bool = False
) -> Any:
    """Adds a cell to a graph.

    Args:
        cell: The cell.
        x: Keras tensor `(n, height, width, C)`: the input of the cell, whose channels
            all nodes have.
        filters: Channels of the output.
        prefix: What the layers' names begin with, such as `"g1"`.
        seed: Seed of the initial weights.
        spectral: Whether to normalise all kernels by their spectral norms.

    Returns:
        Keras tensor `(n, h, w, filters)`: P₁ · node₁ + P₂ · node₂ + … over the square root
        of the number of loose ends, plus a bias. The sums of a node's two inputs and of
        the loose ends are divided so that depth does not raise the variance.
    """
    channels = x.shape[-1]
    values = [x]
    for node, edges in enumerate(cell.nodes, start=1):
        place = f"{prefix}_n{node}"
        inputs = [
            apply_operation(
                edge.operation, values[edge.source], channels, f"{place}_i{slot}", seed, spectral
            )
            for slot, edge in enumerate(edges, start=1)
        ]
        total = layers.Add(name=f"{place}_sum")(inputs)
        values.append(layers.Rescaling(1 / math.sqrt(2), name=f"{place}_scaled")(total))
    loose = [values[node] for node in cell.loose_ends]
    if len(loose) == 1:
        return convolution(loose[0], filters, 1, f"{prefix}_project", seed, False, spectral)
    # Over all loose ends, N(0, 1 / (L · C)) is what keeps the variance. The kernel has
    # N(0, 1 / C) and its input the factor 1 / √L, as in a supernet, where L varies.
    joined = layers.Concatenate(name=f"{prefix}_joined")(loose)
    joined = layers.Rescaling(1 / math.sqrt(len(loose)), name=f"{prefix}_loose")(joined)
    name = f"{prefix}_project"
    initializer = keras.initializers.RandomNormal(
        stddev=1 / math.sqrt(channels), seed=named_seed(seed, name)
    )
    layer: keras.Layer = layers.Conv2D(filters, 1, kernel_initializer=initializer, name=name)
    return apply_spectral(layer, joined, seed) if spectral else layer(joined)


def class_input(classes: int | None) -> Any:
    """Returns the input of classes, int32 `(n,)`; None without classes.

    Raises:
        InputError: If there are fewer than two classes.
    """
    if classes is None:
        return None
    if classes < 2:
        raise InputError(f"classes must be at least 2, or left out. Received: {classes}.")
    return keras.Input((), dtype="int32", name="classes")


def to_logits(features: Any, labels: Any, classes: int | None, seed: int) -> Any:
    """Adds a discriminator's last layers, in float32 whatever the precision.

    With classes y: w · f + b + ⟨e(y), f⟩, the projection discriminator of Miyato & Koyama,
    "cGANs with projection discriminator" (ICLR 2018), eq. 3.

    Args:
        features: Keras tensor `(n, F)`.
        labels: Keras tensor `(n,)` of classes, or None.
        classes: How many classes there are; None without.
        seed: Seed of the initial weights.

    Returns:
        Keras tensor `(n,)`.
    """
    stddev = 1 / math.sqrt(features.shape[-1])

    def initializer(name: str) -> keras.Initializer:
        return keras.initializers.RandomNormal(stddev=stddev, seed=named_seed(seed, name))

    dense = layers.Dense(
        1, kernel_initializer=initializer("d_dense"), name="d_dense", dtype="float32"
    )
    logits = apply_spectral(dense, features, seed)
    if classes is not None:
        # Floats, as spectral normalisation would round the embedding to integers otherwise.
        labels = layers.Rescaling(1.0, name="d_class", dtype="float32")(labels)
        embedding = layers.Embedding(
            classes,
            features.shape[-1],
            embeddings_initializer=initializer("d_embedding"),
            name="d_embedding",
            dtype="float32",
        )
        of_class = apply_spectral(embedding, labels, seed)
        match = layers.Dot(axes=1, name="d_match", dtype="float32")([of_class, features])
        logits = layers.Add(name="d_sum", dtype="float32")([logits, match])
    return layers.Reshape((), name="d_logits", dtype="float32")(logits)


def make_model(inputs: dict[str, Any], outputs: Any, name: str) -> keras.Model:
    """Returns a functional model over a dictionary of inputs.

    Args:
        inputs: Keras inputs by name; None for those that there are not.
        outputs: The output tensor.
        name: Name of the model.

    Returns:
        The model; its attribute `input_names` says which keys its dictionary needs.
    """
    present = {key: tensor for key, tensor in inputs.items() if tensor is not None}
    model = keras.Model(present, outputs, name=name)
    model.input_names = tuple(present)
    return model
