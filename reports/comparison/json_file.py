"""A comparison as JSON, for programs."""

import math
from pathlib import Path
from typing import Any

from graftwork.files import write_json
from reports.comparison.document import Block, Cell, Document, Paragraphs, Table

FORMAT = 1


def write_json_file(document: Document, path: Path) -> None:
    """Writes all texts, tables and captions of a comparison as JSON, atomically.

    Args:
        document: The comparison.
        path: The file to write. docs/reports.md describes its keys.
    """
    sections = [
        {"name": s.name, "title": s.title, "blocks": [_block(block) for block in s.blocks]}
        for s in document.sections
    ]
    write_json(
        path,
        {
            "format": FORMAT,
            "title": document.title,
            "about": document.about,
            "command": document.command,
            "summary": list(document.summary),
            "sections": sections,
        },
    )


def _block(block: Block) -> dict[str, Any]:
    if isinstance(block, Paragraphs):
        return {"kind": block.kind, "texts": list(block.texts)}
    if isinstance(block, Table):
        columns = [
            {"name": c.name, "unit": c.unit, "numeric": bool(c.numeric), "note": c.note}
            for c in block.columns
        ]
        rows = [[_cell(cell) for cell in row] for row in block.rows]
        values: dict[str, Any] = {"columns": columns, "rows": rows}
    else:
        values = {"alternative": block.alternative}
    kind = type(block).__name__.lower()
    return {"kind": kind, "name": block.name, "caption": block.caption, **values}


def _cell(cell: Cell) -> dict[str, Any]:
    # JSON knows neither NaN nor infinity.
    known = cell.value is not None and math.isfinite(cell.value)
    value = float(cell.value) if known else None  # type: ignore[arg-type]
    return {"text": cell.text, "value": value, "note": cell.note, "best": bool(cell.best)}
