"""Scores of one attribute, against counts of pairs and of images."""

import numpy as np
import pytest
import sklearn.metrics

from transfer_nas.scores import SCORES, attribute_score, has_both_classes


def drawn(seed, missing=True):
    """Logits with ties that say something of the labels, which are uneven."""
    rng = np.random.default_rng(seed)
    labels = (rng.random(80) < 0.3).astype(np.int8)
    logits = np.round(rng.normal(size=80) + labels, 1)
    if missing:
        labels[rng.random(80) < 0.2] = -1
    return logits, labels


@pytest.mark.parametrize("seed", range(5))
def test_the_area_is_the_share_of_pairs_in_the_right_order(seed):
    logits, labels = drawn(seed)
    pairs = logits[labels == 1][:, None] - logits[labels == 0][None]
    assert (pairs == 0).any()
    expected = (pairs > 0).mean() + (pairs == 0).mean() / 2
    assert attribute_score("auc", logits, labels) == pytest.approx(expected, abs=1e-12)
    # Neither a shift of the threshold nor the scale counts.
    assert attribute_score("auc", 3 * logits - 7, labels) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("score", "theirs"),
    [
        ("auc", sklearn.metrics.roc_auc_score),
        ("balanced-accuracy", lambda y, x: sklearn.metrics.balanced_accuracy_score(y, x > 0)),
        ("accuracy", lambda y, x: sklearn.metrics.accuracy_score(y, x > 0)),
    ],
)
def test_scores_are_those_of_scikit_learn_on_known_labels(score, theirs):
    logits, labels = drawn(0)
    known = labels >= 0
    expected = theirs(labels[known], logits[known])
    assert attribute_score(score, logits, labels) == pytest.approx(expected, abs=1e-12)


def test_a_constant_answer_is_worth_a_half_unless_accuracy_is_asked_for():
    _, labels = drawn(1, missing=False)
    constant = np.full(80, -1.0)
    assert attribute_score("auc", constant, labels) == 0.5
    assert attribute_score("balanced-accuracy", constant, labels) == 0.5
    assert attribute_score("accuracy", constant, labels) == (labels == 0).mean()


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("wrong", ["positives", "negatives", "unknown", "logits"])
def test_what_cannot_be_scored_is_not_a_number(score, wrong):
    logits, labels = drawn(2)
    if wrong == "logits":
        logits[np.flatnonzero(labels == 0)[0]] = np.nan
    elif wrong == "unknown":
        labels[:] = -1
    else:
        labels[labels == (wrong == "negatives")] = -1
    assert np.isnan(attribute_score(score, logits, labels))


def test_which_attributes_have_both_classes():
    labels = np.array([[0, 1, -1, 0, -1], [1, 1, -1, 0, 1], [0, -1, -1, -1, 0]], np.int8)
    assert has_both_classes(labels).tolist() == [True, False, False, False, True]
