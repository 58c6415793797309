"""The operations of cells: what each consists of, and as Keras's own layers."""

import dataclasses
import math
import zlib
from typing import Any, Literal

import keras
import numpy as np
from keras import layers

from gan_nas.cells import DOWN, NORMAL, UP
from graftwork.errors import unknown_name

OPERATIONS = (*NORMAL, *UP, *DOWN)
"""Every operation: 11 that keep the size, 14 that double it, 8 that halve it."""


@dataclasses.dataclass(frozen=True)
class Convolution:
    """A convolution that keeps the number C of channels; same padding.

    Args:
        height: Height of the kernel.
        width: Width of the kernel.
        rectified: Whether its input comes out of a ReLU.
        bias: Whether it has a bias: only the last convolution of an operation.
        transposed: Whether it is transposed, with stride 2.
    """

    height: int
    width: int
    rectified: bool = True
    bias: bool = True
    transposed: bool = False

    @property
    def name(self) -> str:
        """Such as `"conv_1x3"` or `"transposed_5x5"`."""
        kind = "transposed" if self.transposed else "conv"
        return f"{kind}_{self.height}x{self.width}"

    def kernel_shape(self, channels: int) -> tuple[int, int, int, int]:
        """Returns `(height, width, C, C)`, as Keras has it (out before in if transposed)."""
        return (self.height, self.width, channels, channels)

    def stddev(self, channels: int) -> float:
        """Returns the standard deviation of initial weights that keeps the variance.

        He et al. (2015), eq. 10: √(2 / n) after a ReLU, where n is the number of products
        that add up to an output; √(1 / n) without one. In a transposed convolution with
        stride 2 only a quarter of the kernel meets an output on average. He's normal
        distribution is chosen over orthogonal kernels as it is the same for one kernel
        and for a stack of them. Batch normalisation stands before every cell, so that
        either begins training from the same scale.
        """
        products = self.height * self.width * channels / (4 if self.transposed else 1)
        return math.sqrt((2 if self.rectified else 1) / products)


@dataclasses.dataclass(frozen=True)
class Pooling:
    """Maximum or average over squares; same padding, which averages leave out.

    Args:
        kind: `"max"` or `"avg"`.
        size: Height and width of the square.
        stride: 1, or 2 to halve height and width.
    """

    kind: Literal["max", "avg"]
    size: int
    stride: int = 1


@dataclasses.dataclass(frozen=True)
class Simple:
    """A step without settings.

    Args:
        kind: `"relu"`, or `"nearest"`: twice the height and width, every pixel repeated.
    """

    kind: Literal["relu", "nearest"]


Step = Convolution | Pooling | Simple


def steps(operation: str) -> tuple[Step, ...]:
    """Returns what an operation does, in order. Nothing for the identity.

    Convolutions are pre-activated: a ReLU stands before the first. Those of a row and a
    column have nothing between them.

    Args:
        operation: A name of `OPERATIONS`.

    Raises:
        InputError: If there is no such operation.
    """
    if operation not in OPERATIONS:
        raise unknown_name("operation", operation, OPERATIONS)
    if operation.startswith("nearest_"):
        return (Simple("nearest"), *steps(operation.removeprefix("nearest_")))
    if operation.startswith("avg_conv"):
        return (Pooling("avg", 2, 2), *steps(operation.removeprefix("avg_")))
    if operation.endswith("_avg"):
        return (*steps(operation.removesuffix("_avg")), Pooling("avg", 2, 2))
    if operation == "identity":
        return ()
    kind, *sizes = operation.split("_")
    if kind in ("max", "avg"):
        return (Pooling("max" if kind == "max" else "avg", int(sizes[-1])),)
    shapes = [tuple(map(int, size.split("x"))) for size in sizes if "x" in size]
    if kind == "transposed":
        ((height, width),) = shapes
        return (Simple("relu"), Convolution(height, width, transposed=True))
    last = len(shapes) - 1
    return (
        Simple("relu"),
        *(Convolution(h, w, rectified=i == 0, bias=i == last) for i, (h, w) in enumerate(shapes)),
    )


