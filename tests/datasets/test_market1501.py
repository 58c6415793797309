"""Market-1501: the attribute file by field name, images by identity, every trap of both."""

import dataclasses
import os
import random
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_market1501 import TWO_IMAGES, made_people, make, people, write_attributes, write_image
from scipy.io import savemat

from datasets.market1501 import INFO, open_source
from datasets.market1501_attributes import (
    FIELDS,
    LOWER_COLOURS,
    UPPER_COLOURS,
    attribute_names,
    read_attributes,
)
from datasets.problems import Problems
from graftwork.errors import InputError

BINARY = attribute_names("binary")
REAL = Path(os.environ.get("GRAFTWORK_TEST_DATA", "/nowhere")) / "market_attribute.mat"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("market")
    return make(folder)


@pytest.fixture
def own(tmp_path):
    """A copy that a test may change."""
    return make(tmp_path)


def drawn():
    rng = np.random.default_rng(1)
    return {"train": people(rng, range(2, 62, 2)), "test": people(rng, range(1, 61, 2))}


def file_of(folder, attributes):
    write_attributes(folder / "market_attribute.mat", attributes)
    return folder / "market_attribute.mat"


def read(path, age="binary"):
    problems = Problems()
    return read_attributes(path, age, problems), problems


# The attribute file.


@pytest.mark.skipif(not REAL.is_file(), reason="GRAFTWORK_TEST_DATA has no market_attribute.mat")
def test_the_real_file_is_read_whole():
    table, problems = read(REAL)
    assert problems.counts == {}
    assert {split: len(rows) for split, rows in table.items()} == {"train": 751, "test": 750}
    assert not set(table["train"]) & set(table["test"])
    labels = {split: np.stack(list(rows.values())) for split, rows in table.items()}
    positives = {
        split: dict(zip(BINARY, rows.sum(axis=0).tolist(), strict=True))
        for split, rows in labels.items()
    }
    # The splits list their fields in different orders: by position these would be mixed up.
    expected = {
        "train": {"female": 320, "long_hair": 245, "hat": 20, "upred": 78, "upyellow": 36},
        "test": {"female": 336, "long_hair": 275, "hat": 23, "upred": 76, "upyellow": 61},
    }
    for split, some in expected.items():
        assert {name: positives[split][name] for name in some} == some
    assert positives["train"]["downpurple"] == 2
    assert positives["test"]["downpurple"] == 0
    for rows in labels.values():
        ages = rows[:, [BINARY.index(n) for n in ("young", "teenager", "adult", "old")]]
        assert (ages.sum(axis=1) == 1).all()
    no_colour = {
        colours[0][:-5]: sum(
            int((rows[:, [BINARY.index(n) for n in colours]].sum(axis=1) == 0).sum())
            for rows in labels.values()
        )
        for colours in (UPPER_COLOURS, LOWER_COLOURS)
    }
    assert no_colour == {"up": 147, "down": 74}


def test_there_are_the_27_published_attributes():
    assert len(FIELDS) == 27
    assert (len(BINARY), len(attribute_names("ordinal"))) == (30, 29)
    assert (len(UPPER_COLOURS), len(LOWER_COLOURS)) == (8, 9)


def test_fields_are_read_by_name_and_two_means_one(tmp_path):
    attributes = drawn()
    table, _ = read(file_of(tmp_path, attributes))
    names = {"female": "gender", "long_hair": "hair", "short_sleeves": "up"}
    names |= {"short_lower": "down", "pants": "clothes"}
    for split, fields in attributes.items():
        rows = np.stack(list(table[split].values()))
        assert [f"{i:04d}" for i in table[split]] == list(fields["image_index"])
        for name, column in zip(BINARY, rows.T, strict=True):
            if name in ("young", "teenager", "adult", "old"):
                continue
            np.testing.assert_array_equal(column, fields[names.get(name, name)] == 2)


def test_age_becomes_four_attributes_or_three_thresholds(tmp_path):
    attributes = drawn()
    path, ages = file_of(tmp_path, attributes), attributes["train"]["age"]
    for form, expected in (
        ("binary", {1: [1, 0, 0, 0], 2: [0, 1, 0, 0], 3: [0, 0, 1, 0], 4: [0, 0, 0, 1]}),
        ("ordinal", {1: [0, 0, 0], 2: [1, 0, 0], 3: [1, 1, 0], 4: [1, 1, 1]}),
    ):
        rows = list(read(path, form)[0]["train"].values())
        for age, row in zip(ages, rows, strict=True):
            assert row[9 : 9 + len(expected[1])].tolist() == expected[int(age)]


