"""The command line: bad input is one line on standard error, help is an example that works."""

import dataclasses
import json
import shlex
import sys

import numpy as np
import pytest
import tiny

import graftwork
from graftwork import cli
from graftwork.commands import COMMANDS
from graftwork.run import Run
from multitask_nas.config import TreeSearch


@pytest.fixture
def no_tensorflow(monkeypatch):
    """Lets a test fail that imports TensorFlow: what is refused is refused before that."""

    def load_backend():
        raise AssertionError("bad input was not refused before TensorFlow was imported")

    monkeypatch.setattr("multitask_nas.commands.load_backend", load_backend)


@pytest.fixture
def configurations(monkeypatch):
    """Notes what commands are called with, in place of running them."""
    seen = []
    functions = {command.function.replace(":", ".") for command in COMMANDS.values()}
    for function in functions:
        monkeypatch.setattr(function, seen.append)
    return seen


def assert_refused(outcome, *parts):
    """Checks that the outcome of a command is one clear line."""
    status, out, err = outcome
    assert status == 2, err
    assert out == ""
    (line,) = err.splitlines()
    assert line.startswith("graftwork: ")
    for part in parts:
        assert part in line


# What cannot be searched.


@pytest.mark.parametrize(
    ("flags", "parts"),
    [
        (["--dataset", "tinny"], ["unknown dataset 'tinny'. Did you mean tiny?"]),
        (["--strategy", "gnass"], ["unknown strategy 'gnass'. Did you mean gnas", "random"]),
        (["--blocks", "0"], ["blocks must list", "Received: 0."]),
        (["--blocks", "2", "-1"], ["blocks must list", "Received: 2 -1."]),
        (["--blocks"], ["blocks must list", "Received: nothing."]),
        (["--blocks", *"22222"], ["5 layers", "side of 16 pixels", "at most 4 layers"]),
        (["--batch-size", "401"], ["batch-size must be at most 400", "Received: 401."]),
        (["--channels", "0"], ["channels must be at least 1. Received: 0."]),
        (["--seeds", "0"], ["seeds must be at least 1"]),
        (["--seed", "-1"], ["seed must be at least 0"]),
        (["--random-trees", "-1"], ["random-trees must be at least 0"]),
        (["--learning-rate", "nan"], ["learning-rate must be a number above 0"]),
        (["--search-learning-rate", "-1"], ["search-learning-rate must be a number above 0"]),
        (["--time-budget", "soon"], ["time-budget must be a duration", "'soon'"]),
        (["--resume"], ["holds no run", "config.json"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_search_that_makes_no_sense_is_refused(command, no_tensorflow, tmp_path, flags, parts):
    out = tmp_path / "run"
    outcome = command("trees", "search", "--out", out, "--dataset", "tiny", *flags)
    assert_refused(outcome, *parts)
    Run.check_new(out)  # The same command without the mistake may use the folder.


def test_a_folder_that_cannot_be_written_is_refused(command, no_tensorflow, tmp_path):
    (tmp_path / "file").touch()
    for out in (tmp_path / "file", tmp_path / "file" / "run"):
        outcome = command("trees", "search", "--out", out, *tiny.SEARCH)
        assert_refused(outcome, str(out), "cannot be written", "Choose another --out.")


def test_a_folder_that_holds_a_run_is_refused(command, no_tensorflow, searched):
    before = {path: path.read_bytes() for path in searched.rglob("*") if path.is_file()}
    outcome = command("trees", "search", "--out", searched, *tiny.SEARCH)
    assert_refused(outcome, "already holds a run", "--resume")
    assert before == {path: path.read_bytes() for path in searched.rglob("*") if path.is_file()}


def test_a_constant_attribute_is_refused(command, no_tensorflow, monkeypatch, tmp_path):
    labels = tiny.tiny_dataset().labels.copy()
    labels[:400, 3] = np.minimum(labels[:400, 3], 0)
    tiny.register(monkeypatch, labels=labels)
    outcome = command("trees", "search", "--out", tmp_path / "run", *tiny.SEARCH)
    assert_refused(outcome, "attribute 'frame' has one class only in training")
    Run.check_new(tmp_path / "run")


# Going on.


@pytest.mark.parametrize(
    ("flags", "parts"),
    [
        (["--channels", "5"], ["channels is 3. Received: 5."]),
        (["--blocks", "3", "3"], ["blocks is (2, 3). Received: (3, 3)."]),
        (["--channels", "16"], ["channels is 3. Received: 16."]),  # The flag's default.
        (["--strategy", "random"], ["strategy is gnas. Received: random."]),
    ],
)
def test_flags_that_a_run_did_not_begin_with_are_refused(
    command, no_tensorflow, searched, flags, parts
):
    outcome = command("trees", "search", "--out", searched, "--resume", *flags)
    assert_refused(outcome, *parts, "another --out")


def test_other_data_than_a_run_began_with_are_refused(command, monkeypatch, searched):
    images = tiny.tiny_dataset().images.copy()
    images[0, 0, 0] += 1
    tiny.register(monkeypatch, images=images)
    for words in (["search", "--resume", "--out"], ["train"]):
        outcome = command("trees", *words, searched)
        assert_refused(outcome, "the dataset 'tiny' has changed", "fingerprint")


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 7}', '{"format": 1}'])
def test_a_broken_config_of_a_run_is_refused(command, no_tensorflow, searched_copy, text):
    (searched_copy / "config.json").write_text(text)
    for words in (["search", "--resume", "--out"], ["train"]):
        assert_refused(command("trees", *words, searched_copy), "config.json")
    assert (searched_copy / "config.json").read_text() == text


# Configuration files.


def as_toml(arguments):
    # Strings, numbers, true, false and lists of them are written alike in JSON and TOML.
    lines = [f"{k} = {json.dumps(v)}" for k, v in arguments.items() if v is not None]
    return "\n".join(lines)


@pytest.mark.parametrize("form", ["config.json", "arguments.json", "arguments.toml"])
@pytest.mark.parametrize("flag", ["--config {}", "--config={}"])
def test_the_configuration_of_a_run_comes_back(
    command, configurations, searched, tmp_path, form, flag
):
    arguments = json.loads((searched / "config.json").read_text())["arguments"]
    path = searched / "config.json"
    if form != "config.json":
        path = tmp_path / form
        path.write_text(as_toml(arguments) if "toml" in form else json.dumps(arguments))
    words = flag.format(path).split()
    out = tmp_path / "new"
    status, _, err = command("trees", "search", *words, "--out", out, "--seed", "7")
    assert (status, err) == (0, "")
    (found,) = configurations
    lists = {name: tuple(arguments[name]) for name in ("blocks", "attributes", "without")}
    expected = TreeSearch(**(arguments | lists | {"out": out, "seed": 7}))
    assert found == expected
    assert found != dataclasses.replace(TreeSearch(out=out), seed=7)


@pytest.mark.parametrize(
    ("name", "text", "parts"),
    [
        ("a.json", "{", ["is not valid JSON"]),
        ("a.json", "[1]", ["must hold an object", "Received: list"]),
        ("a.json", '{"chanels": 3}', ["unknown key 'chanels'. Did you mean channels"]),
        ("a.json", '{"resume": true}', ["unknown key 'resume'"]),
        ("a.json", '{"arguments": {}, "argument": 1}', ["unknown key 'argument'"]),
        ("a.json", '{"arguments": {"stesp": 1}}', ["unknown key 'stesp'. Did you mean steps"]),
        ("a.json", '{"steps": {"of": 1}}', ["steps must be a number, a string"]),
        ("a.toml", "steps = ", ["is not valid TOML"]),
        ("a.toml", "stesp = 3", ["unknown key 'stesp'"]),
        ("a.json", b"\xff\xfe\x00", ["is not a text file in UTF-8"]),
        ("a.json", None, ["cannot be read: No such file"]),
    ],
)
def test_a_configuration_file_that_is_none_is_refused(
    command, no_tensorflow, tmp_path, name, text, parts
):
    path = tmp_path / name
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    outcome = command("trees", "search", "--out", tmp_path / "run", "--config", path)
    assert_refused(outcome, str(path), *parts)
    Run.check_new(tmp_path / "run")


# Commands and their help.


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["trees", "serach"], ["unknown command 'trees serach'. Did you mean trees search"]),
        (["tree", "search"], ["unknown command 'tree search'. Did you mean trees search"]),
        (["data", "lits"], ["unknown command 'data lits'. Did you mean data list or"]),
        (
            ["xyzzy"],
            ["unknown command 'xyzzy'. Known: benchmark nats, benchmark trees,"],
        ),
    ],
)
def test_an_unknown_command_is_refused_with_the_near_ones(command, words, parts):
    assert_refused(command(*words), *parts)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example_that_works(command, configurations, name):
    status, out, err = command(*name.split(), "--help")
    assert (status, err) == (0, "")
    (example,) = [line for line in out.splitlines() if line.startswith("Example: ")]
    program, *words = shlex.split(example.removeprefix("Example: "))
    assert program == "graftwork"
    assert " ".join(words[: len(name.split())]) == name
    assert command(*words)[0] == 0
    assert len(configurations) == 1


