"""What a comparison says, before it has a format.

Everything that builds content returns these; every format is a writer over them. All texts
are plain: each writer escapes them for its format.
"""

from dataclasses import dataclass
from typing import Literal

from matplotlib.figure import Figure


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Args:
        name: What its numbers are, such as `"test error"`.
        unit: Their unit, which a writer puts behind the name: `"test error (%)"`.
        numeric: Whether its cells are numbers, which are set flush right.
        note: What a reader who does not know the name needs to know.
    """

    name: str
    unit: str = ""
    numeric: bool = True
    note: str = ""


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Args:
        text: What is shown.
        value: What the table is sorted by, and what CSV and JSON hold; None where there is
            no number.
        note: A few words about this cell alone.
        best: Whether it is the best of its column.
    """

    text: str
    value: float | None = None
    note: str = ""
    best: bool = False


@dataclass(frozen=True)
class Table:
    """A table; its first column names the rows.

    Args:
        name: A slug that no other block of the document has.
        caption: One or two sentences on what it shows.
        columns: Its columns.
        rows: Its rows, each with one cell a column.
    """

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Chart:
    """A chart, drawn with `reports.axes` in the colours of `reports.palette`.

    Args:
        name: A slug that no other block of the document has.
        caption: What it shows.
        alternative: What one sees in it, for those who cannot.
        figure: The figure; every axis has a unit.
    """

    name: str
    caption: str
    alternative: str
    figure: Figure


@dataclass(frozen=True)
class Drawing:
    """A drawing: a tree, a cell.

    Args:
        name: A slug that no other block of the document has.
        caption: What it shows.
        alternative: What one sees in it, for those who cannot.
        svg: The drawing, for a page that defines the colours of the reports.
        png: The drawing for formats without SVG; None where a writer has to make it.
    """

    name: str
    caption: str
    alternative: str
    svg: str
    png: bytes | None = None


@dataclass(frozen=True)
class Picture:
    """A picture of pixels: a grid of samples.

    Args:
        name: A slug that no other block of the document has.
        caption: What it shows.
        alternative: What one sees in it, for those who cannot.
        png: The picture.
    """

    name: str
    caption: str
    alternative: str
    png: bytes


@dataclass(frozen=True)
class Paragraphs:
    """Paragraphs: text, notices that stand out, or commands to be copied."""

    texts: tuple[str, ...]
    kind: Literal["text", "notice", "command"] = "text"


Block = Table | Chart | Drawing | Picture | Paragraphs


@dataclass(frozen=True)
class Section:
    """A section of the document.

    Args:
        title: Its heading.
        blocks: What it holds, in order.
        name: A slug that no other section has.
    """

    title: str
    blocks: tuple[Block, ...]
    name: str


@dataclass(frozen=True)
class Document:
    """A whole comparison.

    Args:
        title: Its title.
        summary: Its answer in plain words, a paragraph each.
        sections: Its sections, in order.
        command: The command that makes it again.
        about: What made it and from what: `"Graftwork 0.1.0; 3 runs"`.
    """

    title: str
    summary: tuple[str, ...]
    sections: tuple[Section, ...]
    command: str
    about: str
