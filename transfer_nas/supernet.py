"""Every chain of a `ChainSpace` as one model, weights shared by architectures and attributes."""

from typing import Any

import keras
from keras import ops

from graftwork.errors import InputError
from transfer_nas.layers import EPSILON, AttributeHeads, StagesLayer, StemLayer, normalize
from transfer_nas.space import ChainSpace, reductions


class ChainSupernet(keras.Model):
    """All chains with a number of stages; the chain and the attribute are inputs.

    Every image is standardised. The stem and all operations are shared by all attributes;
    every attribute has a linear head on the last stage's output, averaged over positions.
    A stage's input is the mean of its sources' outputs, and it adds what its operation makes of
    it: the sum is normalised. Without that path around the operations (He et al. 2016), weights
    shared by random chains learned nothing (docs/transfer.md). Where height and width are halved
    (`reductions`), the outputs so far all are, so that later skips fit.

    Args:
        stages: The number N of stages.
        attributes: The number of attributes A.
        channels: The channels C of the stem and of all stages.
        seed: Seed of the initial weights.
        share: The share of the asked attribute in what the trunk learns (see
            `AttributeHeads`): 1 trains for that attribute alone.

    Inputs:
        `images`: uint8 tensor `(n, height, width, c)`.
        `architecture`: int32 tensor `(n, decisions + 1)`, the same in every row, so that
        the batch can be split over replicas: the choices of a `ChainSpace` and, last, the
        attribute, 0…A−1, that a training step is for; A for all alike (see
        `AttributeHeads`). It changes gradients alone.

    Output: logits, float32 tensor `(n, A)`.
    """

    def __init__(
        self,
        stages: int,
        attributes: int,
        channels: int = 16,
        seed: int = 0,
        share: float = 0.5,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.stages, self.attributes, self.channels = stages, attributes, channels
        # Distances keep the seeds of layers, and those of runs with seeds in a row, apart.
        first = seed * 10_007
        self.stem = StemLayer(channels, first, name="stem")
        self.stage_layer = StagesLayer(stages, channels, first + 101, name="stages")
        self.heads = AttributeHeads(attributes, first + 9_973, share, name="heads")

    def build(self, input_shape: dict[str, Any]) -> None:
        shape = input_shape["images"]
        check_image_shape(shape[1:])
        self.stem.build(shape)
        self.stage_layer.build()
        self.heads.build((None, self.channels))

    def call(self, inputs: dict[str, Any]) -> Any:
        row = inputs["architecture"][0]
        decisions = self.stages + (self.stages - 1) * (self.stages - 2) // 2
        *choices, attribute = ops.unstack(row, decisions + 1)
        return self.heads(self.features(inputs["images"], choices), attribute)

    def features(self, images: Any, choices: list[Any]) -> Any:
        """Runs the trunk.

        Args:
            images: uint8 tensor `(n, height, width, c)`.
            choices: An int32 scalar a decision.

        Returns:
            Float32 tensor `(n, C)`: the last stage's output, averaged over positions.
        """
        left = iter(choices)
        weights = self.stage_layer.stage_weights()
        x = self.stem(self.standardize(images))
        outputs: list[Any] = []
        for stage in range(1, self.stages + 1):
            operation = next(left)
            skips = [next(left) for _ in range(stage - 2)]
            x = mean_of_sources(x, outputs[: len(skips)], skips)
            x = normalize(x + self.stage_layer(x, operation, weights[stage - 1]))
            outputs.append(x)
            if stage in reductions(self.stages):
                outputs = [ops.average_pool(output, 2, 2) for output in outputs]
                x = outputs[-1]
        return ops.mean(ops.cast(x, "float32"), axis=(1, 2))

    def standardize(self, images: Any) -> Any:
        """Gives every image mean 0 and variance 1, so that contrast does not count."""
        x = ops.cast(images, "float32")  # In float16, squares of pixels are infinite.
        # Not by `normalize`: in a difference of squares, bright images would lose digits.
        mean, variance = ops.moments(x, axes=(1, 2, 3), keepdims=True)
        return ops.cast((x - mean) * ops.rsqrt(variance + EPSILON), self.compute_dtype)


def mean_of_sources(x: Any, outputs: list[Any], skips: list[Any]) -> Any:
    """Returns the mean of a stage's sources.

    Args:
        x: The output of the stage before.
        outputs: The outputs of the stages before that one, of the shape of `x`.
        skips: int32 scalars: 1 for each of `outputs` that is a source, else 0.
    """
    if not skips:
        return x
    count = 1.0
    for output, skip in zip(outputs, skips, strict=True):
        used = ops.cast(skip, x.dtype)
        x = x + used * output
        count = count + used
    return x / count


def check_image_shape(image_shape: tuple[int, int, int]) -> None:
    """Refuses images that are too small to be halved three times.

    Raises:
        InputError: If a side is shorter than 8 pixels.
    """
    height, width, _ = image_shape
    if min(height, width) < 8:
        raise InputError(
            "images need at least 8 pixels a side, as height and width are halved three times. "
            f"Received: {width} × {height}. Raise --size."
        )


def build_supernet(
    space: ChainSpace,
    attributes: int,
    channels: int,
    image_shape: tuple[int, int, int],
    seed: int,
    share: float = 0.5,
) -> ChainSupernet:
    """Builds a supernet with fresh weights, ready to train.

    Args:
        space: The space of its chains.
        attributes: The number of attributes A.
        channels: The channels C of the stem and of all stages.
        image_shape: Height, width and channels of an image.
        seed: Seed of the initial weights.
        share: The share of the asked attribute in what the trunk learns.

    Raises:
        InputError: If a side of the images is shorter than 8 pixels.
    """
    supernet = ChainSupernet(space.length, attributes, channels, seed, share)
    supernet.build({"images": (None, *image_shape), "architecture": (None, len(space) + 1)})
    return supernet
