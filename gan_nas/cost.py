"""What a plain generator or discriminator costs: parameters and operations."""

import dataclasses
import math
from collections.abc import Sequence

import keras
import numpy as np
from keras import layers

from gan_nas.operations import Convolution, Pooling, Simple, steps
from gan_nas.space import GanSpace


@dataclasses.dataclass(frozen=True)
class Cost:
    """The cost of one network.

    Args:
        parameters: Trainable parameters.
        flops: Operations for one image, two a multiply-add.
    """

    parameters: int
    flops: int


def network_cost(model: keras.Model) -> Cost:
    """Counts the parameters and operations of a plain model, layer by layer.

    Args:
        model: A functional model whose layers each stand in it once, of Keras's own layers.

    Returns:
        The trainable parameters, and the operations for one image: two a multiply-add of
        the convolutions, transposed convolutions and dense layers. What a kernel multiplies
        in the padding is counted, as is usual; normalisation, pooling, sums and ReLU are
        not.
    """
    parameters = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    return Cost(parameters, 2 * sum(_multiply_adds(layer) for layer in model.layers))


def _multiply_adds(layer: keras.Layer) -> int:
    inner = layer.layer if isinstance(layer, layers.SpectralNormalization) else layer
    if not isinstance(inner, layers.Conv2D | layers.Conv2DTranspose | layers.Dense):
        return 0
    # A kernel is applied once for every output; a transposed one, for every input.
    tensor = layer.input if isinstance(inner, layers.Conv2DTranspose) else layer.output
    positions = math.prod(tensor.shape[1:-1])
    return positions * math.prod(inner.kernel.shape)


def operation_cost(operation: str, side: int, channels: int) -> Cost:
    """Returns what an operation of a cell costs, by closed forms.

    Args:
        operation: A name of `gan_nas.operations.OPERATIONS`.
        side: Height and width of its input.
        channels: The channels of its input, which it keeps.
    """
    parameters = multiply_adds = 0
    for step in steps(operation):
        if isinstance(step, Convolution):
            kernel = math.prod(step.kernel_shape(channels))
            parameters += kernel + channels * step.bias
            multiply_adds += kernel * side**2  # Before the size is doubled, if transposed.
            side *= 2 if step.transposed else 1
        elif isinstance(step, Pooling):
            side //= step.stride
        elif isinstance(step, Simple) and step.kind == "nearest":
            side *= 2
    return Cost(parameters, 2 * multiply_adds)


def loose_end_costs(space: GanSpace, channels: Sequence[int]) -> np.ndarray:
    """Returns what every loose end of a cell adds to the cost of a generator.

    The convolution of size 1 that ends a cell reads all of them side by side.

    Args:
        space: The space.
        channels: The width of every stage, from the start to the image.

    Returns:
        int64 `(stages, 2)`: parameters and operations.
    """
    kernels = np.array([width**2 for width in channels])
    sides = np.array([space.start * 2 ** (stage + 1) for stage in range(space.stages)])
    return np.stack([kernels, 2 * kernels * sides**2], axis=1)


def choice_costs(space: GanSpace, channels: Sequence[int]) -> list[np.ndarray]:
    """Returns what every choice adds to the cost of a generator.

    Args:
        space: The space.
        channels: The width of every stage, from the start to the image.

    Returns:
        For every decision int64 `(choices, 2)`: parameters and operations. All zeros for the
        discriminator's, which is no part of the generator.
    """
    tables = [np.zeros((count, 2), np.int64) for count in space.choice_counts]
    for stage, where in enumerate(space.generator_slices):
        side, width = space.start * 2**stage, channels[stage]
        for place in range(where.start, where.stop):
            for choice, text in enumerate(space.decisions[place].choices):
                operation, source = text.split("(")
                # Nodes are twice as large as the input of the cell.
                inside = side if source == "input)" else 2 * side
                cost = operation_cost(operation, inside, width)
                tables[place][choice] += (cost.parameters, cost.flops)
    return tables
