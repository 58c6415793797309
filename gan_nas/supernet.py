"""All generators and discriminators of a space, weights shared, the architecture an input."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from gan_nas.blocks import EPSILON, stages_of
from gan_nas.cells import DOWN, UP
from gan_nas.operations import named_seed
from gan_nas.space import GanSpace
from gan_nas.supernet_layers import SearchedCell
from graftwork.errors import InputError


class BatchStatistics(layers.Layer):
    """Batch normalisation (Ioffe & Szegedy 2015) that always uses the present batch.

    The moving statistics of shared weights would mix all architectures. Statistics are float32
    whatever the precision.

    Args:
        classes: The number of classes with a scale and shift of their own, or None.
        synchronized: Whether several devices share a batch, whose statistics are then those of
            all of its parts.

    Call arguments:
        inputs: Float tensor of shape `(n, height, width, C)`.
        label: int32 tensor `(n,)`, where there are classes.
    """

    def __init__(
        self, classes: int | None = None, synchronized: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.classes, self.synchronized = classes, synchronized

    def build(self, input_shape: Any) -> None:
        shape = (input_shape[-1],) if self.classes is None else (self.classes, input_shape[-1])
        self.gamma = self.add_weight(shape, "ones", name="gamma", autocast=False)
        self.beta = self.add_weight(shape, "zeros", name="beta", autocast=False)

    def call(self, inputs: Any, label: Any = None) -> Any:
        inputs = ops.cast(inputs, self.variable_dtype)
        mean, variance = ops.moments(
            inputs, axes=(0, 1, 2), keepdims=True, synchronized=self.synchronized
        )
        gamma, beta = ops.convert_to_tensor(self.gamma), ops.convert_to_tensor(self.beta)
        if self.classes is not None:
            gamma = ops.take(gamma, label, axis=0)[:, None, None]
            beta = ops.take(beta, label, axis=0)[:, None, None]
        scale = gamma * ops.rsqrt(variance + EPSILON)
        return ops.cast(inputs * scale + (beta - mean * scale), self.compute_dtype)


class GeneratorSupernet(keras.Model):
    """All generators of a `GanSpace` as one model whose input names the architecture.

    The layers are those of `gan_nas.generator.build_generator`, with a `SearchedCell` in
    place of a cell and with the statistics of the present batch in training and inference.

    Args:
        space: The space.
        channels: The width of every stage's cell, from the start to the image.
        latent: The length of a latent vector.
        image_channels: The channels of an image.
        classes: The number of classes of a class-conditional generator, or None.
        seed: Seed of the initial weights.
        synchronized: Whether several devices share a batch, and so its statistics.

    Inputs, in a dictionary (`input_names` has the keys):
        `latents`: float32 tensor `(n, latent)`.
        `classes`: int32 tensor `(n,)`, only if class-conditional.
        `architecture`: int32 tensor `(n, decisions)`, all rows equal.

    Output: images, float32 tensor `(n, size, size, image_channels)` with values in −1…1.

    Raises:
        InputError: If `channels` is not one number a stage.
    """

    def __init__(
        self,
        space: GanSpace,
        channels: Sequence[int],
        latent: int,
        image_channels: int,
        classes: int | None = None,
        seed: int = 0,
        synchronized: bool = False,
        **kwargs: Any,
    ) -> None:
        stages_of(space.image_size, channels)
        super().__init__(**kwargs)
        self.space, self.channels = space, tuple(channels)
        self.latent, self.image_channels, self.classes = latent, image_channels, classes
        self.input_names = ("latents", *_if_conditional(classes), "architecture")
        start, first = space.start, self.channels[0]
        self.dense = layers.Dense(
            start * start * first,
            kernel_initializer=_normal(latent, seed, "g_dense"),
            name="g_dense",
        )
        self.reshape = layers.Reshape((start, start, first))
        self.norms, self.wideners, self.searched_cells = [], [], []
        before = first
        for k, width in enumerate(self.channels, start=1):
            self.norms.append(BatchStatistics(classes, synchronized, name=f"g{k}_norm"))
            widen = None
            if width != before:
                name = f"g{k}_widen"
                widen = layers.Conv2D(
                    width, 1, kernel_initializer=_normal(before, seed, name), name=name
                )
            self.wideners.append(widen)
            cell = SearchedCell(space.nodes, UP, width, width, seed=seed, name=f"g{k}")
            self.searched_cells.append(cell)
            before = width
        self.out_norm = BatchStatistics(classes, synchronized, name="g_out_norm")
        self.out_conv = layers.Conv2D(
            image_channels,
            3,
            padding="same",
            activation="tanh",
            kernel_initializer=_normal(9 * before / 2, seed, "g_out_conv"),  # After a ReLU.
            name="g_out_conv",
            dtype="float32",
        )

    def build(self, input_shape: Any = None) -> None:
        size, before = self.space.start, self.channels[0]
        self.dense.build((None, self.latent))
        for norm, widen, cell in zip(self.norms, self.wideners, self.searched_cells, strict=True):
            norm.build((None, size, size, before))
            if widen is not None:
                widen.build((None, size, size, before))
            cell.build((None, size, size, cell.channels))
            size, before = 2 * size, cell.channels
        self.out_norm.build((None, size, size, before))
        self.out_conv.build((None, size, size, before))
        self.built = True

    def call(self, inputs: dict[str, Any], training: bool = False) -> Any:
        label = inputs.get("classes")
        architecture = inputs["architecture"][0]
        x = self.reshape(self.dense(inputs["latents"]))
        for norm, widen, cell, where in zip(
            self.norms,
            self.wideners,
            self.searched_cells,
            self.space.generator_slices,
            strict=True,
        ):
            x = norm(x, label)
            x = x if widen is None else widen(x)
            x = cell(x, architecture[where], training=training)
        return self.out_conv(ops.relu(self.out_norm(x, label)))


class DiscriminatorSupernet(keras.Model):
    """All discriminators of a `GanSpace` as one model whose input names the architecture.

    The layers are those of `gan_nas.discriminator.build_discriminator`, with a
    `SearchedCell` in place of a cell. Every kernel is spectrally normalised as by
    `keras.layers.SpectralNormalization`: one power iteration a call with training.

    Args:
        space: The space, made with `discriminator=True`.
        channels: The width of every stage's cell in the order of the *generator*, from the
            start to the image.
        image_channels: The channels of an image.
        classes: The number of classes of a class-conditional discriminator, or None.
        seed: Seed of the initial weights.

    Inputs, in a dictionary (`input_names` has the keys):
        `images`: float32 tensor `(n, size, size, image_channels)` with values in −1…1.
        `classes`: int32 tensor `(n,)`, only if class-conditional.
        `architecture`: int32 tensor `(n, decisions)`, all rows equal.

    Output: logits, float32 tensor `(n,)`.

    Raises:
        InputError: If `channels` is not one number a stage, or the space has no
            discriminators.
    """

    def __init__(
        self,
        space: GanSpace,
        channels: Sequence[int],
        image_channels: int,
        classes: int | None = None,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        stages_of(space.image_size, channels)
        super().__init__(**kwargs)
        if not space.discriminator:
            raise InputError(
                "a searched discriminator needs a space with discriminator cells. "
                "Received one without: make it with discriminator=True."
            )
        self.space, self.channels = space, tuple(channels)[::-1]
        self.image_channels, self.classes, self.seed = image_channels, classes, seed
        self.input_names = ("images", *_if_conditional(classes), "architecture")
        self.stem = _spectral(
            layers.Conv2D(
                self.channels[0],
                3,
                padding="same",
                kernel_initializer=_normal(9 * image_channels, seed, "d_stem"),
            ),
            "d_stem",
        )
        following = (*self.channels[1:], self.channels[-1])
        self.searched_cells = [
            SearchedCell(space.nodes, DOWN, width, filters, True, seed, name=f"d{k}")
            for k, (width, filters) in enumerate(zip(self.channels, following, strict=True), 1)
        ]
        last = self.channels[-1]
        self.dense = _spectral(
            layers.Dense(1, kernel_initializer=_normal(last, seed, "d_dense"), dtype="float32"),
            "d_dense",
        )
        self.embedding = None
        if classes is not None:
            self.embedding = _spectral(
                layers.Embedding(
                    classes, last, _normal(last, seed, "d_embedding"), dtype="float32"
                ),
                "d_embedding",
            )

    def build(self, input_shape: Any = None) -> None:
        size = self.space.image_size
        self.stem.build((None, size, size, self.image_channels))
        for cell in self.searched_cells:
            cell.build((None, size, size, cell.channels))
            size //= 2
        self.dense.build((None, self.channels[-1]))
        if self.embedding is not None:
            self.embedding.build((None,))
        for wrapper in (self.stem, self.dense, self.embedding):
            if wrapper is not None:
                # Keras draws the first vector of a power iteration anew in every process.
                rng = np.random.default_rng(named_seed(self.seed, wrapper.name))
                wrapper.vector_u.assign(rng.normal(0, 0.02, wrapper.vector_u.shape))
        self.built = True

    def call(self, inputs: dict[str, Any], training: bool = False) -> Any:
        architecture = inputs["architecture"][0]
        x = self.stem(inputs["images"], training=training)
        for cell, where in zip(self.searched_cells, self.space.discriminator_slices, strict=True):
            x = cell(x, architecture[where], training=training)
        features = ops.sum(ops.cast(ops.relu(x), "float32"), axis=(1, 2))
        logits = ops.squeeze(self.dense(features, training=training), axis=-1)
        if self.embedding is not None:
            # SpectralNormalization casts its output to the type of its input: not to integers.
            label = ops.cast(inputs["classes"], features.dtype)
            logits = logits + ops.sum(self.embedding(label, training=training) * features, axis=-1)
        return logits


def _if_conditional(classes: int | None) -> tuple[str, ...]:
    return () if classes is None else ("classes",)


def _normal(products: float, seed: int, name: str) -> Any:
    return keras.initializers.RandomNormal(
        stddev=math.sqrt(1 / products), seed=named_seed(seed, name)
    )


def _spectral(layer: Any, name: str) -> Any:
    # In float32 whatever the precision: the wrapper assigns the kernel.
    return layers.SpectralNormalization(layer, name=name, dtype="float32")
