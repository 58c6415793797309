"""Damaged and misplaced run folders of `graftwork transfer`: one line that says what is wrong."""

import copy
import shutil

import pytest
import tiny_transfer

from graftwork.errors import InputError
from graftwork.files import read_json, write_json
from graftwork.run import Run
from graftwork.stored_form import flaw
from transfer_nas.stored_result import read_source_result
from transfer_nas.stored_strategy import read_strategies


def refused(command, *arguments):
    """Returns the one line that bad input is answered by."""
    status, out, error = command("transfer", *arguments)
    assert status == 2, out + error
    (line,) = error.splitlines()
    assert line.startswith("graftwork: ")
    return line


# A source as far as commands read it, without its learning.

SPACE = {"stages": 3, "operations": ["identity"], "decisions": [{"name": "a", "choices": ["no"]}]}
STRATEGY = {
    **{"format": 1, "seed": 0, "space": SPACE, "channels": 3, "units": 4, "embedding_size": 16},
    "feature_names": ["rate"],
    "scaling": {"mean": [0.0], "deviation": [1.0]},
    "policy": {"weights": [[1.0], [[2.0, 3.0]]]},
    "attributes": [{"domain": "bars", "attribute": "row", "descriptor": [0.5]}],
}
RESULT = {
    **{"format": 1, "command": "transfer learn", "status": "finished", "score": "auc"},
    **{"seeds": [0], "domains": [{"name": "bars", "fingerprint": "0"}]},
    "attributes": [
        {
            **{"domain": "bars", "attribute": "row"},
            **{"policy_reward": 0.6, "random_reward": 0.5, "difference": 0.1},
        }
    ],
    **{"policy_reward": 0.6, "random_reward": 0.5},
    "comparison": {"mean": 0.1, "interval": None, "p_value": None, "attributes": 1},
}


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "source"
    path.mkdir()
    config = {"command": "transfer learn", "arguments": {}, "domains": RESULT["domains"]}
    Run.create(path, config).close()
    (path / "strategies").mkdir()
    write_json(path / "strategies" / "seed-0.json", STRATEGY)
    write_json(path / "result.json", RESULT)
    return path


def changed(value, place, new=...):
    """Returns a copy with another value at a place such as `"space.stages"`, or without it."""
    value = copy.deepcopy(value)
    *outer, last = [int(key) if key.isdigit() else key for key in place.split(".")]
    inner = value
    for key in outer:
        inner = inner[key]
    if new is ...:
        del inner[last]
    else:
        inner[last] = new
    return value


def test_what_is_whole_is_read(source):
    (strategy,) = read_strategies(source)
    assert strategy.space == SPACE
    assert strategy.descriptors.tolist() == [[0.5]]


STRATEGIES = {
    "no stages": ("space.stages", ..., "space lacks 'stages'"),
    "stages as text": ("space.stages", "3", "space.stages is a text in place of a whole number"),
    "true stages": ("space.stages", True, "space.stages is true or false"),
    "no space": ("space", None, "space is null in place of an object"),
    "no units": ("units", ..., "lacks 'units'"),
    "no deviation": ("scaling.deviation", ..., "scaling lacks 'deviation'"),
    "a deviation of 0": ("scaling.deviation", [0.0], "deviation of the scaling"),
    "a short mean": ("scaling.mean", [], "1 finite numbers are expected in scaling.mean"),
    "an endless descriptor": ("attributes.0.descriptor", [1e999], "1e999 is too large"),
    "a nameless attribute": ("attributes.0.attribute", ..., "attributes[0] lacks 'attribute'"),
    "a weight as text": ("policy.weights.0", ["x"], "could not convert"),
    "an endless weight": ("policy.weights.0", [1e999], "1e999 is too large"),
    "no channels": ("channels", 0, "a size is below 1"),
}


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_damaged_strategy_is_named_with_what_is_wrong(source, name):
    place, new, words = STRATEGIES[name]
    path = source / "strategies" / "seed-0.json"
    write_json(path, STRATEGY)
    text = path.read_text()
    stored = changed(STRATEGY, place, new if new != [1e999] else ["ENDLESS"])
    write_json(path, stored)
    path.write_text(path.read_text().replace('"ENDLESS"', "1e999"))
    assert path.read_text() != text
    with pytest.raises(InputError) as raised:
        read_strategies(source)
    wrong = "is not valid JSON" if new == [1e999] else "is damaged"
    assert f"{path} {wrong}: " in str(raised.value)
    assert words in str(raised.value)


