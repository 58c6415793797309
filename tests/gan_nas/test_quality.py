"""The metrics of a set of images together, and what is said where one is undefined."""

import dataclasses
import json

import numpy as np
import pytest

from gan_nas.inception_scores import attribute_inception_score, inception_score
from gan_nas.metrics import GaussianStatistics, frechet_distance, kernel_distance_all
from gan_nas.precision_recall import precision_recall
from gan_nas.quality import METRICS, Features, Quality, measure, real_floor
from graftwork.errors import InputError


def extracted(seed, images=60, shift=0.0, kind="classes", **changes):
    rng = np.random.default_rng(seed)
    answers = rng.dirichlet(np.ones(3), images) if kind == "classes" else rng.random((images, 3))
    given = Features(rng.normal(shift, 1, (images, 4)), answers, kind, "glyphs", "none")
    return dataclasses.replace(given, **changes)


def test_each_number_is_that_of_its_metric_and_carries_what_it_was_measured_with():
    fake, real = extracted(0, 50, shift=1.0), extracted(1, 60)
    found = measure(fake, real, "validation")
    assert found.kid == kernel_distance_all(fake.features, real.features)
    assert found.fid == frechet_distance(fake.features, real.features)
    assert (found.precision, found.recall) == precision_recall(fake.features, real.features)
    assert found.inception_score == pytest.approx(inception_score(fake.probabilities).mean, 0.1)
    assert found.inception_score_deviation > 0
    assert found.kid_error > 0
    assert (found.images, found.real_images, found.split) == (50, 60, "validation")
    assert (found.extractor, found.resize, found.inception_kind) == ("glyphs", "none", "classes")
    assert found.reasons == {}
    assert found == measure(fake, real, "validation")  # Nothing is left to chance.
    known = GaussianStatistics.of(real.features)
    assert measure(fake, real, "validation", real_statistics=known) == found


def test_attributes_have_their_own_score():
    fake, real = extracted(0, kind="attributes"), extracted(1, kind="attributes")
    found = measure(fake, real, splits=1)
    assert found.inception_kind == "attributes"
    expected = attribute_inception_score(fake.probabilities, splits=1).mean
    assert found.inception_score == pytest.approx(expected)


@pytest.mark.parametrize(
    ("images", "undefined"),
    [
        (60, set()),
        (19, {"inception_score", "inception_score_deviation"}),
        (4, {"inception_score", "inception_score_deviation", "fid"}),
        (3, set(METRICS) - {"kid"} | {"inception_score_deviation"}),
    ],
)
def test_too_few_images_leave_a_metric_none_with_its_reason(images, undefined):
    found = measure(extracted(0, images), extracted(1))
    assert set(found.reasons) == undefined
    for field in dataclasses.fields(found):
        assert (getattr(found, field.name) is None) == (field.name in undefined)
    assert all("images" in reason for reason in found.reasons.values())
    assert Quality.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_few_images_are_allowed_for_the_frechet_distance_if_told():
    found = measure(extracted(0, 4), extracted(1), fewer_images_ok=True)
    assert found.fid > 0
    assert "fid" not in found.reasons


def test_an_extractor_without_probabilities_has_no_inception_score():
    found = measure(extracted(0, probabilities=None), extracted(1, probabilities=None))
    assert found.inception_score is None
    assert "'glyphs' gives no probabilities" in found.reasons["inception_score"]
    assert found.kid is not None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"extractor": "inception"}, "same extractor.*'glyphs' and 'inception'"),
        ({"resize": "bilinear"}, "same resize"),
        ({"kind": "attributes"}, "same kind"),
        ({"features": np.zeros((60, 5))}, "4 and 5 dimensions"),
    ],
)
def test_features_of_different_extractors_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        measure(extracted(0), extracted(1, **changes))


def test_statistics_of_other_images_are_refused():
    with pytest.raises(InputError, match="60 real images"):
        measure(
            extracted(0),
            extracted(1),
            real_statistics=GaussianStatistics.of(extracted(1, 30).features),
        )


def test_where_nothing_can_be_computed_the_message_says_so():
    with pytest.raises(InputError, match="no metric can be computed for 1 generated and 60 real"):
        measure(extracted(0, 1), extracted(1))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"features": np.full((60, 4), np.nan)}, "diverged"),
        ({"probabilities": np.full((59, 2), 0.5)}, "60 and 59 rows"),
        ({"probabilities": np.full((60, 2), 0.9)}, "sum to 1"),
        ({"kind": "labels"}, "kind must be"),
    ],
)
def test_unusable_features_are_refused_at_once(changes, message):
    with pytest.raises(InputError, match=message):
        extracted(0, **changes)


def test_the_floor_is_near_0_and_below_a_generator_of_other_images():
    train, test = extracted(0, 300), extracted(1, 200)
    floor, worse = real_floor(train, test), measure(extracted(2, 300, shift=1.0), test)
    assert abs(floor.kid) < 3 * floor.kid_error
    assert floor.kid < worse.kid
    assert floor.fid < worse.fid
    assert floor.precision > worse.precision
    assert (floor.images, floor.real_images, floor.split) == (300, 200, "test")


def test_the_floor_is_that_of_as_many_images_as_are_generated():
    train, test = extracted(0, 300), extracted(1, 200)
    assert real_floor(train, test, images=50).images == 50
    assert real_floor(train, test, images=50) == real_floor(train, test, images=50)
    assert real_floor(train, test, images=500).images == 300
    with pytest.raises(InputError, match="at least 1"):
        real_floor(train, test, images=0)


def test_a_damaged_file_is_no_quality():
    stored = measure(extracted(0), extracted(1)).to_json()
    del stored["extractor"]
    for damaged in (stored, [], None):
        with pytest.raises(InputError, match="a quality is a JSON object"):
            Quality.from_json(damaged)
