"""Scores of trees under shared weights: by table, one by one, and counted by hand."""

import numpy as np
import pytest

from multitask_nas import evaluator as evaluator_module
from multitask_nas.evaluator import SupernetEvaluator, path_batch
from multitask_nas.gnas import Gnas
from multitask_nas.scores import SCORES, Counts, count_classes
from multitask_nas.supernet import build_supernet
from multitask_nas.tree import TreeSpace

SHAPE = (8, 8, 1)
SPACE = TreeSpace((2, 3), [f"attribute {i}" for i in range(5)])
CHANNELS = 3
IMAGES = 300


def data():
    """Returns 300 images, which do not fill two batches, and labels; a third is missing."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (IMAGES, 2, 2, 1), dtype=np.uint8)
    images = np.kron(coarse, np.ones((4, 4, 1), np.uint8))
    return images, rng.integers(-1, 2, (IMAGES, 5)).astype(np.int8)


@pytest.fixture
def network():
    """A supernet whose predictions are about as often positive as negative."""
    network = build_supernet(SPACE.blocks, 5, CHANNELS, 1, SHAPE, seed=1)
    logits = np.asarray(network.path_logits(data()[0])).mean(axis=1)
    leaves = logits.reshape(3, -1, 5).mean(axis=1)  # The block of layer 1 varies fastest.
    network.heads.bias.assign(-leaves.ravel())
    return network


def evaluator(network, score="accuracy", trainer=None):
    images, labels = data()
    rows = np.arange(IMAGES)
    return SupernetEvaluator(SPACE, network, trainer, images, labels, rows, score, steps=1)


def random_trees(count):
    rng = np.random.default_rng(0)
    return [SPACE.sample(rng) for _ in range(count)]


def counted_by_hand(network, architecture, score):
    """Scores a tree by the supernet's forward pass over all images at once."""
    images, labels = data()
    rows = np.tile(np.asarray(architecture, np.int32), (IMAGES, 1))
    told = np.asarray(network({"images": images, "architecture": rows})) > 0
    positives = (told & (labels == 1)).sum(axis=0)
    negatives = (~told & (labels == 0)).sum(axis=0)
    return Counts(positives, negatives, *count_classes(labels)).score(score)


@pytest.fixture
def no_path_scores(monkeypatch):
    """Leaves too little memory for a pass over all paths."""
    monkeypatch.setattr(evaluator_module, "PATH_MEMORY", 1)


@pytest.mark.parametrize("score", SCORES)
def test_looked_up_scores_are_those_of_the_forward_pass(network, score):
    asked = random_trees(20)
    table = evaluator(network, score)
    assert table.has_path_scores
    assert table.batch_size == 256
    scores = table.evaluate(asked)
    assert scores.shape == (20, 5)
    expected = [counted_by_hand(network, a, score) for a in asked]
    np.testing.assert_allclose(scores, expected, atol=1e-9)
    assert len(np.unique(scores)) > 20
    assert table.count.experimental_get_tracing_count() == 1


@pytest.mark.parametrize("score", SCORES)
def test_without_path_scores_trees_are_run_one_by_one(no_path_scores, network, score):
    asked = random_trees(6)
    fallback = evaluator(network, score)
    assert not fallback.has_path_scores
    expected = [counted_by_hand(network, a, score) for a in asked]
    np.testing.assert_allclose(fallback.evaluate(asked), expected, atol=1e-9)
    np.testing.assert_allclose(fallback.evaluate(asked[:1]), expected[:1], atol=1e-9)


def test_what_gnas_asks_has_the_same_scores_either_way_and_one_trace(network, monkeypatch):
    table = evaluator(network)
    monkeypatch.setattr(evaluator_module, "PATH_MEMORY", 1)
    fallback = evaluator(network)
    gnas = Gnas(SPACE, seed=0, warmup=1, sweeps=3)
    layers = set()
    while not gnas.done:
        asked = gnas.ask()
        layers.add(gnas.layer)
        scores = fallback.evaluate(asked)
        np.testing.assert_allclose(scores, table.evaluate(asked), atol=1e-9)
        gnas.tell(asked, scores)
    assert layers == {None, 3, 2}
    assert fallback.count.experimental_get_tracing_count() == 1
    assert table.count.experimental_get_tracing_count() == 1


def test_training_makes_the_table_anew(network):
    class Negation:
        step = 0

        def train_shared(self, steps, sample, on_step, report):
            for weight in (network.heads.kernel, network.heads.bias):
                weight.assign(-weight)
            return 0.5

    table = evaluator(network, trainer=Negation())
    asked = random_trees(3)
    before = table.evaluate(asked)
    assert table.train(SPACE.sample)["loss"] == 0.5
    # No logit is 0: what was wrong is right now.
    np.testing.assert_allclose(table.evaluate(asked), 1 - before, atol=1e-9)
    table.train(SPACE.sample)
    np.testing.assert_array_equal(table.evaluate(asked), before)


def test_too_many_paths_leave_no_batch():
    many = TreeSpace((64, 64, 64), ["one"])
    assert path_batch(many, (32, 32, 1), 16) == 0
    assert path_batch(SPACE, SHAPE, CHANNELS) == 256


def test_a_batch_of_all_paths_fits_into_memory(monkeypatch):
    # Layer 0 is the largest here: 1 block of 8 × 8 × 3 float32 values, three times over.
    one_image = 3 * 4 * 8 * 8 * 3
    trunk = TreeSpace((1,), ["one"])
    for batch in (8, 100):
        monkeypatch.setattr(evaluator_module, "PATH_MEMORY", batch * one_image)
        assert path_batch(trunk, SHAPE, 3) == batch
    monkeypatch.setattr(evaluator_module, "PATH_MEMORY", 8 * one_image - 1)
    assert path_batch(trunk, SHAPE, 3) == 0
