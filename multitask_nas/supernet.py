"""Every block of every tree, weights shared, the tree an input."""

from typing import Any

import keras
from keras import ops

from multitask_nas.layers import EPSILON, BlockLayer, HeadLayer


class TreeSupernet(keras.Model):
    """All trees of a `TreeSpace` as one model whose second input is the tree.

    Args:
        blocks: The numbers of blocks of layers 0…L. The first is 1 for trees; with more,
            block b of layer 0 is the root of a tree of its own.
        attributes: The number of attributes A.
        channels: The channels F of every block's output.
        depth: Convolutions in a block.
        seed: Seed of the initial weights.
        probe_heads: Whether training trains the heads of every leaf at once, as a search
            needs it, and not only those of the tree.

    Inputs:
        `images`: uint8 tensor `(n, height, width, channels)`.
        `architecture`: int32 tensor `(n, decisions)`: the tree's parents, layer after
        layer, the same in every row, so that the batch can be split over replicas.

    Output: logits, float32 tensor `(n, A)`; while training with `probe_heads`, those of
        every attribute on every leaf, `(n, B_L · A)` (see `HeadLayer.probe`).
    """

    def __init__(
        self,
        blocks: tuple[int, ...],
        attributes: int,
        channels: int = 16,
        depth: int = 1,
        seed: int = 0,
        probe_heads: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.blocks = tuple(blocks)
        self.probe_heads = probe_heads
        self.attributes = attributes
        self.block_layers = [
            BlockLayer(
                count,
                channels,
                depth,
                pool=layer < len(blocks) - 1,
                # Distances keep the layers' seeds, and those of runs with seeds in a row, apart.
                seed=seed * 10_007 + layer * 101,
                name=f"layer_{layer}",
            )
            for layer, count in enumerate(self.blocks)
        ]
        self.heads = HeadLayer(self.blocks[-1], attributes, seed * 10_007 + 9_973, name="heads")

    def build(self, input_shape: dict[str, Any]) -> None:
        shape = input_shape["images"]
        for layer in self.block_layers:
            layer.build(shape)
            shape = (*shape[:-1], layer.filters)
        self.heads.build(shape)

    def call(self, inputs: dict[str, Any], training: bool = False) -> Any:
        parents = self.split_rows(inputs["architecture"][0])
        x = self.standardize(inputs["images"])[None]
        return self.continue_from(0, x, parents, probe=training and self.probe_heads)

    def split_rows(self, architecture: Any) -> list:
        """Splits an architecture `(decisions,)` into the parents of layers 1…L + 1."""
        ends, end = [], 0
        for count in self.blocks[1:]:
            end += count
            ends.append(end)
        return list(ops.split(architecture, ends, axis=0)) if ends else [architecture]

    def standardize(self, images: Any) -> Any:
        """Gives every image mean 0 and variance 1, so that contrast does not count."""
        x = ops.cast(images, "float32")  # In float16, squares of pixels are infinite.
        mean, variance = ops.moments(x, axes=(1, 2, 3), keepdims=True)
        return ops.cast((x - mean) * ops.rsqrt(variance + EPSILON), self.compute_dtype)

    def continue_from(self, layer: int, x: Any, parents: list, probe: bool = False) -> Any:
        """Runs layers `layer`…L + 1 of a tree.

        Args:
            layer: The first layer to run.
            x: The outputs of the layer before, `(blocks, n, h, w, c)`; for layer 0 the
                scaled images, `(1, n, h, w, c)`.
            parents: The parents of layers 1…L + 1, each an int tensor.
            probe: Whether to return the logits of every attribute on every leaf.

        Returns:
            Logits `(n, A)`, or `(n, B_L · A)`.
        """
        for i in range(layer, len(self.blocks)):
            x = self.run_layer(i, x, parents)
        features = ops.mean(ops.cast(x, "float32"), axis=(2, 3))
        return self.heads(features, parents[-1], probe=probe)

    def run_layer(self, layer: int, x: Any, parents: list) -> Any:
        """Runs all blocks of one layer on the outputs of their parents."""
        # With one block above, all have it as their parent, and one input will do.
        if layer > 0 and self.blocks[layer - 1] > 1:
            # A product with one-hot rows: the gradient of a gather is slower (docs/performance.md).
            above, *shape = x.shape
            chosen = ops.one_hot(parents[layer - 1], above, dtype=x.dtype)  # (blocks, above)
            x = ops.matmul(chosen, ops.reshape(x, (above, -1)))
            x = ops.reshape(x, (self.blocks[layer], -1, *shape[1:]))
        return self.block_layers[layer](x)

    def path_logits(self, images: Any) -> Any:
        """Predicts every attribute along every path from the root to a block of layer L.

        A layer's blocks run on all of their possible inputs, stacked on the batch axis.

        Args:
            images: uint8 tensor `(n, height, width, channels)`.

        Returns:
            Logits `(paths, n, A)`. Paths are numbered with the block of layer 1 varying
            fastest: path = b_1 + B_1 · (b_2 + B_2 · (b_3 + …)).
        """
        x = self.standardize(images)
        n = ops.shape(x)[0]
        for layer in self.block_layers:
            x = layer(x[None])
            x = ops.reshape(x, (-1, *x.shape[2:]))
        features = ops.mean(ops.cast(x, "float32"), axis=(1, 2))
        features = ops.reshape(features, (self.blocks[-1], -1, n, features.shape[-1]))
        logits = self.heads.every(features)
        return ops.reshape(logits, (-1, n, self.attributes))


def build_supernet(
    blocks: tuple[int, ...],
    attributes: int,
    channels: int,
    depth: int,
    image_shape: tuple[int, int, int],
    seed: int,
    probe_heads: bool = False,
) -> TreeSupernet:
    """Builds a supernet with fresh weights, ready to train."""
    supernet = TreeSupernet(blocks, attributes, channels, depth, seed, probe_heads)
    decisions = sum(blocks[1:]) + attributes
    supernet.build({"images": (None, *image_shape), "architecture": (None, decisions)})
    return supernet
