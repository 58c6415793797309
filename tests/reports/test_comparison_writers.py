"""The comparison as Markdown, LaTeX, CSV, JSON, PNG and PDF: whole, escaped, and in one folder."""

import csv
import dataclasses
import json
import math
import re
from xml.etree import ElementTree

import fake_gan_runs
import fake_runs
import fake_transfer_runs
import pytest
from fake_document import ATTRIBUTES, LONG, MARKS, NASTY, a_document, a_table, make_document, tables
from markdown_it import MarkdownIt

from graftwork.errors import InputError
from reports.comparison.browser import Browser, BrowserError, find_browser
from reports.comparison.candidates import HEADER, candidate_rows, candidates
from reports.comparison.csv_files import write_rows, write_table
from reports.comparison.document import Cell, Column, Paragraphs, Section, Table
from reports.comparison.figures import Figures, figures
from reports.comparison.json_file import write_json_file
from reports.comparison.markdown import write_markdown
from reports.comparison.output import MARKER, ReportFolder
from reports.comparison.runs import ComparedRun, read_runs
from reports.run_folder import RunFolder

# Markdown


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    """Markdown of the whole document, as a reader renders it."""
    path = tmp_path_factory.mktemp("markdown") / "report.md"
    document = make_document()
    write_markdown(
        document, path, {block.name: f"figures/{block.name}.png" for block in figures(document)}
    )
    return MarkdownIt("commonmark").enable("table").render(path.read_text("utf-8"))


def plain(rendered: str) -> str:
    """Returns the text of rendered Markdown."""
    root = ElementTree.fromstring(f"<root>{rendered}</root>")
    return " ".join("".join(root.itertext()).split())


def test_markdown_shows_every_text_as_it_is(rendered):
    text = plain(rendered)
    document = make_document()
    assert "<script" not in rendered
    for expected in (document.title, *document.summary, document.command, NASTY, LONG, *ATTRIBUTES):
        assert " ".join(expected.split()) in text
    for table in tables(document):
        assert table.caption in text


def test_markdown_tables_are_whole(rendered):
    root = ElementTree.fromstring(f"<root>{rendered}</root>")
    found = root.findall(".//table")
    assert len(found) == 4
    for element, table in zip(found, tables(make_document()), strict=True):
        widths = {len(row.findall("*")) for row in element.findall(".//tr")}
        assert widths == {len(table.columns)}
        assert len(element.findall("tbody/tr")) == len(table.rows)
    images = root.findall(".//img")
    assert [i.get("src") for i in images] == [
        f"figures/{b.name}.png" for b in figures(make_document())
    ]
    assert all(image.get("alt") for image in images)


@pytest.mark.parametrize(
    "text",
    [MARKS, "1. one", "- two", "+ three", "> four", "# five", "12) six", "``` seven", "a\n\n# b"],
)
def test_markdown_text_begins_no_markup(tmp_path, text):
    table = a_table((Cell(text), Cell("1", 1.0, note=text, best=True)))
    path = tmp_path / "report.md"
    write_markdown(a_document(Paragraphs((text,)), table, summary=(text,)), path, {})
    html = MarkdownIt("commonmark").enable("table").render(path.read_text("utf-8"))
    line = " ".join(text.split())
    assert plain(html).count(line) == 4
    assert not re.search(r"<(ul|ol|blockquote|a|s|h3)\b", html)


def test_markdown_commands_stay_code(tmp_path):
    path = tmp_path / "report.md"
    command = "graftwork report 'a```b' --out <c>"
    write_markdown(a_document(Paragraphs((command,), kind="command")), path, {})
    html = MarkdownIt("commonmark").render(path.read_text("utf-8"))
    code = next(ElementTree.fromstring(f"<root>{html}</root>").iter("code"))
    assert code.text == f"{command}\n"


# CSV and JSON


def test_a_table_as_csv_has_numbers_in_full(tmp_path):
    columns = (Column("method", numeric=False), Column("error", "%"), Column("note", numeric=False))
    rows = (
        (Cell('a "b", c'), Cell("8.13", 8.128371, best=True), Cell("x\ny")),
        (Cell("d"), Cell("–"), Cell("–")),
        (Cell("e"), Cell("not finite", math.nan), Cell("=1+1")),
    )
    write_table(tmp_path / "t.csv", Table("t", "", columns, rows))
    with open(tmp_path / "t.csv", encoding="utf-8", newline="") as file:
        found = list(csv.reader(file))
    assert found == [
        ["method", "error (%)", "note"],
        ['a "b", c', "8.128371", "x\ny"],
        ["d", "", ""],
        ["e", "not finite", "'=1+1"],
    ]


