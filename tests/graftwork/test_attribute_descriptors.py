"""Descriptors: what they measure, that they fit any domain, and what is matched by them."""

import json

import numpy as np
import pytest
import tiny

from graftwork import attribute_descriptors
from graftwork.attribute_descriptors import Descriptors, describe_attributes, normalised_name
from graftwork.attribute_matching import (
    Scaling,
    cosines,
    match_attributes,
    match_names,
    similarities,
)
from graftwork.errors import InputError

DATA = tiny.tiny_dataset()


def described(names=DATA.attributes, images=DATA.images, labels=DATA.labels, **named):
    return describe_attributes(names, images, labels, **named)


def part(descriptors, *names):
    return descriptors.values[:, [descriptors.names.index(name) for name in names]]


@pytest.fixture(scope="module")
def plain():
    return described()


def test_all_domains_have_the_same_values(plain):
    few = described(["a", "b"], np.repeat(DATA.images[:9, :8], 3, axis=-1), DATA.labels[:9, :2])
    assert few.names == plain.names
    assert len(set(plain.names)) == len(plain.names)
    assert few.values.shape == (2, len(plain.names))
    assert plain.values.shape == (5, len(plain.names))
    assert plain.values.dtype == np.float32


def test_label_statistics_are_those_of_the_known_labels(plain):
    for attribute, labels in enumerate(DATA.labels.T):
        known = labels[labels >= 0]
        rate = known.mean()
        found = part(plain, "rate", "logit", "missing")[attribute]
        expected = [rate, np.log(rate / (1 - rate)), (labels < 0).mean()]
        np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_correlations_are_those_of_each_two_attributes_where_both_are_known(plain):
    for attribute in range(5):
        phi = []
        for other in set(range(5)) - {attribute}:
            both = (DATA.labels[:, [attribute, other]] >= 0).all(axis=1)
            phi.append(np.corrcoef(DATA.labels[both][:, [attribute, other]].T)[0, 1])
        found = part(plain, "mean |phi|", "max |phi|", "mean phi", "std phi")[attribute]
        expected = [np.abs(phi).mean(), np.abs(phi).max(), np.mean(phi), np.std(phi)]
        np.testing.assert_allclose(found, expected, rtol=1e-4)
        quartiles = part(plain, *(f"quartile {i} phi" for i in (1, 2, 3)))[attribute]
        np.testing.assert_allclose(quartiles, np.quantile(phi, [0.25, 0.5, 0.75]), rtol=1e-4)


def test_effects_tell_positives_from_negatives(plain):
    features = attribute_descriptors.probe_features(DATA.images)
    labels = DATA.labels[:, 0]
    one, other = features[labels == 1], features[labels == 0]
    expected = (one.mean(axis=0) - other.mean(axis=0)) / np.sqrt((one.var(0) + other.var(0)) / 2)
    found = part(plain, *(f"effect {i}" for i in range(64)))[0]
    assert np.corrcoef(found, expected)[0, 1] > 0.99
    assert np.abs(found).max() > 0.5
    # The other way round for the opposite of an attribute.
    opposite = described(labels=np.where(DATA.labels < 0, -1, 1 - DATA.labels).astype(np.int8))
    for kind in ("effect", "spread"):
        flipped = part(opposite, *(f"{kind} {i}" for i in range(64)))
        np.testing.assert_allclose(
            flipped, -part(plain, *(f"{kind} {i}" for i in range(64))), atol=1e-4
        )


def test_fisher_information_is_that_of_a_logistic_regression(plain):
    fisher = part(plain, *(f"fisher {i}" for i in range(64)))
    np.testing.assert_allclose(fisher.mean(axis=1), 0, atol=1e-5)
    assert fisher.std(axis=1).min() > 0.01


def test_one_class_and_no_labels_give_finite_values_and_no_effects():
    labels = DATA.labels.copy()
    labels[:, 0], labels[:, 1], labels[:, 2] = 0, 1, -1
    labels[:, 3] = -1
    labels[0, 3] = 1
    found = described(labels=labels)
    assert np.isfinite(found.values).all()
    probed = part(found, *(name for name in found.names if name[:6] in ("effect", "spread")))
    assert (probed[:4] == 0).all()
    assert (probed[4] != 0).any()
    assert part(found, "rate")[:4, 0].tolist() == [0, 1, 0, 1]


def test_one_attribute_alone_has_no_correlations():
    found = described(["dot"], labels=DATA.labels[:, 4:])
    assert np.isfinite(found.values).all()
    assert part(found, "mean |phi|", "std phi", "quartile 1 phi").tolist() == [[0, 0, 0]]


def test_a_single_positive_moves_nothing_far():
    labels = np.zeros((len(DATA.images), 2), np.int8)
    labels[5, 0] = labels[::2, 1] = 1
    effects = part(described(["a", "b"], labels=labels), *(f"effect {i}" for i in range(64)))
    assert np.abs(effects).max() < 2


