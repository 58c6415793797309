"""Work in processes side by side: order, retry, what survives a killed worker and parent."""

import errno
import io
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace

import pytest
import side_work
from side_work import seats, tasks

from graftwork import seats as seats_module
from graftwork import side_by_side, stopping, worker_errors
from graftwork.disk import LostDataError
from graftwork.errors import InputError
from graftwork.side_by_side import run_tasks
from graftwork.stopping import Terminated, stoppable
from graftwork.unit_folders import (
    begin_folder,
    discard_others,
    finished_result,
    forget,
    forget_done,
)

SECONDS = 60


def starts(run, name):
    return [int(line) for line in (run / f"{name}.starts").read_text().split()]


def wait_for(condition):
    until = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_results_come_in_order_and_a_worker_that_dies_goes_on_once(tmp_path):
    steps, busy = [], []
    some = tasks(tmp_path, dying="die", well="well", failing="kill", late="well")
    found = dict(run_tasks(some, seats(2), lambda number: number < 3, steps.append, busy.append))
    assert list(found) == [0, 1, 2]  # The fourth may not begin.
    assert found[0] == {"event": "trained", "name": "dying", "steps": 10}
    assert found[1]["name"] == "well"
    # It went on from its checkpoint, not from the beginning.
    assert starts(tmp_path, "dying") == [0, 5]
    assert starts(tmp_path, "well") == [0]
    assert starts(tmp_path, "failing") == [0, 0]
    assert found[2] == "the worker process died (SIGKILL), twice"
    assert sum(steps) == 20
    assert busy[1] == ["dying", "well"]
    assert busy[-1] == []
    assert not (tmp_path / "late.starts").exists()
    # What is done needs no checkpoint.
    assert not (tmp_path / "jobs" / "well" / "checkpoints").exists()
    assert (tmp_path / "jobs" / "failing" / "log.txt").exists()


@pytest.mark.parametrize(
    ("fate", "error", "said"),
    [
        ("full", OSError, "No space left on device"),
        ("refuse", InputError, "the dataset is another one."),
        ("fail", InputError, r"exit status 1: ValueError: no luck\). What was done before is kept"),
    ],
)
def test_what_is_no_failure_of_the_training_ends_all_and_leaves_no_result(
    tmp_path, fate, error, said
):
    with pytest.raises(error, match=said) as raised:
        list(run_tasks(tasks(tmp_path, one=fate), seats(1)))
    assert finished_result(tmp_path / "jobs" / "one") is None
    if fate == "full":  # The command line says which disk.
        assert raised.value.errno == errno.ENOSPC
        assert raised.value.filename == str(tmp_path / "jobs" / "one" / "checkpoints")
        assert starts(tmp_path, "one") == [0]


def test_finished_results_are_told_though_time_is_over(tmp_path):
    some = tasks(tmp_path, before="well", between="well", after="well")
    for task in (some[0], some[2]):
        task.folder.mkdir(parents=True)
        (task.folder / "result.json").write_text('{"event": "trained"}')
    asked = []
    found = dict(run_tasks(some, seats(1), lambda number: asked.append(number)))
    assert list(found) == [0, 2]
    assert asked == [1]


def test_a_worker_reads_no_steps_from_what_others_print(tmp_path):
    class Process:
        stdout = io.BytesIO(b'Warning: a GPU is old\n4\n[1]\n"x"\n3')

    worker, steps = object.__new__(side_by_side._Worker), []
    worker.process, worker._left, worker._steps, worker._lost = Process, b"", 0, 0
    worker._told = None
    worker.read(steps.append)
    assert steps == [4]
    assert worker._told is None


def test_folders_hold_what_is_asked_for_or_nothing(tmp_path):
    accepts = lambda found: "event" in found  # noqa: E731
    (task,) = tasks(tmp_path, one="well")
    task = replace(task, asked=("7", "a"), accepts=accepts)
    begin_folder(task.folder, task.asked)
    result = task.folder / "result.json"
    result.write_text('{"event": "trained"}')
    discard_others(task.folder, ("7", "a"), accepts)
    assert task.finished() == {"event": "trained"}
    # Damaged: trained again, from the checkpoint that may be there.
    result.write_text('{"a": 1}')
    (task.folder / "checkpoints").mkdir()
    discard_others(task.folder, ("7", "a"), accepts)
    assert {entry.name for entry in task.folder.iterdir()} == {"job.json", "checkpoints"}
    # Of other steps: nothing is of use.
    discard_others(task.folder, ("8", "a"), accepts)
    assert not task.folder.exists()


