"""A search whose disk is full, whose data go away and whose clock jumps ends as any other."""

import errno
import itertools
import os
import time

import tiny
from test_resume import without_times

from graftwork import training_data
from graftwork.files import read_json


def full_disk_at(monkeypatch, name):
    """Lets the first sync of a file of this name fail, as a write does on a full disk."""
    sync, due = os.fsync, [True]

    def fsync(descriptor):
        if due and name in os.readlink(f"/proc/self/fd/{descriptor}"):
            due.clear()
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)


def assert_stopped(outcome, run, *parts):
    """Checks that a command ended with one line that says why, and how to go on."""
    status, _, err = outcome
    assert status == 1, err
    (line,) = err.splitlines()
    for part in (*parts, "What was done is kept. Go on with: graftwork trees", "--resume"):
        assert part in line
    assert not [entry for entry in run.iterdir() if entry.name.startswith(".")]


def test_a_search_goes_on_after_a_full_disk_and_lost_data(command, searched, tmp_path, monkeypatch):
    run = tmp_path / "run"
    jumps = itertools.cycle([0, 1e6, -1e6])
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + next(jumps))
    words = ["trees", "search", "--out", run, *tiny.SEARCH, "--time-budget", "1h"]
    calls, read = itertools.count(), training_data.read_rows

    def lost(*arguments):
        if next(calls) == 8:
            raise OSError("images.npy is shorter than it was")
        return read(*arguments)

    with monkeypatch.context() as patch:  # Images that do not fit on the device, on a bad disk.
        patch.setattr(training_data.TrainingData, "on_device", property(lambda self: None))
        patch.setattr(training_data, "read_rows", lost)
        assert_stopped(command(*words), run, "images.npy is shorter than it was")
    for name in ("path_scores.npz", "report.html"):  # All others: tests/graftwork/test_disk.py.
        with monkeypatch.context() as patch:
            full_disk_at(patch, name)
            outcome = command(*words, "--resume")
        assert_stopped(outcome, run, "No space left on device", "its disk, mounted at ")
    status, out, err = command(*words, "--resume")
    assert (status, err) == (0, "")
    assert "run folder: " in out.splitlines()[-1]
    assert tiny.journal(run) == tiny.journal(searched)
    results = [without_times(read_json(path / "result.json")) for path in (run, searched)]
    assert results[0] == results[1]