def test_without_a_command_all_are_listed(command):
    for words in ([], ["trees"]):
        status, out, err = command(*words)
        assert (status, out) == (2, "")
        assert "trees search" in err
        assert command(*words, "--help") == (0, err, "")
    assert command("--version") == (0, f"graftwork {graftwork.__version__}\n", "")


def test_the_datasets_are_listed(command):
    status, out, err = command("data", "list")
    assert (status, err) == (0, "")
    assert {"glyphs", "tiny"} <= {line.split()[0] for line in out.splitlines() if line.strip()}


# Being stopped.


def test_ctrl_c_before_anything_was_done_does_not_promise_to_go_on(
    command, monkeypatch, searched, tmp_path
):
    def interrupted(config):
        raise KeyboardInterrupt

    monkeypatch.setattr("multitask_nas.commands.search", interrupted)
    outcome = command("trees", "search", "--out", tmp_path / "new")
    assert outcome == (130, "", "graftwork: stopped. Nothing was done yet.\n")
    status, _, err = command("trees", "search", "--out", searched)
    assert status == 130
    assert err.endswith(f"Go on with: graftwork trees search --out {searched} --resume\n")


def test_a_reader_that_goes_away_is_no_error(command, monkeypatch, capsys):
    def broken(config):
        raise BrokenPipeError

    monkeypatch.setattr("datasets.commands.list_datasets", broken)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", open("/dev/null", "w"))  # noqa: SIM115
        with pytest.raises(SystemExit) as exit_:
            cli.main(["data", "list"])
    assert exit_.value.code == 141
