"""Limits of `graftwork trees search` on the command line: what is refused, kept and said."""

import contextlib
import io
import json
import shutil

import numpy as np
import pytest
import tiny
from tiny import journal
from tiny_transfer import tiny_registered

from graftwork.cli import main
from graftwork.strategies import Constrained, FeasibleSpace, make_strategy
from multitask_nas.baselines import random_tree
from multitask_nas.config import TreeSearch
from multitask_nas.constraints import constraints_of
from multitask_nas.cost import tree_cost
from multitask_nas.tree import Tree, TreeSpace

LIMIT = 410
LIMITED = [flag for flag in tiny.SEARCH if flag != "--no-controls"]
LIMITED += ["--max-params", str(LIMIT), "--max-candidates", "6", "--steps", "4"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A finished search with limits, and what it printed. Not to be written."""

    path = tmp_path_factory.mktemp("budgets") / "run"
    with tiny_registered(), contextlib.redirect_stdout(io.StringIO()) as printed:
        main(["trees", "search", "--out", str(path), *LIMITED])
    return path, printed.getvalue()


def test_what_is_found_and_drawn_keeps_the_limit(run):
    result = json.loads((run[0] / "result.json").read_text())
    assert result["limits"] == {"candidates": 6, "parameters": LIMIT}
    rows = {row["kind"]: row for row in result["methods"]}
    for kind in ("searched", "random"):
        assert rows[kind]["parameters"] <= LIMIT
        assert "over_limits" not in rows[kind]
    exact = Tree.from_json(result["exact"]["architecture"])
    assert tree_cost(exact, tiny.SHAPE, 3, 1).parameters <= LIMIT
    assert result["regret"] >= 0


def test_control_over_the_limit_is_marked(run):
    path, printed = run
    result = json.loads((path / "result.json").read_text())
    over = [row for row in result["methods"] if row.get("over_limits")]
    assert [row["parameters"] > LIMIT for row in over] == [True] * len(over)
    assert "label-correlation tree" in [row["name"] for row in over]
    assert "over the limit of 410 parameters" in over[0]["note"]
    words = "had to have at most 410 parameters. Over these limits, for comparison only: "
    assert words in " ".join(printed.split())
    report = " ".join((path / "report.html").read_text().split())
    assert words in report
    assert "over the limit of 410 parameters" in report


def test_search_ends_after_so_many_candidates(run):
    rounds = [event for event in journal(run[0]) if event["event"] == "round"]
    visited = [event["layer"] for event in rounds if event["layer"] is not None]
    parents = {1: 1, 2: 2, 3: 3}  # Blocks of the layer before.
    evaluated = sum(parents[layer] for layer in visited)
    assert evaluated == 5  # One sweep; the next visit would need three more.
    assert not next(e for e in journal(run[0]) if e["event"] == "searched")["cut_short"]


def test_limits_hold_when_a_search_is_resumed(run, tmp_path, command):
    path = shutil.copytree(run[0], tmp_path / "copy")
    before = journal(path)
    (path / "result.json").unlink()
    newest = sorted((path / "checkpoints").iterdir())[-1]
    shutil.rmtree(newest)  # The last training is done again.
    status, _, error = command("trees", "search", "--out", path, "--resume")
    assert (status, error) == (0, "")
    assert journal(path) == before
    status, _, error = command("trees", "search", "--out", path, "--resume", "--max-params", "700")
    assert status != 0
    assert "max-params is 410" in error


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--max-params", "200"], "max-params must be at least 2"),
        (["--max-flops", "1e3"], "max-flops must be at least "),
        (["--max-latency-ms", "1e-4"], "max-latency-ms must be at least "),
        (["--max-params", "0"], "max-params must be at least 1. Received: 0"),
        (["--max-candidates", "0"], "max-candidates must be at least 1. Received: 0"),
        (["--max-candidates", "2"], "max-candidates must be at least 3 for gnas"),
        (["--max-flops", "nan"], "max-flops must be a number above 0. Received: nan"),
    ],
    ids=[
        "parameters",
        "flops",
        "latency",
        "no parameters",
        "no candidates",
        "few candidates",
        "nan",
    ],
)
def test_limit_that_nothing_keeps_is_refused_before_training(flags, words, tmp_path, command):
    status, _, error = command("trees", "search", "--out", tmp_path / "run", *tiny.SEARCH, *flags)
    assert status == 2
    assert words in error
    assert len(error.strip().splitlines()) == 1
    assert not (tmp_path / "run" / "config.json").exists()


@pytest.mark.parametrize("strategy", ["random", "evolution"])
def test_other_strategies_keep_the_limit(strategy, dataset, tmp_path):

    config = TreeSearch(dataset="tiny", out=tmp_path, blocks=(2, 3), channels=3, max_params=LIMIT)
    space = TreeSpace(config.blocks, dataset.attributes)
    limits = constraints_of(config, space, dataset.image_shape)
    inner = make_strategy(strategy, FeasibleSpace(space, limits.draw), 40, 0, batch=10)
    searching = Constrained(inner, limits, 0)
    while not searching.done:
        asked = searching.ask()
        searching.tell(asked, np.array([[limits.counted(a)["parameters"]] for a in asked]))
    assert limits.keeps(searching.best)
    assert limits.keeps_tree(random_tree(space, 0, 3, limits))