def test_the_document_as_json(tmp_path):
    document = make_document()
    cells = (Cell("∞", math.inf), Cell("?", math.nan, note="lost"), Cell("1.5", 1.5, best=True))
    document = dataclasses.replace(
        document,
        sections=(*document.sections, Section("More", (a_table(cells, columns=3),), "more")),
    )
    write_json_file(document, tmp_path / "report.json")

    def refuse(name):
        raise AssertionError(name)

    data = json.loads((tmp_path / "report.json").read_text("utf-8"), parse_constant=refuse)
    assert data["summary"] == list(document.summary)
    assert [s["name"] for s in data["sections"]] == [s.name for s in document.sections]
    (table,) = data["sections"][-1]["blocks"]
    assert [cell["value"] for cell in table["rows"][0]] == [None, None, 1.5]
    assert table["rows"][0][1]["note"] == "lost"
    methods = next(b for b in data["sections"][0]["blocks"] if b["kind"] == "table")
    assert methods["columns"][1]["unit"] == "%"
    assert methods["rows"][0][1]["value"] == pytest.approx(8.13)
    kinds = [block["kind"] for section in data["sections"] for block in section["blocks"]]
    assert {"text", "notice", "command", "table", "chart", "drawing", "picture"} == set(kinds)


# Candidates


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("candidates")
    fake_runs.make_run(folder / "trees")
    fake_gan_runs.make_gan_run(folder / "gans")
    fake_transfer_runs.make_apply_run(folder / "apply")
    return read_runs([folder / name for name in ("trees", "gans", "apply")])


