"""The charts and tables of a comparison: what they say, and that nothing in a run stops them."""

import itertools
import json
import random
import re
from dataclasses import replace

import fake_comparison_runs as fake
import numpy as np
import pytest
from fake_gan_runs import make_gan_run
from fake_runs import make_run
from fake_transfer_runs import make_apply_run, make_learn_run, make_leave_one_out
from scipy import stats
from test_benchmark_report import make_benchmark
from test_comparison_runs import apart

from reports.comparison.attributes import attributes_section, differences
from reports.comparison.cells import cells_section
from reports.comparison.curves import Step, best_so_far, curves_section, read_search
from reports.comparison.document import Chart, Drawing, Paragraphs, Picture, Table
from reports.comparison.dynamics import dynamics_section
from reports.comparison.operations import family
from reports.comparison.pareto import front, pareto_section
from reports.comparison.phrases import interval_of
from reports.comparison.results import method_results
from reports.comparison.runs import read_runs
from reports.comparison.series import MOST, look, mean_line
from reports.comparison.transfer import transfer_section
from reports.comparison.trees import trees_section
from reports.run_folder import read_run_folder

SECTIONS = (
    curves_section,
    pareto_section,
    attributes_section,
    trees_section,
    cells_section,
    dynamics_section,
    transfer_section,
)
MAKERS = {
    "trees": make_run,
    "celeba": fake.make_celeba_run,
    "gans": fake.make_drawing_gan_run,
    "older gans": make_gan_run,
    "transfer": make_apply_run,
    "learning": make_learn_run,
    "leave-one-out": make_leave_one_out,
}


def sections(*paths):
    runs = read_runs(paths)
    return [section for build in SECTIONS if (section := build(runs))]


def blocks(found, kind):
    return [block for section in found for block in section.blocks if isinstance(block, kind)]


def texts(found) -> str:
    return " ".join(text for block in blocks(found, Paragraphs) for text in block.texts)


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return sections(*(make(folder / name) for name, make in MAKERS.items()))


def test_every_section_is_there_and_every_block_has_a_name_of_its_own(everything):
    assert len(everything) == len(SECTIONS)
    named = [b.name for b in blocks(everything, Table | Chart | Drawing | Picture)]
    assert len(named) == len(set(named)) > 30
    assert all(re.fullmatch(r"[a-z0-9-]+", name) for name in named)


def test_every_axis_has_a_unit_and_every_figure_an_alternative(everything):
    charts = blocks(everything, Chart)
    assert len(charts) > 20
    for chart in charts:
        for axes in chart.figure.axes:
            named_rows = axes.get_yticklabels()[0].get_text() not in ("", "0")
            assert re.search(r"\(.+\)", axes.get_xlabel()), chart.name
            if not axes.get_ylabel():  # Only where the rows are attributes.
                assert named_rows, chart.name
                assert "differences" in chart.name
            else:
                assert re.search(r"\(.+\)", axes.get_ylabel()), chart.name
    for block in blocks(everything, Chart | Drawing | Picture):
        assert min(len(block.alternative), len(block.caption)) > 20, block.name


def test_series_can_be_told_apart_without_their_colour(everything):
    several = 0
    for chart in blocks(everything, Chart):
        for axes in chart.figure.axes:
            lines = [li for li in axes.get_lines() if not str(li.get_label()).startswith("_")]
            # The dash that is drawn, not its name.
            looks = [(li.get_marker(), str(li._dash_pattern)) for li in lines]
            assert len(looks) == len(set(looks)), chart.name
            several += len(lines) > 1
    assert several > 8
    assert len({(look(i)["marker"], str(look(i)["linestyle"])) for i in range(MOST)}) == MOST
    (areas,) = [c for c in blocks(everything, Chart) if c.name.startswith("operations")]
    hatches = [collection.get_hatch() for collection in areas.figure.axes[0].collections]
    assert len(hatches) == len(set(hatches)) > 4


def test_tables_are_whole_and_sort_by_numbers(everything):
    tables = blocks(everything, Table)
    assert len(tables) > 6
    for table in tables:
        assert table.rows
        assert all(len(row) == len(table.columns) for row in table.rows), table.name
        for row in table.rows:
            for column, cell in zip(table.columns[1:], row[1:], strict=True):
                known = cell.text not in ("–", "never") and not cell.text.startswith("– to")
                assert not (column.numeric and known) or cell.value is not None, (table.name, cell)


