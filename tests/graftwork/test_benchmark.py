"""Benchmarks: what a trial counts, workers that fail or die, runs that are stopped and go on."""

import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_tables import CELLS, write_table

from graftwork.benchmark import Problem, Trial, checkpoints, play
from graftwork.benchmark_config import NatsBenchmark
from graftwork.benchmark_run import run_benchmark, strategy_names
from graftwork.benchmark_workers import ONE_CORE, run_jobs
from graftwork.errors import InputError
from graftwork.journal import read_journal
from graftwork.nats_table import read_table
from graftwork.progress import Progress
from graftwork.space import Decision, Space
from graftwork.strategies.sequential import SequentialStrategy

pytestmark = pytest.mark.filterwarnings("error")

SPACE = Space(tuple(Decision(f"decision {i}", ("a", "b", "c")) for i in range(4)))


class Numbers(Problem):
    """Scores an architecture by its number; the quality is the number's distance to 100."""

    space = SPACE

    def score(self, architecture):
        index = SPACE.index(architecture)
        return -math.inf if index % 2 else float(index)

    def quality(self, architecture):
        return 100.0 - SPACE.index(architecture)

    def to_json(self, architecture):
        return list(architecture)

    def describe(self):
        return {
            "name": "numbers",
            "fingerprint": "1",
            "space_size": str(SPACE.size),
            "score": "number",
            "quality": "distance",
            "best_quality": 100.0,
        }


class Troubled(Numbers):
    """Has strategies that raise or kill their process, and one that tells of its process."""

    own_strategies = ("raises", "dies", "exits", "tells")

    def trial(self, strategy, seed, budget):
        if strategy == "raises":
            raise ValueError(f"no luck\nwith {seed}")
        if strategy == "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        if strategy == "exits":
            sys.exit(7)
        if strategy == "tells":
            blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
            environment = [os.environ.get(name) for name in ONE_CORE]
            told = {"pid": os.getpid(), "SIGINT": signal.SIGINT in blocked, "one": environment}
            return Trial((), told, budget, 0.0)
        return super().trial(strategy, seed, budget)


class Listed(SequentialStrategy):
    """Asks for given architectures."""

    def __init__(self, wanted, batch=1):
        super().__init__(SPACE, len(wanted), 0, batch)
        self.wanted = list(map(SPACE.at, wanted))

    def propose(self, count):
        return [architecture for architecture in self.wanted if self.is_new(architecture)]


# A trial.


def test_checkpoints_end_with_the_budget():
    assert checkpoints(100) == (10, 20, 50, 100)
    assert checkpoints(300) == (10, 20, 50, 100, 150, 300)
    assert checkpoints(120) == (10, 20, 50, 100, 120)
    assert checkpoints(7) == (7,)


@pytest.mark.parametrize("batch", [1, 2, 3, 5])
def test_a_trial_judges_the_best_by_score_whatever_the_batch(batch):
    trial = play(Listed([4, 3, 2, 10, 6, 12, 5], batch), Numbers(), 7)
    seen = [(found.evaluations, found.score, found.quality) for found in trial.improvements]
    assert seen == [(1, 4, 96), (4, 10, 90), (6, 12, 88)]
    at = {count: trial.at(count) for count in range(8)}
    assert at[0] is None
    assert [at[count].score for count in range(1, 8)] == [4, 4, 4, 10, 10, 12, 12]
    assert trial.architecture == list(SPACE.at(12))
    assert trial.evaluations == 7
    assert 0 < trial.own_seconds < 5


def test_a_trial_does_not_look_beyond_the_budget():
    trial = play(Listed([4, 2, 12, 14], batch=3), Numbers(), 2)
    assert trial.evaluations == 2
    assert trial.architecture == list(SPACE.at(4))


def test_a_trial_without_any_score_chooses_nothing():
    trial = play(Listed([1, 3, 5]), Numbers(), 3)
    assert (trial.improvements, trial.architecture, trial.evaluations) == ((), None, 3)


def test_a_strategy_that_asks_for_nothing_is_an_error():
    class Idle(Listed):
        def ask(self):
            return []

    with pytest.raises(RuntimeError, match="asks for nothing"):
        play(Idle([1, 2]), Numbers(), 2)


# Workers.


def test_workers_give_what_this_process_would():
    jobs = [("random", seed) for seed in range(6)]
    answers = dict(run_jobs(Numbers(), jobs, 20, 2))
    assert set(answers) == set(jobs)
    for (name, seed), answer in answers.items():
        here = Numbers().trial(name, seed, 20)
        assert (answer.improvements, answer.architecture) == (here.improvements, here.architecture)


