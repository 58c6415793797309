"""What a plain generator or discriminator costs: parameters and operations."""

import dataclasses
import math

import keras
from keras import layers


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