def test_only_the_given_rows_are_looked_at():
    rows = np.arange(100, 400)
    labels, images = DATA.labels.copy(), DATA.images.copy()
    labels[:100], images[400:] = 1, 0
    found = described(labels=labels, images=images, rows=rows)
    np.testing.assert_array_equal(found.values, described(rows=rows).values)
    alone = described(labels=DATA.labels[rows], images=DATA.images[rows])
    np.testing.assert_allclose(found.values, alone.values, atol=1e-5)


def test_the_probe_sees_a_choice_of_images_by_seed(monkeypatch):
    monkeypatch.setattr(attribute_descriptors, "MOST_IMAGES", 200)
    seen, original = [], attribute_descriptors.probe_features

    def noted(images):
        seen.append(len(images))
        return original(images)

    monkeypatch.setattr(attribute_descriptors, "probe_features", noted)
    first, again, other = described(), described(), described(seed=1)
    assert seen == [200] * 3
    np.testing.assert_array_equal(first.values, again.values)
    effects = [f"effect {i}" for i in range(64)]
    assert (part(first, *effects) != part(other, *effects)).any()
    # Labels are counted in all images.
    np.testing.assert_array_equal(part(first, "rate"), part(other, "rate"))


@pytest.mark.parametrize("change", ["names", "labels", "rows"])
def test_what_does_not_fit_together_is_refused(change):
    given = {
        "names": {"names": DATA.attributes[:3]},
        "labels": {"labels": DATA.labels[:-1]},
        "rows": {"rows": np.zeros(0, int)},
    }
    with pytest.raises(InputError, match="at least one image"):
        described(**given[change])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("5_o_Clock_Shadow", "5 o clock shadow"),
        ("openMouth", "open mouth"),
        ("closed-loop  2", "closed loop 2"),
        ("HTML", "html"),
        ("", ""),
    ],
)
def test_names_are_brought_to_words(name, expected):
    assert normalised_name(name) == expected


def test_names_with_the_same_words_are_near():
    names = ["bold", "bold style", "Bold-Style", "wearing hat"]
    found = described(names, labels=DATA.labels[:, :4])
    near = cosines(*[part(found, *(f"name {i}" for i in range(32)))] * 2)
    assert near[1, 2] == pytest.approx(1)
    assert near[0, 1] > 0.4 > abs(near[0, 3])


def test_scaling_standardises_clips_and_comes_back_from_json():
    values = np.random.default_rng(0).normal(3, 2, (50, 4))
    values[:, 3] = 7
    scaling = Scaling.fit(values)
    scaled = scaling.apply(values)
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=0.01)
    np.testing.assert_allclose(scaled.std(axis=0), [1, 1, 1, 0], atol=0.05)
    assert scaling.apply(np.full((1, 4), 1e9)).tolist() == [[3, 3, 3, 3]]
    again = Scaling.from_json(json.loads(json.dumps(scaling.to_json())))
    np.testing.assert_array_equal(again.apply(values), scaled)


def test_the_same_name_wins_exactly_first_and_then_by_its_words():
    found = match_names(["closedLoop", "bold", "x"], ["Bold", "closed_loop", "bold"])
    assert [match and match.source for match in found] == ["closed_loop", "bold", None]
    assert found[0].by == "name"
    assert found[0].similarity == 1


def test_attributes_without_a_namesake_go_to_what_looks_alike():
    """Half of the images under other names: each attribute finds itself."""
    first = described(rows=np.arange(0, 300))
    names = ("alpha", "beta", "cross", "delta", "epsilon")
    other = described(names, rows=np.arange(300, 600))
    found = match_attributes(names, other, DATA.attributes, first)
    assert [match.target for match in found] == list(names)
    assert [match.source for match in found] == list(DATA.attributes)
    assert [match.by for match in found] == ["descriptor"] * 2 + ["name"] + ["descriptor"] * 2
    assert found[2].similarity == 1
    assert all(0 < match.similarity < 1 for match in found if match.by == "descriptor")


def test_what_sets_domains_apart_does_not_count():
    rng = np.random.default_rng(0)
    values = rng.normal(0, 1, (6, 40))
    domain = Descriptors(tuple(map(str, range(40))), values)
    shifted = Descriptors(domain.names, values[::-1] + rng.normal(0, 20, 40))
    assert similarities(shifted, domain).argmax(axis=1).tolist() == [5, 4, 3, 2, 1, 0]


def test_one_attribute_can_be_matched(plain):
    alone = described(["point"], labels=DATA.labels[:, 4:])
    (found,) = match_attributes(["point"], alone, DATA.attributes, plain)
    assert found.source in DATA.attributes
    assert found.by == "descriptor"
    assert np.isfinite(found.similarity)


def test_cosines_of_zeros_are_zero():
    assert cosines(np.zeros((2, 3)), np.ones((1, 3))).tolist() == [[0], [0]]
