"""Found cells as drawings: where every wire, operation and node of a cell stands.

A cell is drawn as a circuit. Every source, the cell's input and each node, has a vertical
lane at the left, in its own colour; an operation is a box on the wire that leads from its
source's lane to its node at the right; and a node's output comes back under its boxes
and becomes the next lane. So no label can meet a wire or another label, whatever the cell
is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reports.gan_cells import Cell, describe_cell, loose_ends, read_cell
from reports.inline_tree import branch_class
from reports.names import shorten

# All lengths are in pixels.
LANE = 18
LEFT = 12
TOP = 38
BAND = 84
BOX_WIDTH = 196
BOX_HEIGHT = 24
RADIUS = 13
RIGHT = 54
LOOSE_GAP = 8


@dataclass(frozen=True)
class Wire:
    """A path with the CSS class of its colour."""

    path: str
    colour: str


@dataclass(frozen=True)
class Box:
    """An operation: its left top corner, size and text."""

    x: float
    y: float
    height: float
    text: str
    colour: str


@dataclass(frozen=True)
class Dot:
    """A node, with its number, or a junction, without one."""

    x: float
    y: float
    text: str
    colour: str


@dataclass(frozen=True)
class CellDrawing:
    """A cell with a place for everything in it.

    Attributes:
        title: Which cell it is.
        cell: Its nodes.
        width: Width in pixels.
        height: Height in pixels.
        lanes: The wires of the sources, from where they begin to their last reader.
        wires: The wires from lanes to boxes and from boxes to nodes.
        junctions: Where wires leave lanes.
        boxes: The operations.
        nodes: The nodes.
        end: Where the output's wire begins: right edge and middle of the last box.
        description: The whole cell in words.
    """

    title: str
    cell: Cell
    width: float
    height: float
    lanes: tuple[Wire, ...]
    wires: tuple[Wire, ...]
    junctions: tuple[Dot, ...]
    boxes: tuple[Box, ...]
    nodes: tuple[Dot, ...]
    end: tuple[float, float]
    description: str


def draw_cell(cell: Cell, title: str) -> CellDrawing:
    """Places everything in a cell.

    Args:
        cell: Its nodes.
        title: Which cell it is.
    """
    count = len(cell)
    box_x = _lane(count) + 18
    node_x = box_x + BOX_WIDTH + 36
    wires: list[Wire] = []
    junctions: list[Dot] = []
    boxes: list[Box] = []
    nodes: list[Dot] = []
    last_read: dict[int, float] = {}
    for number, pair in enumerate(cell, start=1):
        middle = TOP + (number - 1) * BAND + 30
        for side, edge in zip((-1, 1), pair, strict=True):
            y, colour = middle + 15 * side, _colour(edge.source)
            start = _lane(edge.source)
            wires.append(Wire(f"M{start} {y}H{box_x}", colour))
            bend = f"M{box_x + BOX_WIDTH} {y}C{node_x - 14} {y} {node_x - 22} {middle + 5 * side}"
            wires.append(Wire(f"{bend} {node_x - RADIUS} {middle + 5 * side}", colour))
            junctions.append(Dot(start, y, "", colour))
            boxes.append(
                Box(box_x, y - BOX_HEIGHT / 2, BOX_HEIGHT, shorten(edge.words, 32), colour)
            )
            last_read[edge.source] = y
        nodes.append(Dot(node_x, middle, str(number), _colour(number)))
    loose = loose_ends(cell)
    end = TOP + count * BAND + 4
    height = max(BOX_HEIGHT, LOOSE_GAP * (len(loose) + 1))
    for place, number in enumerate(reversed(loose)):
        # The lane at the right turns off first, so that none crosses another.
        turn = end + height / 2 + LOOSE_GAP * (place - (len(loose) - 1) / 2)
        wires.append(Wire(f"M{_lane(number)} {turn:g}H{box_x}", _colour(number)))
        last_read[number] = turn
    text = "concatenate, conv 1×1" if len(loose) > 1 else "conv 1×1"
    boxes.append(Box(box_x, end, height, text, "stem"))
    lanes = [Wire(f"M{_lane(0)} 18V{last_read.get(0, 18):g}", _colour(0))]
    for node in nodes:
        x, back = _lane(int(node.text)), node.y + 44
        lanes.append(
            Wire(
                f"M{node.x} {node.y + RADIUS}V{back - 8}q0 8 -8 8H{x + 8}q-8 0 -8 8"
                f"V{last_read[int(node.text)]:g}",
                node.colour,
            )
        )
    return CellDrawing(
        title=title,
        cell=cell,
        width=box_x + BOX_WIDTH + RIGHT,
        height=end + height + 8,
        lanes=tuple(lanes),
        wires=tuple(wires),
        junctions=tuple(junctions),
        boxes=tuple(boxes),
        nodes=tuple(nodes),
        end=(box_x + BOX_WIDTH, end + height / 2),
        description=describe_cell(cell),
    )


def draw_cells(
    cells: dict[str, Any], image_size: int | None, channels: Sequence[int], shared: bool
) -> list[tuple[str, list[CellDrawing]]]:
    """Draws the cells of a found pair of networks.

    Args:
        cells: `"generator"` and `"discriminator"`, each a list with one cell a stage.
        image_size: Height and width of the images, or `None` where it is not known.
        channels: Width of every stage of the generator.
        shared: Whether one cell serves all stages of a network.

    Returns:
        For every network with cells its name and the drawings, one a stage; one in all where
        the stages share a cell.

    Raises:
        InputError: If they are no cells.
    """
    drawn = []
    for network in ("generator", "discriminator"):
        listed = cells.get(network)
        if not isinstance(listed, list) or not listed:
            continue
        stages, grows = len(listed), network == "generator"
        widths = list(channels) if grows else list(reversed(channels))
        if shared:
            drawings = [draw_cell(read_cell(listed[0]), f"One cell for all {stages} stages")]
        else:
            drawings = [
                draw_cell(
                    read_cell(values),
                    _title(place, stages, image_size, widths, grows),
                )
                for place, values in enumerate(listed)
            ]
        drawn.append((network, drawings))
    return drawn


def _title(place: int, stages: int, size: int | None, widths: list[int], grows: bool) -> str:
    title = f"Stage {place + 1}"
    if size:
        small = size >> (stages - place) if grows else size >> (place + 1)
        low, high = f"{small}×{small}", f"{2 * small}×{2 * small}"
        title += f": {low} to {high}" if grows else f": {high} to {low}"
    if len(widths) == stages:
        title += f", {widths[place]} channels"
    return title


def _lane(source: int) -> int:
    return LEFT + LANE * source


def _colour(source: int) -> str:
    """The CSS class of a source: the cell's input is grey, nodes have the palette's colours."""
    return branch_class(source - 1 if source else None)
