"""Found cells as graphs, and what generators draw."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from jinja2 import Template

from reports.comparison.document import Block, Drawing, Paragraphs, Picture, Section
from reports.comparison.runs import ComparedRun, of_kind
from reports.comparison.series import MOST, attempt, left_out, slug
from reports.environment import make_environment
from reports.gan_cell_drawing import CellDrawing
from reports.gan_found_cells import found_cells
from reports.gan_samples import SampleGrid, read_png, sample_grids
from reports.run_folder import RunFolder
from reports.wording import decimal, quantity

FEW = 3
"""Runs up to which the samples of all methods are shown, and not of the searched one alone."""


def cells_section(runs: list[ComparedRun]) -> Section | None:
    """Returns the found cells and pictures of samples; None without any."""
    gans = of_kind(runs, "gans")
    blocks: list[Block] = []
    for place, run in enumerate(gans[:MOST], start=1):
        blocks += attempt(run, "The cells", _cells, place)
        blocks += attempt(run, "The samples", _pictures, place, len(gans) <= FEW)
    blocks += _no_walks(gans[:MOST])
    blocks += left_out(gans)
    return Section("Cells and samples", tuple(blocks), "cells") if blocks else None


def _cells(run: ComparedRun, place: int) -> Iterator[Block]:
    assert run.folder is not None
    found = found_cells(run.folder)
    if not found:
        yield Paragraphs((f"{run.name}: no cells were found yet.",))
        return
    seed, networks = found[0]
    others = f" The cells of {quantity(len(found) - 1, 'other seed')} are in the run's own report."
    yield Paragraphs(
        (
            f"{run.name}: the cells that the search found{_seed(seed)}. A node (a circle) adds two "
            "operations (boxes), each of the cell's input or of an earlier node."
            + (others if len(found) > 1 else ""),
        )
    )
    for network, drawings in networks:
        for number, drawing in enumerate(drawings, start=1):
            yield _drawing(f"cell-{place}-{network}-{number}", run, network, drawing)


def _drawing(name: str, run: ComparedRun, network: str, drawing: CellDrawing) -> Drawing:
    svg = _template().module.draw(drawing)  # type: ignore[attr-defined]
    title = f"{network.capitalize()} of {run.name}. {drawing.title}"
    return Drawing(name, f"{title}.", f"{title}. {drawing.description}", str(svg))


def _pictures(run: ComparedRun, place: int, every: bool) -> Iterator[Block]:
    assert run.folder is not None
    grids = sample_grids(run.folder)
    for number, grid in enumerate(grids if every else grids[:1], start=1):
        yield _grid(f"samples-{place}-{number}", run, grid)
    # What `gans sample` wrote, where it was not told another place.
    for path, walk in _sampled(run.folder):
        png = read_png(path)
        if png is not None:
            what = (
                "walks between latents: every row begins at one sample and ends at another"
                if walk
                else "samples"
            )
            caption = f"{run.name}: {what}, of the found generator ({path.name})."
            yield Picture(
                f"{slug(path.stem)}-{place}",
                caption,
                f"A grid of images: {what} of {run.name}.",
                png,
            )


def _no_walks(runs: list[ComparedRun]) -> Iterator[Block]:
    """Says of finished runs without pictures of walks between latents how these are made."""
    lacking = [
        run.name
        for run in runs
        if run.folder is not None
        and run.folder.result
        and not any(walk for _, walk in _sampled(run.folder))
    ]
    if lacking:
        yield Paragraphs(
            (
                f"There are no walks between latents of {', '.join(lacking)}: "
                "graftwork gans sample RUN --interpolate makes them, with the folder of a run "
                "for RUN.",
            )
        )


def _sampled(folder: RunFolder) -> list[tuple[Any, bool]]:
    """Returns the pictures of `gans sample`, and whether each is an interpolation."""
    found = [
        *((path, False) for path in sorted(folder.path.glob("samples-seed*.png"))[:1]),
        *((path, True) for path in sorted(folder.path.glob("interpolation-seed*.png"))[:2]),
    ]
    return [(path, walk) for path, walk in found if path.is_file()]


def _grid(name: str, run: ComparedRun, grid: SampleGrid) -> Picture:
    kid = "" if grid.kid is None else f", KID·10³ {decimal(1000 * grid.kid)} on test images"
    text = f"{run.name}: {grid.name}{_seed(grid.seed)}{kid}"
    return Picture(
        name,
        f"{text}. All generators of a run draw from the same latents.",
        f"A grid of images that “{grid.name}” of {run.name} generates.",
        grid.png,
    )


def _seed(seed: Any) -> str:
    return "" if seed is None else f", seed {seed}"


@cache
def _template() -> Template:
    environment = make_environment()
    return environment.get_template("gan_cell.svg")
