"""Runs killed at random moments end as if nothing had happened: a few of the benchmark's."""

import subprocess
import sys
from pathlib import Path

import pytest

import graftwork

pytestmark = pytest.mark.slow

KILLS = 4
SCRIPT = Path(graftwork.__file__).parents[1] / "benchmarks" / "kills.py"


@pytest.mark.parametrize("kind", ["trees", "gans", "learn", "apply", "jobs"])
def test_a_run_killed_at_random_moments_ends_as_undisturbed(kind):
    done = subprocess.run(
        [sys.executable, SCRIPT, "--kinds", kind, "--kills", str(KILLS)],
        capture_output=True,
        text=True,
        timeout=580,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    name, kills, ends, alike, *wrong, _ = done.stdout.splitlines()[1].split()
    assert name == kind
    assert int(kills) >= KILLS
    assert ends == alike
    assert wrong == ["0", "0", "0"]
