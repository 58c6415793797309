"""`--distribute mirrored` on 2 and 4 devices: the numbers of one, and whole commands.

And `--deterministic`, which needs a process of its own, too.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tiny

pytestmark = pytest.mark.slow

SCRIPT = Path(tiny.__file__).with_name("mirrored_graftwork.py")


@pytest.fixture(scope="module")
def folder(searched, tmp_path_factory):
    """The folder of `mirrored_graftwork.py` with what it found."""
    path = tmp_path_factory.mktemp("mirrored")
    shutil.copytree(searched, path / "searched")
    arguments = [sys.executable, SCRIPT, path / "searched", path]
    environment = {**os.environ, "PYTHONPATH": str(SCRIPT.parents[1])}
    done = subprocess.run(
        arguments, env=environment, capture_output=True, text=True, timeout=500, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    (path / "stderr").write_text(done.stderr)
    return path


@pytest.fixture(params=[2, 4])
def numbers(folder, request):
    """What a number of devices found."""
    return json.loads((folder / f"{request.param}.json").read_text())


def test_a_batch_is_split_in_order(numbers):
    assert numbers["images"] is True


def test_weights_and_losses_are_those_of_one_device(numbers):
    first, *later = numbers["weights"]
    assert first < 1e-6
    assert max(later) < 1e-5
    np.testing.assert_allclose(*numbers["losses"], rtol=1e-5)


def test_a_training_goes_on_from_its_state_bit_for_bit(numbers):
    assert numbers["gone_on"] == 0


def test_after_a_failed_round_the_learning_rate_is_half(numbers):
    assert numbers["half_rate"] == pytest.approx(0.005)


def test_an_infinite_gradient_of_any_device_is_left_out_by_all(numbers):
    scale, weight, next_scale, next_weight = numbers["scales"]
    assert (scale, next_scale) == (2**14, 2**14)
    assert weight == 1
    assert next_weight == pytest.approx(0.9, abs=0.01)


@pytest.fixture(scope="module")
def commands(folder):
    """What the commands returned."""
    return json.loads((folder / "2.json").read_text())


def test_controllers_and_surrogates_learn_the_same(commands):
    assert commands["learned"] == 0


def test_a_search_on_two_devices_goes_on_with_one_and_finds_the_same_tree(
    commands, folder, searched
):
    assert commands["resumed"] == 0
    runs = searched, folder / "search"
    one, two = (json.loads((run / "result.json").read_text()) for run in runs)
    assert two["architecture"] == one["architecture"]
    trees = [[e["architecture"] for e in tiny.journal(run) if "architecture" in e] for run in runs]
    assert trees[0] == trees[1]
    losses = [[e["loss"] for e in tiny.journal(run) if "loss" in e] for run in runs]
    np.testing.assert_allclose(*losses, rtol=1e-4)
    start = tiny.journal(folder / "search")[0]
    assert (start["replicas"], start["precision"]) == (2, "float32")


def test_a_batch_that_cannot_be_shared_is_refused_in_one_line(commands, folder):
    assert commands["refused"] == 2
    assert commands["folder"] == []
    lines = [line for line in (folder / "stderr").read_text().splitlines() if "batch-size" in line]
    assert len(lines) == 1
    assert lines[0].endswith(
        "must be a multiple of the 2 devices that share a batch. Received: 15."
    )


def test_the_final_tree_is_trained_and_saved(commands, folder):
    assert commands["trained"] == 0
    assert (folder / "searched" / "model.keras").exists()
    assert tiny.journal(folder / "searched")[-1]["event"] == "trained"


def test_with_deterministic_two_searches_write_the_same_numbers(folder):
    first, second = (folder / name for name in ("first", "second"))
    assert tiny.journal(first) == tiny.journal(second)
    assert tiny.journal(first)[0]["deterministic"] is True
    weights = [np.load(path / "shared_weights.npz") for path in (first, second)]
    assert weights[0].files == weights[1].files
    assert all((weights[0][name] == weights[1][name]).all() for name in weights[0].files)
