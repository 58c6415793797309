"""The official score: groups of attributes count as one label."""

import numpy as np
import pytest

from datasets.merged import official_score
from graftwork.errors import InputError

NAMES = ("hat", "red", "green", "blue")
MERGED = {"colour": ("red", "green", "blue")}


def score(probabilities, labels, names=NAMES, merged=MERGED):
    return official_score(np.array(probabilities, float), np.array(labels, np.int8), names, merged)


def test_a_group_is_one_label_predicted_by_its_largest_probability():
    probabilities = [[0.9, 0.1, 0.3, 0.2], [0.9, 0.4, 0.3, 0.2]]
    labels = [[1, 0, 1, 0], [0, 0, 1, 0]]
    # hat: right, wrong. colour: green though below 0.5, right; red, wrong.
    assert score(probabilities, labels) == pytest.approx((0.5 + 0.5) / 2)
    # Each by itself: green is missed twice, the others are right.
    assert score(probabilities, labels, merged={}) == pytest.approx((0.5 + 1 + 0 + 1) / 4)


def test_a_row_without_a_positive_of_the_group_is_wrong_as_in_the_published_code():
    assert score([[0.9, 0.1, 0.1, 0.1]], [[1, 0, 0, 0]]) == pytest.approx(0.5)


def test_one_of_several_positives_is_enough():
    assert score([[0.1, 0.2, 0.1, 0.9]], [[0, 1, 0, 1]]) == 1


def test_the_members_need_not_stand_together():
    names = ("red", "hat", "blue", "green")
    assert score([[0.1, 0.9, 0.1, 0.8]], [[0, 1, 0, 1]], names) == 1


def test_missing_labels_count_nowhere():
    probabilities = [[0.9, 0.9, 0.1, 0.1], [0.9, 0.1, 0.9, 0.1]]
    # The second row's hat and colour are not wholly known, whatever is predicted.
    assert score(probabilities, [[1, 1, 0, 0], [-1, 1, -1, 0]]) == 1
    # A label that is nowhere known is not in the mean.
    assert score(probabilities, [[-1, 1, 0, 0], [-1, 1, 0, 0]]) == 0.5
    assert np.isnan(score(probabilities, -np.ones((2, 4))))
    assert np.isnan(score(np.empty((0, 4)), np.empty((0, 4))))


def test_what_is_nan_is_wrong():
    assert score([[np.nan, 0.1, 0.9, np.nan]], [[0, 0, 1, 0]]) == 0


def test_a_half_is_no():
    assert score([[0.5]], [[0]], ("hat",), {}) == 1


def test_a_group_of_one_is_an_attribute_and_an_empty_one_nothing():
    assert score([[0.1]], [[0]], ("hat",), {"colour": ("hat",), "none": ()}) == 1


def test_the_score_of_market_is_a_mean_over_12_labels():
    # As evaluate_market_attribute.m: ten values, and each colour right if that one is labelled.
    rng = np.random.default_rng(0)
    from datasets.market1501_attributes import AGES, LOWER_COLOURS, UPPER_COLOURS, attribute_names

    names = attribute_names("binary")
    merged = {"age": AGES, "upper": UPPER_COLOURS, "lower": LOWER_COLOURS}
    labels = np.zeros((500, 30), np.int8)
    labels[:, :9] = rng.integers(0, 2, (500, 9))
    probabilities = rng.random((500, 30))
    expected = [((probabilities[:, i] > 0.5) == labels[:, i]).mean() for i in range(9)]
    for begin, end in ((9, 13), (13, 21), (21, 30)):
        worn = rng.integers(0, end - begin + (begin > 9), 500)  # One more: no colour set.
        labels[:, begin:end] = worn[:, None] == np.arange(end - begin)
        expected.append((probabilities[:, begin:end].argmax(axis=1) == worn).mean())
    assert len(expected) == 12
    found = official_score(probabilities, labels, names, merged)
    assert found == pytest.approx(np.mean(expected))


@pytest.mark.parametrize(
    ("probabilities", "merged", "message"),
    [
        (np.zeros((2, 3)), MERGED, r"probabilities must have the shape \(2, 4\)"),
        (np.zeros((3, 4)), MERGED, r"probabilities must have the shape \(2, 4\)"),
        (np.zeros((2, 4)), {"colour": ("red", "pink")}, r"'colour' holds 'pink'"),
        (np.zeros((2, 4)), {"a": ("red",), "b": ("red",)}, r"'b' holds 'red'"),
    ],
)
def test_what_does_not_fit_is_refused(probabilities, merged, message):
    with pytest.raises(InputError, match=message):
        official_score(probabilities, np.zeros((2, 4)), NAMES, merged)
