"""The report of a benchmark: what it says and does not say, that it is whole and still."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_report import Page, words

from graftwork.errors import InputError
from reports.benchmark import write_benchmark_report
from reports.benchmark_summary import summarise

NAMES = ("random", "local search", "aging evolution", "tpe", "<b>nasty & co</b>", "gp", "nao")
PUBLISHED = {
    "method": "random search",
    "dataset": "cifar10",
    "quality": 93.7,
    "plus_minus": 0.36,
    "budget": "12000 s",
    "source": "table 5",
    "recalled": False,
}
RECALLED = PUBLISHED | {"method": "REA", "recalled": True, "plus_minus": None, "budget": ""}


def make_benchmark(path: Path, names=NAMES, seeds=30, budget=100, **changes: Any) -> Path:
    """Writes the run folder of a benchmark whose strategies differ by made-up effects."""
    from graftwork.benchmark import Improvement, Trial
    from graftwork.benchmark_result import summarize
    from graftwork.benchmark_run import _record
    from graftwork.run import Run

    class Fake:
        def describe(self):
            return {
                "name": "NATS-Bench topology space",
                "fingerprint": "abc123",
                "space_size": "15625",
                "score": "cifar10_valid",
                "quality": "cifar10_test",
                "missing": 0,
                "failed": 0,
                "best_quality": 94.37,
            }

    arguments = {
        "table": "/data/nats table.csv",
        "out": str(path),
        "strategies": ["all"],
        "budget": budget,
        "seeds": seeds,
        "jobs": 2,
        "validation": None,
    }
    config = {"command": "benchmark nats", "arguments": arguments, "dataset": Fake().describe()}
    events: list[dict[str, Any]] = []
    with Run.create(path, config) as run:
        run.record = lambda event, **values: events.append({"event": event, **values})
        for seed in range(seeds):
            for place, name in enumerate(names):
                rng = np.random.default_rng([seed, place])
                improvements, quality = [], 90.0
                for count in (1, 3, 9, 20, 40, 80):
                    if count <= budget:
                        quality += (94.37 - quality) * rng.random() * (0.5 + 0.08 * place)
                        improvements.append(Improvement(count, quality - 9, quality))
                trial = Trial(tuple(improvements), "|cell|", budget, 0.1 * (place + 1))
                _record(run, name, seed, trial, budget)
    result = {
        **summarize(names, seeds, budget, Fake(), events),  # type: ignore[arg-type]
        "command": "benchmark nats",
        "published": [PUBLISHED, RECALLED],
        **changes,
    }
    (path / "result.json").write_text(json.dumps(result))
    (path / "journal.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    return path


def report(run: Path) -> str:
    return write_benchmark_report(run).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def benchmark(tmp_path_factory) -> Path:
    return make_benchmark(tmp_path_factory.mktemp("runs") / "run")


@pytest.fixture(scope="module")
def html(benchmark) -> str:
    return report(benchmark)


def result_of(run: Path) -> dict[str, Any]:
    return json.loads((run / "result.json").read_text())


def test_the_page_is_whole_and_loads_nothing(html):
    page = Page(html)
    for tag, attributes in page.tags:
        assert tag not in {"script", "link", "iframe", "object", "embed", "base", "img"}
        assert not any(name.startswith("on") for name in attributes)
    assert not re.search(r"(src|href)\s*=\s*[\"'](?!#)", html)
    assert "url(http" not in html
    ids = re.findall(r'\bid="([^"]*)"', html)
    assert len(ids) == len(set(ids))


def test_the_same_run_gives_the_same_bytes(benchmark, html):
    assert report(benchmark) == html


def test_names_cannot_inject(html):
    assert "<b>nasty" not in html
    assert "<b>nasty & co</b>" in words(html)


def test_the_summary_says_who_won_by_how_much_and_whether_by_chance(benchmark):
    result = result_of(benchmark)
    text = " ".join(summarise(result))
    best = max(result["strategies"], key=lambda s: s["checkpoints"][-1]["mean"])
    assert f"“{best['name']}” has the highest mean, {best['checkpoints'][-1]['mean']:.2f}%" in text
    difference = result["against_control"][best["name"]]["difference"]
    assert f"{difference:.2f} points above random search" in text
    assert "more than chance" in text
    assert "Nemenyi" in text


def test_the_tables_hold_the_numbers_of_the_result(benchmark, html):
    text = words(html)
    for strategy in result_of(benchmark)["strategies"]:
        for row in strategy["checkpoints"]:
            assert f"{row['mean']:.2f} ± {row['standard_deviation']:.2f}" in text
        last = strategy["checkpoints"][-1]
        low, high = last["interval"]
        assert f"{last['mean']:.2f} {low:.2f} to {high:.2f}" in text


def test_published_numbers_stand_apart_and_say_what_is_recalled(html):
    text = words(html)
    before, after = text.split("Published results")
    assert "93.70" in after
    assert "12000 s" not in before
    assert "Not to be ranked" in after
    assert "simulated time" in after
    assert "no: from memory" in after


def test_without_published_numbers_it_says_so(tmp_path):
    text = words(report(make_benchmark(tmp_path / "run", published=[])))
    assert "There are no published results for the column cifar10_test" in text


def test_the_command_makes_it_again(html):
    assert "graftwork benchmark nats \\ --table '/data/nats table.csv'" in words(html)
    assert "abc123" in words(html)


@pytest.mark.parametrize("seeds", [1, 2])
def test_few_seeds_give_no_interval_and_it_says_so(tmp_path, seeds):
    run = make_benchmark(tmp_path / "run", seeds=seeds)
    text = words(report(run))
    assert "no interval" in text
    assert "more than chance (" not in text
    assert "cannot be told from chance" in text
    assert "at least three strategies and three seeds" in text
    assert "p < 0.001" not in text


def test_without_random_search_nothing_is_claimed(tmp_path):
    text = words(report(make_benchmark(tmp_path / "run", names=NAMES[1:])))
    assert "Random search was not run" in text
    assert "above random search (" not in text


def test_random_search_alone(tmp_path):
    text = words(report(make_benchmark(tmp_path / "run", names=("random",))))
    assert "That is random search itself" in text


def test_failed_trials_are_shown_with_their_reasons(tmp_path, benchmark):
    failures = [
        {"strategy": "gp", "seed": seed, "reason": "ValueError: <i>no</i>"} for seed in range(25)
    ]
    run = make_benchmark(tmp_path / "run", failures=failures, status="finished, but trials failed")
    html = report(run)
    text = words(html)
    assert "25 trials failed (gp)" in text
    assert "gp, seed 0 ValueError: <i>no</i>" in text
    assert "And 5 more" in text
    assert "<i>no" not in html


def test_a_strategy_without_any_trial_has_dashes(tmp_path):
    run = make_benchmark(tmp_path / "run")
    result = result_of(run)
    for row in result["strategies"][3]["checkpoints"]:
        row.update(dict.fromkeys(row, None), evaluations=row["evaluations"], seeds=0)
    result["strategies"][3] |= {
        "regret_curve": None,
        "trials": 0,
        "own_milliseconds_per_evaluation": None,
    }
    (run / "result.json").write_text(json.dumps(result))
    assert "tpe – – – – – –" in words(report(run))


def test_what_is_no_benchmark_is_refused(tmp_path):
    run = make_benchmark(tmp_path / "run")
    (run / "result.json").write_text('{"format": 1}')
    with pytest.raises(InputError, match="no result of a benchmark"):
        write_benchmark_report(run)
    (run / "result.json").unlink()
    with pytest.raises(InputError, match="not finished"):
        write_benchmark_report(run)
