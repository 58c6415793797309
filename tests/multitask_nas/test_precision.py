"""`--precision` and `--jit`: the numbers of float32 without XLA within a tolerance."""

import json

import keras
import numpy as np
import pytest
import tiny

from graftwork.devices import engine
from graftwork.engine_options import EngineOptions
from graftwork.training import Trainer
from graftwork.training_data import TrainingData
from multitask_nas.model import build_model
from multitask_nas.supernet import build_supernet
from multitask_nas.tree import TreeSpace
from transfer_nas.space import ChainSpace
from transfer_nas.supernet import build_supernet as build_chains

TOLERANCES = {"mixed_bfloat16": 2e-2, "mixed_float16": 5e-3}
"""Largest difference of logits, as a part of the largest logit."""


def tree_logits(images):
    network = build_supernet((1, 2, 3), 5, 4, 1, images.shape[1:], seed=0)
    asked = {"images": images, "architecture": np.array([[0, 0, 0, 1, 1, 0, 1, 2, 0, 1]])}
    probes = network(asked, training=True)
    return [network(asked), network.path_logits(images), probes]


def chain_logits(images):
    space = ChainSpace.make(3)
    network = build_chains(space, 5, 4, images.shape[1:], seed=0)
    rng = np.random.default_rng(0)
    asked = [np.array([[*space.sample(rng), 5]]) for _ in range(3)]
    return [network({"images": images, "architecture": a}) for a in asked]


@pytest.mark.parametrize("logits", [tree_logits, chain_logits])
@pytest.mark.parametrize("precision", TOLERANCES)
def test_logits_are_float32_and_near_those_of_float32(precision, logits):
    images = tiny.tiny_dataset().images[:8]
    images = np.concatenate([images, np.maximum(images, 250), np.full_like(images[:1], 255)])
    exact = logits(images)
    with engine(EngineOptions(precision=precision)):
        found = logits(images)
    for one, other in zip(exact, found, strict=True):
        assert keras.backend.standardize_dtype(other.dtype) == "float32"
        one, other = np.asarray(one), np.asarray(other)
        assert np.abs(one - other).max() <= TOLERANCES[precision] * np.abs(one).max()
        assert (one != other).any()  # It does compute in another precision.


def trainer(data):
    network = build_supernet((1, 2), 5, 2, 1, data.image_shape, seed=0)
    made = Trainer(network, TrainingData(data.images, data.labels, data.split("train")), 16, 0.01)
    made.start_over(3)
    return made


def test_float16_scales_the_loss_and_its_state_holds_the_scale(dataset):
    space = TreeSpace((2,), dataset.attributes)
    with engine(EngineOptions(precision="mixed_float16")):
        made = trainer(dataset)
        optimizer = made.model.optimizer
        optimizer.dynamic_scale.assign(2.0**60)  # Every gradient is infinite.
        before = [np.array(w) for w in made.network.get_weights()]
        made.train(3, space.sample)
        assert float(optimizer.dynamic_scale) == 2.0**57
        assert all((a == b).all() for a, b in zip(before, made.network.get_weights(), strict=True))
        assert int(optimizer.iterations) == 0
        state = {name: np.array(value) for name, value in made.state().items()}

        names = len(state)
        made.start_over(4)
        assert float(optimizer.dynamic_scale) == optimizer.initial_scale
        assert float(optimizer.learning_rate) == pytest.approx(0.01)
        made.train(2, space.sample)
        assert int(optimizer.iterations) == 2
        made.restore(state)
        assert float(optimizer.dynamic_scale) == 2.0**57
        assert len(made.state()) == names


@pytest.mark.slow
def test_xla_trains_to_the_same_weights(dataset):
    space = TreeSpace((2,), dataset.attributes)
    plain = trainer(dataset)
    with engine(EngineOptions(jit=True)):
        compiled = trainer(dataset)
    losses = [made.train(4, space.sample) for made in (plain, compiled)]
    np.testing.assert_allclose(*losses, rtol=1e-5)
    for one, other in zip(plain.network.get_weights(), compiled.network.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_a_search_in_float16_ends_and_its_start_says_so(command, tmp_path):
    path = tmp_path / "run"
    flags = (*tiny.SEARCH, "--precision", "mixed_float16", "--sweeps", "1")
    status, _, error = command("trees", "search", "--out", path, *flags)
    assert status == 0, error
    start = tiny.journal(path)[0]
    assert start["precision"] == "mixed_float16"
    assert (start["replicas"], start["jit"]) == (1, False)
    assert start["devices"]
    assert json.loads((path / "result.json").read_text())["status"] == "finished"
    assert keras.config.dtype_policy().name == "float32"


@pytest.mark.parametrize("precision", TOLERANCES)
def test_models_to_store_compute_in_float32(precision):
    space = TreeSpace((2,), tiny.ATTRIBUTES)
    tree = space.tree(space.sample(np.random.default_rng(0)))
    with engine(EngineOptions(precision=precision)):
        model = build_model(tree, tiny.SHAPE, 2)
    assert {layer.dtype_policy.name for layer in model.layers} == {"float32"}
