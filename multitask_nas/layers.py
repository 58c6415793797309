"""The layers of the supernet: all blocks of one layer, and the attributes' heads."""

import math
from typing import Any

import keras
from keras import ops

EPSILON = 1e-3
"""Added to every variance, here and in the plain models."""


class BlockLayer(keras.layers.Layer):
    """All blocks of one layer, each with weights of its own.

    A block is convolution – (max-pooling) – normalisation – ReLU, the part in brackets
    only in its last convolution. Pooling comes before normalisation and ReLU, which
    then work on a quarter of the positions. The normalisation is a layer
    normalisation over a block's output of one image (group normalisation with one
    group), not batch normalisation: a shared block sees other inputs under every
    parent, and moving statistics would mix them (docs/gnas.md).

    Args:
        blocks: The number of blocks B.
        filters: The channels F of every block's output.
        depth: Convolutions in a block.
        pool: Whether a block halves height and width.
        seed: Seed of the initial weights.
    """

    def __init__(
        self, blocks: int, filters: int, depth: int, pool: bool, seed: int, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.blocks = blocks
        self.filters = filters
        self.depth = depth
        self.pool = pool
        self.seed = seed

    def build(self, input_shape: tuple[int, ...]) -> None:
        channels = input_shape[-1]
        self.kernels, self.gammas, self.betas = [], [], []
        for i in range(self.depth):
            # The standard deviation of He et al. (2015), for one block: Keras would count
            # the blocks' axis into the fan.
            stddev = math.sqrt(2 / (9 * channels))
            initializer = keras.initializers.RandomNormal(stddev=stddev, seed=self.seed + i)
            kernel = (self.blocks, 3, 3, channels, self.filters)
            self.kernels.append(self.add_weight(kernel, initializer, name=f"kernel_{i}"))
            scale_or_shift = (self.blocks, self.filters)
            exact = {"autocast": False}  # Normalisation computes in float32.
            self.gammas.append(self.add_weight(scale_or_shift, "ones", name=f"gamma_{i}", **exact))
            self.betas.append(self.add_weight(scale_or_shift, "zeros", name=f"beta_{i}", **exact))
            channels = self.filters

    def call(self, inputs: Any) -> Any:
        """Runs every block on its own input, or all of them on one.

        Args:
            inputs: A tensor of shape `(B, n, height, width, channels)`: block b runs on
                `inputs[b]`. With `(1, n, height, width, channels)` all run on `inputs[0]`.

        Returns:
            A tensor of shape `(B, n, height, width, filters)`, height and width halved
            where the layer pools.
        """
        x = inputs
        for i in range(self.depth):
            pool = self.pool and i == self.depth - 1
            kernels = ops.convert_to_tensor(self.kernels[i])
            convolve = self.convolve_one if x.shape[0] == 1 else self.convolve_each
            x = self.normalize(convolve(x, kernels, pool), self.gammas[i], self.betas[i])
            x = ops.relu(x)
        return x

    def convolve_each(self, x: Any, kernels: Any, pool: bool) -> Any:
        """Convolves `x[b]` with `kernels[b]`, one convolution a block."""
        # Unstacking once: the gradient of kernels[b] in a loop is quadratic in B.
        outputs = [
            ops.conv(one, kernel, padding="same")
            for one, kernel in zip(
                ops.unstack(x, self.blocks, axis=0),
                ops.unstack(kernels, self.blocks, axis=0),
                strict=True,
            )
        ]
        return ops.stack([ops.max_pool(one, 2, 2) for one in outputs] if pool else outputs)

    def convolve_one(self, x: Any, kernels: Any, pool: bool) -> Any:
        """Convolves `x[0]` with all kernels, side by side in one convolution."""
        channels = kernels.shape[3]
        wide = ops.reshape(ops.moveaxis(kernels, 0, 3), (3, 3, channels, -1))
        output = ops.conv(ops.squeeze(x, 0), wide, padding="same")
        if pool:
            output = ops.max_pool(output, 2, 2)
        height, width = output.shape[1:3]
        output = ops.reshape(output, (-1, height, width, self.blocks, self.filters))
        return ops.moveaxis(output, 3, 0)

    def normalize(self, x: Any, gamma: Any, beta: Any) -> Any:
        """Normalises every block's output of one image; `x` is `(B, n, h, w, F)`."""
        exact = ops.cast(x, "float32")
        mean = ops.mean(exact, axis=(2, 3, 4), keepdims=True)
        variance = ops.mean(ops.square(exact), axis=(2, 3, 4), keepdims=True) - ops.square(mean)
        shape = (self.blocks, 1, 1, 1, self.filters)
        scale = ops.reshape(gamma, shape) * ops.rsqrt(ops.maximum(variance, 0.0) + EPSILON)
        shift = ops.reshape(beta, shape) - mean * scale
        return x * ops.cast(scale, x.dtype) + ops.cast(shift, x.dtype)


class HeadLayer(keras.layers.Layer):
    """One linear head an attribute, on the averaged output of its leaf block.

    A head is a connection, and has weights of its own for every leaf that it can hang at.
    With one set of weights for all leaves, the leaves would have to learn the same
    features, and nothing could be seen of who shares well with whom (docs/gnas.md).

    Heads compute in float32, whatever the blocks compute in.

    Args:
        leaves: The number of leaf blocks B.
        attributes: The number of attributes A.
        seed: Seed of the initial weights.
    """

    def __init__(self, leaves: int, attributes: int, seed: int, **kwargs: Any) -> None:
        super().__init__(dtype="float32", **kwargs)
        self.leaves = leaves
        self.attributes = attributes
        self.seed = seed

    def build(self, input_shape: tuple[int, ...]) -> None:
        features = input_shape[-1]
        stddev = math.sqrt(1 / features)
        initializer = keras.initializers.RandomNormal(stddev=stddev, seed=self.seed)
        # One row a connection, leaf · A + attribute: the optimizer skips unused rows.
        rows = self.leaves * self.attributes
        self.kernel = self.add_weight((rows, features), initializer, name="kernel")
        self.bias = self.add_weight((rows,), "zeros", name="bias")

    def call(self, features: Any, parents: Any, probe: bool = False) -> Any:
        """Returns logits `(n, A)`; with `probe` what the method of that name returns.

        Args:
            features: Float tensor `(B, n, F)`.
            parents: Integer tensor `(A,)`: the leaf of every attribute.
            probe: Whether to return the logits of every attribute on every leaf.
        """
        if probe:
            return self.probe(features, parents)
        chosen = ops.one_hot(parents, self.leaves, dtype=features.dtype)
        return ops.einsum("bna,ab->na", self.every(features[:, None])[:, 0], chosen)

    def probe(self, features: Any, parents: Any) -> Any:
        """Returns the logits of every attribute on every leaf, to train all heads at once.

        Only the connections of `parents` send gradients into the leaves; the others are
        linear probes that learn from the features as they are.

        Args:
            features: Float tensor `(B, n, F)`.
            parents: Integer tensor `(A,)`: the leaf of every attribute.

        Returns:
            Float tensor `(n, B · A)`, leaf by leaf.
        """
        chosen = ops.one_hot(parents, self.leaves, axis=0, dtype=features.dtype)[:, None]
        connected = self.every(features[:, None])[:, 0]
        probes = self.every(ops.stop_gradient(features)[:, None])[:, 0]
        logits = chosen * connected + (1 - chosen) * probes
        return ops.reshape(ops.moveaxis(logits, 0, 1), (-1, self.leaves * self.attributes))

    def every(self, features: Any) -> Any:
        """Returns the logits of every attribute on every leaf.

        Args:
            features: Float tensor `(B, p, n, F)`: p outputs of every leaf.

        Returns:
            Float tensor `(B, p, n, A)`.
        """
        shape = (self.leaves, self.attributes, features.shape[-1])
        kernel = ops.reshape(ops.convert_to_tensor(self.kernel), shape)
        bias = ops.reshape(ops.convert_to_tensor(self.bias), (self.leaves, 1, 1, self.attributes))
        return ops.einsum("bpnf,baf->bpna", features, kernel) + bias
