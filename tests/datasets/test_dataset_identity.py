"""What a run folder says of its dataset."""

import dataclasses
import json

import numpy as np
import pytest

from datasets.dataset import Dataset
from datasets.identity import check_same_data, describe
from graftwork.label_correlation import phi_coefficients


def make(labels, train=None, attributes=None) -> Dataset:
    labels = np.asarray(labels, np.int8)
    names = tuple(attributes or (f"a{i}" for i in range(labels.shape[1])))
    rows = np.arange(len(labels))
    train = rows[: len(rows) // 2] if train is None else np.asarray(train)
    splits = {"train": train, "validation": rows[-2:-1], "test": rows[-1:]}
    images = np.zeros((len(labels), 4, 4, 1), np.uint8)
    return Dataset.from_arrays("made", images, labels, names, splits)


def test_label_correlations_are_those_of_the_training_images():
    rng = np.random.default_rng(0)
    labels = (rng.random((300, 4)) < [0.5, 0.2, 0.7, 0.4]).astype(np.int8)
    labels[:200, 1] = labels[:200, 0] ^ (rng.random(200) < 0.1)
    labels[200:, 1] = 1 - labels[200:, 0]  # Not in training: the other way round.
    described = describe(make(labels, train=np.arange(200)))
    expected = np.corrcoef(labels[:200].T)
    np.testing.assert_allclose(described["label_correlations"], expected, atol=5.1e-5)
    values = np.array(described["label_correlations"])
    assert (values == values.round(4)).all()
    assert (values == values.T).all()
    assert values[0, 1] > 0.7


def test_what_is_missing_counts_in_no_pair_and_what_is_constant_has_none():
    labels = np.array(
        [[0, 0, 1, -1], [1, 1, 1, -1], [1, -1, 1, -1], [0, -1, 1, -1], [0, 1, 1, -1], [1, 1, 1, -1]]
    )
    described = describe(make(labels, train=np.arange(6)))["label_correlations"]
    both = labels[[0, 1, 4, 5]][:, :2]
    assert described[0][1] == pytest.approx(np.corrcoef(both.T)[0, 1], abs=1e-4)
    assert described[0][0] == 1.0
    assert [row[2] for row in described] == [None] * 4  # One class only.
    assert [row[3] for row in described] == [None] * 4  # Never known.
    json.dumps(described, allow_nan=False)


def test_one_attribute_and_very_many_have_no_correlations():
    rng = np.random.default_rng(1)
    for attributes, there in ((1, False), (2, True), (200, True), (201, False)):
        labels = rng.integers(0, 2, (30, attributes))
        assert ("label_correlations" in describe(make(labels))) == there


def test_phi_is_exact_on_a_table_that_can_be_checked_by_hand():
    # 30 both, 10 first only, 5 second only, 55 neither.
    labels = np.repeat([[1, 1], [1, 0], [0, 1], [0, 0]], [30, 10, 5, 55], axis=0)
    expected = (30 * 55 - 10 * 5) / np.sqrt(40 * 60 * 35 * 65)
    assert phi_coefficients(labels)[0, 1] == pytest.approx(expected)


def test_runs_of_versions_without_correlations_go_on(tmp_path):
    dataset = make(np.random.default_rng(2).integers(0, 2, (20, 3)))
    older = describe(dataset)
    del older["label_correlations"]
    (tmp_path / "config.json").write_text(json.dumps({"format": 1, "dataset": older}))
    check_same_data(tmp_path, dataset)
    check_same_data(tmp_path, dataclasses.replace(dataset, name="another name"))
