"""`graftwork data`."""

import dataclasses

from rich.console import Console
from rich.table import Table

from datasets.registry import infos


@dataclasses.dataclass(frozen=True)
class DataList:
    """List the datasets: what they show, what they need, whether they are there.

    Example: graftwork data list
    """


def list_datasets(config: DataList) -> None:
    """Prints one row a dataset."""
    table = Table(box=None, pad_edge=False)
    for heading in ("dataset", "shows", "images", "size", "attributes", "needs", "on this machine"):
        table.add_column(heading)
    for info in infos():
        size = info.size_on_disk()
        there = f"yes, {size / 1e6:.0f} MB in {info.folder(0)}" if size else "made at first use"
        height, width, channels = info.image_shape
        table.add_row(
            info.name,
            info.summary,
            f"{info.images:,}",
            f"{width}×{height}×{channels}",
            str(len(info.attributes)),
            info.needs,
            there,
        )
    Console(highlight=False).print(table)
