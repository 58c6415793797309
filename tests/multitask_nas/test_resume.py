"""Stopped anywhere and resumed, a run ends as if nothing had happened."""

import shutil

import keras
import numpy as np
import pytest
import tiny
from stopped_graftwork import graftwork

from graftwork.files import read_json
from graftwork.run import Run

# Where the processes of one search stop, one after the other, and the last event of the
# journal then. Every process counts from 1; a round has three steps.
SEARCH_STOPS = {
    "in the warm-up": ("SIGKILL after 5 step", "round"),
    "by Ctrl-C, in a visit of a layer": ("SIGINT after 6 step", "round"),
    "in a later round, recorded without checkpoint": ("SIGKILL after 1 record round 3", "round"),
    "at the search's end, without checkpoint": ("SIGKILL after 1 record searched", "searched"),
    "between the search and the first training": ("SIGKILL after 1 checkpoint 1", "searched"),
    "in a training, after a checkpoint": ("SIGKILL after 2 checkpoint 1 training", "searched"),
    "in the last training": ("SIGKILL before 2 checkpoint 2 training", "trained"),
    "by SIGTERM, before the result": ("SIGTERM before 1 rename result.json", "trained"),
}
STATUS = {"SIGKILL": -9, "SIGINT": 130, "SIGTERM": 143}


def without_times(value):
    """Returns a result without what measures time."""
    if isinstance(value, dict):
        times = (*tiny.TIMES, "search_seconds", "search_cost_ratio")
        return {k: without_times(v) for k, v in value.items() if k not in times}
    return [without_times(v) for v in value] if isinstance(value, list) else value


def assert_stopped(process, stop):
    """Checks the exit status, and that the only line of errors says how to go on."""
    name = stop.split()[0]
    assert process.returncode == STATUS[name], process.stderr
    if name == "SIGKILL":
        assert process.stderr == ""
    else:
        (line,) = process.stderr.splitlines()
        assert line.startswith("graftwork: ")
        assert line.endswith("--resume")


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory):
    """A search that was stopped in all of these ways: its folder and its processes."""
    path = tmp_path_factory.mktemp("interrupted") / "run"
    first = ("trees", "search", "--out", path, *tiny.SEARCH)
    processes = []
    for stop, _ in [*SEARCH_STOPS.values(), ("", "")]:
        resume = ("--resume",) if processes else ()
        process = graftwork(*first, *resume, stop=stop)
        processes.append((process, tiny.journal(path)[-1]["event"]))
    return path, processes


@pytest.mark.parametrize("number", range(len(SEARCH_STOPS)), ids=list(SEARCH_STOPS))
def test_it_stops(interrupted, number):
    stop, event = list(SEARCH_STOPS.values())[number]
    process, last = interrupted[1][number]
    assert_stopped(process, stop)
    assert last == event


def test_the_end_is_that_of_an_undisturbed_run(interrupted, searched):
    path, processes = interrupted
    assert processes[-1][0].returncode == 0, processes[-1][0].stderr
    assert tiny.journal(path) == tiny.journal(searched)
    result = read_json(path / "result.json")
    assert without_times(result) == without_times(read_json(searched / "result.json"))
    for name in ("shared_weights.npz", "path_scores.npz"):
        with np.load(path / name) as found, np.load(searched / name) as expected:
            assert set(found) == set(expected)
            for key in expected:
                np.testing.assert_array_equal(found[key], expected[key])
    names = {entry.name for entry in path.iterdir() if entry.name[0] != "."}
    assert names == {entry.name for entry in searched.iterdir()}


TRAINING_STOPS = {
    "by Ctrl-C, in the first step": "SIGINT after 1 step",
    "after a checkpoint": "SIGKILL after 2 checkpoint 3 training",
    "recorded, but not in the result": "SIGKILL after 1 record trained",
}


def test_a_final_training_that_is_stopped_ends_the_same(searched, trained, tmp_path):
    path = shutil.copytree(searched, tmp_path / "run")
    resume = ()
    for stop in TRAINING_STOPS.values():
        process = graftwork("trees", "train", path, "--steps", 40, *resume, stop=stop)
        assert_stopped(process, stop)
        resume = ("--resume",)
    assert (path / "model.keras").exists()
    assert "final tree" not in (path / "result.json").read_text()
    process = graftwork("trees", "train", path, "--steps", 40, "--resume")
    assert process.returncode == 0, process.stderr
    assert tiny.journal(path) == tiny.journal(trained)
    result = read_json(path / "result.json")
    assert without_times(result) == without_times(read_json(trained / "result.json"))
    models = [keras.models.load_model(run / "model.keras") for run in (path, trained)]
    for found, expected in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_two_processes_never_write_one_folder(searched_copy):
    before = sorted(searched_copy.rglob("*"))
    with Run.resume(searched_copy):
        process = graftwork("trees", "search", "--resume", "--out", searched_copy)
    assert process.returncode == 2
    (line,) = process.stderr.splitlines()
    assert line.startswith("graftwork: another process is writing")
    assert sorted(searched_copy.rglob("*")) == before