def test_folders_of_units_that_are_done_go_and_logs_of_failures_stay(tmp_path):
    names = ("00001", "00002-0", "00003", "final-0")
    for name in names:
        begin_folder(tmp_path / "jobs" / name, ("7",))
        (tmp_path / "jobs" / name / "log.txt").touch()
        (tmp_path / "jobs" / name / "checkpoints").mkdir()
    (tmp_path / "jobs" / "00001" / "result.json").write_text("{}")
    forget_done(tmp_path, 3)
    left = {file.relative_to(tmp_path / "jobs").as_posix() for file in tmp_path.rglob("*.*")}
    kept = {f"{name}/{file}" for name in names[2:] for file in ("job.json", "log.txt")}
    assert left == {"00002-0/log.txt", *kept}
    forget(tmp_path, 3, keep_log=True)
    assert [entry.name for entry in (tmp_path / "jobs" / "00003").iterdir()] == ["log.txt"]
    forget_done(tmp_path, 0)  # The run begins anew.
    assert not (tmp_path / "jobs").exists()


def test_workers_that_are_to_stop_save_their_checkpoint_and_results_stay(tmp_path):
    some = tasks(tmp_path, quick="well", slow="slow", other="well")
    results = run_tasks(some, seats(2))
    assert next(results)[1]["name"] == "quick"
    wait_for((tmp_path / "slow.eight").exists)

    begin = time.monotonic()
    results.close()
    assert time.monotonic() - begin < 10
    again = dict(run_tasks(tasks(tmp_path, quick="well", slow="well", other="well"), seats(2)))
    assert [again[number]["steps"] for number in range(3)] == [10, 10, 10]
    assert starts(tmp_path, "quick") == [0]  # Its result was there.
    assert starts(tmp_path, "slow") == [0, 8]


def test_a_signal_that_is_repeated_waits_for_workers_that_are_saving(tmp_path, monkeypatch):
    monkeypatch.setattr(stopping, "SECONDS_UNTIL_AGAIN", 0.1)
    over = threading.Event()

    def terminate():
        wait_for((tmp_path / "slow.eight").exists)
        os.kill(os.getpid(), signal.SIGTERM)
        over.wait(SECONDS)  # Signals of the process may come to this thread, too.

    other = threading.Thread(target=terminate, daemon=True)
    other.start()
    with pytest.raises(Terminated), stoppable():
        list(run_tasks(tasks(tmp_path, slow="late"), seats(1)))
    over.set()
    other.join()
    assert (tmp_path / "slow.saved").exists()


def test_workers_end_with_a_parent_that_is_killed_and_lose_nothing(tmp_path):
    parent = subprocess.Popen(
        [sys.executable, side_work.__file__, tmp_path], env={**os.environ, **seats(1)[0]}
    )
    wait_for((tmp_path / "first.eight").exists)
    wait_for(lambda: finished_result(tmp_path / "jobs" / "second"))
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    # A worker of the next parent waits until the one before has saved and let go of the folder.
    found = dict(run_tasks(tasks(tmp_path, first="well", second="well"), seats(2)))
    assert [found[0]["steps"], found[1]["steps"]] == [10, 10]
    assert starts(tmp_path, "second") == [0]
    assert starts(tmp_path, "first") == [0, 8]


@pytest.mark.parametrize(
    ("told", "gpus", "expected"),
    [("", 2, ["0", "1", "0"]), ("3, 5", 2, ["3", "5", "3"]), ("GPU-ab", 1, ["GPU-ab"] * 3)],
    ids=["all", "some", "by name"],
)
def test_workers_take_gpus_in_turn(monkeypatch, told, gpus, expected):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", told)
    assert [seat["CUDA_VISIBLE_DEVICES"] for seat in seats_module.seats(3, gpus)] == expected


def test_without_gpus_workers_share_the_cores(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(7)))
    assert {seat["TF_NUM_INTRAOP_THREADS"] for seat in seats_module.seats(3, 0)} == {"2"}
    assert seats_module.seats(9, 0)[8]["OMP_NUM_THREADS"] == "1"
    monkeypatch.delattr(os, "sched_getaffinity")  # As on macOS.
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert seats_module.seats(3, 0)[0]["OMP_NUM_THREADS"] == "2"


class LostError(Exception):
    """Looks like one of TensorFlow's."""

    __module__ = "tensorflow.errors"


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (LostError("FileNotFoundError: a.png is gone\n\nat"), LostDataError, "a.png is gone"),
        (OSError(errno.EIO, "Input/output error", "a.npy"), OSError, "Input/output error: 'a.npy'"),
        (InputError("--x must be 1."), InputError, "--x must be 1."),
    ],
    ids=["data", "disk", "input"],
)
def test_the_parent_raises_what_the_worker_tells(error, kind, said):
    found = worker_errors.read(worker_errors.told(error))
    assert type(found) is kind
    assert said in str(found)
    assert worker_errors.told(ValueError("no luck")) is None