def test_a_job_that_raises_or_dies_loses_no_other():
    names = ("raises", "random", "dies", "random", "exits", "random")
    jobs = [(name, seed) for seed, name in enumerate(names)]
    answers = dict(run_jobs(Troubled(), jobs, 5, 2))
    assert set(answers) == set(jobs)
    assert [isinstance(answers[job], Trial) for job in jobs] == [False, True] * 3
    assert answers["raises", 0].startswith("ValueError: no luck with 0 (test_benchmark.py, line")
    assert answers["dies", 2] == "the worker process died (SIGKILL)"
    assert answers["exits", 4] == "the worker process died (exit status 7)"


def test_workers_use_one_core_and_leave_ctrl_c_to_this_process(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    ((_, told),) = run_jobs(Troubled(), [("tells", 0)], 5, 3)
    assert told.architecture["one"] == ["1"] * len(ONE_CORE)
    assert told.architecture["SIGINT"]
    assert told.architecture["pid"] != os.getpid()
    assert os.environ["OMP_NUM_THREADS"] == "5"
    assert "MKL_NUM_THREADS" not in os.environ
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_workers_end_where_their_answers_are_no_longer_wanted():
    answers = run_jobs(Troubled(), [("tells", seed) for seed in range(50)], 5, 2)
    pids = {next(answers)[1].architecture["pid"] for _ in range(6)}
    answers.close()
    assert not any(map(alive, pids))


# A run.


def run(out: Path, problem: Problem | None = None, **changes: Any) -> dict[str, Any]:
    values = {"table": Path("none.csv"), "strategies": ("random",), "budget": 20, "seeds": 4}
    config = NatsBenchmark(out=out, **(values | changes))
    return run_benchmark(config, "benchmark nats", problem or Numbers(), Progress())


def trials(out: Path) -> list[tuple[str, int]]:
    return [(e["strategy"], e["seed"]) for e in read_journal(out) if e["event"] == "trial"]


def timeless(value: Any) -> Any:
    """Returns JSON data without what measures time."""
    if isinstance(value, dict):
        return {k: timeless(v) for k, v in value.items() if "seconds" not in k}
    return [timeless(item) for item in value] if isinstance(value, list) else value


def test_a_run_keeps_every_trial_and_its_checkpoints(path):
    result = run(path)
    assert json.loads((path / "result.json").read_text()) == result
    assert sorted(trials(path)) == [("random", seed) for seed in range(4)]
    (strategy,) = result["strategies"]
    here = [Numbers().trial("random", seed, 20) for seed in range(4)]
    for row in strategy["checkpoints"]:
        qualities = [trial.at(row["evaluations"]).quality for trial in here]
        assert row["mean"] == pytest.approx(np.mean(qualities))
        assert row["standard_deviation"] == pytest.approx(np.std(qualities, ddof=1))
        assert row["median"] == np.median(qualities)
        assert row["regret"] == pytest.approx(100 - np.mean(qualities))
        assert row["interval"][0] <= row["mean"] <= row["interval"][1]
    curves = {folder.name for folder in (path / "tensorboard").iterdir()}
    assert curves == {"result", *(f"random, seed {seed}" for seed in range(4))}
    for event in read_journal(path)[1:]:
        trial = here[event["seed"]]
        assert event["architecture"] == trial.architecture
        for row in event["checkpoints"]:
            assert row["quality"] == trial.at(row["evaluations"]).quality
            assert row["score"] == trial.at(row["evaluations"]).score


def test_workers_in_any_number_give_the_same_result(path, tmp_path):
    assert timeless(run(path, seeds=5)) == timeless(run(tmp_path / "two", seeds=5, jobs=2))


def test_what_is_known_is_not_done_again_and_a_cut_line_is(path):
    whole = run(path)
    lines = (path / "journal.jsonl").read_text().splitlines(keepends=True)
    (path / "result.json").unlink()
    (path / "journal.jsonl").write_text("".join(lines[:3]) + lines[3][:-1])  # All but its end.
    assert timeless(run(path, resume=True)) == timeless(whole)
    text = (path / "journal.jsonl").read_text()
    assert text.startswith("".join(lines[:3]))
    assert sorted(trials(path)) == [("random", seed) for seed in range(4)]
    starts = [event for event in read_journal(path) if event["event"] == "start"]
    assert [start["known"] for start in starts] == [0, 2]
    assert timeless(run(path, resume=True, jobs=2)) == timeless(whole)


def test_a_failing_strategy_does_not_lose_the_others_and_is_tried_again(path):
    names = ("random", "raises", "dies")
    result = run(path, Troubled(), strategies=names, seeds=3)
    assert result["status"] == "finished, but trials failed"
    by_name = {strategy["name"]: strategy for strategy in result["strategies"]}
    assert [by_name[name]["failed"] for name in names] == [0, 3, 3]
    assert [by_name[name]["trials"] for name in names] == [3, 0, 0]
    assert by_name["raises"]["checkpoints"][-1]["mean"] is None
    assert by_name["random"]["checkpoints"][-1]["seeds"] == 3
    assert len(result["failures"]) == 6
    assert result["failures"][0]["reason"].startswith("ValueError: no luck")
    again = run(path, Mended(), strategies=names, seeds=3, resume=True)
    assert again["status"] == "finished"
    assert again["failures"] == []
    assert [strategy["trials"] for strategy in again["strategies"]] == [3, 3, 3]


class Mended(Troubled):
    def trial(self, strategy, seed, budget):
        return Numbers.trial(self, "random", seed + 100, budget)


def test_other_flags_and_another_table_are_refused_by_resume(path):
    run(path)
    with pytest.raises(InputError, match=r"budget is 20\. Received: 30"):
        run(path, resume=True, budget=30)

    class Changed(Numbers):
        def describe(self):
            return super().describe() | {"fingerprint": "2"}

    with pytest.raises(InputError, match="table has changed"):
        run(path, Changed(), resume=True)
    with pytest.raises(InputError, match="already holds a run"):
        run(path)


def test_names_of_strategies():
    everything = strategy_names(["all"], Troubled())
    assert "random" in everything
    assert everything[-4:] == ["raises", "dies", "exits", "tells"]
    assert strategy_names(["tells", "random", "tells"], Troubled()) == ["tells", "random"]
    with pytest.raises(InputError, match=r"unknown strategy 'randum'\. Did you mean random"):
        strategy_names(["randum"], Numbers())


# The command, killed and stopped.


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "graftwork.cli", "benchmark", "nats", *map(str, arguments)]


