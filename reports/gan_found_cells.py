"""The cells that the searches of a run found, drawn."""

from typing import Any

from reports.gan_cell_drawing import CellDrawing, draw_cells
from reports.run_folder import RunFolder, finite, mapping, number


def found_cells(run: RunFolder) -> list[tuple[Any, list[tuple[str, list[CellDrawing]]]]]:
    """Returns the drawn cells of every finished search, with its seed."""
    found = []
    for event in run.of_kind("searched"):
        listed = event.get("shortlist")
        first = listed[0] if isinstance(listed, list) and listed else {}
        found.append((event.get("seed"), mapping(first, "cells")))
    if not found and (cells := mapping(run.result, "cells")):
        found = [(None, cells)]
    size = number(run.result, "image_size")
    if size is None:
        shape = run.dataset.get("shape")
        size = finite(shape[0]) if isinstance(shape, list) and shape else None
    channels = [c for c in run.result.get("channels") or () if isinstance(c, int)]
    shared = run.arguments.get("shared_cell") is True
    drawn = [
        (seed, draw_cells(cells, int(size) if size else None, channels, shared))
        for seed, cells in found
    ]
    return [(seed, networks) for seed, networks in drawn if networks]
