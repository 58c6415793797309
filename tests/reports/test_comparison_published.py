"""Published numbers beside ours: where they are from, and that they are no ranking."""

import json
from pathlib import Path

import pytest
from fake_gan_runs import make_gan_run
from fake_runs import make_run
from fake_transfer_runs import make_apply_run
from test_benchmark_report import make_benchmark

from reports.comparison.document import Paragraphs, Table
from reports.comparison.published import COLUMNS, GROUPS, OWN, published_section, read_published
from reports.comparison.runs import read_runs


def section_of(*paths: Path):
    return published_section(read_runs(paths))


def tables(section) -> dict[str, Table]:
    return {block.name: block for block in section.blocks if isinstance(block, Table)}


def texts(section) -> str:
    return "\n".join(t for b in section.blocks if isinstance(b, Paragraphs) for t in b.texts)


def test_every_published_number_has_a_source_and_a_mark():
    rows = read_published()
    assert len(rows) > 40
    assert {row.group for row in rows} == set(GROUPS.values())
    assert {row.mark for row in rows} == {"verified", "recalled"}
    assert all(row.source for row in rows)
    named = {(row.method, row.dataset, row.metric) for row in rows}
    assert len(named) == len(rows)


@pytest.mark.parametrize(
    "line",
    [
        "gan,X,fid,cifar10,none,,,,a paper,verified",
        "gan,X,fid,cifar10,,,,,a paper,verified",
        "gan,X,fid,cifar10,nan,,,,a paper,verified",
        "gan,X,speed,cifar10,1,,,,a paper,verified",
        "gan,X,fid,cifar10,1,,,,,verified",
        "gan,X,fid,cifar10,1,,,,a paper,guessed",
        "gan,X,fid,cifar10,1",
    ],
    ids=["word", "empty", "nan", "metric", "source", "mark", "short"],
)
def test_a_row_that_cannot_be_trusted_is_refused(tmp_path, line):
    path = tmp_path / "published.csv"
    path.write_text(",".join(COLUMNS) + "\n" + line + "\n")
    with pytest.raises(ValueError, match=r"line 2|could not convert"):
        read_published(path)


def test_the_file_is_part_of_the_package():
    assert OWN.is_file()
    assert OWN.parent.name == "reports"


def test_published_numbers_of_other_data_are_never_in_one_table_with_ours(tmp_path):
    section = section_of(make_run(tmp_path / "run"))
    found = tables(section)
    assert set(found) == {
        *("published-trees-accuracy", "published-trees-search-gpu-days", "ours-trees-accuracy")
    }
    methods = {row[0].text for row in found["published-trees-accuracy"].rows}
    assert "GNAS-Shallow-Wide" in methods
    assert not methods & {row[0].text for row in found["ours-trees-accuracy"].rows}
    assert not any(cell.best for table in found.values() for row in table.rows for cell in row)
    text = texts(section)
    assert "Ours are of glyphs, published ones of celeba, lfwa and market1501" in text
    assert "training steps 600" in text
    assert "not ranked together" in text
    marks = {row[0].text: row[-1].text for row in found["published-trees-accuracy"].rows}
    assert marks["GNAS-Shallow-Wide"] == "recalled"


def test_of_the_same_dataset_only_its_numbers_are_shown(tmp_path):
    path = make_run(tmp_path / "run")
    config = json.loads((path / "config.json").read_text())
    config["dataset"]["name"] = "CelebA"
    (path / "config.json").write_text(json.dumps(config))
    section = section_of(path)
    published = tables(section)["published-trees-accuracy"]
    assert {row[1].text for row in published.rows} == {"celeba"}
    assert "other data" not in texts(section)
    assert "not ranked together" in texts(section)


def test_errors_become_accuracies(tmp_path):
    path = make_run(tmp_path / "run")
    ours = tables(section_of(path))["ours-trees-accuracy"]
    result = json.loads((path / "result.json").read_text())
    errors = {row["name"]: row["test_error"] for row in result["methods"]}
    for row in ours.rows:
        assert row[2].value == pytest.approx(100 - errors[row[0].text])


def test_generators_are_shown_by_fid_and_benchmarks_by_accuracy(tmp_path):
    gans, bench = make_gan_run(tmp_path / "gans"), make_benchmark(tmp_path / "bench")
    found = tables(section_of(gans, bench))
    assert {name for name in found if name.startswith("ours")} == {
        *("ours-gans-fid", "ours-gans-inception-score", "ours-benchmark-test-accuracy")
    }
    published = found["published-benchmark-test-accuracy"]
    assert {row[1].text for row in published.rows} == {"cifar10"}


def test_numbers_of_different_measures_are_in_different_tables(tmp_path):
    found = tables(section_of(make_gan_run(tmp_path / "gans")))
    heads = {name: (table.columns[2].name, table.columns[2].unit) for name, table in found.items()}
    assert heads["published-gans-fid"] == heads["ours-gans-fid"] == ("FID", "")
    assert heads["published-gans-inception-score"] == ("Inception Score", "")
    rows = [row for name, table in found.items() if "published" in name for row in table.rows]
    assert len(rows) == sum(row.group == "gan" for row in read_published())


def test_where_nothing_is_published_there_is_no_section(tmp_path):
    assert section_of(make_apply_run(tmp_path / "run")) is None
