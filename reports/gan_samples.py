"""Pictures of samples of a run, as parts of the page itself."""

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graftwork.json_text import check_file
from reports.gan_methods import FINAL
from reports.run_folder import RunFolder, mapping, number

_ORDER = ("searched", FINAL, "baseline", "random search", "random")
LARGEST_PICTURE = 2**26
"""Bytes of a picture; a grid of samples has a few hundred thousand."""
LARGEST_IMAGE = 64_000_000
"""Pixels: a file of a few kilobytes can have billions."""
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class SampleGrid:
    """A picture of what one generator makes.

    Attributes:
        name: The method, and which of its generators where it has several.
        seed: The seed that it was trained with.
        kid: Its KID on test images, or `None`.
        width: Width of the picture, in pixels.
        height: Height of the picture, in pixels.
        png: The picture.
    """

    name: str
    seed: Any
    kid: float | None
    width: int
    height: int
    png: bytes

    @property
    def source(self) -> str:
        """The picture as a `data:` address."""
        return f"data:image/png;base64,{base64.b64encode(self.png).decode()}"


def sample_grids(run: RunFolder) -> list[SampleGrid]:
    """Returns the pictures of finished generators, one a method, of the first seed.

    Those are the searched, final, DCGAN, SNGAN, random-search and first random generators; the
    shortlist's others stay in the folder. A picture that is missing is left out.
    """
    first: dict[str, dict[str, Any]] = {}
    for event in run.of_kind("trained"):
        if event.get("kind") in _ORDER:
            name = str(event.get("method"))
            # A final training that was made again has written its picture anew.
            if name not in first or event.get("kind") == FINAL:
                first[name] = event
    events = sorted(first.values(), key=lambda event: _ORDER.index(event["kind"]))
    grids = (_grid(run.path / "samples", event) for event in events)
    return [grid for grid in grids if grid is not None]


def _grid(folder: Path, event: dict[str, Any]) -> SampleGrid | None:
    data = read_png(folder / f"{_slug(event)}-final.png")
    if data is None:
        return None
    return SampleGrid(
        name=_name(event),
        seed=event.get("seed"),
        kid=number(mapping(event, "test"), "kid"),
        width=int.from_bytes(data[16:20], "big"),
        height=int.from_bytes(data[20:24], "big"),
        png=data,
    )


def read_png(path: Path) -> bytes | None:
    """Returns a picture, or `None` where the file is missing, none, or too large to be shown.

    A link is not followed: a page that is passed on shall not hold a picture from elsewhere.
    """
    try:
        if path.is_symlink() or path.parent.is_symlink():
            return None
        check_file(path, LARGEST_PICTURE)
        data = path.read_bytes()
    except (OSError, ValueError):
        return None
    if not data.startswith(_PNG) or len(data) < 33:
        return None
    # The header chunk of a PNG file comes first and begins with width and height.
    width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    return data if 0 < width * height <= LARGEST_IMAGE else None


def _name(event: dict[str, Any]) -> str:
    name = str(event.get("method"))
    if event.get("kind") == "random":
        name += f" {int(number(event, 'index') or 0) + 1}"
    return name


def _slug(event: dict[str, Any]) -> str:
    """Returns what the pictures of a generator are called (docs/run-folder.md)."""
    kept = "".join(c if c.isalnum() else " " for c in _name(event).lower())
    return "-".join([f"seed{int(number(event, 'seed') or 0)}", *kept.split()])
