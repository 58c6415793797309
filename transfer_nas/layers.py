"""The layers of the chain supernet: the stem, all operations of all stages, the heads."""

import math
from collections.abc import Iterator
from typing import Any

import keras
from keras import ops

from graftwork.branches import max_pool, shared_function
from transfer_nas.space import OPERATIONS

EPSILON = 1e-3
"""Added to every variance, here and in the plain models."""

NORMALIZED = tuple(name for name in OPERATIONS if name.startswith(("conv", "separable")))
"""The operations with weights: normalisation and ReLU follow them."""


def kernel_size(operation: str) -> int:
    """Returns height and width of the kernel of an operation of `NORMALIZED`."""
    return int(operation[-1])


def normalize(x: Any, gamma: Any = 1.0, beta: Any = 0.0) -> Any:
    """Normalises every image over height, width and channels, then scales and shifts.

    Layer normalisation, not batch normalisation: under every architecture an operation
    sees other inputs, and moving statistics would mix them.

    Args:
        x: Float tensor of shape `(n, height, width, C)`.
        gamma: The scale of every channel, `(C,)`, or of all.
        beta: The shift of every channel, `(C,)`, or of all.
    """
    exact = ops.cast(x, "float32")
    mean = ops.mean(exact, axis=(1, 2, 3), keepdims=True)
    variance = ops.mean(ops.square(exact), axis=(1, 2, 3), keepdims=True) - ops.square(mean)
    gamma, beta = ops.cast(gamma, "float32"), ops.cast(beta, "float32")
    scale = gamma * ops.rsqrt(ops.maximum(variance, 0.0) + EPSILON)
    return x * ops.cast(scale, x.dtype) + ops.cast(beta - mean * scale, x.dtype)


def _normal(stddev: float, seed: int) -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(stddev=stddev, seed=seed)