def wait_for_trials(out: Path, count: int, process: subprocess.Popen) -> None:
    until = time.monotonic() + 60
    while not ((out / "journal.jsonl").exists() and len(trials(out)) >= count):
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.01)


def children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGKILL, -9), (signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_stopped_at_any_time_it_goes_on_to_the_same_result(tmp_path, path, number, status):
    table = write_table(tmp_path / "table.csv")
    flags = ("--table", table, "--strategies", "random", "--seeds", 60, "--jobs", 2)
    process = subprocess.Popen(
        command(*flags, "--out", path), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    wait_for_trials(path, 5, process)
    workers = children(process.pid)
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == status
    if status > 0:
        (line,) = err.splitlines()
        assert f"--out {path} --resume" in line
    until = time.monotonic() + 20
    while any(map(alive, workers)):
        assert time.monotonic() < until
        time.sleep(0.05)
    assert not (path / "result.json").exists()
    known = trials(path)
    assert 5 <= len(known) < 60
    again = subprocess.run(command("--table", table, "--out", path, "--resume"), check=False)
    assert again.returncode == 0
    assert trials(path)[: len(known)] == known
    assert sorted(trials(path)) == [("random", seed) for seed in range(60)]
    assert (path / "report.html").exists()


# The real table.


def test_random_search_on_the_real_table_is_as_published():
    folder = os.environ.get("GRAFTWORK_TEST_DATA")
    file = Path(folder or "") / "nats_bench_tss_cifar10.csv"
    if not folder or not file.exists():
        pytest.skip("needs GRAFTWORK_TEST_DATA, a folder with nats_bench_tss_cifar10.csv")
    table = read_table(file)
    assert (table.missing, table.failed) == (0, 0)
    assert table.columns == ("cifar10_valid_12epochs", "cifar10_test_200epochs")
    described = table.describe()
    assert described["best_by_score_quality"] == pytest.approx(94.3733, abs=1e-3)
    qualities = [table.trial("random", seed, 100).at(100).quality for seed in range(200)]
    assert np.mean(qualities) == pytest.approx(93.70, abs=0.1)
    assert np.std(qualities) == pytest.approx(0.36, abs=0.08)


def test_a_made_table_is_searched(tmp_path):
    table = read_table(write_table(tmp_path / "table.csv"))
    trial = table.trial("random", 0, 10)
    assert table.space.parse(trial.architecture) in CELLS  # The others have no score.
