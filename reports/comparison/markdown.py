"""A comparison as Markdown, as GitHub and most wikis read it."""

import re
from collections.abc import Mapping
from pathlib import Path

from graftwork.files import write_text
from reports.comparison.document import Block, Cell, Column, Document, Paragraphs, Table

# Whatever could begin markup inside a line.
_MARKS = re.compile(r"([\\`*_{}\[\]<>#|~$!])")
# Whatever could make a line something other than text.
_START = re.compile(r"^(\s*)([-+=]|\d+(?=[.)]))")


def write_markdown(document: Document, path: Path, figures: Mapping[str, str]) -> None:
    """Writes a comparison as one Markdown file, atomically.

    Args:
        document: The comparison.
        path: The file to write.
        figures: For the name of every figure the path of its file, as seen from this one.
    """
    parts = [f"# {escape(document.title)}", f"*{escape(document.about)}*"]
    parts += map(escape, document.summary)
    counts = {"Table": 0, "Figure": 0}
    for section in document.sections:
        parts.append(f"## {escape(section.title)}")
        parts += [_block(block, figures, counts) for block in section.blocks]
    parts += [f"*{escape(document.about)}. Made by:*", _commands([document.command])]
    write_text(path, "\n\n".join(parts) + "\n")


def escape(text: str) -> str:
    """Returns a plain text as one line of Markdown that shows it."""
    line = _inline(text)
    start = _START.match(line)
    if not start:
        return line
    # `1.` becomes `1\.`, but `-` becomes `\-`.
    end = start.end() if start[2].isdigit() else start.end(1)
    return f"{line[:end]}\\{line[end:]}"


def _inline(text: str) -> str:
    """Returns a plain text for the middle of a line, where only marks can begin anything."""
    line = " ".join(text.split()).replace("&", "&amp;")
    return _MARKS.sub(r"\\\1", line)


def _block(block: Block, figures: Mapping[str, str], counts: dict[str, int]) -> str:
    if isinstance(block, Table):
        counts["Table"] += 1
        return _table(block, counts["Table"])
    if isinstance(block, Paragraphs):
        if block.kind == "command":
            return _commands(block.texts)
        texts = [escape(text) for text in block.texts]
        if block.kind == "notice":
            return "> " + "\n>\n> ".join(texts)
        return "\n\n".join(texts)
    counts["Figure"] += 1
    image = f"![{escape(block.alternative)}]({figures[block.name]})"
    return f"{image}\n\n**Figure {counts['Figure']}.** {escape(block.caption)}"


def _table(table: Table, number: int) -> str:
    rows = [
        [_head(column) for column in table.columns],
        ["---:" if column.numeric else "---" for column in table.columns],
        *([_cell(cell) for cell in row] for row in table.rows),
    ]
    lines = [f"**Table {number}.** {escape(table.caption)}", ""]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    notes = [f"*{escape(c.name)}*: {escape(c.note)}" for c in table.columns if c.note]
    if any(cell.best for row in table.rows for cell in row):
        notes.insert(0, "**Bold**: the best of its column.")
    return "\n".join([*lines, "", " ".join(notes)] if notes else lines)


def _head(column: Column) -> str:
    return _inline(f"{column.name} ({column.unit})" if column.unit else column.name)


def _cell(cell: Cell) -> str:
    text = _inline(cell.text)
    text = f"**{text}**" if cell.best and text else text
    return f"{text} ({_inline(cell.note)})" if cell.note else text


def _commands(texts: list[str] | tuple[str, ...]) -> str:
    # A fence that is longer than any run of backticks in the commands.
    longest = max((len(run) for text in texts for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}sh", *texts, fence])
