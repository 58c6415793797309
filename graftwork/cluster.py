"""The machines that work on one run: which they are, and where each of them writes.

Every worker runs the same program. The chief, worker 0, owns the run folder.
"""

import contextlib
import dataclasses
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graftwork.disk import lost_data
from graftwork.errors import InputError

NOT_COPIED = ("lock", "tensorboard", "samples", "*.html", "*.svg", ".*")
"""What of a run folder no work goes on from."""
LOST = {
    *("UnavailableError", "DeadlineExceededError", "AbortedError", "CancelledError"),
    *("InternalError", "FailedPreconditionError", "UnknownError"),
}
"""TensorFlow's errors of a connection that is gone."""
LOCAL = {"InternalError", "FailedPreconditionError", "UnknownError"}
"""Those of them that a device or a file of this worker may be the cause of, too."""
LONGEST = 300
"""Characters of a cause."""


class LostWorkerError(Exception):
    """Another worker is gone, or this one cannot go on; the message is for people."""


@dataclasses.dataclass(frozen=True)
class Cluster:
    """The workers of a run.

    Args:
        addresses: `host:port` of each.
        index: Which of them this process is.
    """

    addresses: tuple[str, ...]
    index: int

    def name(self, index: int) -> str:
        """Returns what messages call a worker."""
        return f"worker {index} at {self.addresses[index]}"


ALONE = Cluster(("",), 0)
_cluster = ALONE


def cluster() -> Cluster:
    """Returns the workers of the run that this process works for."""
    return _cluster


def workers() -> int:
    """Returns how many processes work on the run, each on its part of every batch."""
    return len(_cluster.addresses)


def is_chief() -> bool:
    """Whether this process owns the run folder, and tells people about the run."""
    return _cluster.index == 0


def read_cluster(text: str | None) -> Cluster:
    """Returns the workers that `TF_CONFIG` names.

    Raises:
        InputError: If it names none, or not this process.
    """
    try:
        found = json.loads(text or "")
        addresses, task = found["cluster"]["worker"], found["task"]
        index = task["index"]
        known = task["type"] == "worker" and type(index) is int and 0 <= index < len(addresses)
        known = known and all(map(_is_address, addresses))
    except (ValueError, TypeError, KeyError):
        known = False
    if not known:
        raise InputError(
            "--distribute multiworker needs the environment variable TF_CONFIG, such as "
            '{"cluster": {"worker": ["host1:2222", "host2:2222"]}, "task": {"type": "worker", '
            f'"index": 0}}}}, with the index of this machine and ports of 1 to 65535. '
            f"Received: {text!r}."
        )
    return Cluster(tuple(addresses), index)


def _is_address(text: str) -> bool:
    found = re.fullmatch(r".+:([0-9]{1,5})", text)
    return found is not None and 0 < int(found[1]) < 65536


@contextlib.contextmanager
def as_worker(config: Any) -> Iterator[Any]:
    """Works for a run together with the other workers, as long as the block lasts.

    Args:
        config: A command's configuration; one without `distribute` is left as it is.

    Yields:
        The configuration to work with. A worker that is not the chief has a folder of its own, a
        copy of the run where one is gone on with; it is removed at the end.

    Raises:
        InputError: If `TF_CONFIG` does not name the workers, or there is no run to go on with.
        LostWorkerError: If another worker is gone.
    """
    global _cluster
    if getattr(config, "distribute", "none") != "multiworker":
        yield config
        return
    _cluster = found = read_cluster(os.environ.get("TF_CONFIG"))
    try:
        if not is_chief():
            print(f"worker {found.index} of {workers()}: works for {found.name(0)}", flush=True)
        if workers() > 1:
            _connect(_goes_on(config))
        with contextlib.nullcontext(config) if is_chief() else _own_folder(config) as own:
            if workers() > 1:
                _wait_for_all()  # The chief writes nothing before they have their copies.
            yield own
    except Exception as error:
        if lost := lost_worker(error):
            raise LostWorkerError(lost) from error
        raise
    finally:
        _cluster = ALONE


@contextlib.contextmanager
def _own_folder(config: Any) -> Iterator[Any]:
    """Yields the configuration with a temporary folder in place of the run's."""
    field = "out" if hasattr(config, "out") else "run"
    run: Path = getattr(config, field)
    with tempfile.TemporaryDirectory(prefix="graftwork-worker-") as folder:
        own = Path(folder) / run.resolve().name
        if _goes_on(config):
            _copy(run, own)
        yield dataclasses.replace(config, **{field: own})


def _copy(run: Path, own: Path) -> None:
    if not (run / "config.json").exists():
        raise InputError(
            f"{run} holds no run that {_cluster.name(_cluster.index)} could go on with. All "
            "workers must see the folder of the run: put it on a disk that they share."
        )
    try:
        shutil.copytree(run, own, ignore=shutil.ignore_patterns(*NOT_COPIED))
    except shutil.Error as error:
        raise InputError(
            f"{run} changed while it was read: another process writes it. Wait for it, or stop "
            f"it first ({error.args[0][0][2]})."
        ) from None


def _goes_on(config: Any) -> bool:
    return not hasattr(config, "out") or bool(config.resume)


def _connect(goes_on: bool) -> None:
    """Waits for the other workers, before anything else is computed: TensorFlow wants it so."""
    from graftwork.backend import load_backend
    from graftwork.meeting import meet

    load_backend()
    meet(_cluster)
    from graftwork.collective import agree, connect

    connect()
    if agree(goes_on) != goes_on:
        raise InputError(
            f"{_cluster.name(0)} was started {'without' if goes_on else 'with'} --resume, and "
            f"{_cluster.name(_cluster.index)} {'with' if goes_on else 'without'} it. Start all "
            "workers with the same flags."
        )


def _wait_for_all() -> None:
    from graftwork.collective import barrier

    barrier()


def lost_worker(error: Exception) -> str | None:
    """Returns which worker is gone, as a sentence, or which cannot go on.

    Args:
        error: What ended this one.

    Returns:
        None if it was something else.
    """
    if workers() == 1 or not type(error).__module__.startswith("tensorflow."):
        return None
    kind = type(error).__name__
    if kind == "ResourceExhaustedError":
        return (
            f"memory ran out on {_cluster.name(_cluster.index)}, and the others end with it. "
            "Begin a new run with a smaller batch size, or fewer channels."
        )
    if kind not in LOST or lost_data(error):
        return None
    named = [int(number) for number in re.findall(r"/task:(\d+)", str(error))]
    others = [n for n in named if n != _cluster.index and n < workers()]
    # The last is the one that it is about; those before it only pass it on.
    if not others and kind in LOCAL and "ollective" not in str(error):
        said = " ".join(str(error).split())[:LONGEST].rstrip(".")
        return f"{_cluster.name(_cluster.index)} cannot go on: {said}. The others end with it."
    who = _cluster.name(others[-1]) if others else "another worker"
    return f"{who} does not answer. Start all workers again."
