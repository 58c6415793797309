"""Measures how resident memory grows over thousands of small candidates in one process.

    python benchmarks/memory_growth.py                  # all kinds; about half an hour on 2 cores
    python benchmarks/memory_growth.py --kinds gans --candidates 500

Every kind is a run of `graftwork` in a process of its own. At every event of the journal it notes
the resident memory; what is compared is the mean over the events after the first tenth (the
eleventh to the fifteenth part of a hundred) with that over the last five of a hundred. Exits with
status 1 if one of them grew by 2 % or more.

rounds: trees, a round of shared training and an evaluation of all paths each.
evaluations: trees, a strategy with a history under shared weights.
trainings: trees, each trained by itself for a few steps.
gans: generators, children of rounds and candidates.
gan-trainings: generators, each trained by itself for a few steps.
transfer: pairs of attribute and chain, scored under shared weights.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import tiny
import tiny_transfer

MOST = 2.0
"""Percent of growth."""
TREES = ("trees", "search", *tiny.SEARCH)
GANS = ("gans", "search", *tiny.GAN_SEARCH, "--no-controls")
LEARN = ("transfer", "learn", *tiny_transfer.LEARN, "--seeds", "1")


def command(kind: str, candidates: int) -> list[str]:
    """Returns the words of the command that tries so many candidates."""
    some = str(max(10, candidates))
    flags: dict[str, tuple[str, ...]] = {
        "rounds": (*TREES, "--random-trees", "0", "--round-steps", "1", "--warmup-rounds", some),
        "evaluations": (
            *(*TREES, "--random-trees", "0", "--strategy", "evolution"),
            *("--evaluations", str(10 * int(some)), "--blocks", "6", "6", "6"),
        ),
        "trainings": (*TREES, "--random-trees", some, "--steps", "2"),
        "gans": (*GANS, "--random-cells", "0", "--rounds", str(max(10, candidates // 2))),
        "gan-trainings": (*GANS, "--random-cells", some, "--steps", "2"),
        "transfer": (*LEARN, "--rounds", str(max(10, candidates // 8))),
    }
    return list(flags[kind])


def measured(kind: str, candidates: int, folder: Path) -> None:
    """Runs a kind in this process, and writes what memory it had at every event."""
    from graftwork import cli
    from graftwork.memory import resident_memory_mb
    from graftwork.run import Run

    found, record = [], Run.record

    def noted(self: Run, *arguments: object, **named: object) -> None:
        record(self, *arguments, **named)  # type: ignore[arg-type]
        found.append(resident_memory_mb() or 0.0)

    with pytest.MonkeyPatch.context() as patch:
        (tiny.register_gan if kind.startswith("gan") else tiny.register)(patch)
        patch.setattr(Run, "record", noted)
        try:
            cli.main([*command(kind, candidates), "--out", str(folder / "run")])
        finally:
            np.save(folder / "memory.npy", np.asarray(found))


def main() -> None:
    """Runs the kinds that were asked for, and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    kinds = ("rounds", "evaluations", "trainings", "gans", "gan-trainings", "transfer")
    parser.add_argument("--kinds", nargs="+", choices=kinds, default=kinds)
    parser.add_argument("--candidates", type=int, default=2000)
    parser.add_argument("--folder", type=Path, help="measure one kind here and print nothing")
    config = parser.parse_args()
    if config.folder:
        measured(config.kinds[0], config.candidates, config.folder)
        return
    print("kind           events  MB after a tenth  MB at the end  growth %  seconds")
    grown = False
    for kind in config.kinds:
        with tempfile.TemporaryDirectory() as name:
            begin = time.monotonic()
            words = ["--kinds", kind, "--candidates", str(config.candidates), "--folder", name]
            done = subprocess.run(
                [sys.executable, __file__, *words], capture_output=True, text=True, check=False
            )
            if done.returncode:
                raise SystemExit(f"{kind} ended with {done.returncode}: {done.stderr[-800:]}")
            memory = np.load(Path(name) / "memory.npy")
            part = max(1, len(memory) // 20)
            tenth = len(memory) // 10
            first, last = memory[tenth : tenth + part].mean(), memory[-part:].mean()
        growth = 100 * (last / first - 1)
        grown |= bool(growth >= MOST)
        print(
            f"{kind:<14} {len(memory):6} {first:17.1f} {last:14.1f} {growth:9.2f} "
            f"{time.monotonic() - begin:8.0f}",
            flush=True,
        )
    sys.exit(grown)


if __name__ == "__main__":
    main()
