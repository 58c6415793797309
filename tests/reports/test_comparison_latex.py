"""Comparisons as LaTeX: text is text, and the whole compiles where TeX is installed."""

import math
import re
import shutil
import subprocess

import fake_runs
import pytest
from fake_document import MARKS, a_document, a_table, make_document, tables

from reports.comparison.document import Cell, Paragraphs
from reports.comparison.figures import Figures
from reports.comparison.latex import write_latex, write_latex_table
from reports.comparison.latex_text import escape
from reports.comparison.output import ReportFolder


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("50% & $x_1$ #{}", r"50\% \& \$x\_\allowbreak{}1\$ \#\{\}"),
        ("−0.5 · 10³", r"\ensuremath{-}0.5 \ensuremath{\cdot} 10\ensuremath{^{3}}"),
        (
            "Kendall τ, Δ, Α",
            r"Kendall \ensuremath{\tau}, \ensuremath{\Delta}, \ensuremath{\mathrm{A}}",
        ),
        ("--out a,,b", r"-{}-out a,{},b"),
        ("7.9–8.3 …", r"7.9--8.3 \ldots{}"),
        ("Zürich, Łódź", "Zürich, Łódź"),
        ("漢", "{[}U+6F22]"),
        ("[1] *", "{[}1] {*}"),
        ("10⁻⁴", r"10\ensuremath{^{-}}\ensuremath{^{4}}"),
        ("two\n\nlines", "two lines"),
        ("\\", r"\textbackslash{}"),
    ],
)
def test_latex_text(text, expected):
    assert escape(text) == expected


def written_latex(document, folder, made):
    names = {}
    for table in tables(document):
        names[table.name] = f"{table.name}.tex"
        write_latex_table(table, folder / names[table.name])
    write_latex(document, folder / "paper.tex", made, names)


def compiled(folder, widest=40.0) -> str:
    """Compiles `paper.tex` and returns the text of its pages."""
    if shutil.which("pdflatex") is None:
        pytest.skip("no pdflatex: apt-get install texlive-latex-base texlive-latex-recommended")
    options = ["-interaction=nonstopmode", "-halt-on-error"]
    done = subprocess.run(
        ["pdflatex", *options, "paper.tex"],
        cwd=folder,
        capture_output=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-3000:]
    # Nothing stands out by more than a word.
    log = (folder / "paper.log").read_text(errors="replace")
    assert [x for x in re.findall(r"Overfull .hbox \(([\d.]+)pt", log) if float(x) > widest] == []
    if shutil.which("pdftotext") is None:
        return ""
    command = ["pdftotext", "-layout", "paper.pdf", "-"]
    return subprocess.run(command, cwd=folder, capture_output=True, check=True).stdout.decode()


def test_the_whole_document_compiles(tmp_path):
    document = make_document()
    with Figures(document, ReportFolder(tmp_path / "out")) as made:
        files = made.write("latex", "pdf")
    written_latex(document, tmp_path / "out", files)
    text = compiled(tmp_path / "out")
    if text:
        assert "Attribute_39" in text.replace("\n", "")
        assert "<script>alert(1)</script>" in text


def test_every_character_compiles(tmp_path):
    strange = ["".join(map(chr, range(start, start + 64))) for start in range(32, 0x2400, 64)]
    texts = (
        *strange,
        *fake_runs.NASTY,
        "漢字かな 🙂 عربى",
        MARKS,
        "\\end{document}",
        "%",
        "\\input{x}",
    )
    table = a_table(*((Cell(text), Cell("1", 1.0, note=text)) for text in texts))
    document = a_document(
        Paragraphs(texts), Paragraphs(texts, "notice"), Paragraphs(texts, "command"), table
    )
    written_latex(document, tmp_path, {})
    compiled(tmp_path, widest=math.inf)


def test_long_and_wide_tables_go_on_below(tmp_path):
    rows = [tuple(Cell(f"cell {r} {c}") for c in range(30)) for r in range(120)]
    table = a_table(*rows, columns=30)
    path = tmp_path / "table.tex"
    write_latex_table(table, path)
    text = path.read_text("utf-8")
    parts = re.findall(r"\\begin\{tabular\}\{@\{\}([lr]+)@\{\}\}", text)
    assert len(parts) > 6
    assert max(map(len, parts)) < 16
    assert text.count(r"\toprule") == text.count(r"\bottomrule") == len(parts)
    for row in rows:
        for cell in row[1:]:
            assert len(re.findall(rf"{cell.text}(?!\d)", text)) == 1
    document = a_document(table, a_table(columns=1))
    write_latex(document, tmp_path / "paper.tex", {}, {"table": "table.tex"})
    compiled(tmp_path)
