"""Layers and models use keras.ops alone: they run where there is JAX and no TensorFlow."""

import importlib.util
import os
import subprocess
import sys

import pytest

PROGRAM = """
import sys
sys.modules["tensorflow"] = None  # Importing it fails.
import jax, keras, numpy as np
from multitask_nas.exact import path_blocks
from multitask_nas.model import build_model, copy_weights
from multitask_nas.supernet import build_supernet
from multitask_nas.tree import TreeSpace

assert keras.backend.backend() == "jax"
rng = np.random.default_rng(0)
space = TreeSpace((2, 3), list("abcde"))
net = build_supernet(space.blocks, 5, 4, 1, (16, 16, 1), 0, probe_heads=True)
images = rng.integers(0, 256, (6, 16, 16, 1)).astype("uint8")
for _ in range(3):
    tree = space.sample_tree(rng)
    plain = build_model(tree, (16, 16, 1), 4, activation="linear")
    copy_weights(net, tree, plain)
    architecture = np.tile(np.int32(space.architecture(tree)), (6, 1))
    inputs = {"images": images, "architecture": architecture}
    logits = np.asarray(net(inputs))
    np.testing.assert_allclose(logits, np.asarray(plain(images)), atol=1e-5)
    by_path = np.asarray(jax.jit(net.path_logits)(images))
    table = {tuple(blocks): i for i, blocks in enumerate(path_blocks(space.blocks))}
    rows = [table[tuple(path)] for path in tree.paths]
    np.testing.assert_allclose(by_path[rows, :, range(5)].T, logits, atol=1e-5)
    assert net(inputs, training=True).shape == (6, 3 * 5)
"""


@pytest.mark.skipif(
    importlib.util.find_spec("jax") is None,
    reason="JAX is not installed (it is no dependency): pip install jax",
)
def test_the_supernet_runs_on_jax_without_tensorflow():
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