def apply_operation(
    operation: str, x: Any, channels: int, layer_name: str, seed: int = 0, spectral: bool = False
) -> Any:
    """Adds an operation to a functional graph, as Keras's own layers.

    Args:
        operation: A name of `OPERATIONS`.
        x: Keras tensor of shape `(n, height, width, channels)`.
        channels: The number C of channels, which the operation keeps.
        layer_name: What the layers' names begin with, such as `"g1_n2_i1"`. A convolution's
            is `f"{layer_name}_{convolution.name}"`.
        seed: Seed of the initial weights, which also depend on the layers' names.
        spectral: Whether to wrap convolutions in `keras.layers.SpectralNormalization`.

    Returns:
        Keras tensor of the same, double or half the height and width.
    """
    for step in steps(operation):
        layer = _layer(step, channels, layer_name, seed)
        normalized = spectral and isinstance(step, Convolution)
        x = apply_spectral(layer, x, seed) if normalized else layer(x)
    return x


def apply_spectral(layer: keras.Layer, x: Any, seed: int) -> Any:
    """Adds a layer with spectral normalisation (Miyato et al., 2018) to a functional graph.

    Norms are computed in float32 whatever the precision: the wrapper assigns the kernel, and
    what is rounded there is lost.

    Args:
        layer: A layer with a kernel or an embedding. The wrapper takes its name.
        x: Its input. Floats: Keras's wrapper casts the output to the type of the input.
        seed: Seed of the first vector of the power iteration, which Keras draws anew in
            every process.
    """
    wrapper = layers.SpectralNormalization(layer, name=layer.name, dtype="float32")
    output = wrapper(x)
    rng = np.random.default_rng(named_seed(seed, layer.name))
    wrapper.vector_u.assign(rng.normal(0, 0.02, wrapper.vector_u.shape))
    return output


def named_seed(seed: int, name: str) -> int:
    """Returns a seed of its own for every layer of a network."""
    return zlib.crc32(f"{seed}/{name}".encode())


def _layer(step: Step, channels: int, layer_name: str, seed: int) -> keras.Layer:
    if isinstance(step, Simple):
        name = f"{layer_name}_{step.kind}"
        return layers.ReLU(name=name) if step.kind == "relu" else layers.UpSampling2D(name=name)
    if isinstance(step, Pooling):
        pool = layers.MaxPooling2D if step.kind == "max" else layers.AveragePooling2D
        name = f"{layer_name}_{step.kind}_pool_{step.size}"
        return pool(step.size, step.stride, "same", name=name)
    name = f"{layer_name}_{step.name}"
    kind = layers.Conv2DTranspose if step.transposed else layers.Conv2D
    return kind(
        channels,
        (step.height, step.width),
        strides=2 if step.transposed else 1,
        padding="same",
        use_bias=step.bias,
        kernel_initializer=keras.initializers.RandomNormal(
            stddev=step.stddev(channels), seed=named_seed(seed, name)
        ),
        name=name,
    )


class Operation(layers.Layer):
    """One operation as a layer.

    Args:
        operation: A name of `OPERATIONS`.
        seed: Seed of the initial weights.

    Call arguments:
        inputs: Float tensor of shape `(n, height, width, C)`.

    Returns:
        Float tensor `(n, height, width, C)`; double or half the height and width for
        operations of `UP` and `DOWN`.
    """

    def __init__(self, operation: str, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        steps(operation)  # Refuses unknown names here and not when it is built.
        self.operation = operation
        self.seed = seed

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        channels = input_shape[-1]
        assert channels is not None
        self.sequence = [
            _layer(step, channels, self.operation, self.seed) for step in steps(self.operation)
        ]
        shape: Any = input_shape
        for layer in self.sequence:
            layer.build(shape)
            shape = layer.compute_output_shape(shape)

    def call(self, inputs: Any) -> Any:
        x = inputs
        for layer in self.sequence:
            x = layer(x)
        return x

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        batch, height, width, channels = input_shape
        if self.operation in NORMAL:
            return input_shape

        def resize(size: int | None) -> int | None:
            if size is None:
                return None
            return size * 2 if self.operation in UP else -(-size // 2)

        return (batch, resize(height), resize(width), channels)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "operation": self.operation, "seed": self.seed}
