"""`graftwork transfer` at the command line: what it writes, prints and refuses."""

import json
import shutil

import numpy as np
import pytest
import tensorflow as tf
import tiny
import tiny_transfer
from tensorflow.core.util.event_pb2 import Event
from tiny_transfer import transfer

from graftwork.files import read_json, write_json
from transfer_nas.method_table import NETWORKS
from transfer_nas.stored_strategy import read_strategies

BOTH = ("--dataset", tiny_transfer.SOURCE, "--dataset", tiny_transfer.TARGET)
LEARNING = (*tiny_transfer.LEARN[2:], "--seeds", "1")


def refused(command, *arguments):
    """Returns the one line that bad input is answered by."""
    status, out, error = command("transfer", *arguments)
    assert status == 2, out + error
    (line,) = error.splitlines()
    assert line.startswith("graftwork: ")
    return line


def test_what_is_learned_is_stored(learned):
    first, second = read_strategies(learned)
    assert (first.seed, second.seed) == (0, 1)
    assert [(row.domain, row.attribute) for row in first.attributes] == [
        ("bars", "column"),
        ("bars", "row"),
    ]
    assert first.descriptors.shape == (2, len(first.feature_names))
    weights = [np.concatenate([np.ravel(w) for w in s.policy["weights"]]) for s in (first, second)]
    assert not np.allclose(*weights)


def test_the_journal_tells_of_every_round(learned):
    events = tiny.journal(learned)
    rounds = [event for event in events if event["event"] == "round" and event["seed"] == 0]
    assert [event["round"] for event in rounds] == [0, 1, 2, 3, 4]
    # A round of warm-up, then the first of two updates trains the shared weights.
    assert ["loss" in event for event in rounds] == [True, True, False, True, False]
    assert set(rounds[1]["loss"]) == {"bars"}
    assert set(rounds[1]["attribute_rewards"]) == {"bars/column", "bars/row"}
    (ended,) = [event for event in events if event["event"] == "learned" and event["seed"] == 0]
    assert (ended["steps"], ended["evaluations"]) == (9, 1 + 4 * 4)


def shown(run, name):
    """Returns the steps and numbers of a name that TensorBoard reads."""
    (path,) = (run / "tensorboard" / name).iterdir()
    events = [Event.FromString(r.numpy()) for r in tf.data.TFRecordDataset(str(path))][1:]
    return [(e.step, {v.tag: v.simple_value for v in e.summary.value}) for e in events]


def test_the_curves_of_learning_are_there_for_tensorboard(learned):
    for seed in (0, 1):
        rounds = [e for e in tiny.journal(learned) if e["event"] == "round" and e["seed"] == seed]
        curve = shown(learned, f"search, seed {seed}")
        assert [step for step, _ in curve] == [0, 1, 2, 3, 4]
        for (_, values), event in zip(curve, rounds, strict=True):
            wanted = {tag: event[tag] for tag in ("reward", "entropy") if event[tag] is not None}
            wanted |= {f"loss/{name}": loss for name, loss in event.get("loss", {}).items()}
            assert values == pytest.approx(wanted, rel=1e-5)
    (_, _), (_, numbers), (_, _) = shown(learned, "result")
    result = read_json(learned / "result.json")
    assert numbers["policy_reward"] == pytest.approx(result["policy_reward"], rel=1e-5)


def test_the_curves_of_an_application_are_there_for_tensorboard(applied):
    assert [step for step, _ in shown(applied, "shared weights, seed 1")] == [50, 60]
    searched = [e for e in tiny.journal(applied) if e["event"] == "searched" and e["seed"] == 1]
    for event in searched:
        *curve, (step, values) = shown(applied, f"{event['method']}, seed 1")
        rewards = [row["rewards"] for row in event["attributes"]]
        best = np.maximum.accumulate(rewards, axis=1).mean(axis=0)
        assert [step for step, _ in curve] == list(range(1, len(best) + 1))
        assert [v["reward"] for _, v in curve] == pytest.approx(np.mean(rewards, 0), rel=1e-5)
        assert [v["best so far"] for _, v in curve] == pytest.approx(best, rel=1e-5)
        drawn = np.mean([row["expected"] for row in event["attributes"]])
        assert (step, values["mean drawn"]) == (len(best), pytest.approx(drawn, rel=1e-5))
    ((step, scores),) = shown(applied, "fine-tuned trained, seed 1")
    assert (step, set(scores)) == (4, {"validation_score", "test_score"})
    (_, _), (_, numbers), (_, _) = shown(applied, "result")
    for row in read_json(applied / "result.json")["methods"]:
        for key in ("final", "expected", "test_score"):
            tag = f"{key}/{row['name']}"
            assert (tag in numbers) == (row[key] is not None)
            assert row[key] is None or numbers[tag] == pytest.approx(row[key], rel=1e-5)


