"""Transfers on two devices, and by two workers of which one is killed: those of one device."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import tiny
import tiny_transfer
from working_together import assert_alike, work_together

pytestmark = pytest.mark.slow

KILLED = {"learn": "SIGKILL after 1 record round 2", "apply": "SIGKILL after 1 record searched"}


def on_two_devices(*words):
    """Calls `graftwork` with two logical devices of the CPU."""
    script = Path(tiny.__file__).with_name("on_two_devices.py")
    paths = {"PYTHONPATH": str(script.parents[1])}
    done = subprocess.run(
        [sys.executable, script, *map(str, words)],
        env={**os.environ, **paths},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def workers_of(stage, path, *words):
    """Runs a stage by two workers; the second is killed, and both go on."""
    command = ("transfer", stage, *words, "--out", path, "--distribute", "multiworker")
    addresses, (chief, killed) = work_together(*command, stops=("", KILLED[stage]))
    assert killed[0] == -9
    assert chief[0] == 1
    (line,) = chief[2].splitlines()
    assert f"worker 1 at {addresses[1]} does not answer" in line
    _, ends = work_together(*command, "--resume", stops=("", ""))
    assert [(status, errors) for status, _, errors in ends] == [(0, "")] * 2


def assert_as_on_one_device(path, expected):
    """Checks the events of two runs: rounding may turn the rank of two validation images."""
    mine, theirs = (tiny_transfer.without_times(tiny.journal(run)) for run in (path, expected))
    assert_alike([mine[0] | {"replicas": 1}, *mine[1:]], theirs, tolerance=0.02)


@pytest.mark.parametrize("how", ["mirrored", "multiworker"])
def test_what_is_learned_and_applied_is_that_of_one_device(learned, applied, tmp_path, how):
    ours, target = tmp_path / "learned", tmp_path / "applied"
    stages = (("learn", ours, *tiny_transfer.LEARN), ("apply", target, ours, *tiny_transfer.APPLY))
    for stage, path, *words in stages:
        if how == "mirrored":
            on_two_devices("transfer", stage, *words, "--out", path, "--distribute", how)
        else:
            workers_of(stage, path, *words)
    assert_as_on_one_device(ours, learned)
    assert_as_on_one_device(target, applied)
