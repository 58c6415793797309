"""The space of generators, and discriminators, that are made of cells."""

import dataclasses
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from gan_nas.cells import DOWN, UP, Cell, edge_choices
from graftwork.errors import InputError
from graftwork.space import Architecture, Decision, Space


@dataclasses.dataclass(frozen=True)
class GanSpace(Space):
    """Generators, and discriminators if wanted, made of one cell a stage.

    A stage doubles height and width, from a start of 4×4 (6×6 for 48 pixels) to the image.
    There is one decision for both inputs of every node of every cell: the operation and what
    it is applied to. Made by `GanSpace.make`. No choice is ever without effect.

    Args:
        decisions: The decisions: the generator's cells from the start to the image, then the
            discriminator's from the image to the start.
        image_size: Height and width of the images, in pixels.
        start: Height and width where the generator begins.
        stages: The number S of stages: `image_size = start · 2^S`.
        nodes: The nodes B of a cell.
        shared_cell: Whether all stages have the same cell (with weights of their own).
        discriminator: Whether the discriminator is searched, too.
    """

    image_size: int
    start: int
    stages: int
    nodes: int
    shared_cell: bool = False
    discriminator: bool = False

    @classmethod
    def make(
        cls, image_size: int, nodes: int, shared_cell: bool = False, discriminator: bool = False
    ) -> "GanSpace":
        """Returns the space for images of a size.

        Args:
            image_size: Height and width in pixels: 8, 16, 32, 64 … or 12, 24, 48 ….
            nodes: Nodes a cell, at least 1.
            shared_cell: Whether one cell serves all stages.
            discriminator: Whether the discriminator's cells are searched, too.

        Raises:
            InputError: If the size cannot be reached by doubling, or there is no node.
        """
        start, stages = start_and_stages(image_size)
        if nodes < 1:
            raise InputError(f"a cell needs at least 1 node. Received: nodes={nodes}.")
        networks = (("generator", UP), ("discriminator", DOWN))[: 1 + discriminator]
        decisions = tuple(
            Decision(
                f"{network} cell {cell}, node {node}, input {slot}",
                tuple(str(edge) for edge in edge_choices(node, outside)),
            )
            for network, outside in networks
            for cell in range(1, 2 if shared_cell else stages + 1)
            for node in range(1, nodes + 1)
            for slot in (1, 2)
        )
        return cls(decisions, image_size, start, stages, nodes, shared_cell, discriminator)

    @property
    def generator_slices(self) -> tuple[slice, ...]:
        """Where every stage's generator cell lies in an architecture, from the start on."""
        return self._slices(0)

    @property
    def discriminator_slices(self) -> tuple[slice, ...]:
        """Where every stage's discriminator cell lies, from the image on; else empty."""
        return self._slices(len(self) // 2) if self.discriminator else ()

    def _slices(self, begin: int) -> tuple[slice, ...]:
        width = 2 * self.nodes
        step = 0 if self.shared_cell else width
        return tuple(slice(begin + k * step, begin + k * step + width) for k in range(self.stages))

    def cells(self, architecture: Sequence[int]) -> tuple[Cell, ...]:
        """Returns the generator's cell of every stage, from the start to the image."""
        checked = self.check(architecture)
        return tuple(_decode(checked[where], UP) for where in self.generator_slices)

    def discriminator_cells(self, architecture: Sequence[int]) -> tuple[Cell, ...]:
        """Returns the discriminator's cell of every stage, from the image to the start.

        Empty where the discriminator is not searched.
        """
        checked = self.check(architecture)
        return tuple(_decode(checked[where], DOWN) for where in self.discriminator_slices)

    def operation_counts(self, architectures: Iterable[Sequence[int]]) -> dict[str, int]:
        """Returns how often each operation is an input of a node, by its name."""
        counts = Counter(
            decision.choices[choice].partition("(")[0]
            for architecture in architectures
            for decision, choice in zip(self.decisions, architecture, strict=True)
        )
        return dict(sorted(counts.items()))

    def encode(
        self, cells: Sequence[Cell], discriminator_cells: Sequence[Cell] = ()
    ) -> Architecture:
        """Returns the architecture with the given cells.

        Args:
            cells: What `cells` returns: one cell a stage.
            discriminator_cells: What `discriminator_cells` returns.

        Raises:
            InputError: If the number of cells, their nodes or operations are not of this space.
        """
        wanted = (self.stages, self.stages if self.discriminator else 0)
        if (len(cells), len(discriminator_cells)) != wanted:
            raise InputError(
                f"this space has {wanted[0]} generator cells and {wanted[1]} discriminator cells. "
                f"Received: {len(cells)} and {len(discriminator_cells)}."
            )
        architecture: list[int] = [0] * len(self)
        for group, slices, outside in (
            (cells, self.generator_slices, UP),
            (discriminator_cells, self.discriminator_slices, DOWN),
        ):
            if self.shared_cell and len(set(group)) > 1:
                raise InputError("this space has the same cell in all stages. Received others.")
            for cell, where in zip(group, slices, strict=True):
                architecture[where] = self._encode(cell, outside)
        return tuple(architecture)

    def _encode(self, cell: Cell, outside: tuple[str, ...]) -> Iterator[int]:
        if len(cell.nodes) != self.nodes:
            raise InputError(
                f"a cell of this space has {self.nodes} nodes. Received {len(cell.nodes)}: {cell}."
            )
        for node, edges in enumerate(cell.nodes, start=1):
            choices = edge_choices(node, outside)
            for edge in edges:
                if edge not in choices:
                    raise InputError(f"node {node} of a cell of this space cannot read {edge}.")
                yield choices.index(edge)

    @property
    def distinct(self) -> int:
        """The exact number of architectures when the order of a node's inputs does not count.

        With c choices an input, a node has c (c + 1) / 2 instead of c²; `size` counts c².
        """
        return math.prod(count * (count + 1) // 2 for count in self.choice_counts[::2])

    def canonical(self, architecture: Sequence[int]) -> Architecture:
        """Returns the architecture with every node's two inputs in order.

        Architectures that differ in that order alone are the same network, and have the
        same canonical form.
        """
        checked = self.check(architecture)
        pairs = zip(checked[::2], checked[1::2], strict=True)
        return tuple(choice for pair in pairs for choice in sorted(pair))


def start_and_stages(image_size: int) -> tuple[int, int]:
    """Returns the size where networks begin or end, and how often it is doubled.

    Args:
        image_size: Height and width of an image in pixels.

    Raises:
        InputError: If neither 4 nor 6 can be doubled to it.
    """
    for start in (4, 6):
        factor, rest = divmod(image_size, start)
        if rest == 0 and factor >= 2 and factor.bit_count() == 1:
            return start, factor.bit_length() - 1
    raise InputError(
        "image_size must be 4 or 6 doubled at least once: 8, 16, 32, 64, … or 12, 24, 48, …. "
        f"Received: {image_size}."
    )


def _decode(choices: Sequence[int], outside: tuple[str, ...]) -> Cell:
    nodes = []
    for node in range(1, len(choices) // 2 + 1):
        edges = edge_choices(node, outside)
        first, second = choices[2 * node - 2 : 2 * node]
        nodes.append((edges[first], edges[second]))
    return Cell(tuple(nodes))
