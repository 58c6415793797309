"""One architecture by itself: early stopping, the weights that are kept, official scores."""

import numpy as np
import pytest
import scipy.special
import tiny

from datasets.merged import official_score
from graftwork.latency import latency_ms
from multitask_nas.model import build_model
from multitask_nas.standalone import Schedule, StandaloneTraining, training_data
from multitask_nas.supernet import build_supernet
from multitask_nas.tree import Tree, TreeSpace

BLOCKS = (1, 2, 3)
TREE = ((0, 0), (0, 1, 1), (0, 1, 2, 2, 0))
ARCHITECTURE = tuple(choice for row in TREE for choice in row)


def made(schedule=None, **changes):
    """A training of one tree on the tiny dataset, at its beginning."""
    dataset = tiny.tiny_dataset()
    for name, value in changes.items():
        object.__setattr__(dataset, name, value)
    network = build_supernet(BLOCKS, 5, 3, 1, dataset.image_shape, seed=0)
    schedule = schedule or Schedule(20, 16, 0.01)
    training = StandaloneTraining(
        network, dataset, training_data(dataset, augment=True), schedule, "accuracy"
    )
    training.begin(ARCHITECTURE, 3, network.get_weights())
    return training


def played(training, scores):
    """Trains with validation scores that are given; returns how many were asked for."""
    scores = iter(scores)

    class Known:
        def __init__(self, value):
            self.value = value

        def score(self, name):
            return np.array([self.value])

    count = training.count
    training.count = lambda split: Known(next(scores)) if split == "validation" else count(split)
    evaluations = 0
    while not training.done:
        training.advance()
        evaluations += 1
    training.count = count
    return evaluations


@pytest.mark.parametrize(
    ("scores", "evaluations"),
    [
        ([0.1, 0.2, 0.3, 0.4, 0.5], 5),  # Always better: to the end.
        ([0.5, 0.4, 0.4, 0.9, 0.9], 3),  # Twice not better: stopped.
        ([0.5, 0.4, 0.6, 0.5, 0.6], 5),  # As good is not better, but it is the end as well.
    ],
)
def test_it_stops_after_evaluations_that_were_no_better(scores, evaluations):
    training = made(Schedule(10, 16, 0.01, evaluations=5, patience=2))
    assert played(training, scores) == evaluations
    assert training.trainer.step == 2 * evaluations


def test_the_best_weights_are_kept_and_not_the_last():
    best = made(Schedule(2, 16, 0.01, evaluations=1))
    played(best, [0.5])
    best.finish()
    # The learning rate follows the whole schedule: the same one, stopped by its patience.
    whole = made(Schedule(8, 16, 0.01, evaluations=4, patience=2))
    played(whole, [0.9, 0.1, 0.1])
    after_first = [np.array(w) for w in whole._best_weights]
    last = whole.network.get_weights()
    whole.finish()
    for kept, expected in zip(whole.network.get_weights(), after_first, strict=True):
        np.testing.assert_array_equal(kept, expected)
    assert any((kept != w).any() for kept, w in zip(whole.network.get_weights(), last, strict=True))


def test_images_without_any_label_change_no_score():
    training = made()
    dataset = training.dataset
    before = training.count("validation").score("accuracy")
    rows = dataset.split("validation")
    blank = dataset.split("test")[:30]
    labels = dataset.labels.copy()
    labels[blank] = -1
    splits = {**dataset.splits, "validation": np.sort(np.concatenate([rows, blank]))}
    other = made(labels=labels, splits=splits)
    np.testing.assert_array_equal(other.count("validation").score("accuracy"), before)


def test_a_dataset_without_a_score_of_its_own_has_no_official_error():
    assert made().official_error() is None


def test_the_official_error_is_that_of_the_predictions_on_test():
    merged = {"lines": ("column", "row")}
    training = made(merged=merged)
    dataset = training.dataset
    rows = dataset.split("test")
    repeated = np.tile(np.asarray(ARCHITECTURE, np.int32), (len(rows), 1))
    logits = training.network({"images": dataset.images[rows], "architecture": repeated})
    expected = official_score(
        scipy.special.expit(np.asarray(logits)), dataset.labels[rows], dataset.attributes, merged
    )
    assert training.official_error() == pytest.approx(100 * (1 - expected))
    plain = training.count("test").score("accuracy").mean()
    assert training.official_error() != pytest.approx(100 * (1 - plain))


def test_augmentation_follows_the_dataset_and_the_flag():
    training = made(flip=True, shift=(1, 2))
    assert training.trainer.data.augmentation.flip
    assert training.trainer.data.augmentation.shift == (1, 2)
    assert not training_data(training.dataset, augment=False).augmentation
    assert not made().trainer.data.augmentation


def test_latency_is_that_of_one_image():
    space = TreeSpace(BLOCKS[1:], [f"attribute {i}" for i in range(5)])
    model = build_model(Tree(TREE), (16, 16, 1), 3)
    assert space.tree(ARCHITECTURE) == Tree(TREE)
    assert 0 < latency_ms(model) < 1000
