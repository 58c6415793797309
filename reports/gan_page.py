"""What the report of a GAN search shows (`templates/gan.html`)."""

from typing import Any

from reports.gan_charts import entropy_curve, kid_strip, loss_curve, reward_curve, shared_scatter
from reports.gan_found_cells import found_cells
from reports.gan_methods import (
    GanMethod,
    floor_values,
    of_kind,
    read_floor,
    read_gan_methods,
)
from reports.gan_samples import sample_grids
from reports.gan_summary import chosen_by, event_rows, reward_name, summarise
from reports.inline_svg import inline_svg
from reports.run_folder import RunFolder, interval, mapping, number
from reports.tables import command_line, dataset_rows, flatten

COMMAND = "gans search"
"""What `config.json` calls a run that this page is of."""


def gan_contents(run: RunFolder) -> dict[str, Any]:
    """Returns the values that the template takes.

    Args:
        run: A run of `graftwork gans search`, finished or not.

    Raises:
        InputError: If its cells are no cells.
    """
    methods, floor, measured = read_gan_methods(run), read_floor(run), floor_values(run)
    extractor = str(run.result.get("extractor") or measured.get("extractor") or "")
    pictures = found_cells(run)
    return {
        "title": f"Generators for {run.dataset.get('name', 'an unnamed dataset')}",
        "run": run,
        "summary": summarise(run, methods, floor, extractor),
        "methods": methods,
        "floor": floor,
        "measured": measured,
        "chosen_by": chosen_by(run),
        "generated": _generated(run),
        "extractor": extractor,
        "extractor_note": str(run.result.get("extractor_note") or ""),
        "resize": str(run.result.get("resize") or measured.get("resize") or ""),
        "score_name": "IS" if measured.get("inception_kind") == "classes" else "IS over attributes",
        "searched": of_kind(methods, "searched"),
        "random_row": _against_random(run),
        "reward": reward_name(run),
        "samples": sample_grids(run),
        "cells": pictures[:1],
        "other_cells": pictures[1:],
        "charts": _charts(run, methods, floor),
        "happenings": event_rows(run),
        "configuration": flatten(run.arguments),
        "versions": flatten(mapping(run.config, "versions") | run.engine),
        "dataset": dataset_rows(run.dataset),
        "command": command_line(run),
        "number": number,
        "interval": interval,
    }


def _against_random(run: RunFolder) -> dict[str, Any]:
    listed = run.result.get("comparisons")
    rows = [row for row in (listed if isinstance(listed, list) else []) if isinstance(row, dict)]
    return next((row for row in rows if row.get("against") == "random cells"), {})


def _generated(run: RunFolder) -> float | None:
    """Returns how many images of every generator were compared."""
    rows = run.result.get("methods")
    first = rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], dict) else {}
    trained = [mapping(event, "test") for event in run.of_kind("trained")]
    known = (number(values, "images") for values in (first, *trained))
    return next((value for value in known if value is not None), None)


def _charts(run: RunFolder, methods: list[GanMethod], floor: GanMethod | None) -> dict[str, Any]:
    """Returns the charts that the run has data for, by name."""
    figures = {
        "reward": (reward_curve(run), "Mean and best reward of every round of the search."),
        "entropy": (entropy_curve(run), "Entropy of the controller over the search."),
        "losses": (loss_curve(run), "Losses of generator and discriminator against steps."),
        "kid": (
            kid_strip(methods, floor),
            "KID of every trained generator by method; the table holds the means.",
        ),
        "scatter": (
            shared_scatter(run),
            "Reward under shared weights and −KID when trained, of every trained generator.",
        ),
    }
    return {
        name: inline_svg(figure, name, label) if figure else None
        for name, (figure, label) in figures.items()
    }
