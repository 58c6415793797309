"""Whole searches of seconds: what they record, what they read, and how often they trace."""

import collections

import numpy as np
import pytest
import tensorflow as tf
import tiny
from tensorflow.core.util.event_pb2 import Event

from graftwork.cli import main
from graftwork.files import read_json
from graftwork.journal import read_journal
from graftwork.run import Run
from graftwork.training import FedNetwork
from multitask_nas import evaluator, standalone
from multitask_nas.cost import tree_cost
from multitask_nas.tree import Tree

METHODS = [
    *("searched tree (gnas)", "random trees", "label-correlation tree", "exact tree"),
    *("one trunk, equal parameters", "no sharing, equal parameters"),
]


def search(path, *flags, **changes):
    """Runs a search on the tiny dataset, or one that differs from it, and returns its folder."""
    with pytest.MonkeyPatch.context() as patch:
        tiny.register(patch, **changes)
        main(["trees", "search", "--out", str(path), *tiny.SEARCH, *flags])
    return path


@pytest.fixture(scope="module")
def traces():
    """How often functions were traced: training by network, evaluation by function."""
    return {"training": collections.Counter(), "evaluation": []}


@pytest.fixture(scope="module")
def controlled(tmp_path_factory, traces):
    """A search with one seed and all controls, its traces counted."""
    train_step, compiled = FedNetwork.train_step, evaluator.compiled

    def counted_step(self, *arguments):
        # Python sees this call only while it is traced.
        traces["training"][self] += 1
        return train_step(self, *arguments)

    def noted(*arguments):
        traces["evaluation"].append(compiled(*arguments))
        return traces["evaluation"][-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FedNetwork, "train_step", counted_step)
        for module in (evaluator, standalone):
            patch.setattr(module, "compiled", noted)
        path = tmp_path_factory.mktemp("controlled") / "run"
        return search(path, "--controls", "--random-trees", "3")


@pytest.fixture(scope="module")
def three_seeds(tmp_path_factory):
    """The result of a search with three seeds, by balanced accuracy."""
    flags = ("--seeds", "3", "--seed", "5", "--score", "balanced-accuracy")
    return search(tmp_path_factory.mktemp("three") / "run", *flags)


def test_a_whole_search_traces_once_for_training_and_once_for_evaluation(controlled, traces):
    # The supernet of the search; and of the networks by themselves one for all trees, one
    # for the trunk and one for no sharing.
    assert list(traces["training"].values()) == [1] * 4
    counts = [function.experimental_get_tracing_count() for function in traces["evaluation"]]
    assert counts == [1] * 4


def test_three_seeds_are_recorded_with_intervals(three_seeds):
    result = read_json(three_seeds / "result.json")
    assert result["seeds"] == [5, 6, 7]
    assert result["score"] == "balanced accuracy"
    assert [method["name"] for method in result["methods"]] == METHODS[:2]
    for method in result["methods"]:
        assert method["seeds"] == [5, 6, 7]
        assert method["trainings"] == 3
        low, high = method["test_error_interval"]
        assert low <= method["test_error"] <= high
        # The errors by attribute are rounded to four digits.
        assert np.mean(method["attribute_errors"]) == pytest.approx(method["test_error"], abs=1e-3)
    assert result["comparison"]["interval"] is not None
    assert "3 seeds" in result["comparison"]["statement"]


def test_every_seed_goes_its_own_way(three_seeds):
    rounds = [event for event in tiny.journal(three_seeds) if "loss" in event]
    losses = {seed: [e["loss"] for e in rounds if e["seed"] == seed] for seed in (5, 6, 7)}
    assert len({loss for row in losses.values() for loss in row}) == len(rounds)
    assert all(np.ptp(row) > 0 for row in losses.values())


def test_no_other_width_of_the_controls_is_nearer_to_the_searched_tree(controlled):
    rows = {row["name"]: row for row in read_json(controlled / "result.json")["methods"]}
    wanted = rows[METHODS[0]]["parameters"]
    for name, networks, heads in ((METHODS[-2], 1, 5), (METHODS[-1], 5, 1)):
        chain = Tree(((0,), (0,), (0,) * heads))
        distances = {
            channels: abs(
                tree_cost(chain, tiny.SHAPE, channels, 1).times(networks).parameters - wanted
            )
            for channels in range(1, 30)
        }
        chosen = rows[name]["channels"]
        assert distances[chosen] == min(distances.values())
        assert abs(rows[name]["parameters"] - wanted) == distances[chosen]