def test_the_result_of_learning_is_the_mean_over_seeds(learned):
    result = read_json(learned / "result.json")
    assert result["status"] == "finished"
    assert result["seeds"] == [0, 1]
    events = [event for event in tiny.journal(learned) if event["event"] == "learned"]
    for place, row in enumerate(result["attributes"]):
        rewards = [event["attributes"][place]["policy_reward"] for event in events]
        assert row["policy_reward"] == pytest.approx(np.mean(rewards))
    assert (learned / "report.html").exists()


def test_an_application_compares_all_methods(applied):
    events = tiny.journal(applied)
    searched = [event for event in events if event["event"] == "searched"]
    methods = ["random", "transferred", "from scratch", "fine-tuned"]
    assert [event["method"] for event in searched] == 2 * methods
    assert [event["evaluations"] for event in searched] == 2 * [9, 0, 9, 9]
    for event in searched:
        for row in event["attributes"]:
            assert len(row["rewards"]) == (0 if event["method"] == "transferred" else 3)
            if row["rewards"]:
                # Evaluated again at the end, under the same weights.
                assert row["score"] == pytest.approx(max(row["rewards"]))
            near = row.get("nearest", [])
            assert [one["domain"] for one in near] == ["bars"] * len(near)
            assert len(near) == (2 if event["method"] == "transferred" else 0)
    trained = [event for event in events if event["event"] == "trained"]
    assert [event["method"] for event in trained] == 2 * list(NETWORKS)
    first = searched[0]["attributes"][1]
    assert trained[0]["attributes"][1]["architecture"] == first["first_architecture"]
    assert trained[0]["attributes"][1]["shared_score"] == first["rewards"][0]
    assert trained[1]["attributes"][1]["architecture"] == first["architecture"]


def test_the_report_and_the_comparison_are_there(applied, command):
    result = read_json(applied / "result.json")
    assert result["attributes"] == ["cross", "frame", "dot"]
    assert result["evaluations"] == 3
    assert not result["seen"]
    assert result["source"]["domains"] == ["bars"]
    assert [len(m.get("curve", [])) for m in result["methods"]] == [3, 3, 3, 3, 0]
    before = (applied / "report.html").read_bytes()
    status, out, _ = command("transfer", "compare", applied)
    assert status == 0
    assert (applied / "report.html").read_bytes() == before
    for words in ("transferred", "from scratch", "fine-tuned", "What the transferred strategy"):
        assert words in out


def test_strategies_are_applied_to_the_data_they_were_learned_on_with_a_warning(
    learned, command, tmp_path
):
    flags = [*tiny_transfer.APPLY, "--dataset", tiny_transfer.SOURCE, "--steps", "0"]
    status, out, error = command(
        "transfer", "apply", learned, "--out", tmp_path / "run", *flags, "--seeds", "1"
    )
    assert status == 0, error
    assert "nothing here was unseen" in out
    result = read_json(tmp_path / "run" / "result.json")
    assert result["seen"]
    assert result["seeds"] == [0]
    assert result["comparison"]["test"] is None
    # Two attributes give a mean and no interval.
    assert result["comparison"]["transferred"]["interval"] is None
    assert "no difference is shown" in out


def test_a_time_budget_ends_with_a_whole_result(learned, command, tmp_path):
    run = tmp_path / "run"
    first = ("transfer", "apply", learned, "--out", run, *tiny_transfer.APPLY)
    status, out, error = command(*first, "--time-budget", "0.01s")
    assert status == 0, error
    result = read_json(run / "result.json")
    assert result["status"] == "time budget"
    assert "Ended early" in out
    assert result["seeds"] == [0]
    assert result["evaluations"] == 1
    (shared,) = [event for event in tiny.journal(run) if event["event"] == "shared"]
    assert shared["cut_short"]
    assert shared["steps"] == 50
    # With more time it goes on, from the flags of the run alone.
    more = ("--resume", "--time-budget", "1h")
    status, _, error = command("transfer", "apply", "--out", run, *more)
    assert status == 0, error
    assert read_json(run / "result.json")["seeds"] == [0, 1]


@pytest.fixture(scope="module")
def learned_on_both(tmp_path_factory):
    """A learning on both domains, with one seed. Not to be written."""
    path = tmp_path_factory.mktemp("transfer") / "both"
    transfer("learn", "--out", path, *BOTH, *LEARNING)
    return path


