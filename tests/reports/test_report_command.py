"""`graftwork report`: any runs, any format, one folder, and no TensorFlow."""

import csv
import json
import os
import resource
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import fake_gan_runs
import fake_runs
import fake_transfer_runs
import pytest
from test_comparison_runs import apart

from reports.comparison import build as build_module
from reports.comparison.browser import find_browser
from reports.comparison.build import compare
from reports.comparison.command import runs_in
from reports.comparison.document import Paragraphs, Section, Table
from reports.comparison.output import MARKER

LIMIT = 20.0
"""Seconds of one core that a report of 50 runs may take."""
BLOCKED = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        package = name.split(".")[0]
        if package in ("tensorflow", "keras") or package.endswith("_nas"):
            raise ImportError(name)
sys.meta_path.insert(0, Blocked())
from graftwork.cli import main
main(sys.argv[1:])
"""


def graftwork(*words):
    """Calls `graftwork` where neither TensorFlow nor Keras nor a model can be imported."""
    return subprocess.run(
        [sys.executable, "-c", BLOCKED, *map(str, words)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with a run of every kind that has one fake, and a broken and an unfinished one."""
    folder = tmp_path_factory.mktemp("report") / "runs"
    fake_runs.make_run(folder / "trees", attributes=fake_runs.NASTY)
    fake_runs.make_run(folder / "one seed", seeds=1)
    fake_gan_runs.make_gan_run(folder / "gans")
    fake_gan_runs.make_gan_run(folder / "deep" / "unfinished", finished=False)
    fake_transfer_runs.make_apply_run(folder / "apply")
    fake_transfer_runs.make_learn_run(folder / "learn")
    fake_transfer_runs.make_leave_one_out(folder / "left out")
    fake_runs.make_run(folder / "broken", seeds=1)
    (folder / "broken" / "journal.jsonl").write_text("no JSON\n{}\n")
    fake_runs.make_run(folder / "older", seeds=1)
    config = json.loads((folder / "older" / "config.json").read_text())
    (folder / "older" / "config.json").write_text(json.dumps(config | {"format": 0}))
    return folder


def test_a_page_and_its_answer(command, runs, tmp_path):
    status, out, err = command("report", runs / "trees", runs / "gans", "--out", tmp_path / "out")
    assert (status, err) == (0, "")
    first, blank, summary = out.strip().split("\n", 2)
    assert first == f"wrote {tmp_path / 'out' / 'report.html'}"
    assert blank == ""
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "<script>alert(1)</script>" not in page
    assert len(summary.split()) > 10
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [MARKER, "report.html"]


def test_all_formats(command, runs, tmp_path):
    if find_browser() is None:
        pytest.skip("no Chromium: apt-get install chromium")
    out = tmp_path / "a report"
    paths = (runs / "one seed", runs / "gans")
    formats = "html,pdf,md,latex,csv,json,png"
    status, _, err = command(
        "report", *paths, "--out", out, "--format", formats, "--title", "My & your <runs>"
    )
    assert (status, err) == (0, "")
    data = json.loads((out / "report.json").read_text("utf-8"))
    assert data["title"] == "My & your <runs>"
    assert data["command"] == (
        f"graftwork report {shlex.join(map(str, paths))} --out '{out}' --format {formats} "
        "--title 'My & your <runs>'"
    )
    pages = (out / "report.pdf").read_bytes()
    assert pages.startswith(b"%PDF")
    assert pages.count(b"/Type /Page\n") > 3
    blocks = [block for section in data["sections"] for block in section["blocks"]]
    for block in blocks:
        name = block.get("name")
        if block["kind"] == "table":
            assert (out / "tables" / f"{name}.tex").is_file()
            with open(out / "tables" / f"{name}.csv", encoding="utf-8", newline="") as file:
                assert len(list(csv.reader(file))) == len(block["rows"]) + 1
        elif block["kind"] in ("chart", "drawing"):
            assert (out / "figures" / f"{name}.pdf").read_bytes().startswith(b"%PDF")
            assert (out / "figures" / f"{name}.png").is_file()
        elif block["kind"] == "picture":
            assert (out / "figures" / f"{name}.png").is_file()
    with open(out / "candidates.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["run"] for row in rows} == {"one seed", "gans"}
    listed = json.loads((out / MARKER).read_text())["files"]
    names = {name for names in listed.values() for name in names}
    assert {str(p.relative_to(out)) for p in out.rglob("*") if p.is_file()} == names | {MARKER}
    if shutil.which("pdflatex") is None:
        pytest.skip("no pdflatex: apt-get install texlive-latex-base texlive-latex-recommended")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"],
        cwd=out,
        capture_output=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]


def test_every_problem_is_named(runs):
    document = compare(runs_in([runs]))
    names = [section.name for section in document.sections]
    assert len(names) == len(set(names))
    assert names[-1] == "problems"
    texts = " ".join(
        cell.text + cell.note for row in table(document, "problems").rows for cell in row
    )
    for name, problem in (("broken", "damaged"), ("unfinished", "unfinished"), ("older", "older")):
        assert name in texts
        assert problem in texts
    assert all(isinstance(text, str) and text for text in document.summary)
    blocks = [block for section in document.sections for block in section.blocks]
    named = [block.name for block in blocks if not isinstance(block, Paragraphs)]
    assert len(named) == len(set(named))


def table(document, name) -> Table:
    blocks = [block for section in document.sections for block in section.blocks]
    return next(b for b in blocks if isinstance(b, Table) and b.name.startswith(name))