def test_one_seed_is_recorded_without_an_interval_for_the_searched_tree(controlled):
    result = read_json(controlled / "result.json")
    assert set(result) >= {
        *("architecture", "attributes", "regret", "kendall_tau", "search_cost_ratio"),
        *("methods", "status", "score", "space_size", "shared_score", "exact"),
    }
    assert result["status"] == "finished"
    assert result["attributes"] == list(tiny.ATTRIBUTES)
    assert result["space_size"] == "1944"
    assert Tree.from_json(result["architecture"]).blocks == (1, 2, 3)
    assert result["regret"] >= 0
    difference = result["exact"]["score"] - result["shared_score"]
    assert result["regret"] == pytest.approx(100 * difference, abs=1e-3)
    assert -1 <= result["kendall_tau"] <= 1
    assert result["search_cost_ratio"] > 0
    rows = {method["name"]: method for method in result["methods"]}
    assert list(rows) == METHODS
    for row in rows.values():
        assert {"seeds", "trainings", "test_error_interval"} <= set(row)
        assert 0 <= row["validation_error"] <= 100
        assert 0 <= row["test_error"] <= 100
        assert min(row["parameters"], row["flops"], row["seconds"], row["latency_ms"]) > 0
    assert rows["searched tree (gnas)"]["test_error_interval"] is None
    assert rows["random trees"]["trainings"] == 3
    assert rows["random trees"]["test_error_interval"] is not None


def test_the_journal_tells_every_round_and_every_training(controlled):
    events = tiny.journal(controlled)
    kinds = [event["event"] for event in events]
    searched = events[kinds.index("searched")]
    rounds, trainings = searched["rounds"], events[-8:]
    assert kinds == ["start", *["round"] * rounds, "searched", *["trained"] * 8]
    assert [event["round"] for event in events[1 : rounds + 1]] == list(range(rounds))
    assert trainings[0]["architecture"] == searched["architecture"]
    assert trainings[5]["architecture"] == searched["exact_architecture"]
    assert trainings[0]["shared_score"] == pytest.approx(searched["score"])
    assert trainings[5]["shared_score"] == pytest.approx(searched["exact_score"])
    assert [training["architecture"] for training in trainings[-2:]] == [None, None]


def test_curves_and_errors_are_there_for_tensorboard(searched):
    def told(name):
        (path,) = (searched / "tensorboard" / name).iterdir()
        events = [Event.FromString(r.numpy()) for r in tf.data.TFRecordDataset(str(path))][1:]
        return [(e.step, {v.tag: v.simple_value for v in e.summary.value}) for e in events]

    journal = tiny.journal(searched)
    rounds = [event for event in journal if event["event"] == "round"]
    curve = told("search, seed 0")
    assert [step for step, _ in curve] == list(range(len(rounds)))
    for (_, values), event in zip(curve, rounds, strict=True):
        wanted = {tag: event[tag] for tag in ("score", "loss", "changed") if tag in event}
        assert values == pytest.approx(wanted, rel=1e-5)
    trainings = [event for event in journal if event["event"] == "trained"]
    names = ("searched tree (gnas), seed 0", "random trees 1, seed 0")
    for name, event in zip(names, trainings, strict=True):
        errors = {key: event[key] for key in ("validation_error", "test_error")}
        assert told(name) == [(event["steps"], pytest.approx(errors, rel=1e-5))]
    # What the run was asked for, its main numbers, and that it ended.
    (_, asked), (_, found), (_, ended) = told("result")
    assert list(asked) == ["_hparams_/session_start_info"]
    assert found["test_error"] == pytest.approx(trainings[0]["test_error"], rel=1e-5)
    assert found["test_error/random trees"] == pytest.approx(trainings[1]["test_error"], rel=1e-5)
    assert list(ended) == ["_hparams_/session_end_info"]


def test_the_same_seed_writes_the_same_journal_apart_from_times(searched, tmp_path):
    assert tiny.journal(search(tmp_path / "again")) == tiny.journal(searched)


