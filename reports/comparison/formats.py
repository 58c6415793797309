"""The formats of a comparison: which files each of them is."""

import tempfile
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from graftwork.errors import InputError, unknown_name
from graftwork.files import atomic_file
from reports.comparison.browser import BrowserError
from reports.comparison.candidates import HEADER, candidate_rows
from reports.comparison.csv_files import write_rows, write_table
from reports.comparison.document import Document, Table
from reports.comparison.figures import Figures
from reports.comparison.html import write_html
from reports.comparison.json_file import write_json_file
from reports.comparison.latex import write_latex, write_latex_table
from reports.comparison.markdown import write_markdown
from reports.comparison.output import ReportFolder
from reports.comparison.runs import ComparedRun


@dataclass(frozen=True)
class Report:
    """What all formats are written from."""

    document: Document
    runs: Sequence[ComparedRun]
    folder: ReportFolder
    figures: Figures


def read_formats(text: str) -> tuple[str, ...]:
    """Returns the formats in `"html,pdf"`, each once.

    Raises:
        InputError: If one of them is unknown, or there is none.
    """
    names = tuple(dict.fromkeys(name.strip().lower() for name in text.split(",") if name.strip()))
    for name in names:
        if name not in FORMATS:
            raise unknown_name("format", name, FORMATS)
    if not names:
        raise InputError(f"--format names no format. Known: {', '.join(FORMATS)}.")
    return names


def write(
    document: Document,
    runs: Sequence[ComparedRun],
    folder: ReportFolder,
    formats: Sequence[str],
) -> list[str]:
    """Writes a comparison.

    Args:
        document: The comparison.
        runs: What it compares.
        folder: Where the files go.
        formats: Some of `FORMATS`.

    Returns:
        Sentences on what could not be made.
    """
    with Figures(document, folder) as figures, warnings.catch_warnings():
        # A name in a script that the font lacks is drawn as boxes; there is nothing to do.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        for name in formats:
            FORMATS[name](Report(document, runs, folder, figures))
        folder.close()
        return figures.notices


def _html(report: Report) -> None:
    write_html(report.document, report.folder.file("html", "report.html"))


def _pdf(report: Report) -> None:
    report.figures.write("pdf", "pdf")
    try:
        with tempfile.TemporaryDirectory(prefix="graftwork-report-") as folder:
            page = Path(folder, "report.html")
            write_html(report.document, page)
            pages = report.figures.browser().print_page(page.read_text("utf-8"))
    except BrowserError as error:
        report.figures.notices.append(
            f"report.pdf was not made: {error} Any browser prints report.html (--format html)."
        )
        return
    with atomic_file(report.folder.file("pdf", "report.pdf"), "wb") as file:
        file.write(pages)


def _markdown(report: Report) -> None:
    files = report.figures.write("md", "png")
    write_markdown(report.document, report.folder.file("md", "report.md"), files)


def _latex(report: Report) -> None:
    files = report.figures.write("latex", "pdf")
    tables = {}
    for table in _tables(report.document):
        tables[table.name] = f"tables/{table.name}.tex"
        write_latex_table(table, report.folder.file("latex", tables[table.name]))
    # pdflatex names what it makes after this file, which must not be report.pdf.
    write_latex(report.document, report.folder.file("latex", "paper.tex"), files, tables)


def _csv(report: Report) -> None:
    path = report.folder.file("csv", "candidates.csv")
    write_rows(path, HEADER, candidate_rows(report.runs))
    for table in _tables(report.document):
        write_table(report.folder.file("csv", f"tables/{table.name}.csv"), table)


def _json(report: Report) -> None:
    write_json_file(report.document, report.folder.file("json", "report.json"))


def _png(report: Report) -> None:
    report.figures.write("png", "png")


def _tables(document: Document) -> list[Table]:
    return [b for section in document.sections for b in section.blocks if isinstance(b, Table)]


FORMATS: dict[str, Callable[[Report], None]] = {
    "html": _html,
    "pdf": _pdf,
    "md": _markdown,
    "latex": _latex,
    "csv": _csv,
    "json": _json,
    "png": _png,
}
