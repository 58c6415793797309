"""Kills runs with `kill -9` at random moments and resumes them: the end must be that of no kill.

    python benchmarks/kills.py                        # 50 kills a kind; some 50 minutes on 2 cores
    python benchmarks/kills.py --kinds trees --kills 15 --seed 1

Each kind is a tiny run on a made dataset. It runs once undisturbed; then it is started, killed
after a random time of up to that of the undisturbed run, and resumed, until it ends, and again in
a new folder until there were as many kills as asked for. After every kill all files that can be
seen must be whole, and no finished unit may be gone. At each end, journal, result and arrays must
be those of the undisturbed run but for times and memory. Of `jobs`, trees that are trained side by
side, a worker is killed first, and the run goes on. Exits with status 1 if anything is not.

Processes are forked from one that has imported TensorFlow and computed nothing: a start costs what
the run itself does.
"""

import argparse
import contextlib
import dataclasses
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import tiny
import tiny_transfer

from graftwork import cli, units
from graftwork.backend import load_backend

TIMES = {*tiny.TIMES, *tiny_transfer.TIMES, "search_cost_ratio"}
MODULES = (
    *("multitask_nas.search_run", "gan_nas.search_run", "gan_nas.setup", "gan_nas.finished"),
    *("transfer_nas.learn_run", "transfer_nas.apply_run", "reports"),
)
"""Imported before the forks."""
SECONDS_TO_NOTICE = 30
"""How long a worker may take to save and end, on a busy machine, when its run was killed."""


@dataclasses.dataclass
class Tally:
    """What happened to one kind of run."""

    kills: int = 0
    ends: int = 0
    alike: int = 0
    lost: int = 0
    torn: list[str] = dataclasses.field(default_factory=list)
    failed: list[str] = dataclasses.field(default_factory=list)
    seconds: float = 0.0

    @property
    def sound(self) -> bool:
        """Whether nothing was lost, and there was an end to compare."""
        return self.ends == self.alike > 0 and not (self.lost or self.torn or self.failed)


