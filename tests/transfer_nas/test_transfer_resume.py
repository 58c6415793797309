"""Stopped anywhere and resumed, runs of transfer end as if nothing had happened."""

import numpy as np
import tiny
import tiny_transfer
from stopped_graftwork import graftwork
from tiny_transfer import transfer

from graftwork.files import read_json

STATUS = {"SIGKILL": -9, "SIGINT": 130, "SIGTERM": 143}
# Where the processes of one run stop, one after the other; every process counts from 1.
LEARN_STOPS = {
    "recorded, and not in a checkpoint": "SIGKILL after 1 record learned",
    "by Ctrl-C, after a round's checkpoint of the second seed": "SIGINT after 3 checkpoint 1 round",
}
APPLY_STOPS = {
    "in the shared weights": "SIGKILL after 52 step",
    "by Ctrl-C, in the search from scratch": "SIGINT after 2 checkpoint 3 round",
    "in a training": "SIGKILL after 2 checkpoint 5 training",
    "by SIGTERM, before the result": "SIGTERM before 1 rename result.json",
}


def stopped(first, stops):
    """Begins a run and goes on with it, stopped in all these ways; then lets it end here."""
    resume = ()
    for stop in stops.values():
        assert_stopped(graftwork("transfer", *first, *resume, stop=stop), stop)
        resume = ("--resume",)
    transfer(*first, *resume)


def assert_alike(path, expected):
    """Checks that two runs tell the same, but for what measures time."""
    found, wanted = (tiny_transfer.without_times(tiny.journal(run)) for run in (path, expected))
    assert found == wanted
    results = [
        tiny_transfer.without_times(read_json(run / "result.json")) for run in (path, expected)
    ]
    assert results[0] == results[1]
    names = {entry.name for entry in path.iterdir() if entry.name[0] != "."}
    assert names == {entry.name for entry in expected.iterdir()}


def assert_stopped(process, stop):
    assert process.returncode == STATUS[stop.split()[0]], process.stderr
    if not stop.startswith("SIGKILL"):
        (line,) = process.stderr.splitlines()
        assert line.startswith("graftwork: ")
        assert line.endswith("--resume")


def test_learning_ends_as_undisturbed(learned, tmp_path):
    path = tmp_path / "run"
    first = ("learn", "--out", path, *tiny_transfer.LEARN)
    stopped(first, LEARN_STOPS)
    assert_alike(path, learned)
    for seed in (0, 1):
        name = f"strategies/seed-{seed}.json"
        assert read_json(path / name) == read_json(learned / name)


def test_an_application_ends_as_undisturbed(learned, applied, tmp_path):
    path = tmp_path / "run"
    first = ("apply", learned, "--out", path, *tiny_transfer.APPLY)
    stopped(first, APPLY_STOPS)
    assert_alike(path, applied)
    for seed in (0, 1):
        name = f"shared/seed-{seed}.npz"
        with np.load(path / name) as found, np.load(applied / name) as expected:
            for key in expected:
                np.testing.assert_array_equal(found[key], expected[key])
