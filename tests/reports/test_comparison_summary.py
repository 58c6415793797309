"""What the summary and the tables of a comparison say, and do not say."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from fake_gan_runs import make_gan_run
from fake_runs import make_run
from fake_transfer_runs import make_apply_run
from test_benchmark_report import make_benchmark
from test_comparison_runs import apart

from reports.comparison.configuration import configuration_section
from reports.comparison.document import Paragraphs, Table
from reports.comparison.methods import methods_section
from reports.comparison.results import all_results, best_of, by_protocol
from reports.comparison.runs import read_runs
from reports.comparison.summary import protocol_summary, summary


def said(*paths: Path) -> str:
    return "\n".join(summary(read_runs(paths)))


def tables(section) -> dict[str, Table]:
    return {block.name: block for block in section.blocks if isinstance(block, Table)}


def column(table: Table, name: str) -> list:
    (place,) = [place for place, c in enumerate(table.columns) if c.name == name]
    return [row[place] for row in table.rows]


def shift(path: Path, method: str, amount: float) -> Path:
    """Makes the errors of a method in a journal lower by an amount."""
    lines = []
    for line in (path / "journal.jsonl").read_text().splitlines():
        event = json.loads(line)
        if event.get("method") == method:
            event["test_error"] -= amount
        lines.append(json.dumps(event))
    (path / "journal.jsonl").write_text("\n".join(lines) + "\n")
    return path


def test_the_winner_is_named_with_its_margin_evidence_and_cost(tmp_path):
    path = shift(make_run(tmp_path / "run", seeds=5), "searched tree (gnas)", 5.0)
    text = said(path)
    (_, results), *_ = by_protocol(all_results(read_runs([path]))).items()
    best = best_of(results)
    assert best.method == "searched tree (gnas)"
    assert f"searched tree (gnas) has the lowest test error of 6 methods: {best.mean:.2f}%" in text
    assert "On test images of glyphs" in text
    assert "in favour of searched tree (gnas) is larger than chance" in text
    assert "paired t-test, 5 seeds" in text
    assert "One search of searched tree (gnas) took 26 s" in text
    assert "no search and no choice of a training has seen" in text


def test_a_difference_that_may_be_chance_is_not_called_one(tmp_path):
    path = make_run(tmp_path / "run", seeds=3)
    text = said(path)
    assert "no difference is shown" in text
    first = summary(read_runs([path]))[0]
    assert "larger than chance" not in first


@pytest.mark.parametrize("make", [make_run, make_gan_run, make_apply_run])
def test_one_seed_gives_no_interval_and_it_says_so(tmp_path, make):
    path = make(tmp_path / "run", seeds=1)
    text = said(path)
    assert "One seed gives no interval: all of this may be chance." in text
    assert "95% interval" not in text
    section = methods_section(read_runs([path]))
    table = tables(section)["methods-1"]
    assert "95% interval" not in [c.name for c in table.columns]
    notices = [b for b in section.blocks if isinstance(b, Paragraphs) and b.kind == "notice"]
    assert any("One seed" in text for notice in notices for text in notice.texts)
    words = {cell.text for cell in column(tables(section)["comparisons-1"], "in words")}
    assert words == {"too few seeds for a test"}


def test_problems_are_named(tmp_path):
    whole = make_run(tmp_path / "whole")
    unfinished = make_run(tmp_path / "half", finished=False)
    text = said(whole, unfinished, tmp_path / "not there")
    assert "Of 3 runs, 2 have a problem: half (unfinished: it has no result.json" in text
    assert "not there (no run: there is no such folder)" in text


def test_the_table_has_the_numbers_and_marks_the_best(tmp_path):
    path = make_run(tmp_path / "run", seeds=3)
    table = tables(methods_section(read_runs([path])))["methods-1"]
    results = {r.method: r for r in all_results(read_runs([path]))}
    names, errors = column(table, "method"), column(table, "test error")
    assert [cell.value for cell in errors] == sorted(cell.value for cell in errors)
    for name, cell in zip(names, errors, strict=True):
        assert cell.value == pytest.approx(results[name.text].mean)
    assert [cell.best for cell in errors] == [True, False, False, False, False, False]
    assert [cell.text for cell in column(table, "seeds")] == ["3"] * 6
    assert {cell.text for cell in column(table, "search")} == {"25.5", "0"}
    # Nothing was recorded of memory: the column is left out.
    assert "peak memory" not in [c.name for c in table.columns]


def test_methods_of_several_runs_have_the_name_of_their_run(tmp_path):
    paths = apart([make_run(tmp_path / name, seeds=3) for name in ("one", "two")])
    table = tables(methods_section(read_runs(paths)))["methods-1"]
    names = [cell.text for cell in column(table, "method")]
    assert len(set(names)) == 12
    assert "searched tree (gnas) · one" in names
    # A tree search is compared with the random trees of its own run.
    comparisons = tables(methods_section(read_runs(paths)))["comparisons-1"]
    for first, second in zip(
        column(comparisons, "method"), column(comparisons, "against"), strict=True
    ):
        if "control" in second.note and "best" not in second.note:
            assert first.text.split(" · ")[1] == second.text.split(" · ")[1]


def test_what_had_another_training_is_shown_and_never_best(tmp_path):
    path = make_gan_run(tmp_path / "run")
    with open(path / "journal.jsonl", "r+", encoding="utf-8") as journal:
        event = next(e for e in map(json.loads, journal) if e["event"] == "trained")
        final = {"method": "final generator", "kind": "final", "test": event["test"] | {"kid": 0}}
        journal.seek(0, 2)
        journal.write(json.dumps(event | final) + "\n")
    table = tables(methods_section(read_runs([path])))["methods-1"]
    rows = [row for row in table.rows if "not ranked" in row[0].note]
    assert [row[0].text for row in rows] == ["final generator"]
    assert not any(cell.best for row in rows for cell in row)
    assert table.rows[-1] in rows
    assert "final generator" not in said(path)


def test_higher_is_better_in_a_benchmark(tmp_path):
    path = make_benchmark(tmp_path / "run")
    table = tables(methods_section(read_runs([path])))["methods-1"]
    values = [cell.value for cell in column(table, "cifar10 test")]
    assert values == sorted(values, reverse=True)
    assert "has the highest cifar10 test of 7 methods" in said(path)


def test_a_transferred_search_does_not_claim_to_cost_nothing(tmp_path):
    path = make_apply_run(tmp_path / "run")
    for name, left_out in (
        ("transferred", "the shared weights and of learning on other domains"),
        ("random search", "the shared weights."),
    ):
        (_, results), *_ = by_protocol(all_results(read_runs([path]))).items()
        (found,) = [replace(r, search_seconds=0.0042) for r in results if r.method == name]
        found = replace(found, kind="searched" if name == "random search" else found.kind)
        text = protocol_summary(found.protocol, [found])
        assert f"One search of {name} took 4.2 ms for one attribute, without" in text
        assert left_out in text
        assert "times one training" not in text
    (note,) = [
        c.note
        for c in tables(methods_section(read_runs([path])))["methods-1"].columns
        if c.name == "search"
    ]
    assert "shared weights and learning on other domains are not part of it" in note


def test_paragraphs_of_the_same_measure_say_what_differs(tmp_path):
    paths = [make_benchmark(tmp_path / str(n), budget=n, seeds=3) for n in (20, 80)]
    text = said(*paths)
    for budget in (20, 80):
        assert f"of NATS-Bench topology space, with {budget} evaluations, " in text
    assert "with 20 evaluations" not in said(paths[0])


def test_the_caption_of_comparisons_says_what_is_compared(tmp_path):
    table = tables(methods_section(read_runs([make_run(tmp_path / "run")])))["comparisons-1"]
    assert "or its random architectures where there was none" in table.caption
    assert "random rows are compared with the best only" in table.caption


def test_several_protocols_have_a_table_each(tmp_path):
    paths = [make_run(tmp_path / "trees"), make_gan_run(tmp_path / "gans")]
    section = methods_section(read_runs(paths))
    assert {"methods-1", "methods-2"} <= set(tables(section))
    names = [block.name for block in section.blocks if isinstance(block, Table)]
    assert len(names) == len(set(names))


def test_the_configuration_shows_first_what_differs(tmp_path):
    paths = [make_run(tmp_path / "a", seeds=1), make_run(tmp_path / "b", seeds=3)]
    section = configuration_section(read_runs(paths))
    first = section.blocks[0]
    assert first.name == "differences-trees"
    rows = {row[0].text: [cell.text for cell in row[1:]] for row in first.rows}
    assert rows["--seeds"] == ["1", "3"]
    assert "--blocks" not in rows
    whole = {row[0].text: row[1].text for row in tables(section)["settings-trees-1"].rows}
    assert whole["data: fingerprint"] == "ab12cd34ef56"
    assert whole["version of keras"] == "3.15.1"
    assert whole["seeds that ended"] == "1"
    first, command, second, other = section.blocks[-4:]
    assert (first.texts, second.texts) == (("a:",), ("b:",))
    assert command.kind == other.kind == "command"
    assert other.texts[0].startswith("graftwork trees search")
    assert "--seeds 3" in other.texts[0]


def test_a_command_of_several_runs_is_printed_once(tmp_path):
    paths = apart(
        [make_run(tmp_path / name, seeds=n) for name, n in (("a", 1), ("b", 3), ("c", 1))]
    )
    section = configuration_section(read_runs(paths))
    commands = [b for b in section.blocks if isinstance(b, Paragraphs) and b.kind == "command"]
    assert len(commands) == 2
    assert ("a, c:",) in [b.texts for b in section.blocks if isinstance(b, Paragraphs)]
    section = configuration_section(read_runs([paths[0], paths[2]]))
    assert len(section.blocks[-1].texts) == 1


def test_numbers_of_the_result_alone_are_marked(tmp_path):
    path = make_run(tmp_path / "run")
    methods = tables(methods_section(read_runs([path])))["methods-1"]
    assert not any("as the run stated" in cell.note for cell in column(methods, "method"))
    (path / "journal.jsonl").unlink()
    methods = tables(methods_section(read_runs([path])))["methods-1"]
    for name, interval in zip(
        column(methods, "method"), column(methods, "95% interval"), strict=True
    ):
        assert ("interval as the run stated" in name.note) == (interval.value is not None)
    assert any(cell.value is not None for cell in column(methods, "95% interval"))
