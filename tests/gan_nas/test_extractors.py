"""The classifier that gives features: trained once, cached, and equal in every process."""

import threading

import keras
import numpy as np
import pytest
import tiny

from datasets import Dataset
from gan_nas import classifier_extractor as module
from gan_nas.classifier import SETTINGS, accuracies
from gan_nas.classifier_extractor import classifier_extractor, classifier_folder
from gan_nas.extractors import Extractor
from graftwork.errors import InputError


@pytest.fixture(autouse=True)
def small(monkeypatch, tmp_path):
    """A cache of the test's own, and a training of seconds."""
    monkeypatch.setenv("GRAFTWORK_CACHE", str(tmp_path))
    changes = {"widths": [8, 8, 8, 8, 8], "steps": 60, "largest_side": 16, "batch": 32}
    for name, value in changes.items():
        monkeypatch.setitem(SETTINGS, name, value)


def classes(count=300, size=(8, 8, 3), **changes):
    """Images whose colour is their class: one attribute each."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, count)
    images = rng.integers(0, 60, (count, *size)).astype(np.uint8)
    images[np.arange(count), :, :, truth] += 120
    arrays = {
        "name": "colours",
        "images": images,
        "labels": np.eye(3, dtype=np.int8)[truth],
        "attributes": ("red", "green", "blue"),
        "splits": {
            "train": np.arange(200),
            "validation": np.arange(200, 260),
            "test": np.arange(260, count),
        },
    }
    return Dataset.from_arrays(**(arrays | changes))


@pytest.fixture
def trained(monkeypatch):
    """Counts trainings, of which none takes a step."""
    calls = []
    monkeypatch.setattr(module, "_train", lambda *a: calls.append(a))
    return calls


def test_it_learns_classes_and_gives_features():
    steps = []
    dataset = classes()
    extractor = classifier_extractor(dataset, lambda *report: steps.append(report))
    assert steps[-1][1:] == (60, 60)
    found = extractor.features(dataset.images, batch=64)
    assert found.features.shape == (300, 8) == (300, extractor.dimensions)
    assert found.kind == "classes"
    assert found.resize == "none"
    assert found.extractor == extractor.name
    assert extractor.name.startswith("classifier of colours (3 classes, accuracy ")
    assert extractor.image_shape == (8, 8, 3)
    assert extractor.image_size == (8, 8)
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, atol=1e-5)
    held_out = dataset.split("test")
    right = found.probabilities.argmax(axis=1) == dataset.labels.argmax(axis=1)
    assert right[held_out].mean() > 0.9


def test_features_do_not_depend_on_the_batch_and_follow_the_rows(trained):
    dataset = classes()
    extractor = classifier_extractor(dataset)
    rows = np.array([5, 250, 3, 3, 77])
    everything = extractor.features(dataset.images, batch=300)
    some = extractor.features(dataset.images, rows, batch=2)
    np.testing.assert_allclose(some.features, everything.features[rows], atol=1e-4)
    np.testing.assert_allclose(some.probabilities, everything.probabilities[rows], atol=1e-4)


def test_the_second_call_reads_the_cache(trained):
    dataset = tiny.tiny_dataset()
    first, second = classifier_extractor(dataset), classifier_extractor(dataset)
    assert len(trained) == 1
    assert first.name == second.name
    assert first.kind == "attributes"
    for one, other in zip(first.network.get_weights(), second.network.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    probabilities = second.features(dataset.images[:9]).probabilities
    assert probabilities.shape == (9, 5)
    assert not np.allclose(probabilities.sum(axis=1), 1)


def test_what_was_learned_is_told_from_chance(monkeypatch):
    monkeypatch.setitem(SETTINGS, "steps", 100)
    dataset = tiny.tiny_dataset()
    _, meta = module._make(dataset, np.arange(5), None)
    assert meta["balanced_accuracy"] > 0.6


def test_other_labels_are_another_classifier(trained):
    dataset = classes()
    labels = dataset.labels.copy()
    labels[0] = labels[0, [1, 2, 0]]
    assert classifier_folder(dataset) != classifier_folder(classes(labels=labels))


@pytest.mark.parametrize(
    ("file", "damage"),
    [(module.MODEL, b"PK"), (module.MODEL, None), (module.META, b"{}"), (module.META, b"{")],
)
def test_a_damaged_cache_is_trained_anew_with_a_note(file, damage, trained, capsys):
    dataset = classes()
    classifier_extractor(dataset)
    path = classifier_folder(dataset) / file
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(damage)
    extractor = classifier_extractor(dataset)
    assert len(trained) == 2
    assert "trained anew" in capsys.readouterr().err
    assert extractor.dimensions == 8
    classifier_extractor(dataset)
    assert len(trained) == 2


def test_two_that_want_it_at_once_train_it_once(trained, monkeypatch):
    dataset = classes()
    both = threading.Barrier(2)
    read = module._read

    def first_look(folder, tell=False):
        found = read(folder, tell)
        if not tell and found is None:
            both.wait(timeout=60)  # Both have seen that it is not there.
        return found

    monkeypatch.setattr(module, "_read", first_look)
    wanting = [threading.Thread(target=classifier_extractor, args=(dataset,)) for _ in range(2)]
    for thread in wanting:
        thread.start()
    for thread in wanting:
        thread.join()
    assert len(trained) == 1


def test_an_interrupted_training_leaves_nothing():
    dataset = classes()

    def stop(*report):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        classifier_extractor(dataset, stop)
    assert not classifier_folder(dataset).exists()
    assert not list(classifier_folder(dataset).parent.glob("*.keras"))


def test_missing_labels_and_attributes_of_one_class_are_left_out(trained):
    labels = classes().labels.copy()
    labels[:200, 2] = 0
    labels[::2, 0] = -1
    extractor = classifier_extractor(classes(labels=labels))
    assert extractor.network.outputs[1].shape[-1] == 2
    assert extractor.kind == "attributes"


def test_large_images_are_made_smaller_and_it_is_said(trained):
    extractor = classifier_extractor(classes(size=(40, 20, 3)))
    assert extractor.image_size == (16, 8)
    assert extractor.resize == "bilinear, antialiased, to 16×8"


@pytest.mark.parametrize(
    ("labels", "splits", "said"),
    [
        (np.full((300, 3), -1, np.int8), None, "no attribute has both classes"),
        (None, {"train": np.arange(50)}, "100 training images with labels are needed and 50 have"),
    ],
)
def test_too_few_labels_say_what_to_do(labels, splits, said, trained):
    changes = {} if labels is None else {"labels": labels}
    if splits:
        changes["splits"] = {**classes().splits, **splits}
    with pytest.raises(InputError, match=said) as error:
        classifier_extractor(classes(**changes))
    assert "--labels" in str(error.value)
    assert not trained


def test_images_of_another_shape_are_refused(trained):
    extractor = classifier_extractor(classes())
    with pytest.raises(InputError, match=r"uint8 images of shape \(n, 8, 8, 3\)"):
        extractor.features(np.zeros((4, 8, 8, 1), np.uint8))
    with pytest.raises(InputError, match="float32"):
        extractor.features(np.zeros((4, 8, 8, 3), np.float32))
    with pytest.raises(InputError, match="no images"):
        extractor.features(np.zeros((0, 8, 8, 3), np.uint8))


def test_accuracies_leave_missing_labels_out_and_weigh_classes_alike():
    labels = np.array([[1, 0], [0, -1], [0, 0], [0, 1]], np.int8)
    probabilities = np.array([[0.9, 0.9], [0.1, 0.9], [0.1, 0.1], [0.9, 0.9]])
    plain, balanced = accuracies(labels, probabilities, "attributes")
    assert plain == pytest.approx((3 / 4 + 2 / 3) / 2)
    assert balanced == pytest.approx(((1 + 2 / 3) / 2 + (1 / 2 + 1) / 2) / 2)
    labels = np.array([[1, 0], [1, 0], [1, 0], [0, 1]], np.int8)
    probabilities = np.array([[0.9, 0.1]] * 4)
    assert accuracies(labels, probabilities, "classes") == (0.75, 0.5)


def test_the_network_can_be_called_within_a_larger_one(trained):
    extractor = classifier_extractor(classes())
    images = keras.Input((8, 8, 3), dtype="uint8")
    features, _ = extractor.network(images)
    batch = classes().images[:3]
    np.testing.assert_allclose(
        keras.Model(images, features).predict(batch, verbose=0),
        extractor.features(batch).features,
        atol=1e-5,
    )
    assert isinstance(extractor, Extractor)