def test_the_mean_line_holds_each_seed_until_its_next_step():
    line = mean_line([[(1, 0.0), (3, 6.0)], [(2, 2.0), (4, 4.0)], [(1, 1.0)]])
    # Nothing is said before all have begun; the third one stays where it is.
    assert line.x.tolist() == [2, 3, 4]
    assert line.y == pytest.approx([1.0, 3.0, 11 / 3])
    expected = stats.ttest_1samp([6.0, 4.0, 1.0], 0).confidence_interval(0.95)
    assert (line.band[0][-1], line.band[1][-1]) == pytest.approx(tuple(expected))
    assert mean_line([[(1, 0.0)], [(1, 2.0)]]).band is None
    # Rounds that share their steps: the last one holds.
    assert mean_line([[(1, 0.0), (1, 5.0)]]).y.tolist() == [5.0]


def test_best_so_far_never_falls_and_leaves_out_what_has_no_place():
    steps = [Step(i, e, None, s, True) for i, (e, s) in enumerate([(3, 1), (None, 9), (1, 2)])]
    assert best_so_far(steps, lambda step: step.evaluations) == [(1, 2), (3, 2)]


def test_scores_that_choose_nothing_are_no_progress(tmp_path):
    run = make_run(tmp_path / "run", seeds=1)

    def one_shot(event):
        if event["event"] == "round":
            event["score"] = 0.99 if event["round"] < 8 else 0.5 + event["round"] / 100
            event["evaluated"] = 10 * event["round"]
            if event["round"] >= 8:
                del event["loss"]

    fake.edit_journal(run, one_shot)
    (read,) = read_runs([run])
    steps = read_search(read).seeds[0]
    assert [step.score for step in steps] == pytest.approx([58, 59, 60, 61])
    assert [step.evaluations for step in steps] == [80, 90, 100, 110]


def test_regret_is_measured_under_the_final_weights_alone(tmp_path):
    run = make_run(tmp_path / "run", seeds=3)

    def settled(event):
        if event["event"] == "round" and event["round"] >= 10:
            del event["loss"]
            event["score"] = 0.90 + 0.01 * (event["round"] - 10)
        if event["event"] == "searched":
            event["exact_score"] = 0.93

    fake.edit_journal(run, settled)
    section = curves_section(read_runs([run]))
    (chart,) = [b for b in section.blocks if getattr(b, "name", "").endswith("regret")]
    (line,) = chart.figure.axes[0].get_lines()
    assert line.get_ydata() == pytest.approx([3.0, 2.0])
    fake.edit_journal(run, lambda e: e.update(exact_score=0.5) if "exact_score" in e else None)
    section = curves_section(read_runs([run]))
    assert "regret" in texts([section])
    assert "0 points" in texts([section])


def test_searches_on_other_data_have_another_chart(tmp_path):
    one, two = make_run(tmp_path / "one"), make_run(tmp_path / "two")
    fake.edit(two / "config.json", lambda v: v["dataset"].update(name="other"))
    charts = blocks([curves_section(read_runs(apart([one, two])))], Chart)
    assert [len(c.figure.axes[0].get_lines()) for c in charts] == [1] * len(charts)
    three = make_run(tmp_path / "three")
    charts = blocks([curves_section(read_runs(apart([one, three])))], Chart)
    assert {len(c.figure.axes[0].get_lines()) for c in charts} == {2}


@pytest.mark.parametrize("lower_is_better", [True, False])
def test_the_front_holds_what_nothing_else_beats(lower_is_better):
    rng = np.random.default_rng(0)
    sign = 1 if lower_is_better else -1
    points = [(float(c), sign * float(v)) for c, v in rng.integers(0, 12, (40, 2))]
    found = front(points, lower_is_better)
    for place, (cost, value) in enumerate(points):
        beaten = any(
            c <= cost and sign * v <= sign * value and (c, sign * v) != (cost, sign * value)
            for c, v in points
        )
        assert (place in found) == (not beaten)
    assert [points[place][0] for place in found] == sorted(points[place][0] for place in found)


def test_bars_are_the_intervals_of_the_table(tmp_path):
    (run,) = read_runs([make_run(tmp_path / "run", seeds=12)])
    charts = blocks([pareto_section([run])], Chart)
    wanted = {interval_of(result) for result in method_results(run)}
    for chart in charts:
        bars = {
            tuple(map(float, y)) for line in chart.figure.axes[0].get_lines()
            if len(y := line.get_ydata()) == 2 and len(set(line.get_xdata())) == 1
        }  # fmt: skip
        assert bars
        assert bars <= wanted
        assert "intervals of the table of methods" in chart.caption