@pytest.mark.parametrize("form", ["numbers", "letters", "column"])
def test_identities_may_be_numbers_letters_or_a_column(tmp_path, form):
    attributes = drawn()
    for fields in attributes.values():
        index = fields["image_index"]
        fields["image_index"] = {
            "numbers": index.astype(float),
            "letters": index.astype(str),
            "column": index[:, None],
        }[form]
    table, problems = read(file_of(tmp_path, attributes))
    assert problems.counts == {}
    assert list(table["train"]) == list(range(2, 62, 2))


def test_a_split_of_one_identity_is_read(tmp_path):
    attributes = {split: {f: v[:1] for f, v in fields.items()} for split, fields in drawn().items()}
    table, _ = read(file_of(tmp_path, attributes))
    assert list(table["test"]) == [1]


def test_a_file_without_compression_is_read(tmp_path):
    attributes = drawn()
    savemat(tmp_path / "plain.mat", {"market_attribute": attributes})
    (plain, _), (packed, _) = read(tmp_path / "plain.mat"), read(file_of(tmp_path, attributes))
    for split in plain:
        np.testing.assert_equal(plain[split], packed[split])


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("hat", 3, r"hat of identity 0010 is 3, where 1 or 2 is expected"),
        ("upred", np.nan, r"upred of identity 0010 is nan, where 1 or 2"),
        ("age", 5, r"age of identity 0010 is 5, where 1 to 4 is expected"),
        ("gender", 0, r"gender of identity 0010 is 0"),
        ("bag", 1.5, r"bag of identity 0010 is 1\.5"),
        ("image_index", 7.5, r"image_index 5 is '7\.5', where a number is expected"),
        ("image_index", 4.0, r"identity 0004 comes again"),
    ],
)
def test_an_identity_with_a_wrong_value_is_left_out_and_told(tmp_path, field, value, text):
    attributes = drawn()
    changed = attributes["train"][field].astype(float)
    changed[4] = value
    attributes["train"][field] = changed
    table, problems = read(file_of(tmp_path, attributes))
    assert set(table["train"]) == set(range(2, 62, 2)) - {10}
    ((message,),) = problems.first.values()
    assert message.startswith(f"{tmp_path / 'market_attribute.mat'}, market_attribute.train: ")
    assert re.search(text, message)
    assert problems.left_out == 0  # Its images are counted, where it has some.


def without(attributes, field):
    del attributes["test"][field]
    return {"market_attribute": attributes}


def with_field(attributes, field, value):
    attributes["test"][field] = value
    return {"market_attribute": attributes}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: {"duke_attribute": a}, r"no variable 'market_attribute': it holds 'duke_att"),
        (lambda a: {"market_attribute": 3.0}, r"market_attribute is float, where a struct"),
        (lambda a: {"market_attribute": {"train": a["train"]}}, r"lacks test\. It has 'train'"),
        (lambda a: without(a, "upgreen"), r"market_attribute\.test lacks upgreen"),
        (lambda a: without(a, "image_index"), r"market_attribute\.test lacks image_index"),
        (lambda a: with_field(a, "hat", np.ones(3)), r"hat has 3 values.*image_index has 30"),
        (lambda a: with_field(a, "hat", ["a"] * 30), r"hat does not hold numbers"),
        (lambda a: with_field(a, "hat", {"a": 1}), r"hat does not hold numbers"),
        (lambda a: {"market_attribute": {"train": 1, "test": a}}, r"\.train is int"),
    ],
)
def test_a_file_that_holds_something_else_is_refused(tmp_path, change, message):
    path = tmp_path / "other.mat"
    savemat(path, change(drawn()))
    with pytest.raises(InputError, match=rf"^{path}.*{message}"):
        read(path)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda b: b[:1000], r"damaged MATLAB file: it ends at byte 1,000"),
        (lambda b: b[:130], r"damaged MATLAB file: it ends at byte 130"),
        (lambda b: b[:60], r"no MATLAB file"),
        (lambda b: b"", r"no MATLAB file"),
        (lambda b: b[:300] + bytes([b[300] ^ 255]) + b[301:], r"damaged MATLAB file"),
        (lambda b: b[:124] + b"\0\2IM" + b[128:], r"version 7\.3.*save -v7"),
        (lambda b: b"<!DOCTYPE html><html>quota exceeded</html>", r"is a web page"),
        (lambda b: b"version https://git-lfs.github.com/spec/v1\n" * 9, r"no MATLAB file"),
        (lambda b: b[:128], r"no variable 'market_attribute': it holds nothing"),
    ],
)
def test_a_damaged_file_gives_one_clear_line(tmp_path, damage, message):
    path = file_of(tmp_path, drawn())
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError, match=rf"^{path}.*{message}") as error:
        read(path)
    assert "\n" not in str(error.value)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    path = tmp_path_factory.mktemp("plain") / "plain.mat"
    savemat(path, {"market_attribute": drawn()})
    return path.read_bytes()


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10**6), changes=st.integers(1, 6))
def test_no_damage_ends_the_process(plain, tmp_path, seed, changes):
    # Of an uncompressed file, whose sizes and types SciPy believes and then crashes on.
    rng, content = random.Random(seed), bytearray(plain)
    for _ in range(changes):
        content[rng.randrange(128, len(content))] = rng.randrange(256)
    (tmp_path / "bent.mat").write_bytes(content)
    message = "bent.mat"
    try:
        read(tmp_path / "bent.mat")  # What was bent may be a value, which is no damage.
    except InputError as error:
        message = str(error)
    assert "bent.mat" in message
    assert "\n" not in message


