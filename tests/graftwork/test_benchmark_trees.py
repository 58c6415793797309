"""`graftwork benchmark trees`: look-up in the path scores of a search, with the exact optimum."""

import json
import math

import numpy as np
import pytest

from graftwork.errors import InputError
from multitask_nas.benchmark_trees import TreeTable, gnas_trial, read_tree_table
from multitask_nas.exact import best_tree, tree_scores
from multitask_nas.tree import TreeSpace

BLOCKS = (2, 3)
ATTRIBUTES = tuple(f"attribute {i}" for i in range(5))
SPACE = TreeSpace(BLOCKS, ATTRIBUTES)


@pytest.fixture
def scores():
    return np.random.default_rng(3).random((SPACE.paths, len(ATTRIBUTES)))


@pytest.fixture
def make_search(tmp_path, scores):
    """Writes what a finished search leaves; with what a key of its result shall be."""

    def make(**changes):
        run = tmp_path / "search"
        run.mkdir(exist_ok=True)
        exact = best_tree(SPACE, scores)
        result = {
            "format": 1,
            "command": "trees search",
            "blocks": list(BLOCKS),
            "attributes": list(ATTRIBUTES),
            "score": "accuracy",
            "architecture": exact.tree.to_json(),
            "exact": {
                "architecture": exact.tree.to_json(),
                "score": exact.score,
                "gap": 0.0,
            },
        }
        config = {"format": 1, "command": "trees search", "arguments": {}}
        (run / "config.json").write_text(json.dumps(config))
        (run / "result.json").write_text(json.dumps(result | changes))
        np.savez(run / "path_scores.npz", scores=scores)
        return run

    return make


def test_trees_are_scored_by_their_paths(make_search, scores):
    problem = read_tree_table(make_search())
    rng = np.random.default_rng(0)
    for _ in range(20):
        architecture = SPACE.sample(rng)
        expected = 100 * tree_scores(SPACE.tree(architecture), scores).mean()
        assert problem.score(architecture) == problem.quality(architecture) == expected
        assert problem.to_json(architecture) == SPACE.tree(architecture).to_json()


def test_the_optimum_is_that_of_the_run_or_solved_for(make_search, scores):
    known = read_tree_table(make_search())
    solved = read_tree_table(make_search(exact=None))
    assert known.optimum == pytest.approx(best_tree(SPACE, scores).score)
    assert solved.optimum == pytest.approx(known.optimum)
    assert known.describe()["fingerprint"] == solved.describe()["fingerprint"]
    best = max(known.score(SPACE.at(index)) for index in range(0, SPACE.size, 7))
    assert best <= known.describe()["best_quality"] + 1e-9


def problem_of(scores):
    return TreeTable(SPACE, scores, best_tree(SPACE, scores).score, 0.0, "accuracy", "run")


@pytest.mark.parametrize("budget", [1, 2, 3, 7, 40, 100])
def test_gnas_counts_the_trees_that_it_evaluates(scores, budget):
    trial = gnas_trial(problem_of(scores), 0, budget)
    assert trial.evaluations <= budget
    assert trial.evaluations > budget - 3  # Its widest layer has three possible parents.
    assert all(found.evaluations <= budget for found in trial.improvements)
    values = [found.score for found in trial.improvements]
    assert values == sorted(set(values))
    assert (trial.architecture is None) == (budget < 3)


def test_gnas_reports_the_score_of_the_tree_that_it_found(scores):
    problem = problem_of(scores)
    trial = gnas_trial(problem, 1, 60)
    flat = tuple(parent for row in trial.architecture for parent in row)
    assert problem.score(flat) == trial.improvements[-1].score
    assert trial.improvements == gnas_trial(problem, 1, 60).improvements
    assert trial.improvements != gnas_trial(problem, 2, 60).improvements


def test_gnas_starts_again_until_the_budget_is_used(scores):
    trial = gnas_trial(problem_of(scores), 0, 400)
    assert trial.improvements[-1].score == pytest.approx(100 * best_tree(SPACE, scores).score)


def test_gnas_ends_where_there_is_nothing_to_choose():
    space = TreeSpace((1,), ATTRIBUTES)
    problem = TreeTable(space, np.ones((1, 5)), 1.0, 0.0, "accuracy", "run")
    trial = gnas_trial(problem, 0, 50)
    assert (trial.evaluations, trial.architecture) == (0, None)


def test_the_command_compares_and_goes_on(command, make_search):
    run = make_search()
    flags = ("--seeds", "4", "--budget", "30", "--strategies", "random", "gnas")
    status, out, err = command("benchmark", "trees", run, *flags)
    assert (status, err) == (0, "")
    result = json.loads((run / "benchmark" / "result.json").read_text())
    assert [strategy["name"] for strategy in result["strategies"]] == ["random", "gnas"]
    for strategy in result["strategies"]:
        assert 0 <= strategy["checkpoints"][-1]["regret"] < 100
        assert strategy["checkpoints"][-1]["seeds"] == 4
    assert "exact optimum" in " ".join(out.split())
    assert (run / "benchmark" / "report.html").exists()
    before = (run / "benchmark" / "journal.jsonl").read_text()
    status, _, err = command("benchmark", "trees", run, "--resume", "--jobs", "2")
    assert (status, err) == (0, "")
    after = (run / "benchmark" / "journal.jsonl").read_text()
    assert after.startswith(before)
    assert after.count('"trial"') == before.count('"trial"') == 8
    status, _, err = command("benchmark", "trees", run, "--resume", "--budget", "40")
    assert (status, "budget is 30" in err) == (2, True)
    assert command("benchmark", "trees", run, *flags)[0] == 2


def test_what_is_no_finished_search_is_refused(command, make_search, tmp_path):
    with pytest.raises(InputError, match="holds no run"):
        read_tree_table(tmp_path)
    run = make_search()
    np.savez(run / "path_scores.npz", scores=np.ones((3, 5)))
    with pytest.raises(InputError, match=r"each of 6 paths and 5 attributes.*\(3, 5\)"):
        read_tree_table(run)
    np.savez(run / "path_scores.npz", scores=np.full((6, 5), math.nan))
    with pytest.raises(InputError, match="finite"):
        read_tree_table(run)
    (run / "path_scores.npz").write_bytes(b"PK\x03\x04")
    with pytest.raises(InputError, match="damaged"):
        read_tree_table(run)
    (run / "path_scores.npz").unlink()
    with pytest.raises(InputError, match="has no path scores"):
        read_tree_table(run)
    (run / "result.json").unlink()
    with pytest.raises(InputError, match="not finished"):
        read_tree_table(run)
    (run / "config.json").write_text('{"format": 1, "command": "benchmark nats"}')
    status, _, err = command("benchmark", "trees", run)
    assert status == 2
    assert "'benchmark nats'" in err
