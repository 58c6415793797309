"""Scores from counts, against what one computes by hand."""

import numpy as np
import pytest

from multitask_nas.scores import SCORES, Counts, count_classes

LABELS = np.array([[1, 1, 0], [0, -1, 0], [1, 1, -1], [0, 1, 0], [0, -1, -1]], np.int8)
TOLD = np.array([[1, 0, 0], [0, 1, 1], [0, 1, 1], [1, 1, 0], [0, 0, 0]], np.int8)


def counts(told, labels):
    right = told == labels
    return Counts(
        (right & (labels == 1)).sum(axis=0),
        (right & (labels == 0)).sum(axis=0),
        *count_classes(labels),
    )


def test_classes_are_counted_without_missing_labels():
    positives, negatives = count_classes(LABELS)
    assert positives.tolist() == [2, 3, 0]
    assert negatives.tolist() == [3, 0, 3]


def test_accuracy_is_the_part_of_the_known_labels_that_were_right():
    assert counts(TOLD, LABELS).score("accuracy") == pytest.approx([3 / 5, 2 / 3, 2 / 3])


def test_balanced_accuracy_is_the_mean_over_the_classes_that_there_are():
    # The first attribute: 1 of 2 positives, 2 of 3 negatives. The others have one class.
    expected = [(1 / 2 + 2 / 3) / 2, 2 / 3, 2 / 3]
    assert counts(TOLD, LABELS).score("balanced-accuracy") == pytest.approx(expected)


def test_a_constant_answer_has_balanced_accuracy_one_half():
    rng = np.random.default_rng(0)
    labels = (rng.random((500, 4)) < [0.5, 0.1, 0.9, 0.02]).astype(np.int8)
    for answer in (0, 1):
        told = np.full_like(labels, answer)
        assert counts(told, labels).score("balanced-accuracy").tolist() == [0.5] * 4
        share = (labels == answer).mean(axis=0)
        assert counts(told, labels).score("accuracy") == pytest.approx(share)


@pytest.mark.parametrize("score", SCORES)
def test_an_attribute_without_any_label_gives_a_number(score):
    labels = np.full((4, 1), -1, np.int8)
    assert np.isfinite(counts(np.ones_like(labels), labels).score(score)).all()


@pytest.mark.parametrize("score", SCORES)
def test_many_predictions_are_scored_at_once(score):
    rng = np.random.default_rng(0)
    labels = rng.integers(-1, 2, (50, 3)).astype(np.int8)
    several = rng.integers(0, 2, (4, 50, 3))
    one_by_one = [counts(told, labels) for told in several]
    together = Counts(
        np.stack([c.right_positives for c in one_by_one]),
        np.stack([c.right_negatives for c in one_by_one]),
        *count_classes(labels),
    )
    expected = np.stack([c.score(score) for c in one_by_one])
    np.testing.assert_array_equal(together.score(score), expected)
    assert (expected > 0).all()
    assert (expected < 1).all()