class StemLayer(keras.layers.Layer):
    """3×3 convolution, 2×2 max-pooling, normalisation, ReLU.

    Args:
        channels: The channels C of the output.
        seed: Seed of the initial weights.

    Call arguments:
        inputs: Float tensor of shape `(n, height, width, c)`.

    Returns:
        Float tensor of shape `(n, height / 2, width / 2, C)`.
    """

    def __init__(self, channels: int, seed: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.channels, self.seed = channels, seed

    def build(self, input_shape: tuple[Any, ...]) -> None:
        inputs = input_shape[-1]
        # He et al. (2015).
        initializer = _normal(math.sqrt(2 / (9 * inputs)), self.seed)
        self.kernel = self.add_weight((3, 3, inputs, self.channels), initializer, name="kernel")
        self.gamma = self.add_weight((self.channels,), "ones", name="gamma")
        self.beta = self.add_weight((self.channels,), "zeros", name="beta")

    def call(self, inputs: Any) -> Any:
        x = ops.max_pool(ops.conv(inputs, self.kernel, padding="same"), 2, 2)
        return ops.relu(normalize(x, self.gamma, self.beta))


class StagesLayer(keras.layers.Layer):
    """All operations of all stages, the choice an input.

    Every stage has weights of its own for every operation, and only the chosen operation
    is computed. Weights of one kind lie in one variable with one row a stage (`gamma` and
    `beta`: a row for every operation of `NORMALIZED` of every stage). Few variables make a
    short graph, and `graftwork.optimizers.LazyAdam` leaves alone the rows that a step did
    not use.

    Args:
        stages: The number N of stages.
        channels: The channels C of inputs and outputs.
        seed: Seed of the initial weights.
    """

    def __init__(self, stages: int, channels: int, seed: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stages, self.channels, self.seed = stages, channels, seed

    def build(self, input_shape: Any = None) -> None:
        channels = self.channels
        self.kernels: dict[str, list[Any]] = {}
        seeds: Iterator[int] = iter(range(self.seed, self.seed + 2 * len(NORMALIZED)))

        def add(name: str, shape: tuple[int, ...], stddev: float) -> Any:
            return self.add_weight((self.stages, *shape), _normal(stddev, next(seeds)), name=name)

        for operation in NORMALIZED:
            size = kernel_size(operation)
            # He et al. (2015) for one stage: Keras would count the stages' axis into the fan.
            if operation.startswith("conv"):
                stddev = math.sqrt(2 / (size * size * channels))
                shape = (size, size, channels, channels)
                self.kernels[operation] = [add(operation, shape, stddev)]
            else:
                depthwise = add(f"{operation}_depthwise", (size, size, channels, 1), 1 / size)
                pointwise = (1, 1, channels, channels)
                stddev = math.sqrt(2 / channels)
                self.kernels[operation] = [
                    depthwise,
                    add(f"{operation}_pointwise", pointwise, stddev),
                ]
        rows = self.stages * len(NORMALIZED)
        self.gamma = self.add_weight((rows, channels), "ones", name="gamma")
        self.beta = self.add_weight((rows, channels), "zeros", name="beta")

    def stage_weights(self) -> list[list[list[Any]]]:
        """Returns for every stage the weights of every operation of `NORMALIZED`.

        Those of an operation are its kernels, in the order of its convolutions, its scale
        and its shift.
        """
        # Unstacking once: the gradient of stack[row] is quadratic in the number of rows.
        kernels = {
            operation: [self._rows(stack) for stack in stacks]
            for operation, stacks in self.kernels.items()
        }
        gammas, betas = self._rows(self.gamma), self._rows(self.beta)
        return [
            [
                [
                    *(rows[stage] for rows in kernels[operation]),
                    gammas[stage * len(NORMALIZED) + number],
                    betas[stage * len(NORMALIZED) + number],
                ]
                for number, operation in enumerate(NORMALIZED)
            ]
            for stage in range(self.stages)
        ]

    def _rows(self, stack: Any) -> list[Any]:
        return ops.unstack(ops.convert_to_tensor(stack), stack.shape[0])

    def call(self, inputs: Any, operation: Any, weights: list[list[Any]]) -> Any:
        """Runs one stage.

        Args:
            inputs: Float tensor of shape `(n, height, width, C)`.
            operation: int32 scalar: the number of the operation in `OPERATIONS`.
            weights: The stage's part of what `stage_weights` returned.

        Returns:
            A tensor of the shape of `inputs`.
        """
        return _run_operation(inputs, operation, weights)


def run_operation(x: Any, operation: Any, weights: list[list[Any]]) -> Any:
    """Applies the chosen one of `OPERATIONS`; `StagesLayer.call` says what the arguments are."""
    branches = [
        lambda x, weights, name=name: apply_operation(
            x, name, weights[NORMALIZED.index(name)] if name in NORMALIZED else []
        )
        for name in OPERATIONS
    ]
    return ops.switch(operation, branches, x, weights)


_run_operation = shared_function(run_operation)  # One for all supernets of a process.


def apply_operation(x: Any, operation: str, weights: list[Any]) -> Any:
    """Applies an operation with given weights.

    Args:
        x: Float tensor of shape `(n, height, width, C)`.
        operation: A name of `OPERATIONS`.
        weights: Its kernels, scale and shift; nothing for the others.

    Returns:
        A tensor of the shape of `x`.
    """
    if operation == "identity":
        return x
    if operation == "average_pool":
        return ops.average_pool(x, 3, 1, "same")
    if operation == "max_pool":
        return max_pool(x, 3)
    *kernels, gamma, beta = weights
    if operation.startswith("separable"):
        depthwise, kernel = kernels
        x = ops.depthwise_conv(x, depthwise, padding="same")
    else:
        (kernel,) = kernels
    return ops.relu(normalize(ops.conv(x, kernel, padding="same"), gamma, beta))


class AttributeHeads(keras.layers.Layer):
    """One linear head an attribute, on the same features.

    All heads learn at every step. What the trunk learns comes to `share` from the attribute that
    a step is for, and to the rest from all others together: with its own share alone, shared
    weights learned slowly (docs/transfer.md).

    Heads compute in float32, whatever the stages compute in.

    Args:
        attributes: The number of attributes A.
        seed: Seed of the initial weights.
        share: The asked attribute's share of the gradients in the trunk, above 0 and at most 1.

    Call arguments:
        features: Float tensor of shape `(n, F)`.
        attribute: int32 scalar: the attribute, 0…A−1, that the step is for; A for all alike.

    Returns:
        Logits, float tensor of shape `(n, A)`, which do not depend on `attribute`.
    """

    def __init__(self, attributes: int, seed: int, share: float = 0.5, **kwargs: Any) -> None:
        super().__init__(dtype="float32", **kwargs)
        self.attributes, self.seed, self.share = attributes, seed, share

    def build(self, input_shape: tuple[Any, ...]) -> None:
        features = input_shape[-1]
        shape = (self.attributes, features)
        initializer = _normal(math.sqrt(1 / features), self.seed)
        self.kernel = self.add_weight(shape, initializer, name="kernel")
        self.bias = self.add_weight((self.attributes,), "zeros", name="bias")

    def call(self, features: Any, attribute: Any) -> Any:
        kernel = ops.transpose(ops.convert_to_tensor(self.kernel))
        connected = ops.matmul(features, kernel)
        probes = ops.matmul(ops.stop_gradient(features), kernel)
        weights = self.gradient_weights(attribute)
        return weights * connected + (1 - weights) * probes + self.bias

    def gradient_weights(self, attribute: Any) -> Any:
        """Returns how much every head's gradients count in the trunk, `(A,)`, 1 on average."""
        count = self.attributes
        if count == 1:
            return ops.ones((1,))
        asked = ops.equal(ops.arange(count, dtype="int32"), attribute)
        weights = ops.where(asked, count * self.share, count * (1 - self.share) / (count - 1))
        return ops.where(ops.equal(attribute, count), ops.ones_like(weights), weights)