# Images and splits.


def identity_of(name):
    return int(name.split("/")[1].split("_")[0])


def test_images_have_the_attributes_of_their_identity(made):
    source = open_source(made)
    table, _ = read(made.data_dir / "market_attribute.mat")
    people = table["train"] | table["test"]
    assert source.attributes == INFO.attributes == BINARY
    assert source.labels.dtype == np.int8
    assert source.labels.shape == (len(source.images), 30) == (110, 30)
    for name, row in zip(source.images.names, source.labels, strict=True):
        np.testing.assert_array_equal(row, people[identity_of(name)])
    assert (source.images.folder / source.images.names[0]).is_file()


def test_test_is_the_test_folder_without_junk_and_background(made):
    source = open_source(made)
    names = [source.images.names[row] for row in source.splits["test"]]
    assert len(names) == 22 + TWO_IMAGES
    assert all(name.startswith("bounding_box_test/") for name in names)
    assert not any("query" in name or "Thumbs" in name for name in source.images.names)
    assert min(map(identity_of, source.images.names)) > 0
    assert source.problems.counts["junk images"] == 2
    assert source.problems.counts["background images"] == 1
    assert source.problems.left_out == 0


def test_validation_is_carved_from_training_by_whole_identities(made):
    source = open_source(made)
    ids = {
        split: {identity_of(source.images.names[row]) for row in rows}
        for split, rows in source.splits.items()
    }
    assert not ids["train"] & ids["validation"]
    assert not (ids["train"] | ids["validation"]) & ids["test"]
    assert 8 <= len(source.splits["validation"]) <= 16
    rows = np.concatenate(list(source.splits.values()))
    np.testing.assert_array_equal(np.sort(rows), np.arange(len(source.images)))
    assert "validation is 15%" in source.note
    again, other = open_source(made), open_source(dataclasses.replace(made, data_seed=1))
    np.testing.assert_array_equal(again.splits["validation"], source.splits["validation"])
    assert set(other.splits["validation"]) != set(source.splits["validation"])


def test_the_source_says_what_is_merged_and_harmless(made):
    source = open_source(made)
    assert (source.size, source.channels, source.flip, source.shift) == ((64, 32), 3, True, 0.06)
    assert source.merged == {
        "upper colour": UPPER_COLOURS,
        "lower colour": LOWER_COLOURS,
        "age": ("young", "teenager", "adult", "old"),
    }
    ordinal = open_source(dataclasses.replace(made, market_age="ordinal"))
    assert ordinal.merged == {}
    assert ordinal.attributes == attribute_names("ordinal")
    assert "no official score" in ordinal.note


def test_an_attribute_of_no_one_is_a_problem_and_not_an_error(own):
    assert "constant attributes" not in open_source(own).problems.counts
    attributes = made_people()
    attributes["test"]["downpurple"][:] = 1
    file_of(own.data_dir, attributes)
    source = open_source(own)
    told = source.problems.first["constant attributes"]
    assert len(told) == 1
    assert "market_attribute.mat, split test: no one has 'downpurple' among the" in told[0]


