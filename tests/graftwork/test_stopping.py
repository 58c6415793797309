"""Ctrl-C and SIGTERM arrive, whatever a command is doing, and once more while it saves."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from written_runs import restored, rounds_of, write

from graftwork import files, stopping, stuck
from graftwork.cli import main
from graftwork.run import Run
from graftwork.stopping import (
    StopRequested,
    Terminated,
    saved_when_stopped,
    stop_if_asked,
    stoppable,
)

WHAT = {signal.SIGINT: KeyboardInterrupt, signal.SIGTERM: Terminated}


class Deaf:
    """Gets a signal in its destructor, where Python drops every exception."""

    def __init__(self, number):
        self.number = number

    def __del__(self):
        os.kill(os.getpid(), self.number)
        time.sleep(0.01)


def be_deaf(number):
    Deaf(number)
    time.sleep(5)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("number", WHAT, ids=["SIGINT", "SIGTERM"])
def test_a_signal_whose_exception_is_dropped_arrives_again(number, monkeypatch):
    monkeypatch.setattr(stopping, "SECONDS_UNTIL_AGAIN", 0.05)
    begin = time.monotonic()
    with pytest.raises(WHAT[number]), stoppable():
        be_deaf(number)
    assert time.monotonic() - begin < 2


def test_afterwards_signals_are_as_they_were():
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)
    before = [signal.getsignal(number) for number in numbers]
    with pytest.raises(Terminated), stoppable():
        signal.raise_signal(signal.SIGTERM)
    assert [signal.getsignal(number) for number in numbers] == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_an_ignored_ctrl_c_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stoppable():
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.01)
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_numpy_is_interrupted_with_a_status_and_how_to_go_on(
    path, monkeypatch, capsys, number, status
):
    write(path, 1)

    def metrics(config):
        matrix = np.random.default_rng(0).normal(size=(60, 60))
        os.kill(os.getpid(), number)
        for _ in range(100_000):
            np.linalg.eigvals(matrix)

    monkeypatch.setattr("multitask_nas.commands.search", metrics)
    begin = time.monotonic()
    with pytest.raises(SystemExit) as exit_:
        main(["trees", "search", "--out", str(path)])
    assert exit_.value.code == status
    assert time.monotonic() - begin < 10
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(f"Go on with: graftwork trees search --out {path} --resume")


def test_a_second_ctrl_c_while_the_first_cleans_up_leaves_nothing_half(path, monkeypatch):
    write(path, 2)
    files.write_json(path / "result.json", "old")

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, Run.resume(path) as run:
        patch.setattr(os, "fsync", interrupted)
        for name, owner in (("unlink", os), ("rmtree", files.shutil)):
            patch.setattr(owner, name, interrupted)
        with pytest.raises(KeyboardInterrupt):
            files.write_json(path / "result.json", "new")
        with pytest.raises(KeyboardInterrupt):
            run.checkpoint({"round": 2}, {"w": np.zeros(9)})
    assert files.read_json(path / "result.json") == "old"
    with Run.resume(path) as run:
        assert restored(run)[0] == {"round": 1}
        assert rounds_of(path) == [0, 1]
        run.checkpoint({"round": 2})
    left = [entry.name for entry in (*path.iterdir(), *(path / "checkpoints").iterdir())]
    assert not [name for name in left if name.startswith(".")]


def test_who_reads_a_run_does_not_wait_for_who_writes_it(searched_copy, tmp_path):
    report = ["report", searched_copy, "--out", tmp_path / "report", "--format", "json"]
    with Run.resume(searched_copy):
        for words in (["runs", "show", searched_copy], ["runs", "list", tmp_path], report):
            main([str(word) for word in words])
        for words in (["search", "--resume", "--out"], ["train"]):
            with pytest.raises(SystemExit) as exit_:
                main(["trees", *words, str(searched_copy)])
            assert exit_.value.code == 2


@pytest.mark.parametrize("number", WHAT, ids=["SIGINT", "SIGTERM"])
def test_a_training_saves_before_it_ends(number):
    done = []

    def train():
        stop_if_asked()
        signal.raise_signal(number)
        done.append("step")
        try:
            stop_if_asked()
        except StopRequested:
            done.append("saved")
            raise

    with pytest.raises(WHAT[number]), stoppable(), saved_when_stopped():
        train()
    assert done == ["step", "saved"]
    stop_if_asked()  # Nothing is left of it.


def test_a_second_signal_and_a_long_step_end_at_once(monkeypatch):
    def ignored(*numbers):
        for number in numbers:
            signal.raise_signal(number)
        time.sleep(5)

    begin = time.monotonic()
    with pytest.raises(Terminated), stoppable(), saved_when_stopped():
        ignored(signal.SIGINT, signal.SIGTERM)
    monkeypatch.setattr(stopping, "SECONDS_TO_SAVE", 0.05)
    with pytest.raises(KeyboardInterrupt), stoppable(), saved_when_stopped():
        ignored(signal.SIGINT)
    assert time.monotonic() - begin < 2


@pytest.mark.parametrize("name", ["MemoryError", "ResourceExhaustedError"])
def test_memory_that_runs_out_is_one_line(path, monkeypatch, capsys, name):
    write(path, 1)

    def fails(config):
        raise type(name, (MemoryError if name == "MemoryError" else Exception,), {})("3 GB")

    monkeypatch.setattr("multitask_nas.commands.search", fails)
    with pytest.raises(SystemExit) as exit_:
        main(["trees", "search", "--out", str(path)])
    assert exit_.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("graftwork: memory ran out (3 GB). ")
    assert line.endswith(f"Go on with: graftwork trees search --out {path} --resume")


STUCK = """
import hashlib, os, signal, threading
from pathlib import Path
from graftwork import stuck
from graftwork.cli import main

stuck.SECONDS_TO_END = 0.2

def search(config):
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # As while TensorFlow is imported.
    threading.Timer(0.1, os.kill, [os.getpid(), signal.{name}]).start()
    hashlib.pbkdf2_hmac("sha1", b"", b"", 2**31 - 1)  # One call of some ten minutes.

import multitask_nas.commands
multitask_nas.commands.search = search
main(["trees", "search", "--out", "run"])
"""


@pytest.mark.parametrize(("name", "status"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_call_that_does_not_end_is_left_in_time(path, name, status):
    write(path.parent / "run", 1)
    process = subprocess.run(
        [sys.executable, "-c", STUCK.format(name=name)],
        cwd=path.parent,
        env={**os.environ, "PYTHONPATH": str(Path(stopping.__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (process.returncode, process.stdout) == (status, "")
    (line,) = process.stderr.splitlines()
    assert line.startswith("graftwork: ended in the middle of a long step")
    assert line.endswith("graftwork trees search --out run --resume")


def test_the_process_lives_on_where_the_signal_was_noticed(monkeypatch):
    monkeypatch.setattr(stuck, "SECONDS_TO_END", 0.05)
    ends = []
    monkeypatch.setattr(os, "_exit", ends.append)
    before, threads = signal.set_wakeup_fd(-1), threading.active_count()
    with pytest.raises(KeyboardInterrupt), stoppable(), stuck.ended_if_stuck(str):
        signal.raise_signal(signal.SIGINT)
    time.sleep(0.2)
    assert (signal.set_wakeup_fd(before), threading.active_count(), ends) == (-1, threads, [])
