"""One of several workers: who it is, where it writes, what it says when another is gone."""

import dataclasses
import json
import socket
import threading
import time
from pathlib import Path

import pytest

from graftwork import cluster as cluster_module
from graftwork import collective, meeting
from graftwork.cluster import Cluster, LostWorkerError, as_worker, is_chief, read_cluster, workers
from graftwork.errors import InputError
from graftwork.failures import failure_of
from graftwork.progress import Progress
from graftwork.run import Run
from graftwork.units import UnitRun

ADDRESSES = ["host0:2222", "host1:2222"]
DEAD = """Graph execution error: Collective ops is aborted by: Error reported from \
/job:worker/task:0: The following tasks are unhealthy (stopped sending heartbeats):
/job:worker/replica:0/task:1
The tasks have crashed."""


@dataclasses.dataclass(frozen=True)
class Asked:
    out: Path
    resume: bool = False
    distribute: str = "multiworker"


class UnavailableError(Exception):
    """As TensorFlow names it."""

    __module__ = "tensorflow.python.framework.errors_impl"


class ResourceExhaustedError(Exception):
    """As TensorFlow names it."""

    __module__ = "tensorflow.python.framework.errors_impl"


def tf_config(index, kind="worker", addresses=ADDRESSES):
    found = {"cluster": {"worker": addresses}, "task": {"type": kind, "index": index}}
    return json.dumps(found)


@pytest.fixture
def worker(monkeypatch):
    """Makes this process a worker of two, without connecting it: `worker(1)`."""
    monkeypatch.setattr(cluster_module, "_connect", lambda goes_on: None)
    monkeypatch.setattr(cluster_module, "_wait_for_all", lambda: None)
    return lambda index: monkeypatch.setenv("TF_CONFIG", tf_config(index))


@pytest.fixture
def second_of_two(monkeypatch):
    monkeypatch.setattr(cluster_module, "_cluster", Cluster(tuple(ADDRESSES), 1))


# TF_CONFIG.


def test_tf_config_names_the_workers():
    assert read_cluster(tf_config(1)) == Cluster(tuple(ADDRESSES), 1)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "{",
        "[]",
        '{"cluster": {}}',
        tf_config(2),
        tf_config(-1),
        tf_config("0"),
        tf_config(0, "ps"),
        tf_config(0, addresses=[]),
        tf_config(0, addresses=["host0"]),
        tf_config(0, addresses="host0:2222"),
        tf_config(0, addresses=["host0:0"]),
        tf_config(0, addresses=["host0:65536"]),
        tf_config(0, addresses=["host0:2222", "host1:123456789012345678901234567890"]),
    ],
    ids=str,
)
def test_any_other_tf_config_is_refused(text):
    with pytest.raises(InputError, match=r"needs the environment variable TF_CONFIG, such as \{"):
        read_cluster(text)