def test_times_say_what_they_hold(tmp_path, monkeypatch):
    (run,) = read_runs([make_apply_run(tmp_path / "transfer")])
    results = [
        replace(result, search_seconds=place + 1.0, training_seconds=2.0)
        for place, result in enumerate(method_results(run))
    ]
    monkeypatch.setattr("reports.comparison.pareto.all_results", lambda _: results)
    (chart,) = [c for c in blocks([pareto_section([run])], Chart) if c.name.endswith("seconds")]
    for text in (chart.caption, chart.figure.axes[0].get_xlabel()):
        assert "without shared weights and learning on other domains" in text.replace("\n", " ")
    (curve,) = [
        c
        for c in blocks(sections(make_run(tmp_path / "trees")), Chart)
        if c.name == "curve-1-seconds"
    ]
    assert curve.figure.axes[0].get_xlabel().startswith("wall time since the search began")
    assert "search times of the tables are of training and evaluation alone" in curve.caption


def test_one_strategy_has_a_caption_of_its_own(tmp_path):
    for names, word in ((("random",), "only strategy"), (("random", "gp"), "dashed in ink")):
        run = make_benchmark(tmp_path / word, names=names, seeds=3)
        (chart,) = blocks([curves_section(read_runs([run]))], Chart)
        assert word in chart.caption
        assert "best five" not in chart.caption


def test_differences_are_paired_by_seed(tmp_path):
    (run,) = read_runs([make_run(tmp_path / "run", seeds=3)])
    results = {result.kind: result for result in method_results(run)}
    searched, control = results["searched"], results["random"]
    name = next(iter(searched.attributes))
    del control.attributes[name][1]
    rows = {row.name: row for row in differences(searched, control)}
    expected = [searched.attributes[name][s] - control.attributes[name][s] for s in (0, 2)]
    assert rows[name].seeds == pytest.approx(tuple(expected))
    assert rows[name].interval is None  # Two seeds.
    other = list(searched.attributes)[1]
    pairs = [searched.attributes[other][s] - control.attributes[other][s] for s in range(3)]
    low, high = stats.ttest_1samp(pairs, 0).confidence_interval(0.95)
    assert rows[other].interval == pytest.approx((low, high))
    assert rows[other].clear == (low > 0 or high < 0)
    means = [row.mean for row in differences(searched, control)]
    assert means == sorted(means)


def test_one_seed_is_said_to_give_no_interval(tmp_path):
    found = sections(make_run(tmp_path / "tree", seeds=1), make_gan_run(tmp_path / "gan", seeds=1))
    captions = " ".join(chart.caption for chart in blocks(found, Chart))
    assert "One seed gives no interval" in captions
    assert "Bands are" not in captions
    assert "there are no intervals" in captions


def test_operations_are_counted_by_kind_and_their_shares_are_whole(tmp_path):
    run = fake.make_drawing_gan_run(tmp_path / "run")
    chart = next(
        b for b in dynamics_section(read_runs([run])).blocks
        if isinstance(b, Chart) and b.name.startswith("operations")
    )  # fmt: skip
    tops = [c.get_paths()[0].vertices[:, 1].max() for c in chart.figure.axes[0].collections]
    assert max(tops) == pytest.approx(100)
    # A convolution was drawn more and more often, and has the greatest share.
    assert re.search(r"conv from (\d+) to (\d+)%", chart.alternative)
    first, last = map(int, re.search(r": conv from (\d+) to (\d+)%", chart.alternative).groups())
    assert last > first + 20
    assert family("nearest_conv_3x3") == family("avg_conv_3x3") == family("conv_3x3_avg") == "conv"
    assert family("conv_1x5_5x1") == family("avg_conv_1x5_5x1") == "conv, row and column"
    assert (family("transposed_5x5"), family("nearest_identity")) == ("transposed conv", "identity")
    assert (family("nearest_max_pool_5"), family("avg_pool_3")) == ("max pool", "average pool")
    assert family("separable_3x3") == "separable conv"


def test_older_runs_say_why_they_have_no_frequencies(tmp_path):
    section = dynamics_section(read_runs([make_gan_run(tmp_path / "old")]))
    assert "old does not say which operations were drawn" in texts([section])


