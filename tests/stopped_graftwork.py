"""`graftwork` with the tiny dataset in a process of its own, stopped at a given point.

    python stopped_graftwork.py "SIGKILL after 2 checkpoint 1 training" trees search …

The process sends itself the signal before or after the second call that `describe` names
`checkpoint 1 training`. Checkpoints in the middle of a training are written whenever they
can be.

With `serve` in place of arguments it imports TensorFlow once, and forks a process for every
line that it reads: many tests start many of them.
"""

import atexit
import functools
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

import pytest
import tiny

from graftwork import cli
from graftwork.backend import load_backend
from graftwork.progress import _Lines
from graftwork.run import Run

POINTS = [(Run, "record"), (Run, "checkpoint"), (_Lines, "advance"), (os, "replace")]


def describe(name: str, arguments: tuple, named: dict) -> str:
    """Returns what a call does: `step`, `record round 3`, `checkpoint 1 training`, …

    The number of a checkpoint is that of the units that are done.
    """
    if name == "record":
        return f"record {arguments[1]} {named.get('round', '')}".strip()
    if name == "checkpoint":
        current = arguments[1]["current"] or arguments[1]
        training = current.get("training") or current.get("final", {}).get("current")
        inside = "training" if training else "round" if "rounds" in current else ""
        return f"checkpoint {arguments[1]['done']} {inside}".strip()
    return "step" if name == "advance" else f"rename {Path(arguments[1]).name}"


def stop_at(point: str) -> None:
    """Sends this process a signal at a point such as `SIGKILL after 2 step`."""
    number, when, count, wanted = point.split(maxsplit=3)
    left = int(count)

    def watch(owner: object, name: str) -> None:
        original = getattr(owner, name)

        def watched(*arguments, **named):
            nonlocal left
            left -= describe(name, arguments, named) == wanted
            due = left == 0
            left -= due
            if due and when == "before":
                os.kill(os.getpid(), signal.Signals[number])
            result = original(*arguments, **named)
            if due and when == "after":
                os.kill(os.getpid(), signal.Signals[number])
            return result

        setattr(owner, name, watched)

    for owner, name in POINTS:
        watch(owner, name)


@functools.cache
def server() -> subprocess.Popen:
    """Starts the process that forks all others; it ends with this one."""
    here = Path(__file__)
    process = subprocess.Popen(
        [sys.executable, str(here), "serve"],
        env={**os.environ, "PYTHONPATH": str(here.parents[1])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(process.kill)
    return process


def graftwork(*arguments: object, stop: str = "") -> subprocess.CompletedProcess:
    """Runs this file in a new process."""
    process = server()
    with tempfile.TemporaryDirectory() as folder:
        asked = {
            "arguments": [stop, *map(str, arguments)],
            "environment": dict(os.environ),
            "cwd": os.getcwd(),
            "output": folder,
        }
        process.stdin.write(json.dumps(asked) + "\n")
        process.stdin.flush()
        status = int(process.stdout.readline())
        out, err = (Path(folder, name).read_text() for name in ("out", "err"))
        return subprocess.CompletedProcess(asked["arguments"], status, out, err)


def serve() -> None:
    """Forks a process for every line of standard input, and prints how it ended."""
    load_backend()
    for name in ("multitask_nas.search_run", "gan_nas.search_run", "transfer_nas.apply_run"):
        importlib.import_module(name)
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            become(asked)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def become(asked: dict) -> None:
    """Makes a forked process the one that was asked for, and ends it."""
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(Path(asked["output"], name), os.O_WRONLY | os.O_CREAT), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["cwd"])
    status = 1
    try:
        run(*asked["arguments"])
        status = 0
    except SystemExit as exit_:
        status = exit_.code or 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def run(stop: str, *arguments: str) -> None:
    """Runs a command in this process, which stops where it was asked to."""
    from graftwork import units

    units.SECONDS_BETWEEN_CHECKPOINTS = 0
    with pytest.MonkeyPatch.context() as patch:
        (tiny.register_gan if arguments[0] == "gans" else tiny.register)(patch)
        if stop:
            stop_at(stop)
        cli.main(list(arguments))


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    else:
        load_backend()
        run(*sys.argv[1:])
