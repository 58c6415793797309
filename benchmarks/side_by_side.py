"""Trains in real worker processes, kills some of them and their parent, and compares the ends.

    python benchmarks/side_by_side.py --jobs 2                # some 15 minutes on 2 cores
    python benchmarks/side_by_side.py --kinds apply

Every kind is a small run on digits. It runs with `--jobs 1`; with `--jobs N`; and with `--jobs N`
where `kill -9` hits a worker, and after the first finished training the command itself, which is
resumed then. All journals, results and arrays must be the same but for times and memory. Exits with
status 1 if they are not.

TensorFlow has one thread everywhere: the last bits of a sum depend on how many there are.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from kills import outcome

ROOT = Path(__file__).resolve().parents[1]
DIGITS = ["--dataset", "digits"]
KINDS = {
    "trees": ["trees", "search", *DIGITS, "--channels", "8", "--random-trees", "3"],
    "gans": ["gans", "search", *DIGITS, "--channels", "8", "--random-cells", "2", "--no-controls"],
    "apply": ["transfer", "apply", "SOURCE", *DIGITS, "--shared-steps", "100"],
}
SMALL = {
    "trees": ["--blocks", "2", "3", "--sweeps", "1", "--round-steps", "20", "--no-controls"],
    "gans": ["--rounds", "1", "--warmup-rounds", "1", "--round-steps", "20", "--images", "256"],
    "apply": ["--fine-tune", "5", "--seeds", "1"],
}
SOURCE = [
    *("transfer", "learn", "--dataset", "glyphs", "--seeds", "1", "--rounds", "1"),
    *("--warmup-rounds", "1", "--round-steps", "5", "--stages", "3", "--channels", "8"),
]


def start(words: list[str]) -> subprocess.Popen[str]:
    """Starts `graftwork` in a process of its own."""
    program = "import sys; from graftwork.cli import main; main(sys.argv[1:])"
    return subprocess.Popen(
        [sys.executable, "-c", program, *words],
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "OMP_NUM_THREADS": "1",
            "TF_NUM_INTRAOP_THREADS": "1",
            "TF_NUM_INTEROP_THREADS": "1",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> None:
    """Waits for a process that must end well."""
    out, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"it ended with {process.returncode}: {out[-800:]}")


def wait_for(process: subprocess.Popen[str], condition: Callable[[], object]) -> bool:
    """Waits until something is so. Returns False where the process ends before."""
    while process.poll() is None:
        if condition():
            return True
        time.sleep(0.02)
    return False


def workers(run: Path) -> list[int]:
    """Returns the worker processes of a run."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:  # It ended.
            continue
        if b"graftwork.job_worker" in words and str(run).encode() in words:
            found.append(int(path.parent.name))
    return found


def killed(words: list[str], run: Path) -> int:
    """Runs a command that is killed, as is one of its workers, and resumed. Returns the kills."""
    process, kills = start(words), 0
    if wait_for(process, lambda: len(workers(run)) > 1):
        time.sleep(4)  # It may import, load or train.
        for victim in workers(run)[:1]:
            os.kill(victim, signal.SIGKILL)
            kills += 1
    if wait_for(process, lambda: list(run.glob("jobs/*/result.json"))):
        process.kill()
        process.communicate()
        kills += 1
        wait = time.monotonic() + 20
        while workers(run):  # They save and end.
            assert time.monotonic() < wait
            time.sleep(0.1)
        process = start([*words, "--resume"])
    finish(process)
    return kills


def main() -> None:
    """Runs the kinds that were asked for, and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--steps", type=int, default=200, help="of every training")
    config = parser.parse_args()
    sound = True
    print("kind   one process  side by side  killed  kills  alike")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if "apply" in config.kinds:
            finish(start([*SOURCE, "--out", str(folder / "source")]))
        for kind in config.kinds:
            words = [*KINDS[kind], *SMALL[kind], "--steps", str(config.steps)]
            words = [str(folder / "source") if word == "SOURCE" else word for word in words]
            seconds, kills = [], 0
            runs = [folder / f"{kind}-{end}" for end in ("one", "many", "killed")]
            for run, jobs in zip(runs, (1, config.jobs, config.jobs), strict=True):
                begin, whole = time.monotonic(), [*words, "--out", str(run), "--jobs", str(jobs)]
                if run == runs[-1]:
                    kills = killed(whole, run)
                else:
                    finish(start(whole))
                seconds.append(time.monotonic() - begin)
            alike = all(outcome(run) == outcome(runs[0]) for run in runs)
            sound &= alike and kills == 2
            one, many, last = seconds
            print(
                f"{kind:<6} {one:9.0f} s {many:11.0f} s {last:5.0f} s {kills:6}  {alike}",
                flush=True,
            )
    sys.exit(not sound)


if __name__ == "__main__":
    main()