def test_the_rank_correlation_of_every_run_is_in_the_table(everything):
    (table,) = [t for t in blocks(everything, Table) if t.name == "rank-correlation"]
    rows = {row[0].text: row for row in table.rows}
    assert rows["trees"][1].value == 0.62
    assert rows["gans"][4].value == 0.22
    assert rows["trees"][2].text == "< 0.001"
    scatters = [c for c in blocks(everything, Chart) if c.name.startswith("shared-")]
    assert len(scatters) == len(rows) == 5


def test_many_runs_are_shown_in_part_and_the_rest_is_named(tmp_path):
    runs = [make_run(tmp_path / f"run-{i:02}", seeds=1) for i in range(MOST + 2)]
    found = sections(*apart(runs))
    trees = [d for d in blocks(found, Drawing) if d.name.startswith("tree-")]
    assert len(trees) == MOST
    assert f"run-{MOST:02}, run-{MOST + 1:02}" in texts(found)
    (caption,) = {c.caption for c in blocks(found, Chart) if c.name == "curve-1-evaluations"}
    assert f"The first {MOST} of {MOST + 2} runs" in caption


def ruined(value, rng: random.Random):
    """Returns JSON with some of its parts missing or of another type."""
    if rng.random() < 0.06:
        return rng.choice([None, [], {}, "x", -1, 0, 1e300, True, [None], [[]], {"a": 1}])
    if isinstance(value, dict):
        return {k: ruined(v, rng) for k, v in value.items() if rng.random() > 0.04}
    if isinstance(value, list):
        return [ruined(item, rng) for item in value]
    return value


def ruin(values, rng: random.Random, kept):
    """Returns an object of which some parts are ruined, all but a few keys."""
    return {
        key: value if key in kept else ruined(value, rng)
        for key, value in values.items()
        if key in kept or rng.random() > 0.04
    }


@pytest.mark.parametrize("kind", MAKERS)
def test_nothing_in_a_run_stops_the_report(kind, tmp_path):
    whole, other = MAKERS[kind](tmp_path / "whole"), tmp_path / "other"
    other.mkdir()
    kept = ("format", "command", "status", "event")
    for seed in range(4):
        rng = random.Random(f"{kind} {seed}")
        for name in ("config.json", "result.json"):
            value = json.loads((whole / name).read_text())
            less = ruin(value, rng, kept) if seed else {k: value[k] for k in kept if k in value}
            (other / name).write_text(json.dumps(less))
        lines = (whole / "journal.jsonl").read_text().splitlines()
        events = [json.loads(line) for line in lines]
        events = [ruin(e, rng, kept) if seed else {"event": e["event"]} for e in events]
        (other / "journal.jsonl").write_text("".join(json.dumps(e) + "\n" for e in events))
        if seed % 3 == 1:
            (other / "result.json").unlink()
        (run,) = read_runs([whole])
        # More than `read_runs` lets through.
        ruins = replace(run, path=other, name="other", folder=read_run_folder(other))
        found = [section for build in SECTIONS if (section := build([run, ruins]))]
        # What is whole is shown beside it as ever.
        alone = blocks(sections(whole), Chart | Drawing | Table)
        assert len(blocks(found, Chart | Drawing | Table)) >= len(alone)


def test_unfinished_runs_show_what_they_have(tmp_path):
    found = sections(
        make_run(tmp_path / "tree", finished=False), make_gan_run(tmp_path / "gan", finished=False)
    )
    names = [chart.name for chart in blocks(found, Chart)]
    assert {"curve-1-evaluations", "curve-2-evaluations", "entropy-gans"} <= set(names)
    assert blocks(found, Drawing)


def test_an_unfinished_benchmark_shows_its_trials(tmp_path):
    run = tmp_path / "bench"
    run.mkdir()
    problem = {"name": "a table", "quality": "test_accuracy"}
    config = {"format": 1, "command": "benchmark nats", "arguments": {}, "dataset": problem}
    (run / "config.json").write_text(json.dumps(config))
    trials = [
        {
            "event": "trial",
            "strategy": name,
            "seed": seed,
            "checkpoints": [{"evaluations": n, "quality": 80 + n + seed + 5 * (name == "gp")}
                            for n in (1, 2, 5)],
        }
        for name, seed in itertools.product(("random", "gp"), range(3))
    ]  # fmt: skip
    lines = [{"event": "start", "seconds": 0.0}, *trials]
    (run / "journal.jsonl").write_text("".join(json.dumps(e) + "\n" for e in lines))
    (chart,) = blocks([curves_section(read_runs([run]))], Chart)
    assert "gp 91.00, random 86.00" in chart.alternative
    assert [line.get_ydata()[-1] for line in chart.figure.axes[0].get_lines()] == [91, 86]
