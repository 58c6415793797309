"""A graph network that predicts the score of an architecture."""

import functools
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from graftwork.devices import on_one_device
from graftwork.precision import full_precision
from graftwork.space import Architecture, Space


class GraphConvolution(keras.layers.Layer):
    """Passes what nodes know along the edges of a directed graph, both ways.

    Wen et al., "Neural Predictor for Neural Architecture Search", ECCV 2020, eq. 1 and 2:

        V' = ½ ReLU(A V W⁺) + ½ ReLU(Aᵀ V W⁻)

    with the adjacency matrix A, to which loops are added, its rows scaled to sum to 1.

    Args:
        adjacency: bool array `(nodes, nodes)`: which nodes feed which others.
        width: Values a node afterwards.

    Input: float tensor `(n, nodes, values)`. Output: `(n, nodes, width)`.
    """

    def __init__(self, adjacency: np.ndarray, width: int) -> None:
        super().__init__()
        loops = adjacency.astype("float32") + np.eye(len(adjacency), dtype="float32")
        self.forward = loops / loops.sum(axis=1, keepdims=True)
        self.backward = loops.T / loops.T.sum(axis=1, keepdims=True)
        self.along = keras.layers.Dense(width, activation="relu")
        self.against = keras.layers.Dense(width, activation="relu")

    def build(self, shape: Any) -> None:
        self.along.build(shape)
        self.against.build(shape)
        self.built = True

    def call(self, nodes: Any) -> Any:
        along = self.along(ops.matmul(self.forward, nodes))
        against = self.against(ops.matmul(self.backward, nodes))
        return (along + against) / 2


@functools.lru_cache(maxsize=8)
def _compiled(*settings: Any) -> keras.Model:
    """Returns the compiled network of a graph, one for all that ask: tracing takes seconds."""
    return on_one_device(lambda: _made(*settings))


@full_precision()
def _made(
    adjacency: bytes, nodes: int, values: int, width: int, layers: int, steps: int
) -> keras.Model:
    edges = np.frombuffer(adjacency, bool).reshape(nodes, nodes)
    network = keras.Sequential(
        [
            keras.Input((nodes, values)),
            keras.layers.Dense(width, activation="relu"),
            *(GraphConvolution(edges, width) for _ in range(layers)),
            keras.layers.GlobalAveragePooling1D(),
            keras.layers.Dense(width, activation="relu"),
            keras.layers.Dense(1),
        ]
    )
    rate = keras.optimizers.schedules.CosineDecay(0.01, steps)
    network.compile(keras.optimizers.AdamW(rate, 1e-3), loss="mse", jit_compile=False)
    network.optimizer.build(network.trainable_variables)
    return network


class GraphPredictor:
    """Predicts scores by a network over the graph of an architecture's decisions.

    A node is a decision: it knows the label of its choice and which decision it is, both
    one-hot. The paper's nodes know their operation alone; where every decision is next to
    every other, as in a `Space` that says nothing of its graph, they would all look the same.
    There a convolution is a mean over all nodes, and the ReLU before the first one is what ties a
    choice to its decision: the mean of both marks alone tells which choices were made, not where.

    Args:
        space: The space; its `adjacency()` is the graph.
        width: Values a node.
        layers: Graph convolutions.
        steps: Training steps of a fit, each on all rows.
    """

    def __init__(self, space: Space, width: int = 48, layers: int = 3, steps: int = 200) -> None:
        self.steps = steps
        labels = [choice for decision in space.decisions for choice in decision.choices]
        vocabulary = {label: i for i, label in enumerate(dict.fromkeys(labels))}
        self._labels = np.array([vocabulary[label] for label in labels])
        self._offsets = np.cumsum([0, *space.choice_counts[:-1]])
        self._values = len(vocabulary)
        adjacency = np.ascontiguousarray(space.adjacency(), bool)
        sizes = len(space), self._values + len(space), width, layers, steps
        self.network = _compiled(adjacency.tobytes(), *sizes)

    def nodes(self, architectures: Sequence[Architecture]) -> np.ndarray:
        """Returns the nodes' values, float32 `(n, decisions, labels + decisions)`."""
        choices = np.asarray(architectures, int)
        label = np.eye(self._values, dtype="float32")[self._labels[choices + self._offsets]]
        which = np.eye(choices.shape[1], dtype="float32")
        return np.concatenate([label, np.broadcast_to(which, (len(choices), *which.shape))], 2)

    def fit(
        self, architectures: Sequence[Architecture], targets: np.ndarray, rng: np.random.Generator
    ) -> None:
        """Fits the network anew by least squares.

        The network is shared by all predictors of such a space: predict before another fits.

        Args:
            architectures: n architectures.
            targets: float32 array `(n,)`.
            rng: Draws the weights to start from.
        """
        for weight in self.network.weights:
            fan = weight.shape[0]
            scale = np.sqrt(2 / fan) if len(weight.shape) > 1 else 0
            weight.assign(scale * rng.standard_normal(weight.shape, "float32"))
        for variable in self.network.optimizer.variables:
            variable.assign(ops.zeros_like(variable))
        nodes = self.nodes(architectures)

        def train() -> None:
            for _ in range(self.steps):
                self.network.train_on_batch(nodes, targets[:, None])

        on_one_device(train)

    def predict(self, architectures: Sequence[Architecture]) -> np.ndarray:
        """Returns the predicted targets, float32 `(n,)`."""
        pieces = on_one_device(
            lambda: [
                self.network.predict_on_batch(self.nodes(architectures[start : start + 2000]))
                for start in range(0, len(architectures), 2000)
            ]
        )
        return np.concatenate(pieces)[:, 0]
