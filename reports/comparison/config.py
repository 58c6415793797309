"""What `graftwork report` can be told."""

import dataclasses
from pathlib import Path
from typing import Annotated

import tyro


@dataclasses.dataclass(frozen=True, kw_only=True)
class ComparisonReport:
    """Compare runs of any kind in one report: who won, by how much, at what cost.

    It reads run folders only. Broken and unfinished runs are named in it and stop nothing.

    Example: graftwork report runs/glyphs runs/digits --out report --format html,pdf
    """

    runs: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Run folders, or folders of runs, which are looked for three deep."""
    out: Path
    """The folder to write into: a new one, or that of an earlier report."""
    format: str = "html"
    """Formats with commas between them: html, pdf, md, latex, csv, json, png."""
    title: str | None = None
    """The title; else it says which datasets and how many runs."""
