"""Generators under `--distribute mirrored` come to what one device comes to; `--deterministic`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tiny

from graftwork.files import read_json

pytestmark = pytest.mark.slow

SCRIPT = Path(tiny.__file__).with_name("mirrored_gans.py")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder of `mirrored_gans.py` with what it found."""
    path = tmp_path_factory.mktemp("mirrored_gans")
    done = subprocess.run(
        [sys.executable, SCRIPT, path],
        env={**os.environ, "PYTHONPATH": str(SCRIPT.parents[1])},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    (path / "stderr").write_text(done.stderr)
    return path


@pytest.mark.parametrize(("devices", "loss"), [(2, "hinge"), (4, "wasserstein")])
def test_a_step_is_that_of_one_device(folder, devices, loss):
    differences = read_json(folder / f"{devices}.json")[loss]
    assert {"generator", "discriminator", "ema", "sums"} <= set(differences)
    # Adam makes a step of the learning rate, 1e-3, of any gradient, be it but rounding. The
    # gradients themselves are compared: without beta_1 they are Adam's first moments.
    loose = {"generator": 2e-4, "ema": 2e-4}
    for group, largest in differences.items():
        assert largest < loose.get(group, 1e-5), group


def test_shared_weights_are_trained_as_on_one_device(folder, searched_gan):
    (first, *_) = json.loads((folder / "2.json").read_text())["rounds"]
    expected = next(e for e in tiny.journal(searched_gan) if e["event"] == "round")
    names = ("generator_loss", "discriminator_loss", "real_logits", "fake_logits")
    np.testing.assert_allclose(
        [first[name] for name in names], [expected[name] for name in names], rtol=1e-3, atol=1e-3
    )


def test_a_search_goes_on_with_one_device_and_is_trained_on_two(folder):
    told = read_json(folder / "2.json")
    assert (told["resumed"], told["trained"]) == (0, 0)
    run = folder / "search"
    rounds = [event for event in tiny.journal(run) if event["event"] == "round"]
    assert rounds[: len(told["rounds"])] == told["rounds"]
    assert len(rounds) > len(told["rounds"])
    assert "final generator" in (run / "result.json").read_text()
    generator = keras.saving.load_model(run / "generator.keras")
    assert {layer.compute_dtype for layer in generator.layers} == {"float32"}


def test_a_batch_that_devices_cannot_share_is_refused_in_one_line(folder):
    assert read_json(folder / "2.json")["refused"] == 2
    assert not list((folder / "refused").glob("*"))
    told = (folder / "stderr").read_text()
    assert "batch-size must be a multiple of the 2 devices that share a batch" in told


def test_the_same_seed_gives_the_same_journal_bit_for_bit(folder):
    first, second = (tiny.journal(folder / name) for name in ("first", "second"))
    assert len(first) > 3
    assert first == second