@pytest.mark.parametrize("above", [0, 1, 2])
@pytest.mark.parametrize("where", ["", "attribute", "Market-1501-v15.09.15"])
def test_the_folder_and_the_attribute_file_are_found(own, tmp_path, above, where):
    expected = open_source(own)
    root = own.data_dir / "Market-1501-v15.09.15"
    (own.data_dir / where).mkdir(exist_ok=True)
    os.rename(own.data_dir / "market_attribute.mat", own.data_dir / where / "market_attribute.mat")
    if above == 0:
        data_dir = root
    elif above == 1:
        data_dir = own.data_dir
    else:
        data_dir = own.data_dir
        inner = data_dir / "unpacked"
        inner.mkdir()
        os.rename(root, inner / root.name)
    source = open_source(dataclasses.replace(own, data_dir=data_dir))
    assert source.images.names == expected.images.names
    np.testing.assert_array_equal(source.labels, expected.labels)


def test_the_attribute_file_may_be_given(own, tmp_path):
    given = tmp_path / "elsewhere.mat"
    os.rename(own.data_dir / "market_attribute.mat", given)
    with pytest.raises(InputError, match=r"no market_attribute\.mat.*--labels"):
        open_source(own)
    assert len(open_source(dataclasses.replace(own, labels=given)).images) == 110
    with pytest.raises(InputError, match=r"nothing\.mat cannot be read"):
        open_source(dataclasses.replace(own, labels=tmp_path / "nothing.mat"))


def test_what_is_not_there_is_named(own, tmp_path):
    root = own.data_dir / "Market-1501-v15.09.15"
    write_image(own.data_dir / "copy/bounding_box_train/1.jpg", (0, 0, 0), (0, 0, 0), FIXED)
    with pytest.raises(InputError, match=r"Market-1501.*and .*copy both hold|copy and .*both hold"):
        open_source(own)
    os.rename(own.data_dir / "copy", tmp_path / "outside")
    os.rename(tmp_path / "outside", root / "inside")
    os.rename(root / "bounding_box_test", root / "elsewhere")
    with pytest.raises(InputError, match=r"but no folder bounding_box_test"):
        open_source(own)
    empty = root / "elsewhere"
    with pytest.raises(InputError, match=r"holds no folder bounding_box_train"):
        open_source(dataclasses.replace(own, data_dir=empty))


FIXED = np.random.default_rng(0)


def test_images_and_identities_that_do_not_match_are_told(own):
    root = own.data_dir / "Market-1501-v15.09.15"
    train = root / "bounding_box_train"
    for name in ("0999_c1s1_000001_01.jpg", "0001_c1s1_000001_01.jpg", "person.jpg"):
        write_image(train / name, (9, 9, 9), (9, 9, 9), FIXED)
    for path in train.glob("0144_*"):
        path.unlink()
    source = open_source(own)
    first = source.problems.first
    # 0001 is of the test identities: the attributes of the other split are not taken.
    assert len(first["images of identities without attributes"]) == 2
    assert (
        "0999_c1s1_000001_01.jpg: identity 0999 has no"
        in first["images of identities without attributes"][1]
    )
    assert first["identities without an image"] == [
        f"{own.data_dir / 'market_attribute.mat'}, train: identity 0144 has no image in {train}"
    ]
    (odd,) = first["images with a name of another form"]
    assert odd.startswith(f"{train / 'person.jpg'}: ")
    assert source.problems.left_out == 3
    assert len(source.images) == 109
    assert next(iter(first)) not in ("junk images", "background images")


def test_the_images_of_an_identity_with_a_wrong_value_are_left_out(own):
    before = open_source(own)
    attributes = made_people()
    attributes["train"]["hat"][0] = 3  # Identity 0002 has two images.
    file_of(own.data_dir, attributes)
    source = open_source(own)
    assert len(source.images) == len(before.images) - 2
    assert source.problems.counts["identities with wrong values"] == 1
    assert source.problems.left_out == 2


def test_another_number_of_images_than_published_is_told(made):
    told = open_source(made).problems.first["folders with another number of images"]
    assert [text.split(": ")[1] for text in told] == [
        "holds 80 images, where 12,936 are published",
        "holds 33 images, where 19,732 are published",
    ]


def test_a_file_of_which_no_identity_can_be_used_leaves_no_image(own):
    attributes = made_people()
    for fields in attributes.values():
        fields["hat"][:] = 9
    file_of(own.data_dir, attributes)
    source = open_source(own)
    assert len(source.images) == 0
    assert source.labels.shape == (0, 30)
    assert source.problems.left_out == 110
