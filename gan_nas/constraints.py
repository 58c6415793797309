"""Which generators keep the limits of a search."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import keras
import numpy as np

from gan_nas.cells import UP, Edge, edge_choices
from gan_nas.cost import choice_costs, loose_end_costs, network_cost
from gan_nas.networks import CELLS, Networks
from graftwork.constraints import AdditiveConstraints, Limits
from graftwork.latency import Latencies
from graftwork.space import Architecture


class GanConstraints(AdditiveConstraints):
    """Limits of the generators of a space; a discriminator costs nothing once it is trained.

    Every choice adds its operation's cost, and every loose end of a cell its part of the
    convolution that joins them. The layers before and after the cells are the same in all
    generators, and are counted once in a plain model.

    Args:
        networks: Builds the generators.
        limits: The limits.
        latencies: Where measured latencies are kept; for this object alone if None.
    """

    def __init__(self, networks: Networks, limits: Limits, latencies: Path | None = None) -> None:
        self.space = space = networks.space

        def build(architecture: Sequence[int]) -> keras.Model:
            return networks.plain(CELLS, tuple(architecture))

        measured = Latencies(latencies, build) if limits.latency_ms is not None else None
        self._loose_ends = loose_end_costs(space, networks.channels)
        self._sources = [
            np.array([edge.source for edge in edge_choices(place // 2 + 1, UP)])
            for place in range(2 * space.nodes)
        ]
        super().__init__(limits, np.zeros(2), choice_costs(space, networks.channels), measured)
        cost = network_cost(networks.plain(CELLS, self.smallest))
        self.base = np.array([cost.parameters, cost.flops]) - self.costs(np.array([self.smallest]))

    @cached_property
    def smallest(self) -> Architecture:
        # No weights, and one loose end: a chain of nodes, each of which reads the one before.
        cell = []
        for node in range(1, self.space.nodes + 1):
            edge = Edge(node - 1, "identity" if node > 1 else "nearest_identity")
            cell += [edge_choices(node, UP).index(edge)] * 2
        chosen = [0] * len(self.space)
        for where in self.space.generator_slices:
            chosen[where] = cell
        return tuple(chosen)

    def costs(self, architectures: np.ndarray) -> np.ndarray:
        found = super().costs(architectures)
        for where, each in zip(self.space.generator_slices, self._loose_ends, strict=True):
            choices = architectures[:, where]
            pairs = [source[choices[:, i]] for i, source in enumerate(self._sources)]
            read = np.stack(pairs, axis=1)[:, :, None] == np.arange(1, self.space.nodes + 1)
            loose = (~read.any(axis=1)).sum(axis=1)
            found = found + loose[:, None] * each
        return found