def test_a_folder_stands_for_the_runs_in_it(runs):
    found = runs_in([runs, runs / "trees", runs / "nothing"])
    names = [str(path.relative_to(runs)) for path in found]
    assert names[-2:] == ["trees", "nothing"]
    assert "deep/unfinished" in names
    assert "left out" in names
    # These belong to the run "left out", which shows them.
    assert not [name for name in names if "without-" in name]
    assert [str(p.relative_to(runs)) for p in runs_in([runs / "left out"])] == ["left out"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--format", "html,docx"), "unknown format 'docx'"),
        (("--format", "htm"), "Did you mean html"),
        (("--format", ","), "--format names no format"),
        (("--out", "FILE"), "is a file"),
        (("--out", "FILE/inside"), "cannot be made"),
        (("--out", "FOREIGN"), "no report of `graftwork report`"),
    ],
)
def test_bad_flags_are_one_line(command, runs, tmp_path, words, expected):
    (tmp_path / "FILE").write_text("")
    (tmp_path / "FOREIGN").mkdir()
    (tmp_path / "FOREIGN" / "thesis.tex").write_text("mine")
    words = [str(tmp_path / word) if word.startswith("F") else word for word in words]
    out = [] if "--out" in words else ["--out", tmp_path / "out"]
    status, printed, err = command("report", runs / "one seed", *words, *out)
    assert status == 2
    assert printed == ""
    assert expected in err
    assert len(err.strip().splitlines()) == 1
    assert [p.name for p in (tmp_path / "FOREIGN").iterdir()] == ["thesis.tex"]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("words", [[], ["nothing"], ["."]])
def test_no_runs(command, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    status, _, err = command("report", *words, "--out", "out")
    assert status == 2
    assert "run" in err
    assert len(err.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_a_run_is_no_place_for_a_report(command, runs):
    before = sorted(p.name for p in (runs / "trees").iterdir())
    status, _, err = command("report", runs / "trees", "--out", runs / "trees")
    assert status == 2
    assert "no report" in err
    assert sorted(p.name for p in (runs / "trees").iterdir()) == before


def test_the_same_runs_give_the_same_bytes(command, runs, tmp_path, monkeypatch):
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        words = ("report", runs / "one seed", "--format", "csv,json,latex")
        assert command(*words, "--out", "out")[0] == 0
    first, second = (
        {
            str(p.relative_to(tmp_path / name)): p.read_bytes()
            for p in (tmp_path / name).rglob("*.*")
        }
        for name in ("first", "second")
    )
    assert [name for name in first if first[name] != second.get(name)] == []


def test_without_chromium_the_rest_is_written(command, runs, tmp_path, monkeypatch):
    monkeypatch.setattr("reports.comparison.browser.shutil.which", lambda name: None)
    out = tmp_path / "out"
    status, printed, err = command(
        "report", runs / "trees", "--out", out, "--format", "html,pdf,md"
    )
    assert status == 1
    assert "report.pdf was not made: no Chromium was found. Install it" in err
    assert "Traceback" not in err
    assert "report.html" in printed
    assert (out / "report.md").is_file()
    assert list((out / "figures").glob("*.pdf"))
    assert list((out / "figures").glob("*.svg"))


def test_a_run_that_breaks_a_section_does_not_stop_the_others(runs, monkeypatch):
    def curves_section(found):
        if any(run.name == "gans" for run in found):
            raise ZeroDivisionError("strange")
        return Section("Curves", (Paragraphs((f"{len(found)} runs",)),), "curves")

    def pareto_section(found):
        raise KeyError("always")

    monkeypatch.setattr(build_module, "SECTIONS", (curves_section, pareto_section))
    document = compare([runs / "trees", runs / "gans", runs / "apply"])
    curves, pareto = document.sections
    assert "leaves out gans" in curves.blocks[0].texts[0]
    assert "ZeroDivisionError" in curves.blocks[0].texts[0]
    assert curves.blocks[1].texts == ("2 runs",)
    assert [block.kind for block in pareto.blocks] == ["notice"]


def test_blocks_that_share_a_name_do_not_share_a_file(runs, monkeypatch):
    def trees_section(found):
        empty = Table("../Same name/", "", (), ())
        return Section("Trees", (empty, empty, empty), "trees")

    monkeypatch.setattr(build_module, "SECTIONS", (trees_section,))
    blocks = compare([runs / "trees"]).sections[0].blocks
    assert [block.name for block in blocks] == ["same-name", "same-name-2", "same-name-3"]


def test_fifty_runs_without_tensorflow(tmp_path):
    """A report of 50 runs needs no TensorFlow, no Keras, no model, and less than 20 s."""
    for number in range(20):
        fake_runs.make_run(tmp_path / "runs" / f"trees-{number}")
        fake_gan_runs.make_gan_run(tmp_path / "runs" / f"gans-{number}")
    for number in range(5):
        fake_transfer_runs.make_apply_run(tmp_path / "runs" / f"apply-{number}")
        fake_transfer_runs.make_learn_run(tmp_path / "runs" / f"learn-{number}")
    apart(list((tmp_path / "runs").iterdir()))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = graftwork("report", tmp_path / "runs", "--out", tmp_path / "out")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert (done.returncode, done.stderr) == (0, "")
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "50 runs" in page
    # Seconds of the processor, as other work may share the machine.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < LIMIT


def test_data_formats_without_tensorflow(runs, tmp_path):
    out = tmp_path / "out"
    done = graftwork("report", runs, "--out", out, "--format", "html,csv,json")
    assert done.returncode == 0
    # One line a run, and nothing else.
    told = {line.split(": ")[1]: line.split(": ")[2] for line in done.stderr.splitlines()}
    assert told == {"broken": "damaged", "unfinished": "unfinished", "older": "older version"}
    with open(out / "candidates.csv", encoding="utf-8", newline="") as file:
        names = {row["run"] for row in csv.DictReader(file)}
    assert {"trees", "gans", "apply", "unfinished"} <= names
    assert "broken" not in names
