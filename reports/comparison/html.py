"""A comparison as one HTML file that loads nothing and works in any browser."""

import base64
import hashlib
import math
import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from jinja2 import Environment
from markupsafe import Markup

from graftwork.files import write_text
from reports.comparison.document import (
    Block,
    Cell,
    Chart,
    Column,
    Document,
    Drawing,
    Paragraphs,
    Picture,
    Table,
)
from reports.environment import make_environment
from reports.inline_svg import inline_svg
from reports.names import width

# How many characters of a table stand side by side on a sheet of paper, and what the
# space between two columns takes of them.
PAPER = 124
GAP = 2
# Characters of a word that stay together; a longer one is cut where nothing else parts it.
PIECE = 24
# Inches; a wider chart has a row of its own.
NARROW = 6.0


def write_html(document: Document, path: Path) -> None:
    """Writes a comparison as one self-contained HTML file, atomically.

    Figures are inline SVG and pictures `data:` URIs; a small script sorts tables. A content
    security policy in the page forbids every request and every other script. The same
    document gives the same bytes.

    Args:
        document: The comparison.
        path: The file to write.
    """
    environment = make_environment(sort_key=_sort_key, has_best=_has_best, breakable=_breakable)
    script = Markup(_source(environment, "comparison.js"))
    page = environment.get_template("comparison.html").render(
        document=document,
        sections=[
            (section.title, section.name, list(_rows(section.blocks)))
            for section in document.sections
        ],
        script=script,
        policy=_policy(script),
        svg=_chart_svg,
        inches=lambda chart: round(100 * chart.figure.get_figwidth()),
        drawing=lambda block: Markup(block.svg),
        png=_png,
        paper=_paper,
    )
    write_text(path, page)


@dataclass(frozen=True)
class Row:
    """What stands side by side where the screen is wide enough.

    Attributes:
        kind: `"table"`, `"text"`, `"notice"`, `"command"`, `"charts"`, `"wide"` (one chart
            as wide as the page), `"drawings"` or `"pictures"`.
        blocks: One block of text or one table; or figures of one kind.
    """

    kind: str
    blocks: tuple[Block, ...]


def _rows(blocks: Sequence[Block]) -> Iterator[Row]:
    for kind, group in groupby(blocks, _kind):
        if kind in {"charts", "drawings", "pictures"}:
            yield Row(kind, tuple(group))
        else:
            yield from (Row(kind, (block,)) for block in group)


def _kind(block: Block) -> str:
    match block:
        case Table():
            return "table"
        case Chart():
            return "wide" if block.figure.get_figwidth() > NARROW else "charts"
        case Drawing():
            return "drawings"
        case Picture():
            return "pictures"
        case Paragraphs():
            return block.kind


def _sort_key(cell: Cell) -> str | None:
    """Returns what the page's script sorts a cell by: a number that JavaScript reads."""
    if cell.value is None or math.isnan(cell.value):
        return None
    if math.isinf(cell.value):
        return "Infinity" if cell.value > 0 else "-Infinity"
    return repr(float(cell.value))


def _has_best(table: Table) -> bool:
    return any(cell.best for row in table.rows for cell in row)


def _pieces(word: str) -> list[str]:
    """Returns the pieces of a word between which a line may break."""
    # After `_` and `/`, and after a hyphen between letters: 1e-05 stays together.
    parts = re.split(r"(?<=[_/])(?=[^_/])|(?<=[^\W\d_]-)(?=[^\W\d_])", word)
    return [piece for part in parts for piece in _cut(part)]


def _cut(part: str) -> Iterator[str]:
    """Yields a part of a word, in pieces of about the same length where it is far too long."""
    length = math.ceil(len(part) / (math.ceil(len(part) / PIECE) or 1))
    yield from (part[start : start + length] for start in range(0, len(part), length or 1))


def _breakable(text: str) -> Markup:
    """Returns a text with `<wbr>` where a long name may break."""
    words = (Markup("<wbr>").join(_pieces(word)) for word in text.split(" "))
    return Markup(" ").join(words)


def _paper(table: Table) -> list[list[int]]:
    """Divides the columns of a table so that each part fits on a sheet of paper.

    A page cannot be scrolled, so a table of 40 attributes is printed as several below each
    other, each with the first column.

    Returns:
        Column numbers of every part; one part where the table fits.
    """
    first, *others = [
        GAP + max(_taken(column, [row[place] for row in table.rows]))
        for place, column in enumerate(table.columns)
    ]
    best = _divide(others, PAPER - first)
    # As few parts as can be, and of about the same width: no narrow one at the end.
    for space in range(PAPER - first - 1, 0, -1):
        if len(parts := _divide(others, space)) > len(best):
            break
        best = parts
    return [[0, *part] for part in best]


def _divide(widths: Sequence[int], space: int) -> list[list[int]]:
    """Fills parts of so much space with columns from 1 on, in order; at least one a part."""
    parts: list[list[int]] = [[]]
    used = 0
    for place, taken in enumerate(widths, start=1):
        if parts[-1] and used + taken > space:
            parts.append([])
            used = 0
        parts[-1].append(place)
        used += taken
    return parts


def _taken(column: Column, cells: Sequence[Cell]) -> Iterator[int]:
    """Yields how many characters wide the texts of a column are; words break into lines."""
    yield width(column.unit) + 2
    yield from (width(piece) for word in column.name.split() for piece in _pieces(word))
    for cell in cells:
        yield from (min(24, width(cell.text)), min(24, width(cell.note)))


def _chart_svg(chart: Chart) -> Markup:
    """Returns a chart whose black and white, too, follow the page into its dark mode."""
    text = inline_svg(chart.figure, chart.name, chart.alternative)
    return Markup(text.replace("#000000", "currentColor").replace("#ffffff", "var(--page)"))


@dataclass(frozen=True)
class Png:
    """A picture in a page, with its size, so that nothing moves while it is decoded."""

    source: str
    width: int
    height: int


def _png(picture: Picture) -> Png:
    columns, rows = struct.unpack(">II", picture.png[16:24])
    source = "data:image/png;base64," + base64.b64encode(picture.png).decode("ascii")
    return Png(source, columns, rows)


def _source(environment: Environment, name: str) -> str:
    assert environment.loader is not None
    return environment.loader.get_source(environment, name)[0]


def _policy(script: str) -> str:
    """Returns the page's content security policy: nothing loads, only our script runs."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    return (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
