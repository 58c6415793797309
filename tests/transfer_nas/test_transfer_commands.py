"""`graftwork transfer` at the command line: what it writes, prints and refuses."""

import json
import shutil

import numpy as np
import pytest
import tiny
import tiny_transfer

from graftwork.files import read_json, write_json
from transfer_nas.method_table import NETWORKS
from transfer_nas.stored_strategy import read_strategies


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


def test_learning_in_no_time_stores_a_strategy(command, tmp_path):
    run = tmp_path / "run"
    flags = (*tiny_transfer.LEARN, "--time-budget", "0.01s")
    status, out, error = command("transfer", "learn", "--out", run, *flags)
    assert status == 0, error
    assert read_json(run / "result.json")["status"] == "time budget"
    assert "Ended early" in out
    (strategy,) = read_strategies(run)
    assert strategy.seed == 0


def test_several_datasets_are_kept_on_resuming_and_by_config(command, tmp_path):
    run, again = tmp_path / "run", tmp_path / "again"
    small = [word for word in tiny_transfer.LEARN if word != tiny_transfer.SOURCE][1:]
    both = ("--dataset", tiny_transfer.SOURCE, "--dataset", tiny_transfer.TARGET)
    flags = (*both, *small, "--seeds", "1")
    assert command("transfer", "learn", "--out", run, *flags)[0] == 0
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
    for more in ((), both):
        assert command("transfer", "learn", "--out", run, "--resume", *more)[0] == 0
    other = ("--dataset", tiny_transfer.SOURCE)
    line = refused(command, "learn", "--out", run, "--resume", *other)
    assert "where dataset is" in line
    # Of a configuration file the command line replaces all datasets.
    config = ("--config", run / "config.json", "--out", again, *other)
    assert command("transfer", "learn", *config)[0] == 0
    assert [one["name"] for one in read_json(again / "config.json")["domains"]] == ["bars"]
    assert tiny.journal(again) != tiny.journal(run)


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


def test_every_domain_is_left_out_once(command, tmp_path):
    run = tmp_path / "run"
    status, out, error = command(
        "transfer", "leave-one-out", "--out", run, *tiny_transfer.LEAVE_ONE_OUT
    )
    assert status == 0, error
    result = read_json(run / "result.json")
    assert [row["name"] for row in result["domains"]] == ["bars", "marks"]
    for left_out, other in (("bars", "marks"), ("marks", "bars")):
        inside = run / f"without-{left_out}"
        assert [one["name"] for one in read_json(inside / "learn" / "config.json")["domains"]] == [
            other
        ]
        applied = read_json(inside / "apply" / "config.json")
        assert applied["dataset"]["name"] == left_out
        assert applied["source"]["domains"] == [other]
        assert (inside / "apply" / "report.html").exists()
    assert "left out" in out
    assert (run / "report.html").exists()
    status, _, error = command("transfer", "leave-one-out", "--out", run, "--resume")
    assert status == 0, error
    assert read_json(run / "result.json") == result
