"""Stopped anywhere and resumed, a search of generators ends as if nothing had happened."""

import json
import shutil

import keras
import numpy as np
import pytest
import tiny
from stopped_graftwork import graftwork

from graftwork.files import read_json
from graftwork.run import Run

# Where the processes of one search stop, one after the other, and the last event of the
# journal then. Every process counts from 1.
STOPS = {
    "the floor recorded, without checkpoint": ("SIGKILL after 1 record floor", "floor"),
    "a round recorded, without checkpoint": ("SIGKILL after 1 record round 1", "round"),
    "the search recorded, without checkpoint": ("SIGKILL after 1 record searched", "searched"),
    "by Ctrl-C, in the first training": ("SIGINT after 1 checkpoint 2 training", "searched"),
    "after it, before its generator": ("SIGKILL before 1 rename generator.keras", "searched"),
}
STATUS = {"SIGKILL": -9, "SIGINT": 130}


def without_times(value):
    """Returns a result without what measures time."""
    if isinstance(value, dict):
        times = (*tiny.TIMES, "search_cost_ratio")
        return {k: without_times(v) for k, v in value.items() if k not in times}
    return [without_times(v) for v in value] if isinstance(value, list) else value


def assert_stopped(process, stop, again):
    """Checks the exit status, and that the only line of errors says how to go on."""
    name = stop.split()[0]
    assert process.returncode == STATUS[name], process.stderr
    if name == "SIGKILL":
        assert process.stderr == ""
    else:
        (line,) = process.stderr.splitlines()
        assert "What was done is kept. Go on with: graftwork gans " + again in line
        assert line.endswith("--resume")


def assert_same(run, expected):
    """Checks journal, result and generator."""
    assert tiny.journal(run) == tiny.journal(expected)
    results = [without_times(read_json(path / "result.json")) for path in (run, expected)]
    assert results[0] == results[1]
    models = [keras.saving.load_model(path / "generator.keras") for path in (run, expected)]
    for found, wanted in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_array_equal(found, wanted)
    pictures = [{p.name for p in (path / "samples").iterdir()} for path in (run, expected)]
    assert pictures[0] == pictures[1]


@pytest.fixture(scope="module")
def interrupted(searched_gan, tmp_path_factory):
    """A search that was stopped in all of these ways: its folder and its processes."""
    path = tmp_path_factory.mktemp("interrupted") / "run"
    first = ("gans", "search", "--out", path, *tiny.GAN_SEARCH, "--seeds", 2)
    processes = []
    for stop, _ in STOPS.values():
        resume = ("--resume",) if processes else ()
        process = graftwork(*first, *resume, stop=stop)
        processes.append((process, tiny.journal(path)[-1]["event"]))
    return path, processes


@pytest.mark.parametrize("number", range(len(STOPS)), ids=list(STOPS))
def test_it_stops(interrupted, number):
    stop, event = list(STOPS.values())[number]
    process, last = interrupted[1][number]
    assert_stopped(process, stop, f"search --out {interrupted[0]} ")
    assert last == event


def test_the_end_is_that_of_an_undisturbed_run(interrupted, searched_gan, run_gans):
    path, _ = interrupted
    run_gans("search", "--out", path, "--resume")
    assert_same(path, searched_gan)


# The first step of a process is that of compiling.
TRAINING_STOPS = ("SIGKILL after 2 checkpoint 15 training", "SIGINT after 2 step")


def test_a_final_training_that_is_stopped_ends_the_same(
    searched_gan_copy, trained_gan, run_gans, gan_command
):
    path, resume = searched_gan_copy, ()
    for stop in TRAINING_STOPS:
        process = graftwork("gans", "train", path, "--steps", 7, *resume, stop=stop)
        assert_stopped(process, stop, f"train {path} ")
        resume = ("--resume",)
        # Four steps are kept, though the second process was stopped before it wrote its own.
        newest = max((path / "checkpoints").iterdir())
        state = json.loads((newest / "state.json").read_text())["state"]
        assert state["final"]["current"]["architecture"]
        with np.load(newest / "arrays.npz") as arrays:
            assert int(arrays["step"]) >= 4
    assert "final generator" not in (path / "result.json").read_text()
    status, _, err = gan_command("train", path, "--steps", 8, "--resume")
    assert status == 2
    assert "no interrupted training with these flags" in err
    run_gans("train", path, "--steps", 7, "--resume")
    assert_same(path, trained_gan)


def test_a_finished_search_that_is_resumed_keeps_its_final_generator(
    trained_gan, tmp_path, gan_command
):
    path = shutil.copytree(trained_gan, tmp_path / "run")
    status, _, err = gan_command("search", "--out", path, "--resume")
    assert (status, err) == (0, "")
    assert_same(path, trained_gan)


def test_a_second_run_into_the_same_folder_is_refused(searched_gan_copy, gan_command):
    before = files(searched_gan_copy)
    status, _, err = gan_command("search", "--out", searched_gan_copy, *tiny.GAN_SEARCH)
    assert status == 2
    (line,) = err.splitlines()
    assert "already holds a run" in line
    assert files(searched_gan_copy) == before


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--rounds", 3], "rounds is 2. Received: 3."),
        (["--reward", "fid"], "reward is kid. Received: fid."),
        (["--channels", 8], "channels is (4,). Received: (8,)."),
        (["--no-controls"], "controls is True. Received: False."),
    ],
)
def test_resuming_with_another_flag_is_refused(searched_gan_copy, gan_command, flags, told):
    before = files(searched_gan_copy)
    status, _, err = gan_command("search", "--out", searched_gan_copy, *flags, "--resume")
    assert status == 2
    (line,) = err.splitlines()
    assert told in line
    assert files(searched_gan_copy) == before


def test_other_data_are_refused(searched_gan_copy, gan_command):
    images = 255 - tiny.tiny_dataset().images[:, ::2, ::2]
    for words in (["search", "--resume", "--out"], ["train"], ["evaluate"]):
        status, _, err = gan_command(*words, searched_gan_copy, images=images)
        assert status == 2
        (line,) = err.splitlines()
        assert "dataset" in line


def test_two_processes_never_write_one_folder(searched_gan_copy):
    with Run.resume(searched_gan_copy):
        process = graftwork("gans", "train", searched_gan_copy)
    assert process.returncode == 2
    (line,) = process.stderr.splitlines()
    assert "another process is writing" in line


def files(folder):
    """Returns all files of a folder but the lock, with their bytes."""
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.name != "lock"}
