"""Sends SIGTERM to real runs at random moments, and measures how long they take to end.

    python benchmarks/stopping.py                       # 5 a kind; some 15 minutes on 2 cores
    python benchmarks/stopping.py --kinds gans --signals 20 --seed 1

Networks, data and batches are those of the defaults, as what takes long by itself (tracing,
evaluating, a picture) depends on them; `--time-budget` lets a run come to all of its stages.
A run that was stopped is resumed, and stopped again. It must end with status 143 within 10 s. Of
one that does not, the traceback at that moment is printed. Exits with status 1 if there is any.
"""

import argparse
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
MOST = 10.0
"""Seconds."""
CODE = """
import faulthandler, signal, sys
faulthandler.register(signal.SIGUSR1)
from graftwork.cli import main
main()
"""
LIMITS = ("--time-budget", "150s", "--max-latency-ms", "1000")
COMMANDS = {
    "trees": ("trees", "search", "--dataset", "digits", *LIMITS),
    "gans": ("gans", "search", "--dataset", "digits", *LIMITS),
    "learn": ("transfer", "learn", "--dataset", "glyphs", "--time-budget", "100s"),
    "apply": ("transfer", "apply", "SOURCE", "--dataset", "digits", *LIMITS),
}
SOURCE = ("transfer", "learn", "--dataset", "glyphs", "--seeds", "1")
SHORT = ("--warmup-rounds", "2", "--rounds", "1")


def start(words: list[str], log: Path) -> subprocess.Popen[bytes]:
    """Starts a command in a process of its own."""
    with open(log, "wb") as file:
        return subprocess.Popen(
            [sys.executable, "-u", "-c", CODE, *words], stdout=file, stderr=file, cwd=ROOT
        )


def cpu_seconds(process: int) -> float:
    """Returns what a process of Linux has computed."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def stopped(process: subprocess.Popen[bytes], log: Path) -> tuple[float, float, str]:
    """Sends SIGTERM. Returns the seconds until the end, those of the CPU, and what was wrong."""
    begin, wrong = time.monotonic(), ""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    before = ended.ru_utime + ended.ru_stime + cpu_seconds(process.pid)
    process.terminate()
    try:
        process.wait(MOST)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGUSR1)  # Prints the traceback.
        process.wait(600)
        wrong = log.read_text()[-3000:]
    if process.returncode != 143:
        wrong += f"status {process.returncode}: {log.read_text()[-800:]}"
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic() - begin, ended.ru_utime + ended.ru_stime - before, wrong


def stage_of(log: Path) -> str:
    """Returns the stage that a command was in, by what it printed."""
    lines = [line for line in log.read_text().splitlines() if ": " in line and "/" in line]
    return lines[-1].split(":")[0] if lines else "start"


def disturb(words: list[str], folder: Path, signals: int, rng: np.random.Generator) -> list[str]:
    """Stops runs of a command so many times, and prints each. Returns what was wrong."""
    log, runs, sent, flaws = folder / "log", 0, 0, []
    while sent < signals:
        run = folder / f"run-{runs}"
        again = ["--resume"] if (run / "config.json").exists() else []
        process = start([*words, "--out", str(run), *again], log)
        delay = float(rng.uniform(2, 70))
        try:
            process.wait(delay)
        except subprocess.TimeoutExpired:
            stage = stage_of(log)
            seconds, computed, wrong = stopped(process, log)
            sent += 1
            flaws += [wrong] if wrong else []
            name = " ".join(words[:2])
            print(
                f"{name:<14} {stage:<24} {delay:5.1f} s {seconds:6.2f} s {computed:5.2f} s", wrong
            )
        else:
            runs += 1
            if process.returncode:
                raise SystemExit(f"{words} ended by itself: {log.read_text()[-800:]}") from None
        sys.stdout.flush()
    return flaws


def main() -> None:
    """Stops the kinds that were asked for, and prints one line a signal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kinds", nargs="+", choices=COMMANDS, default=list(COMMANDS))
    parser.add_argument("--signals", type=int, default=5, help="to every kind")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    config = parser.parse_args()
    flaws = []
    print("command        stage                    after  ended in  of CPU")
    with tempfile.TemporaryDirectory() as name:
        for number, kind in enumerate(COMMANDS):
            if kind not in config.kinds:
                continue
            folder = Path(name) / kind
            folder.mkdir()
            source = folder / "source"
            words = [str(source) if word == "SOURCE" else word for word in COMMANDS[kind]]
            if kind == "apply":
                log = folder / "log"
                if start([*SOURCE, *SHORT, "--out", str(source)], log).wait():
                    raise SystemExit(log.read_text()[-800:])
            rng = np.random.default_rng([config.seed, number])
            flaws += disturb(words, folder, config.signals, rng)
    sys.exit(bool(flaws))


if __name__ == "__main__":
    main()