def test_several_datasets_are_kept_on_resuming(learned_on_both, command):
    run = learned_on_both
    stored = read_json(run / "config.json")
    assert stored["arguments"]["dataset"] == [tiny_transfer.SOURCE, tiny_transfer.TARGET]
    assert [one["name"] for one in stored["domains"]] == ["bars", "marks"]
    names = [
        (row["domain"], row["attribute"]) for row in read_json(run / "result.json")["attributes"]
    ]
    assert names == [
        *(("bars", name) for name in ("column", "row")),
        *(("marks", name) for name in ("cross", "frame", "dot")),
    ]
    for more in ((), BOTH):
        assert command("transfer", "learn", "--out", run, "--resume", *more)[0] == 0
    other = ("--dataset", tiny_transfer.SOURCE)
    line = refused(command, "learn", "--out", run, "--resume", *other)
    assert "where dataset is" in line


def test_flags_replace_all_datasets_of_a_file_and_no_time_gives_a_strategy(
    learned_on_both, command, tmp_path
):
    run = tmp_path / "run"
    config = ("--config", learned_on_both / "config.json", "--dataset", tiny_transfer.SOURCE)
    flags = (*config, "--seeds", "2", "--time-budget", "0.01s")
    status, out, error = command("transfer", "learn", "--out", run, *flags)
    assert status == 0, error
    assert [one["name"] for one in read_json(run / "config.json")["domains"]] == ["bars"]
    assert read_json(run / "result.json")["status"] == "time budget"
    assert "Ended early" in out
    (strategy,) = read_strategies(run)
    assert strategy.seed == 0
    assert {row.domain for row in strategy.attributes} == {"bars"}


def test_another_space_is_refused_with_the_difference(learned, command, tmp_path):
    line = refused(
        command, "apply", learned, "--out", tmp_path / "run", *tiny_transfer.APPLY, "--stages", "4"
    )
    assert "it has 3 stages, this one 4" in line
    assert list((tmp_path / "run").iterdir()) == []


def test_runs_of_another_kind_are_refused(learned, applied, command, tmp_path):
    out = ("--out", tmp_path / "run", *tiny_transfer.APPLY)
    assert "Expected one of `graftwork transfer learn`" in refused(command, "apply", applied, *out)
    assert "holds no run" in refused(command, "apply", tmp_path, *out)
    assert "name the run folder" in refused(command, "apply", *out)
    assert "cannot be resumed" in refused(command, "leave-one-out", "--out", learned, "--resume")
    assert "already holds a run" in refused(
        command, "apply", learned, "--out", applied, *tiny_transfer.APPLY
    )


def test_an_unfinished_source_says_how_to_go_on(learned, command, tmp_path):
    source = shutil.copytree(learned, tmp_path / "source")
    (source / "result.json").unlink()
    line = refused(command, "apply", source, "--out", tmp_path / "run", *tiny_transfer.APPLY)
    assert line.endswith(f"graftwork transfer learn --out {source} --resume")


DAMAGES = {
    "another format": ({"format": 2}, "no strategy of format 1"),
    "a key too few": ({"scaling": {}}, "is damaged"),
    "no attribute": ({"attributes": []}, "learned on no attribute"),
    "a short descriptor": (
        {"attributes": [{"domain": "a", "attribute": "b", "descriptor": [1.0]}]},
        "finite numbers are expected",
    ),
    "weights of another shape": ({"policy": {"weights": [[1.0]]}}, "weights"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_strategy_is_named(learned, command, tmp_path, name):
    source = shutil.copytree(learned, tmp_path / "source")
    path = source / "strategies" / "seed-0.json"
    change, words = DAMAGES[name]
    write_json(path, {**read_json(path), **change})
    line = refused(command, "apply", source, "--out", tmp_path / "run", *tiny_transfer.APPLY)
    assert words in line


def test_changed_strategies_are_not_gone_on_with(learned, applied, command, tmp_path):
    run = shutil.copytree(applied, tmp_path / "run")
    source = shutil.copytree(learned, tmp_path / "source")
    stored = read_json(run / "config.json")
    stored["arguments"]["source"] = str(source)
    write_json(run / "config.json", stored)
    assert command("transfer", "apply", "--out", run, "--resume")[0] == 0
    path = source / "strategies" / "seed-1.json"
    path.write_text(json.dumps(read_json(path)), encoding="utf-8")
    line = refused(command, "apply", "--out", run, "--resume")
    assert "have changed" in line
