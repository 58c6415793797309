"""Prints what is in a dataset: counts, splits, attributes, problems."""

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from datasets.dataset import Dataset
from datasets.problems import Problems
from datasets.source import Source

SHOWN = 5
"""Problems of each kind that are shown in words."""


def print_check(data: Dataset | Source, console: Console) -> None:
    """Prints counts, the table of attributes by split, and the first problems of each kind."""
    console.print(f"[bold]{data.name}[/]: {_images(data)}")
    for split, rows in data.splits.items():
        console.print(f"  {split:<12} {len(rows):>9,}")
    if data.note:
        console.print(f"  {data.note}", markup=False)
    if data.attributes:
        console.print(_attributes(data))
    else:
        console.print("no attributes: images alone, as generators need them")
    _print_problems(data.problems, console)


def _images(data: Dataset | Source) -> str:
    used = sum(len(rows) for rows in data.splits.values())
    if isinstance(data, Source):
        return f"{used:,} images"
    height, width, channels = data.image_shape
    kind = "grey" if channels == 1 else "colour"
    return f"{used:,} images of {width}×{height}, {kind}"


def _attributes(data: Dataset | Source) -> Table:
    """Returns how many images have each attribute, in every split, and their share in percent."""
    splits = {
        name: data.labels[rows]
        for name, rows in data.splits.items()
        if name != "unlabelled" and len(rows)
    }
    table = Table(box=None, pad_edge=False)
    table.add_column("attribute", no_wrap=True)
    for name in splits:
        table.add_column(f"{name}, %", justify="right", no_wrap=True)
    table.add_column("missing", justify="right", no_wrap=True)
    table.add_column("")
    missing = sum((labels < 0).sum(axis=0) for labels in splits.values())
    for column, attribute in enumerate(data.attributes):
        cells, constant = [], []
        for name, labels in splits.items():
            positives = int((labels[:, column] == 1).sum())
            known = int((labels[:, column] >= 0).sum())
            cells.append(f"{positives:,} {100 * positives / max(known, 1):5.1f}")
            if positives in (0, known):
                constant.append(name)
        warning = f"one class only in {' and '.join(constant)}" if constant else ""
        lacking = int(np.asarray(missing)[column])
        table.add_row(Text(attribute), *cells, f"{lacking:,}" if lacking else "", Text(warning))
    return table


def _print_problems(problems: Problems, console: Console) -> None:
    if not problems.counts:
        console.print("no problems found")
        return
    for kind, count in problems.counts.items():
        console.print(f"[bold]{count:,} {kind}[/]")
        for text in problems.first[kind][:SHOWN]:
            console.print(f"  {text}", markup=False)
        if count > SHOWN:
            console.print(f"  … and {count - SHOWN:,} more")
    console.print(f"{problems.left_out:,} images are left out")