def start(words: list[str], log: Path) -> int:
    """Forks a process that calls `graftwork`. Returns its id."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
        units.SECONDS_BETWEEN_CHECKPOINTS = 0
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("multitask_nas.search_run.TreeSearchRun.WORKER", "tiny_worker:trees")
            (tiny.register_gan if words[0] == "gans" else tiny.register)(patch)
            cli.main(words)
        status = 0
    except SystemExit as exit_:
        status = int(exit_.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        sys.stdout.flush()
        os._exit(status)


def wait(child: int, until: float) -> int | None:
    """Returns the exit status of a process, or None where it still runs at a time."""
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= until:
            return None
        time.sleep(0.005)


def workers_of(process: int) -> list[int]:
    """Returns the processes that another one has begun and that live."""
    with contextlib.suppress(OSError):
        found = Path(f"/proc/{process}/task/{process}/children").read_text().split()
        return [int(number) for number in found]
    return []


def kill(process: int) -> None:
    """Kills a process, and waits until those that it has begun have noticed."""
    workers = workers_of(process)
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    until = time.monotonic() + SECONDS_TO_NOTICE
    while any(Path(f"/proc/{worker}").exists() for worker in workers):
        if time.monotonic() > until:
            raise SystemExit("a worker lives on without the run that began it")
        time.sleep(0.05)


def without_times(value: Any) -> Any:
    """Returns JSON values without what measures time or memory."""
    if isinstance(value, dict):
        return {k: without_times(v) for k, v in value.items() if k not in TIMES}
    return [without_times(v) for v in value] if isinstance(value, list) else value


def outcome(run: Path) -> list[Any]:
    """Returns what a finished run says, and the bytes of its arrays, without times."""
    events = [json.loads(line) for line in (run / "journal.jsonl").read_text().splitlines()]
    result = json.loads((run / "result.json").read_text())
    arrays = {}
    for path in sorted(run.glob("*.npz")) + sorted(run.glob("shared/*.npz")):
        with np.load(path) as stored:
            arrays[path.name] = [stored[name].tobytes() for name in stored.files]
    names = sorted(str(p.relative_to(run)) for p in run.rglob("*") if "tensorboard" not in p.parts)
    names = [n for n in names if not n.startswith("checkpoints/")]
    return [without_times(events), without_times(result), arrays, names]


def torn(run: Path) -> list[str]:
    """Returns the files of a run that can be seen and are not whole."""
    found = []
    readers: dict[str, Callable[[Path], Any]] = {
        ".json": lambda path: json.loads(path.read_text()),
        ".npz": lambda path: dict(np.load(path)),
        ".keras": lambda path: zipfile.ZipFile(path).testzip(),
        ".png": lambda path: Image.open(path).load(),
        ".html": lambda path: path.read_text().rindex("</html>"),
        ".jsonl": lambda path: [json.loads(x) for x in path.read_text().split("\n")[:-1]],
    }
    for path in run.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(run).parts)
        if hidden or path.suffix not in readers:
            continue
        try:
            readers[path.suffix](path)
        except Exception as error:
            found.append(f"{path.relative_to(run)}: {error}")
    return found


def units_done(run: Path) -> int:
    """Returns how many units the newest checkpoint of a run knows to be done; -1 without one."""
    states = sorted((run / "checkpoints").glob("[0-9]*/state.json"))
    return int(json.loads(states[-1].read_text())["state"]["done"]) if states else -1


def disturb(words: list[str], folder: Path, kills: int, rng: np.random.Generator) -> Tally:
    """Kills runs of a command until there were enough kills, and compares every end."""
    tally, whole, log = Tally(), folder / "whole", folder / "log"
    begin = time.monotonic()
    status = wait(start([*words, "--out", str(whole)], log), begin + 3600)
    if status != 0:
        raise SystemExit(f"the undisturbed run ended with {status}: {log.read_text()[-800:]}")
    tally.seconds = time.monotonic() - begin
    expected = outcome(whole)
    while tally.kills < kills or not tally.ends:
        run, done, whole_workers = folder / f"run-{tally.ends}", -1, True
        while True:
            again = ["--resume"] if (run / "config.json").exists() else []
            child = start([*words, "--out", str(run), *again], log)
            patient = tally.kills >= kills
            delay = 3600 if patient else float(rng.uniform(0, tally.seconds))
            status = wait(child, time.monotonic() + delay)
            # The second death of one worker would be recorded as a training that failed.
            if status is None and whole_workers and (workers := workers_of(child)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(workers[0], signal.SIGKILL)
                    tally.kills += 1
                whole_workers = False
                status = wait(child, time.monotonic() + float(rng.uniform(0, tally.seconds)))
            if status is not None:
                break
            kill(child)
            tally.kills += 1
            tally.torn += torn(run)
            tally.lost += (now := units_done(run)) < done
            done = now
        tally.ends += 1
        if status:
            tally.failed.append(log.read_text()[-300:])
        elif outcome(run) == expected:
            tally.alike += 1
        shutil.rmtree(run)
    return tally


def main() -> None:
    """Runs the kinds that were asked for, and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    kinds = ("trees", "gans", "learn", "apply", "jobs")
    parser.add_argument("--kinds", nargs="+", choices=kinds, default=kinds)
    parser.add_argument("--kills", type=int, default=50, help="of every kind")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    config = parser.parse_args()
    load_backend()
    for module in MODULES:
        __import__(module)
    print("kind   kills  ends  alike  units lost  torn files  failures  seconds undisturbed")
    sound = True
    with tempfile.TemporaryDirectory() as name:
        os.environ["GRAFTWORK_CACHE"] = f"{name}/cache"
        os.environ["PYTHONPATH"] = os.pathsep.join(sys.path[:2])  # For workers.
        learned = Path(name) / "learned"
        learn = ["transfer", "learn", *tiny_transfer.LEARN]
        commands = {
            "trees": ["trees", "search", *tiny.SEARCH],
            "gans": ["gans", "search", *tiny.GAN_SEARCH],
            "learn": learn,
            "jobs": ["trees", "search", *tiny.SEARCH, "--random-trees", "3", "--jobs", "2"],
            "apply": ["transfer", "apply", str(learned), *tiny_transfer.APPLY],
        }
        if "apply" in config.kinds:
            child = start([*learn, "--out", str(learned)], Path(name) / "log")
            assert wait(child, time.monotonic() + 3600) == 0
        for number, kind in enumerate(kinds):
            if kind not in config.kinds:
                continue
            folder = Path(name) / kind
            folder.mkdir()
            rng = np.random.default_rng([config.seed, number])
            tally = disturb(commands[kind], folder, config.kills, rng)
            print(
                f"{kind:<6} {tally.kills:5} {tally.ends:5} {tally.alike:6} {tally.lost:11} "
                f"{len(tally.torn):11} {len(tally.failed):9} {tally.seconds:10.1f}",
                *tally.torn,
                *tally.failed,
                sep="\n",
                flush=True,
            )
            sound &= tally.sound
    sys.exit(not sound)


if __name__ == "__main__":
    main()
