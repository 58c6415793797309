"""Which commands train side by side, and with what that goes together."""

import json
import os
import signal
import threading
import time

import pytest
import tensorflow as tf

from graftwork import devices
from graftwork.engine_options import EngineOptions, JobOptions
from graftwork.errors import InputError
from graftwork.failures import Attempt, OutOfMemoryError


@pytest.mark.parametrize("distribute", ["none", "mirrored", "multiworker"])
def test_one_device_shares_nothing(distribute):
    with devices.engine(EngineOptions(distribute=distribute)):
        assert devices.replicas() == 1
        assert not tf.distribute.has_strategy()  # Adversarial steps differ under one.


@pytest.mark.parametrize("words", [("trees", "search"), ("transfer", "learn", "--dataset", "tiny")])
def test_xla_compiles_for_one_device(command, tmp_path, words):
    flags = ("--out", tmp_path / "run", "--jit", "--distribute", "mirrored")
    status, _, err = command(*words, *flags)
    assert status == 2
    assert err.startswith("graftwork: --jit does not go with --distribute mirrored")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("distribute", ["mirrored", "multiworker"])
def test_what_shares_all_devices_is_not_trained_beside_others(distribute):
    JobOptions(distribute=distribute).check_engine()
    with pytest.raises(InputError, match=f"--jobs must be 1 with --distribute {distribute}"):
        JobOptions(distribute=distribute, jobs=2).check_engine()


def test_a_worker_computes_as_its_parent_but_on_one_device():
    options = JobOptions(
        precision="mixed_bfloat16", jit=True, deterministic=True, distribute="mirrored"
    )
    found = EngineOptions(**json.loads(options.of_worker()))
    assert found == EngineOptions(precision="mixed_bfloat16", jit=True, deterministic=True)


@pytest.mark.parametrize(
    "words", [("trees", "train", "run"), ("transfer", "learn", "--out", "run")], ids=" ".join
)
def test_a_command_that_trains_one_network_has_no_jobs(command, words):
    status, out, err = command(*words, "--jobs", "2")
    assert status == 2
    assert "--jobs" in out + err


@pytest.mark.parametrize(("batch_size", "half"), [(12, 4), (24, 12), (4, 4)])
def test_half_a_batch_is_split_evenly_over_the_devices(monkeypatch, batch_size, half):
    monkeypatch.setattr(devices, "replicas", lambda: 4)
    again = Attempt(0, batch_size).again(OutOfMemoryError("memory ran out", ""))
    assert again.batch_size == half


def test_what_is_for_one_device_returns_raises_and_ends_with_ctrl_c(monkeypatch):
    monkeypatch.setattr(devices, "replicas", lambda: 2)
    assert devices.on_one_device(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        devices.on_one_device(lambda: 1 // 0)
    begin, threads = time.monotonic(), []

    def train():
        threads.append(threading.current_thread())
        threading.Timer(0.05, os.kill, [os.getpid(), signal.SIGINT]).start()
        while time.monotonic() < begin + 5:
            time.sleep(0.01)

    with pytest.raises(KeyboardInterrupt):
        devices.on_one_device(train)
    assert time.monotonic() - begin < 2
    assert not threads[0].is_alive()