def test_every_round_and_every_training_is_a_candidate(runs, tmp_path):
    for run in runs[:2]:
        found = list(candidates([run]))
        for event, stage in (("round", "round"), ("trained", "trained")):
            events = run.folder.of_kind(event)
            rows = [row for row in found if row.stage == stage]
            assert len(rows) == len(events) > 0
            seeds = [row.seed for row in rows]
            assert seeds == [e["seed"] for e in events]
    write_rows(tmp_path / "candidates.csv", HEADER, candidate_rows(runs))
    with open(tmp_path / "candidates.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(list(candidates(runs)))
    assert {row["run"] for row in rows} == {"trees", "gans", "apply"}
    for row in rows:
        if row["architecture"] and row["run"] != "benchmark":
            assert isinstance(json.loads(row["architecture"]), list)


def test_scores_of_candidates_are_those_of_the_journal(runs):
    trees, gans, transfer = runs
    trained = [row for row in candidates([trees]) if row.stage == "trained"]
    for row, event in zip(trained, trees.folder.of_kind("trained"), strict=True):
        assert row.test_score == pytest.approx(1 - event["test_error"] / 100)
        assert row.validation_score == event["validation_score"]
        assert (row.method, row.parameters) == (event["method"], event["parameters"])
    trained = [row for row in candidates([gans]) if row.stage == "trained"]
    for row, event in zip(trained, gans.folder.of_kind("trained"), strict=True):
        assert row.test_score == -event["test"]["kid"]
        assert row.validation_score == -event["validation_kid"]
        assert row.measure == "−KID"
    for event in transfer.folder.of_kind("searched"):
        values = event["attributes"][0]
        rows = [
            row
            for row in candidates([transfer])
            if row.stage == "evaluated"
            and (row.seed, row.method) == (event["seed"], event["method"])
            and row.attribute == values["attribute"]
        ]
        assert [row.shared_score for row in rows] == values["rewards"]
        assert sum(bool(row.architecture) for row in rows) == bool(rows)


@pytest.mark.parametrize(
    "kind", ["trees", "gans", "transfer", "benchmark", "learning", "leave-one-out"]
)
def test_strange_events_stop_nothing(kind, tmp_path):
    strange = [
        None,
        1,
        -1.5,
        "x",
        [],
        {},
        [[]],
        [1, "a"],
        {"a": {}},
        True,
        1e400,
        [None, None, None],
    ]
    keys = (
        "seed",
        "round",
        "architecture",
        "score",
        "shortlist",
        "random_search",
        "attributes",
        "test",
    )
    keys += ("rewards", "improvements", "method", "test_error", "exact_architecture", "seconds")
    events = []
    for event in ("round", "searched", "trained", "trial", "start"):
        for value in strange:
            events.append({"event": event, **dict.fromkeys(keys, value)})
            events.append({"event": event, "attributes": [dict.fromkeys(keys, value)]})
            events.append({"event": event, "improvements": [value, [value] * 3]})
            events.append({"event": event, "shortlist": [value, dict.fromkeys(keys, value)]})
    folder = RunFolder(
        tmp_path, {"command": ["x"], "dataset": {"name": 5}}, events, {"problem": []}
    )
    rows = list(candidates([ComparedRun(tmp_path, "x", kind, folder)]))
    write_rows(tmp_path / "c.csv", HEADER, map(dataclasses.astuple, rows))


# Figures


def test_figures_as_files(tmp_path):
    if find_browser() is None:
        pytest.skip("no Chromium: apt-get install chromium")
    document = make_document()
    folder = ReportFolder(tmp_path / "out")
    with Figures(document, folder) as made:
        pictures, vectors = made.write("png", "png"), made.write("pdf", "pdf")
        again = made.write("latex", "pdf")
    assert again == vectors
    assert made.notices == []
    assert list(pictures) == list(vectors) == [block.name for block in figures(document)]
    for name in pictures.values():
        assert (folder.path / name).read_bytes().startswith(b"\x89PNG")
    for block, name in vectors.items():
        data = (folder.path / name).read_bytes()
        if block.startswith("samples"):
            assert name.endswith(".png")
        else:
            assert data.startswith(b"%PDF")
            assert b"/Subtype /Type3" not in data  # Which journals refuse.
            assert b"/Subtype /Image" not in data
            assert len(re.findall(rb"/Type /Page\b", data)) == 1
    assert not list(tmp_path.rglob(".*"))


def test_a_drawing_is_cut_to_its_size(tmp_path):
    if find_browser() is None:
        pytest.skip("no Chromium: apt-get install chromium")
    document = make_document()
    folder = ReportFolder(tmp_path / "out")
    with Figures(document, folder) as made:
        files = made.write("pdf", "pdf")
    cell = next(block for block in figures(document) if block.name == "cell-0")
    width, height = re.search(r'width="(\d+)" height="(\d+)"', cell.svg).groups()
    box = re.search(
        rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", (folder.path / files["cell-0"]).read_bytes()
    )
    # Points of 1/72 inch, pixels of 1/96; six pixels around it.
    assert float(box[1]) == pytest.approx((int(width) + 12) * 0.75, abs=3)
    assert float(box[2]) == pytest.approx((int(height) + 12) * 0.75, abs=3)


def test_without_a_browser_drawings_are_svg(tmp_path, monkeypatch):
    monkeypatch.setattr("reports.comparison.browser.shutil.which", lambda name: None)
    document = make_document()
    folder = ReportFolder(tmp_path / "out")
    with Figures(document, folder) as made:
        files = made.write("md", "png")
    assert len(made.notices) == 1
    assert "Install it" in made.notices[0]
    drawings = [name for name in files.values() if name.endswith(".svg")]
    assert len(drawings) == 4
    for name in drawings:
        root = ElementTree.parse(folder.path / name).getroot()
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert "--ink" in root[0].text
        assert "prefers-color-scheme" not in root[0].text
    with pytest.raises(BrowserError, match="chromium-browser or google-chrome"):
        Browser()


def test_a_browser_that_does_not_work_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr("reports.comparison.browser.shutil.which", lambda name: "/bin/false")
    with pytest.raises(BrowserError, match="Chromium"):
        Browser()
    monkeypatch.setattr(
        "reports.comparison.browser.shutil.which", lambda name: str(tmp_path / "no")
    )
    with pytest.raises(BrowserError, match="cannot be started"):
        Browser()


# The folder


def make_report(path, **files):
    """Writes files, a list of names a format, as one report."""
    folder = ReportFolder(path)
    for format, names in files.items():
        for name in names:
            folder.file(format, name).write_text("new")
    folder.close()
    return sorted(str(p.relative_to(path)) for p in path.rglob("*") if p.is_file())


def test_a_report_is_written_anew_and_nothing_is_left_over(tmp_path):
    out = tmp_path / "a" / "out"
    make_report(out, html=["report.html"], md=["report.md", "figures/a.png", "figures/b.png"])
    found = make_report(out, md=["report.md", "figures/b.png", "figures/c.png"])
    # What belongs to another format stays.
    assert found == ["figures/b.png", "figures/c.png", MARKER, "report.html", "report.md"]


@pytest.mark.parametrize("name", ["thesis.tex", "config.json", ".hidden", MARKER])
def test_other_folders_are_left_alone(tmp_path, name):
    (tmp_path / name).write_text("{}")
    with pytest.raises(InputError, match="Name a"):
        ReportFolder(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_files_that_no_report_wrote_are_never_overwritten(tmp_path):
    make_report(tmp_path / "out", html=["report.html"])
    (tmp_path / "out" / "report.md").write_text("mine")
    with pytest.raises(InputError, match="no report wrote it"):
        make_report(tmp_path / "out", md=["report.md"])
    make_report(tmp_path / "out", html=["report.html"])
    assert (tmp_path / "out" / "report.md").read_text() == "mine"


def test_a_marker_cannot_lead_outside(tmp_path):
    outside = tmp_path / "outside.txt"
    outside.write_text("mine")
    out = tmp_path / "out"
    make_report(out, html=["report.html"])
    for name in ("../outside.txt", str(outside), 5):
        marker = json.loads((out / MARKER).read_text())
        (out / MARKER).write_text(json.dumps(marker | {"files": {"html": [name]}}))
        with pytest.raises(InputError):
            ReportFolder(out)
    assert outside.read_text() == "mine"


def test_a_killed_report_is_made_again(tmp_path):
    folder = ReportFolder(tmp_path / "out")
    folder.file("md", "figures/a.png").write_text("half")
    # Killed here; the next one has other figures.
    assert make_report(tmp_path / "out", md=["report.md"]) == [MARKER, "report.md"]


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "out"):
        with pytest.raises(InputError, match="--out"):
            ReportFolder(out)