def test_the_search_does_not_read_the_test_split(searched, tmp_path):
    clean = tiny.tiny_dataset()
    images, labels = clean.images.copy(), clean.labels.copy()
    test = clean.split("test")
    images[test] = np.random.default_rng(1).integers(0, 256, images[test].shape)
    labels[test] = 1 - labels[test].clip(0)
    poisoned = search(tmp_path / "poisoned", images=images, labels=labels)

    def without_test(run):
        told = ("test_error", "attribute_errors")
        return [{k: v for k, v in e.items() if k not in told} for e in tiny.journal(run)]

    assert without_test(poisoned) == without_test(searched)
    poisoned_error, error = (
        read_json(run / "result.json")["methods"][0]["test_error"] for run in (poisoned, searched)
    )
    assert abs(poisoned_error - error) > 1


def test_random_search_is_a_strategy(tmp_path):
    path = search(tmp_path / "random", "--strategy", "random")
    result = read_json(path / "result.json")
    assert result["strategy"] == "random"
    assert result["methods"][0]["name"] == "searched tree (random)"
    rounds = [event for event in tiny.journal(path) if event["event"] == "round"]
    assert len(rounds) == 2 + 2 * 2
    assert (path / "report.html").exists()


def test_without_path_scores_there_is_no_optimum_and_the_result_says_why(tmp_path, monkeypatch):
    monkeypatch.setattr(evaluator, "PATH_MEMORY", 1)
    result = read_json(search(tmp_path / "run") / "result.json")
    assert result["exact"] is result["regret"] is None
    assert "do not fit into memory" in result["exact_reason"]
    assert not (tmp_path / "run" / "path_scores.npz").exists()


def test_a_small_time_budget_ends_early_with_a_whole_report_and_can_be_raised(
    tmp_path, searched, capsys
):
    path = search(tmp_path / "run", "--time-budget", "0.001s")
    result = read_json(path / "result.json")
    assert result["status"] == "time budget"
    assert [method["name"] for method in result["methods"]] == ["searched tree (gnas)"]
    assert Tree.from_json(result["architecture"]).attributes == 5
    assert (path / "report.html").exists()
    assert "Ended early: time budget." in capsys.readouterr().out
    with pytest.MonkeyPatch.context() as patch:
        tiny.register(patch)
        main(["trees", "search", "--out", str(path), "--resume", "--time-budget", "1h"])
    result = read_json(path / "result.json")
    assert result["status"] == "finished"
    assert [method["name"] for method in result["methods"]] == METHODS[:2]


@pytest.mark.parametrize("strategy", ["local-search", "gnas"])
def test_a_search_whose_time_ends_while_it_trains_chooses_by_scores(
    tmp_path, monkeypatch, strategy
):
    # A round takes a second; three quarters of the time are for the comparison.
    monkeypatch.setattr(Run, "elapsed", property(rounds_told))
    flags = ("--strategy", strategy, "--evaluations", "45", "--time-budget", "8s")
    events = tiny.journal(search(tmp_path / "run", *flags, "--random-trees", "0"))
    rounds = [event for event in events if event["event"] == "round"]
    (searched,) = [event for event in events if event["event"] == "searched"]
    assert searched["cut_short"] is True
    assert ["loss" in event for event in rounds[:2]] == [True, True]
    if strategy == "gnas":  # It has a tree of its own at any time.
        assert len(rounds) == 2
        return
    (scored,) = rounds[2:]
    assert ("loss" in scored, scored["evaluated"]) == (False, 20)
    assert searched["architecture"] == scored["architecture"]
    assert searched["score"] == pytest.approx(scored["score"])


def rounds_told(run):
    return float(sum(event["event"] == "round" for event in read_journal(run.path)))


@pytest.mark.parametrize("strategy", ["local-search", "tpe"])
def test_other_strategies_search_under_weights_that_were_trained_first(tmp_path, strategy):
    flags = ("--strategy", strategy, "--evaluations", "45", "--random-trees", "0")
    run = search(tmp_path / "run", *flags)
    result = read_json(run / "result.json")
    assert result["strategy"] == strategy
    assert [method["name"] for method in result["methods"]] == [f"searched tree ({strategy})"]
    rounds = [event for event in tiny.journal(run) if event["event"] == "round"]
    training = [event for event in rounds if "loss" in event]
    assert rounds[: len(training)] == training
    searching = rounds[len(training) :]
    assert [event["evaluated"] for event in searching] == [20, 40, 45]
    assert [e["score"] for e in searching] == sorted(e["score"] for e in searching)
    assert result["regret"] >= 0