RESULTS = {
    "no score": ("score", ..., "it lacks 'score'"),
    "another score": ("score", "luck", "score is 'luck' in place of auc or balanced-accuracy"),
    "no seeds": ("seeds", [], "seeds is empty"),
    "a seed as text": ("seeds", ["0"], "seeds[0] is a text in place of a whole number"),
    "no reward": ("attributes.0.policy_reward", ..., "attributes[0] lacks 'policy_reward'"),
    "a mean as text": ("comparison.mean", "0.1", "comparison.mean is a text in place of a number"),
}


@pytest.mark.parametrize("name", RESULTS)
def test_a_damaged_result_of_learning_is_named_with_what_is_wrong(source, name):
    place, new, words = RESULTS[name]
    write_json(source / "result.json", changed(RESULT, place, new))
    with pytest.raises(InputError) as raised:
        read_strategies(source)
    assert f"{source / 'result.json'} is damaged: " in str(raised.value)
    assert words in str(raised.value)


def test_a_result_of_another_command_is_no_source(source):
    write_json(source / "result.json", {**RESULT, "command": "transfer apply"})
    with pytest.raises(InputError, match="is not the result of `graftwork transfer learn`"):
        read_source_result(source)


def test_unknown_numbers_and_further_keys_are_no_damage():
    form = {"a": (None, float), "b": [(None, {"c": int})]}
    for value in ({"a": None, "b": []}, {"a": 1, "b": [None, {"c": 2, "d": "x"}], "e": 0}):
        assert flaw(value, form) is None
    assert flaw({"a": "x", "b": []}, form) == "a is a text in place of a number"
    assert flaw({"a": 0.5, "b": [None, {}]}, form) == "b[1] lacks 'c'"


# At the command line.


def test_other_descriptors_are_refused_before_anything_is_written(learned, command, tmp_path):
    source = shutil.copytree(learned, tmp_path / "source")
    path = source / "strategies" / "seed-1.json"
    stored = read_json(path)
    stored["feature_names"][0] = "colour"
    write_json(path, stored)
    run = tmp_path / "run"
    line = refused(command, "apply", source, "--out", run, *tiny_transfer.APPLY)
    assert "other descriptors" in line
    assert list(run.iterdir()) == []
    # The same flags serve once the strategy is mended: the folder is as good as new.
    assert "run already" not in refused(command, "apply", source, "--out", run, "--seeds", "9")


@pytest.mark.parametrize("key", ["score", "comparison", "methods", "attributes"])
def test_the_comparison_of_a_damaged_result_says_what_is_missing(applied, command, tmp_path, key):
    run = shutil.copytree(applied, tmp_path / "run")
    write_json(run / "result.json", changed(read_json(run / "result.json"), key))
    line = refused(command, "compare", run)
    assert f"{run / 'result.json'} is damaged: it lacks '{key}'" in line


def test_every_result_that_is_written_is_whole(learned, applied, command):
    for run in (learned, applied):
        status, _, error = command("transfer", "compare", run)
        assert status == 0, error


def test_a_configuration_without_its_data_is_named(applied, command, tmp_path):
    run = shutil.copytree(applied, tmp_path / "run")
    stored = read_json(run / "config.json")
    del stored["dataset"]["fingerprint"]
    write_json(run / "config.json", stored)
    line = refused(command, "apply", "--out", run, "--resume")
    assert "config.json is damaged: dataset lacks 'fingerprint'" in line


def test_a_run_is_resumed_by_its_own_command_alone(source, command, tmp_path):
    target = tmp_path / "target"
    target.mkdir()
    Run.create(target, {"command": "transfer apply", "arguments": {"source": "s"}}).close()
    for asked, run, own in (
        ("apply", source, "learn"),
        ("leave-one-out", source, "learn"),
        ("learn", target, "apply"),
    ):
        line = refused(command, asked, "--out", run, "--resume")
        assert f"{run} is a run of `graftwork transfer {own}`" in line
        assert line.endswith(f"Go on with: graftwork transfer {own} --out {run} --resume")


@pytest.mark.parametrize("asked", ["learn", "leave-one-out"])
def test_one_name_cannot_be_that_of_several_domains(command, tmp_path, asked):
    several = ("--dataset", tiny_transfer.SOURCE, "--dataset", tiny_transfer.TARGET)
    line = refused(command, asked, "--out", tmp_path / "run", *several, "--name", "both")
    assert "--name both would be the name of all 2 domains" in line
    assert not (tmp_path / "run").exists()
