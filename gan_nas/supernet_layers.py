"""The cells of the supernets: every operation on every edge, the choices an input."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import keras
from keras import ops

from gan_nas.cells import NORMAL
from gan_nas.operations import Convolution, Pooling, Simple, named_seed, steps
from gan_nas.spectral import spectrally_normalized
from graftwork.branches import max_pool, shared_function


class SearchedCell(keras.layers.Layer):
    """All cells with a number of nodes, weights shared, the choices an input.

    An edge (one of the two inputs of a node) has weights of its own for every operation;
    one on an earlier node has the same weights whichever node that is. Only the chosen
    operation is computed.

    The kernels of one shape lie in one variable, `(rows, height, width, C, C)`, and so do
    the biases, `(rows, C)`; `rows` says whose they are. Few variables make a short graph,
    and `graftwork.optimizers.LazyAdam` leaves alone the rows that a step did not use.
    `projection` `(nodes, C, filters)` and `projection_bias` make the cell's output from
    the loose ends.

    Args:
        nodes: The number B of nodes.
        outside: The operations on the cell's input: `gan_nas.cells.UP` or `DOWN`.
        channels: The channels C of the input and of all nodes.
        filters: The channels of the output.
        spectral: Whether kernels are spectrally normalised.
        seed: Seed of the initial weights.

    Call arguments:
        inputs: Float tensor of shape `(n, height, width, C)`.
        choices: int32 tensor `(2 B,)`: the cell's part of an architecture.

    Returns:
        Float tensor `(n, height, width, filters)` of double or half the height and width.
    """

    def __init__(
        self,
        nodes: int,
        outside: Sequence[str],
        channels: int,
        filters: int,
        spectral: bool = False,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.nodes, self.outside = nodes, tuple(outside)
        self.channels, self.filters = channels, filters
        self.spectral, self.seed = spectral, seed
        self.rows: dict[str, list[tuple[int, str]]] = {}
        """The edge (2 · node + slot, from 0) and operation of every row of every stack."""
        self.convolutions: dict[str, Convolution] = {}
        for edge in range(2 * nodes):
            for operation, stack in self._weights(edge):
                self.rows.setdefault(stack, []).append((edge, operation))
        self._run_edge = shared_function(self.run_edge)

    def operations(self, edge: int) -> tuple[str, ...]:
        """Returns the operations of an edge: those on the cell's input, then those on nodes."""
        return self.outside if edge < 2 else (*self.outside, *NORMAL)

    def _weights(self, edge: int) -> Iterator[tuple[str, str]]:
        for operation in self.operations(edge):
            for step in steps(operation):
                if isinstance(step, Convolution):
                    self.convolutions[step.name] = step
                    yield operation, step.name
                    if step.bias:
                        yield operation, "bias"

    def build(self, input_shape: Any) -> None:
        self.stacks: dict[str, Any] = {}
        self.vectors: dict[str, Any] = {}
        for name, rows in self.rows.items():
            if name == "bias":
                self.stacks[name] = self._add_weight((len(rows), self.channels), "zeros", name)
                continue
            convolution = self.convolutions[name]
            shape = (len(rows), *convolution.kernel_shape(self.channels))
            self.stacks[name] = self._add_kernels(name, shape, convolution.stddev(self.channels))
        matrices = (self.nodes, self.channels, self.filters)
        self.projection = self._add_kernels("projection", matrices, math.sqrt(1 / self.channels))
        self.projection_bias = self._add_weight((self.filters,), "zeros", "projection_bias")

    def _add_weight(self, shape: tuple[int, ...], initializer: Any, name: str) -> Any:
        # Not cast by Keras: spectral norms are assigned, and what is rounded there is lost.
        return self.add_weight(shape, initializer, name=name, autocast=False)

    def _add_kernels(self, name: str, shape: tuple[int, ...], stddev: float) -> Any:
        seed = named_seed(self.seed, f"{self.name}_{name}")
        initializer = keras.initializers.RandomNormal(stddev=stddev, seed=seed)
        if self.spectral:
            # The nodes' projections are one matrix, with one vector.
            rows = 1 if name == "projection" else shape[0]
            self.vectors[name] = self.add_weight(
                (rows, shape[-1]),
                keras.initializers.TruncatedNormal(stddev=0.02, seed=seed + 1),
                trainable=False,
                autocast=False,
                name=f"{name}_vectors",
            )
        return self._add_weight(shape, initializer, name)

    def call(self, inputs: Any, choices: Any, training: bool = False) -> Any:
        # Choice c of an edge: an outside operation, or number (c − outside) of all NORMAL
        # operations on node 1, then on node 2, …; `sources` is −1 or the node from 0.
        inner = choices - len(self.outside)
        sources = ops.floor_divide(inner, len(NORMAL))
        sources = ops.where(inner < 0, -ops.ones_like(sources), sources)
        chosen = ops.where(inner < 0, choices, len(self.outside) + ops.mod(inner, len(NORMAL)))
        read = ops.any(ops.equal(sources[:, None], ops.arange(self.nodes)[None]), axis=0)
        loose = ops.cast(ops.logical_not(read), self.variable_dtype)
        if self.spectral and training:
            self.normalize_kernels(loose)
        weights = self.edge_weights()
        sources, chosen = ops.unstack(sources, 2 * self.nodes), ops.unstack(chosen, 2 * self.nodes)
        nodes: list[Any] = []
        for node in range(self.nodes):
            slots = []
            for edge in (2 * node, 2 * node + 1):
                earlier = inputs if not nodes else nodes[0]
                if len(nodes) > 1:
                    branches = [lambda *all_nodes, i=i: all_nodes[i] for i in range(len(nodes))]
                    earlier = ops.switch(sources[edge], branches, *nodes)
                slots.append(self._run_edge(inputs, earlier, chosen[edge], weights[edge]))
            nodes.append((slots[0] + slots[1]) * math.sqrt(0.5))
        return self.project(nodes, loose)

    def edge_weights(self) -> list[list[list[Any]]]:
        """Returns the weights of every edge's operations, each in the order of its steps."""
        # Unstacking once: the gradient of stack[row] is quadratic in the number of rows.
        stacks = {
            name: iter(ops.unstack(ops.cast(stack, self.compute_dtype), stack.shape[0]))
            for name, stack in self.stacks.items()
        }
        weights = []
        for edge in range(2 * self.nodes):
            found: dict[str, list[Any]] = {name: [] for name in self.operations(edge)}
            for operation, stack in self._weights(edge):
                found[operation].append(next(stacks[stack]))
            weights.append(list(found.values()))
        return weights

    def run_edge(self, x: Any, earlier: Any, chosen: Any, weights: Any) -> Any:
        """Applies the chosen operation to the cell's input or to the selected node.

        Args:
            x: The cell's input, `(n, height, width, C)`.
            earlier: The selected node; anything where there is none.
            chosen: int32 scalar: the operation.
            weights: The weights of every operation of the edge.
        """
        names = self.outside if len(weights) == len(self.outside) else (*self.outside, *NORMAL)
        branches = [
            lambda x, earlier, weights, i=i, name=name: apply_steps(
                x if i < len(self.outside) else earlier, name, weights[i]
            )
            for i, name in enumerate(names)
        ]
        return ops.switch(chosen, branches, x, earlier, weights)

    def project(self, nodes: list[Any], loose: Any) -> Any:
        """Sums the projections of the loose ends, over the square root of their number."""
        used = loose * ops.rsqrt(ops.sum(loose))
        kernels = ops.convert_to_tensor(self.projection) * used[:, None, None]
        kernels = ops.cast(kernels, self.compute_dtype)
        kernels = ops.reshape(kernels, (self.nodes, 1, 1, self.channels, self.filters))
        each = ops.unstack(kernels, self.nodes)
        total = ops.conv(nodes[-1], each[-1])  # The last node is always loose.
        for node, kernel, is_loose in zip(
            nodes[:-1], each[:-1], ops.unstack(loose, self.nodes)[:-1], strict=True
        ):
            branches = [
                lambda total, *_: total,
                lambda total, x, kernel: total + ops.conv(x, kernel),
            ]
            total = ops.switch(ops.cast(is_loose, "int32"), branches, total, node, kernel)
        return total + ops.cast(self.projection_bias, self.compute_dtype)

    def normalize_kernels(self, loose: Any) -> None:
        """Spectrally normalises every kernel, and the projection of the loose ends."""
        for name, vectors in self.vectors.items():
            variable = self.projection if name == "projection" else self.stacks[name]
            kernels, used = ops.convert_to_tensor(variable), None
            if name == "projection":
                kernels, used = kernels[None], loose[None, :, None, None]
            new, new_vectors = spectrally_normalized(kernels, ops.convert_to_tensor(vectors), used)
            vectors.assign(new_vectors)
            variable.assign(ops.reshape(new, variable.shape))