def test_the_command_line_says_so_in_one_line(command, tmp_path, monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    out = tmp_path / "run"
    status, _, error = command(
        *("trees", "search", "--dataset", "tiny", "--out", out, "--distribute", "multiworker")
    )
    assert status == 2
    (line,) = error.splitlines()
    assert line.startswith("graftwork: --distribute multiworker needs the environment variable")
    assert line.endswith("Received: None.")
    assert not out.exists()


def test_tf_config_means_nothing_without_the_flag(tmp_path, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", tf_config(1))
    asked = Asked(tmp_path, distribute="none")
    with as_worker(asked) as config:
        assert (config, workers(), is_chief()) == (asked, 1, True)


# Where a worker writes.


def test_the_chief_writes_the_run_folder(worker, tmp_path):
    worker(0)
    with as_worker(Asked(tmp_path / "run")) as config:
        assert config.out == tmp_path / "run"
        assert (workers(), is_chief()) == (2, True)
    assert workers() == 1


def test_another_worker_has_a_folder_of_its_own_and_tells_one_line(worker, tmp_path, capsys):
    worker(1)
    run = tmp_path / "run"
    with as_worker(Asked(run)) as config:
        assert not is_chief()
        Run.create(config.out, {}).close()
        Progress().console.print("seen by nobody")
    assert not run.exists()
    assert not config.out.exists()
    assert capsys.readouterr().out == "worker 1 of 2: works for worker 0 at host0:2222\n"


def test_another_worker_goes_on_from_a_copy(worker, tmp_path):
    worker(1)
    path = tmp_path / "run"
    with Run.create(path, {"seed": 3}) as run:
        run.record("start")
        run.checkpoint({"done": 1})
        (path / "report.html").touch()
        with as_worker(Asked(path, resume=True)) as config, Run.resume(config.out) as own:
            assert own.restore()[0] == {"done": 1}
            own.record("more")
            assert not (config.out / "report.html").exists()
    assert len((path / "journal.jsonl").read_text().splitlines()) == 1


def test_a_worker_that_does_not_see_the_run_says_so(worker, tmp_path):
    worker(1)
    with (
        pytest.raises(InputError, match="holds no run that worker 1 at host1:2222 could go on"),
        as_worker(Asked(tmp_path / "run", resume=True)),
    ):
        pass


# What several workers do.


def test_the_time_left_is_that_of_the_chief(second_of_two, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(collective, "agree", lambda value: asked.append(value) or False)
    with Run.create(tmp_path / "run", {}) as run:
        units = UnitRun(run)
        assert not units.time_left(1e6)
        assert asked == [True]
        assert units.time_left(float("inf"))  # Nothing to agree on.
        assert len(asked) == 1


def test_alone_everybody_agrees():
    assert collective.agree(True) is True
    assert collective.agree(2.5) == 2.5


def test_late_workers_are_named_and_waited_for(monkeypatch, capsys):
    with socket.create_server(("", 0)) as one, socket.create_server(("", 0)) as other:
        addresses = tuple(f"127.0.0.1:{server.getsockname()[1]}" for server in (one, other))
    monkeypatch.setattr(meeting, "SECONDS_UNTIL_TOLD", 0.01)
    first = threading.Thread(target=meeting.meet, args=(Cluster(addresses, 0),), daemon=True)
    first.start()
    told, until = "", time.monotonic() + 20
    while not told and time.monotonic() < until:
        time.sleep(0.02)
        told = capsys.readouterr().err
    assert told.splitlines()[0] == f"graftwork: waiting for worker 1 at {addresses[1]}."
    assert first.is_alive()
    meeting.meet(Cluster(addresses, 1))
    first.join(20)
    assert not first.is_alive()


def test_a_port_in_use_is_named():
    with socket.create_server(("", 0)) as used:
        port = used.getsockname()[1]
        with pytest.raises(InputError, match=f"port {port} of worker 0 at host:{port} cannot be"):
            meeting.meet(Cluster((f"host:{port}", "host1:2222"), 0))


def test_a_caller_that_has_given_up_is_not_counted():
    came, others = set(), {1}
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        asked = threading.Thread(target=meeting._welcome, args=(server, others, came), daemon=True)
        asked.start()
        with socket.create_connection(server.getsockname(), 5) as line:
            line.sendall((1).to_bytes(4, "big"))
            assert line.recv(len(meeting.GREETING)) == meeting.GREETING
        asked.join(0.2)
        assert came == set()
        address = f"127.0.0.1:{server.getsockname()[1]}"
        assert meeting._reach(Cluster((address, "host1:2222"), 1), 0)
        asked.join(5)
        assert came == others


def test_a_worker_that_has_given_up_is_called_again():
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)

        def give_up():
            with server.accept()[0] as caller:
                caller.sendall(meeting.GREETING)

        threading.Thread(target=give_up, daemon=True).start()
        address = f"127.0.0.1:{server.getsockname()[1]}"
        assert not meeting._reach(Cluster((address, "host1:2222"), 1), 0)


# A worker that is gone.


def test_a_worker_that_is_gone_ends_the_others_with_its_name(worker, tmp_path):
    worker(0)
    with (
        pytest.raises(LostWorkerError, match=r"^worker 1 at host1:2222 does not answer\. Start"),
        as_worker(Asked(tmp_path)),
    ):
        raise UnavailableError(DEAD)
    assert workers() == 1


def test_memory_that_ran_out_on_one_ends_all(worker, tmp_path):
    worker(1)
    with (
        pytest.raises(LostWorkerError, match="memory ran out on worker 1 at host1:2222"),
        as_worker(Asked(tmp_path)),
    ):
        raise ResourceExhaustedError("OOM")


class InternalError(Exception):
    """As TensorFlow names it."""

    __module__ = "tensorflow.python.framework.errors_impl"


def test_a_fault_of_a_workers_own_device_is_told_as_its_own(worker, tmp_path):
    worker(1)
    told = r"^worker 1 at host1:2222 cannot go on: cuDNN launch failure\. The others"
    with pytest.raises(LostWorkerError, match=told), as_worker(Asked(tmp_path)):
        raise InternalError("cuDNN launch failure")


def test_lost_data_are_told_as_such(worker, tmp_path):
    worker(1)
    with pytest.raises(InternalError), as_worker(Asked(tmp_path)):
        raise InternalError("OSError: the file images.npy is gone\nTraceback")


def test_no_worker_tries_again_alone(second_of_two):
    assert failure_of(ResourceExhaustedError("OOM")) is None


def test_other_errors_stay_what_they_are(worker, tmp_path):
    worker(0)
    with pytest.raises(ZeroDivisionError), as_worker(Asked(tmp_path)):
        raise ZeroDivisionError


def test_the_command_line_says_how_to_go_on(worker, command, searched_copy, monkeypatch):
    worker(0)

    def lost(config):
        raise UnavailableError(DEAD)

    monkeypatch.setattr("multitask_nas.commands.search", lost)
    status, _, error = command(
        *("trees", "search", "--out", searched_copy, "--resume", "--distribute", "multiworker")
    )
    assert status == 1
    (line,) = error.splitlines()
    assert line.startswith(
        "graftwork: worker 1 at host1:2222 does not answer. Start all workers again. What was "
        "done is kept. Go on with: graftwork trees search"
    )
    assert line.endswith("--resume")


def test_workers_with_other_flags_are_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", tf_config(1))
    monkeypatch.setattr(meeting, "meet", lambda cluster: None)
    monkeypatch.setattr(collective, "connect", lambda: None)
    monkeypatch.setattr(collective, "agree", lambda value: True)
    told = "worker 0 at host0:2222 was started with --resume, and worker 1 at host1:2222 without it"
    with pytest.raises(InputError, match=told), as_worker(Asked(tmp_path)):
        pass
