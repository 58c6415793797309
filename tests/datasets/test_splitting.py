"""Seeded splits: whole, of the right sizes, and with both classes of every attribute."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from datasets.splitting import split_rows

SHARES = {"train": 0.70, "validation": 0.15, "test": 0.15}
ALL_SHARES = (SHARES, {"train": 0.85, "validation": 0.15}, dict.fromkeys("abcdefg", 1 / 7))
quick = settings(derandomize=True, database=None, max_examples=60, deadline=5000)

tables = arrays.arrays(
    np.int8,
    st.tuples(st.integers(0, 60), st.integers(0, 6)),
    elements=st.sampled_from([-1, 0, 0, 0, 1]),
)
seeds = st.integers(0, 2**32)


def assert_whole(splits, shares, count):
    assert list(splits) == list(shares)
    for rows in splits.values():
        assert rows.dtype == np.int64
        assert (np.diff(rows) > 0).all()
    np.testing.assert_array_equal(np.sort(np.concatenate([*splits.values()])), np.arange(count))


def drawn(count, rates, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.random((count, len(rates))) < rates).astype(np.int8)


def counts(labels, splits, value):
    return np.stack([(labels[rows] == value).sum(axis=0) for rows in splits.values()])


@quick
@given(tables, seeds, st.sampled_from(ALL_SHARES))
def test_every_row_is_in_one_split_and_sizes_are_exact_to_rounding(labels, seed, shares):
    splits = split_rows(labels, shares, seed)
    assert_whole(splits, shares, len(labels))
    for name, share in shares.items():
        assert abs(len(splits[name]) - share * len(labels)) < 1 or len(splits[name]) == 1
        assert len(splits[name]) or len(labels) < len(shares)


@quick
@given(tables, seeds, st.data())
def test_groups_stay_whole_and_no_split_is_empty(labels, seed, data):
    groups = np.array([data.draw(st.integers(-3, 9)) for _ in labels], np.int64)
    splits = split_rows(labels, SHARES, seed, groups)
    assert_whole(splits, SHARES, len(labels))
    in_splits = [set(groups[rows].tolist()) for rows in splits.values()]
    assert sum(map(len, in_splits)) == len(set(groups.tolist()))
    if len(set(groups.tolist())) >= len(SHARES):
        assert all(in_splits)


@quick
@given(tables, seeds)
def test_the_same_seed_deals_alike(labels, seed):
    once, again = (split_rows(labels, SHARES, seed) for _ in range(2))
    for name in SHARES:
        np.testing.assert_array_equal(once[name], again[name])


def test_another_seed_deals_otherwise():
    labels = drawn(100, [0.3, 0.1])
    tests = {tuple(split_rows(labels, SHARES, seed)["test"]) for seed in range(20)}
    assert len(tests) == 20


def test_the_deal_is_the_same_on_every_machine():
    splits = split_rows(drawn(40, [0.5, 0.1, 0.9]), SHARES, 7)
    assert splits["validation"].tolist() == [6, 8, 15, 30, 36, 39]
    assert splits["test"].tolist() == [0, 7, 13, 16, 31, 33]


@quick
@given(st.integers(3, 80), st.integers(0, 80), seeds)
def test_one_attribute_reaches_every_split_with_both_classes_where_it_can(count, some, seed):
    labels = np.zeros((count, 1), np.int8)
    labels[: min(some, count)] = 1
    splits = split_rows(labels, SHARES, seed)
    for value in (0, 1):
        if (labels == value).sum() >= len(SHARES):
            assert counts(labels, splits, value).all()


@pytest.mark.parametrize("value", [0, 1])
@pytest.mark.parametrize("seed", range(5))
def test_rare_classes_reach_every_split(value, seed):
    # Three to ten rows of the class, in 20 attributes that overlap.
    rng = np.random.default_rng(seed)
    labels = np.full((300, 20), 1 - value, np.int8)
    for column in range(20):
        labels[rng.choice(300, 3 + column % 8, replace=False), column] = value
    splits = split_rows(labels, SHARES, seed)
    assert counts(labels, splits, value).all()


def test_a_class_that_its_rarer_neighbours_would_deal_to_one_split_is_swapped():
    # All rows of the first attribute are also rows of rarer ones.
    labels = np.zeros((60, 7), np.int8)
    labels[:6, 0] = 1
    for column in range(1, 7):
        labels[[column - 1, 20 + column, 30 + column], column] = 1
    for seed in range(20):
        assert counts(labels, split_rows(labels, SHARES, seed), 1).all()


@pytest.mark.parametrize("seed", range(3))
def test_rates_are_kept(seed):
    rates = np.random.default_rng(seed).beta(0.5, 0.5, 30)
    labels = drawn(2000, rates, seed)
    splits = split_rows(labels, SHARES, seed)
    for value in (0, 1):
        expected = np.outer(list(SHARES.values()), (labels == value).sum(axis=0))
        # By chance alone they would differ by up to 30.
        assert np.abs(counts(labels, splits, value) - expected).max() < 5


def test_rates_of_known_labels_are_kept_where_many_are_missing():
    labels = drawn(2000, [0.3] * 10)
    labels[np.random.default_rng(1).random(labels.shape) < 0.9] = -1
    splits = split_rows(labels, SHARES, 0)
    for value in (0, 1):
        expected = np.outer(list(SHARES.values()), (labels == value).sum(axis=0))
        assert np.abs(counts(labels, splits, value) - expected).max() < 3


@pytest.mark.parametrize("seed", range(5))
def test_identities_of_very_different_sizes_keep_sizes_and_rates(seed):
    rng = np.random.default_rng(seed)
    groups = np.minimum(rng.zipf(1.5, 3000), 600)
    labels = drawn(601, [0.1, 0.3, 0.5, 0.9], seed)[groups]
    splits = split_rows(labels, SHARES, seed, groups)
    largest = np.bincount(groups).max()
    for name, share in SHARES.items():
        assert abs(len(splits[name]) - share * 3000) <= max(15, largest - 0.7 * 3000)
    for value in (0, 1):
        assert counts(labels, splits, value).all()


@pytest.mark.parametrize("shares", ALL_SHARES)
def test_as_many_groups_as_splits_fill_every_split(shares):
    groups = np.repeat(np.arange(len(shares)), 40 + np.arange(len(shares)))
    splits = split_rows(np.ones((len(groups), 2), np.int8), shares, 0, groups)
    assert all(len(rows) for rows in splits.values())


@pytest.mark.parametrize("attributes", [0, 4])
def test_without_known_labels_rows_are_dealt_by_chance(attributes):
    splits = split_rows(np.full((200, attributes), -1, np.int8), SHARES, 0)
    assert [len(rows) for rows in splits.values()] == [140, 30, 30]
    assert 0 < np.median(splits["test"]) < 199
    assert (np.diff(splits["test"]) > 1).any()


def test_one_row_goes_to_the_largest_split():
    splits = split_rows(np.ones((1, 3), np.int8), SHARES, 0)
    assert [len(rows) for rows in splits.values()] == [1, 0, 0]


def test_no_row_gives_empty_splits():
    splits = split_rows(np.ones((0, 3), np.int8), SHARES, 0)
    assert [rows.tolist() for rows in splits.values()] == [[], [], []]


def test_many_rows_are_dealt_evenly():
    labels = drawn(100_000, np.random.default_rng(0).beta(0.5, 0.5, 40))
    splits = split_rows(labels, SHARES, 0)
    assert [len(rows) for rows in splits.values()] == [70_000, 15_000, 15_000]
    for value in (0, 1):
        expected = np.outer(list(SHARES.values()), (labels == value).sum(axis=0))
        assert np.abs(counts(labels, splits, value) - expected).max() < 5
