"""Work in processes side by side: order, retry, what survives a killed worker and parent."""

import os
import signal
import subprocess
import sys
import time

import pytest
import side_work
from side_work import seats, tasks

from graftwork import seats as seats_module
from graftwork.side_by_side import finished_result, run_tasks

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
    some = tasks(tmp_path, dying="die", well="well", failing="fail", late="well")
    found = dict(run_tasks(some, seats(2), lambda number: number < 3, steps.append, busy.append))
    assert list(found) == [0, 1, 2]  # The fourth may not begin.
    assert found[0] == {"event": "trained", "name": "dying", "steps": 10}
    assert found[1]["name"] == "well"
    # It went on from its checkpoint, not from the beginning.
    assert starts(tmp_path, "dying") == [0, 5]
    assert starts(tmp_path, "well") == [0]
    assert starts(tmp_path, "failing") == [0, 0]
    assert found[2] == "the worker process died (exit status 1: ValueError: no luck), twice"
    assert sum(steps) == 20
    assert busy[1] == ["dying", "well"]
    assert busy[-1] == []
    assert not (tmp_path / "late.starts").exists()


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