def apply_steps(x: Any, operation: str, weights: Sequence[Any]) -> Any:
    """Applies an operation with given weights; `gan_nas.operations.apply_operation` is its twin.

    Args:
        x: Float tensor of shape `(n, height, width, C)`.
        operation: A name of `gan_nas.operations.OPERATIONS`.
        weights: The kernels and the bias of its convolutions, in order.
    """
    left = iter(weights)
    sequence = steps(operation)
    if sequence[:2] == (Simple("nearest"), Simple("relu")):
        # The same the other way round, on a quarter of the pixels.
        sequence = (Simple("relu"), Simple("nearest"), *sequence[2:])
    for step in sequence:
        if isinstance(step, Simple):
            x = ops.relu(x) if step.kind == "relu" else upsampled(x)
        elif isinstance(step, Pooling):
            if step.kind == "max":
                x = max_pool(x, step.size)
            else:
                x = ops.average_pool(x, step.size, step.stride, "same")
        elif step.transposed:
            x = ops.conv_transpose(x, next(left), 2, "same") + next(left)
        else:
            x = ops.conv(x, next(left), padding="same")
            if step.bias:
                x = x + next(left)
    return x


def upsampled(x: Any) -> Any:
    """Doubles height and width by repeating every pixel."""
    # With ops.repeat this took half of the time that tracing takes, in many small nodes.
    _, height, width, channels = x.shape
    x = ops.concatenate([x, x], axis=-1)
    x = ops.reshape(x, (-1, height, 1, 2 * width * channels))  # Two equal pixels side by side.
    x = ops.concatenate([x, x], axis=2)
    return ops.reshape(x, (-1, 2 * height, 2 * width, channels))
