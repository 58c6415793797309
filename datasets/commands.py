"""`graftwork data`."""

import dataclasses

from rich.console import Console

from datasets.registry import infos

CHANNELS = {1: "grey", 3: "colour"}


@dataclasses.dataclass(frozen=True)
class DataList:
    """List the datasets: what they show, what they need, whether they are there.

    Example: graftwork data list
    """


def list_datasets(config: DataList) -> None:
    """Prints what is known of each dataset."""
    console = Console(highlight=False, soft_wrap=True)
    for info in infos():
        height, width, channels = info.image_shape
        size = info.size_on_disk()
        there = f"{size / 1e6:.0f} MB in {info.folder(0)}" if size else "not made yet"
        console.print(f"[bold]{info.name}[/]")
        for heading, text in (
            ("shows", info.summary),
            ("images", f"{info.images:,} of {width}×{height}, {CHANNELS.get(channels, channels)}"),
            ("attributes", f"{len(info.attributes)}: {', '.join(info.attributes)}"),
            ("needs", info.needs),
            ("on disk", there),
        ):
            console.print(f"  {heading:<10}  {text}", markup=False)
