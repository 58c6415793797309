"""A comparison as LaTeX, for papers: tables with booktabs, figures as files.

The document compiles with pdflatex and the packages of a small TeX installation. Every table
is a file of its own, to be read with `\\input` elsewhere, too.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

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
from reports.comparison.latex_text import escape
from reports.names import width

# Characters of footnotesize that stand side by side on a page, and what a column adds.
LINE = 122
GAP = 2
# Characters of a cell from which on its words break into lines.
WIDEST = 26
# Inches of a line of text.
INCHES = 6.7
# Lines of a page; a longer table goes on in another one below it.
LINES = 44
# Where the name of a column may break.
_PIECE = re.compile(r"[^_/]{1,16}[_/]*|[_/]+")

_PREAMBLE = r"""\documentclass[a4paper,10pt]{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
% Scalable letters where they are installed; else LaTeX makes bitmaps of its own.
\IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}
\usepackage{textcomp}
\usepackage{amsmath}
\usepackage{booktabs}
\usepackage{array}
\usepackage{graphicx}
\usepackage[a4paper,margin=20mm]{geometry}
\setlength{\parindent}{0pt}
\setlength{\parskip}{6pt plus 2pt}
\emergencystretch=3em
% Figures and tables stay where they are in the text.
\makeatletter
\newenvironment{standing}[1]{\par\medskip\begin{minipage}{\linewidth}\centering\def\@captype{#1}}%
  {\end{minipage}\par\medskip}
% The caption of a table stays on the page of the table's first lines.
\newcommand{\tablecaption}[2]{\par\medskip\begin{minipage}{\linewidth}\def\@captype{table}%
  \caption{#1}\label{#2}\end{minipage}\par\nobreak\vskip 6pt}
\makeatother
"""


def write_latex(
    document: Document, path: Path, figures: Mapping[str, str], tables: Mapping[str, str]
) -> None:
    """Writes a comparison as one LaTeX document, atomically.

    Args:
        document: The comparison.
        path: The file to write.
        figures: For the name of every figure the path of its PDF or PNG, as seen from this file;
            others are left out with a remark.
        tables: For the name of every table the path of what `write_latex_table` wrote.
    """
    parts = [_PREAMBLE, rf"\title{{{escape(document.title)}}}"]
    parts += [r"\author{}", rf"\date{{{escape(document.about)}}}"]
    parts += [r"\begin{document}", r"\maketitle", *map(escape, document.summary)]
    for section in document.sections:
        parts.append(rf"\section{{{escape(section.title)}}}")
        parts += [_block(block, figures, tables) for block in section.blocks]
    parts += ["Made by:", _commands([document.command]), r"\end{document}"]
    write_text(path, "\n\n".join(parts) + "\n")


def write_latex_table(table: Table, path: Path) -> None:
    """Writes a table as one or more `tabular` environments, atomically.

    What is too wide or too long for a page goes on in a `tabular` below it.

    Args:
        table: The table.
        path: The file to write. It needs `\\usepackage{booktabs,array}`.
    """
    parts = [_tabular(table, part, rows) for part in _parts(table) for rows in _pages(table, part)]
    write_text(path, "\n\n\\medskip\n".join(parts) + "\n")


def _block(block: Block, figures: Mapping[str, str], tables: Mapping[str, str]) -> str:
    if isinstance(block, Paragraphs):
        if block.kind == "command":
            return _commands(block.texts)
        texts = "\n\n".join(map(escape, block.texts))
        return f"\\begin{{quote}}\n{texts}\n\\end{{quote}}" if block.kind == "notice" else texts
    if isinstance(block, Table):
        return _captioned(block, tables[block.name])
    file = figures[block.name]
    if file.endswith(".svg"):
        shown = rf"(\texttt{{{escape(file)}}} is SVG, which LaTeX cannot show.)"
    else:
        size = rf"width={_share(block):.2f}\linewidth,height=0.8\textheight,keepaspectratio"
        shown = rf"\includegraphics[{size}]{{\detokenize{{{file}}}}}"
    caption = rf"\caption{{{escape(block.caption)}}}"
    lines = [r"\begin{standing}{figure}", shown, caption, rf"\label{{fig:{block.name}}}"]
    return "\n".join([*lines, r"\end{standing}"])


def _share(block: Chart | Drawing | Picture) -> float:
    """Returns how much of a line a figure takes, so that its texts have the size of ours."""
    if isinstance(block, Chart):
        inches = block.figure.get_figwidth()
    elif isinstance(block, Drawing):
        found = re.search(r'\bwidth="([\d.]+)', block.svg)
        inches = float(found[1]) / 130 if found else INCHES
    else:
        inches = int.from_bytes(block.png[16:20], "big") / 96
    return min(1.0, max(0.2, inches / INCHES))


def _captioned(table: Table, file: str) -> str:
    notes = [rf"\emph{{{escape(c.name)}}}: {escape(c.note)}" for c in table.columns if c.note]
    if any(cell.best for row in table.rows for cell in row):
        notes.insert(0, "Bold: the best of its column.")
    caption = rf"\tablecaption{{{escape(table.caption)}}}{{tab:{table.name}}}"
    shown = rf"{{\centering\input{{{file}}}\par}}"
    below = [rf"{{\footnotesize {' '.join(notes)}\par}}"] if notes else []
    return "\n".join([caption, shown, *below])


def _commands(texts: Sequence[str]) -> str:
    lines = [rf"\texttt{{{escape(text)}}}" for text in texts]
    return "{\\raggedright\\footnotesize\n" + "\\par\n".join(lines) + "\\par}"


def _tabular(table: Table, part: Sequence[int], rows: Sequence[tuple[Cell, ...]]) -> str:
    columns = [table.columns[place] for place in part]
    kinds = "".join(_kind(table, place) for place in part)
    lines = [" & ".join(_cell(row[place]) for place in part) + r" \\" for row in rows]
    head = " & ".join(map(_head, columns)) + r" \\"
    begin = rf"\begin{{tabular}}{{@{{}}{kinds}@{{}}}}"
    rules = [r"\toprule", head, r"\midrule", *lines, r"\bottomrule"]
    return "\n".join(
        [r"{\footnotesize\setlength{\tabcolsep}{4pt}", begin, *rules, r"\end{tabular}}"]
    )


def _kind(table: Table, place: int) -> str:
    column = table.columns[place]
    if _widest(table, place) <= WIDEST:
        return "r" if column.numeric else "l"
    side = r"\raggedleft" if column.numeric else r"\raggedright"
    share = _taken(table, place) / LINE * 0.94
    return rf">{{{side}\arraybackslash}}p{{{share:.3f}\linewidth}}"


def _head(column: Column) -> str:
    words = [escape(word) for word in _words(column)]
    if len(words) == 1:
        return words[0]
    lines = r"\\".join(words)
    side = "r" if column.numeric else "l"
    # Words below each other: the name of a column must not make it wide.
    return rf"\begin{{tabular}}[b]{{@{{}}{side}@{{}}}}{lines}\end{{tabular}}"


def _words(column: Column) -> list[str]:
    """Returns what stands below each other in the head of a column."""
    words: list[str] = []
    for word in column.name.split():
        line = ""
        for piece in _PIECE.findall(word):
            if line and width(line + piece) > 16:
                words.append(line)
                line = ""
            line += piece
        words.append(line)
    return [*words, f"({column.unit})"] if column.unit else words or [""]


def _cell(cell: Cell) -> str:
    text = escape(cell.text)
    text = rf"\textbf{{{text}}}" if cell.best and text else text
    return rf"{text} ({escape(cell.note)})" if cell.note else text


def _texts(table: Table, place: int) -> Iterator[str]:
    for row in table.rows:
        note = row[place].note
        yield f"{row[place].text} ({note})" if note else row[place].text


def _widest(table: Table, place: int) -> int:
    return max(map(width, _texts(table, place)), default=0)


def _taken(table: Table, place: int) -> int:
    """Returns how many characters wide a column is; words break into lines."""
    words = map(width, _words(table.columns[place]))
    return max(min(WIDEST, _widest(table, place)), *words)


def _parts(table: Table) -> list[list[int]]:
    """Divides the columns so that each part fits on a page; all begin with the first column."""
    first, *others = [GAP + _taken(table, place) for place in range(len(table.columns))]
    parts, used = [[0]], first
    for place, taken in enumerate(others, start=1):
        if len(parts[-1]) > 1 and used + taken > LINE:
            parts.append([0])
            used = first
        parts[-1].append(place)
        used += taken
    return parts


def _pages(table: Table, part: Sequence[int]) -> Iterator[list[tuple[Cell, ...]]]:
    """Yields as many rows as fit on a page, one after the other; at least an empty list."""
    rows: list[tuple[Cell, ...]] = []
    used = 0
    texts = {place: list(_texts(table, place)) for place in part}
    for number, row in enumerate(table.rows):
        lines = max(-(-width(texts[place][number]) // (WIDEST - 4)) or 1 for place in part)
        if rows and used + lines > LINES:
            yield rows
            rows, used = [], 0
        rows.append(row)
        used += lines
    yield rows
