"""TFDS datasets: which features become attributes, how examples are read, what goes wrong."""

import sys
import types

import made_tfds
import numpy as np
import pytest
from made_tfds import make, picture, write

from datasets import tfds as reader
from datasets.dataset import MISSING
from datasets.options import DataOptions
from datasets.tfds_records import TfRecords
from graftwork.errors import InputError


@pytest.fixture
def stand_in_for(monkeypatch):
    """Puts a package in the place of TFDS that fails as it is told, without TensorFlow."""

    def put(error):
        package = StandIn(error)
        monkeypatch.setitem(sys.modules, "tensorflow_datasets", package)
        monkeypatch.setattr(reader, "load_backend", lambda: None)
        return package

    return put


def opened(options):
    return reader.open_source(options)


@pytest.fixture
def tfds():
    """The package, for the tests that let it write a dataset."""
    return pytest.importorskip("tensorflow_datasets", reason="TFDS is an optional extra")


@pytest.fixture
def image(tfds):
    """A feature of images of 12×12 without loss."""
    return tfds.features.Image(shape=(12, 12, 3), encoding_format="png")


def attributes_of(features, example, folder, **more):
    """Stores 20 training images with the features and returns names and labels."""
    written = write(
        folder,
        features,
        lambda number: {"image": picture(number), **example(number)},
        sizes={"train": 20},
        **more,
    )
    source = opened(written)
    return source.attributes, source.labels


@pytest.mark.parametrize("stored", ["tfrecord", "array_record"])
def test_what_tfds_stored_is_read_back(tfds, image, tmp_path, stored):
    features = {"image": image, "attributes": {"odd": np.bool_, "third": np.bool_}}

    def example(number):
        odd = {"odd": number % 2 == 1, "third": number % 3 == 0}
        return {"image": picture(number), "attributes": odd}

    source = opened(write(tmp_path, features, example, stored=stored))
    assert source.name == "tfds:made"
    assert source.attributes == ("odd", "third")
    numbers = np.arange(100)
    np.testing.assert_array_equal(source.labels, np.stack([numbers % 2, numbers % 3 == 0], axis=1))
    for row in (99, 0, 61):  # In any order.
        np.testing.assert_array_equal(source.images.array[row], picture(row))
    expected = {"train": (0, 60), "validation": (60, 80), "test": (80, 100)}
    for split, (first, end) in expected.items():
        np.testing.assert_array_equal(source.splits[split], np.arange(first, end))
    assert (source.size, source.channels, source.flip, source.shift) == ((12, 12), 3, False, 0)
    assert not source.problems.counts


def test_a_dataset_like_celeb_a_keeps_its_attributes_and_drops_landmarks(tfds, tmp_path):
    source = opened(make(tmp_path))
    assert source.attributes == ("Bald", "Smiling", "Young")
    assert len(source.images) == sum(made_tfds.SIZES.values())


def test_numbers_of_two_values_are_attributes_and_others_are_not(tfds, image, tmp_path):
    features = {
        "image": image,
        "zero_one": np.int64,
        "minus_one": np.int32,
        "ambiguous": np.int64,
        "age": np.int64,
        "weight": np.float32,
        "title": tfds.features.Text(),
    }

    def example(number):
        return {
            "zero_one": number % 2,
            "minus_one": 1 if number % 3 else -1,
            "ambiguous": number % 3 - 1,
            "age": number * 10**9,
            "weight": 1.0,
            "title": "1",
        }

    names, labels = attributes_of(features, example, tmp_path)
    assert names == ("minus_one", "zero_one")
    np.testing.assert_array_equal(labels[:, 0], np.arange(20) % 3 > 0)
    np.testing.assert_array_equal(labels[:, 1], np.arange(20) % 2)


def test_vectors_have_an_attribute_a_place(tfds, image, tmp_path):
    features = {
        "image": image,
        "attributes": tfds.features.Tensor(shape=(3,), dtype=np.int64),
        "flags": tfds.features.Sequence(np.bool_, length=2),
        "many": tfds.features.Sequence(np.int64),
    }

    def example(number):
        return {
            "attributes": np.array([number % 2, 1, 0]),
            "flags": [number % 4 == 0, number % 5 == 0],
            "many": [1] * (number % 3),
        }

    names, labels = attributes_of(features, example, tmp_path)
    assert names == ("attributes_0", "attributes_1", "attributes_2", "flags_0", "flags_1")
    np.testing.assert_array_equal(labels[5], [1, 1, 0, 0, 1])


def test_labels_of_two_classes_are_named_after_the_second_or_the_feature(tfds, image, tmp_path):
    features = {
        "image": image,
        "pet": tfds.features.ClassLabel(names=["cat", "dog"]),
        "outdoors": tfds.features.ClassLabel(names=["no", "yes"]),
        "first": {"seen": np.bool_},
        "second": {"seen": np.bool_},
        "species": tfds.features.ClassLabel(num_classes=5),
    }

    def example(number):
        return {
            "pet": number % 2 if number else -1,
            "outdoors": "yes" if number % 3 else "no",
            "first": {"seen": True},
            "second": {"seen": False},
            "species": number % 5,
        }

    names, labels = attributes_of(features, example, tmp_path)
    assert names == ("first/seen", "outdoors", "dog", "second/seen")
    np.testing.assert_array_equal(labels[:3], [[1, 0, MISSING, 0], [1, 1, 1, 0], [1, 1, 0, 0]])


def test_a_single_label_of_more_classes_has_an_attribute_a_class(tfds, image, tmp_path):
    features = {"image": image, "label": tfds.features.ClassLabel(names=["ant", "bee", "cow"])}
    names, labels = attributes_of(features, lambda n: {"label": n % 3 if n else -1}, tmp_path)
    assert names == ("ant", "bee", "cow")
    np.testing.assert_array_equal(labels[:4], [[MISSING] * 3, [0, 1, 0], [0, 0, 1], [1, 0, 0]])
    features = {"image": image, "label": tfds.features.ClassLabel(num_classes=3)}
    names, _ = attributes_of(features, lambda n: {"label": n % 3}, tmp_path, name="numbered")
    assert names == ("label_0", "label_1", "label_2")


def test_without_image_or_binary_attributes_the_features_are_named(tfds, image, tmp_path):
    cases = {
        "two_images": ({"left": image, "right": image}, r"several images \(left, right\)"),
        "no_image": ({"flag": np.bool_}, r"no image.*Its features: flag"),
        "no_label": ({"image": image, "title": tfds.features.Text()}, r"no binary attributes"),
        "identity": (
            {"image": image, "person": tfds.features.ClassLabel(num_classes=1000)},
            r"no binary attributes.*person of 1,000 classes",
        ),
        "depth": (
            {"image": tfds.features.Image(shape=(12, 12, 1), dtype=np.float32)},
            r"'image' has the shape.*float32",
        ),
    }
    values = {"flag": True, "title": "a", "person": 3}
    for name, (features, message) in cases.items():

        def example(number, features=features, name=name):
            shown = picture(number)
            if name == "depth":
                shown = shown[..., :1].astype(np.float32)
            return {key: values.get(key, shown) for key in features}

        options = write(tmp_path, features, example, name=name, sizes={"train": 3})
        with pytest.raises(InputError, match=message) as error:
            opened(options)
        assert "\n" not in str(error.value)


def test_of_several_images_the_one_named_image_is_taken(tfds, image, tmp_path):
    features = {"image": image, "mask": image, "flag": np.bool_}

    def example(number):
        return {"image": picture(number), "mask": picture(0), "flag": number % 2}

    source = opened(write(tmp_path, features, example, sizes={"train": 20}))
    np.testing.assert_array_equal(source.images.array[7], picture(7))


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ({"train": 60, "test": 20}, {"train": 51, "validation": 9, "test": 20}),
        ({"train": 100}, {"train": 70, "validation": 15, "test": 15}),
        ({"everything": 100}, {"train": 70, "validation": 15, "test": 15}),
        (
            {"train": 60, "test": 20, "unlabelled": 10, "extra": 5},
            {"train": 51, "validation": 9, "test": 20, "unlabelled": 10},
        ),
    ],
)
def test_splits_that_are_missing_are_carved(tfds, image, tmp_path, sizes, expected):
    features = {"image": image, "odd": np.bool_}

    def example(number):
        return {"image": picture(number), "odd": number % 2}

    source = opened(write(tmp_path, features, example, sizes=sizes))
    sizes = {name: len(rows) for name, rows in source.splits.items()}
    assert sizes.keys() == expected.keys()
    assert all(abs(sizes[name] - expected[name]) <= 2 for name in expected), sizes
    rows = np.concatenate(list(source.splits.values()))
    np.testing.assert_array_equal(np.sort(rows), np.arange(sum(expected.values())))
    assert ("extra" in source.note) == ("unlabelled" in sizes)
    assert (source.labels[source.splits.get("unlabelled", [])] == MISSING).all()


def test_images_of_every_size_and_mode_are_laid_over_white(tfds, tmp_path):
    features = {"image": tfds.features.Image(shape=(None, None, 4)), "odd": np.bool_}

    def example(number):
        return {"image": np.zeros((5 + number, 9, 4), np.uint8), "odd": number % 2}

    source = opened(write(tmp_path, features, example, sizes={"train": 20}))
    assert source.images.array[3].shape == (8, 9, 3)
    assert (source.images.array[3] == 255).all()
    assert source.size == (64, 64)
    grey = {"image": tfds.features.Image(shape=(6, 6, 1)), "odd": np.bool_}

    def grey_example(number):
        return {"image": picture(number, 6)[..., :1], "odd": number % 2}

    source = opened(write(tmp_path, grey, grey_example, name="grey", sizes={"train": 20}))
    np.testing.assert_array_equal(source.images.array[3], picture(3, 6)[..., :1])
    assert source.channels == 1
    assert source.images.open(3, (6, 6)).mode == "L"


def stored_file(folder, split="train"):
    (path,) = folder.glob(f"made/1.0.0/made-{split}.tfrecord*")
    return path


def test_a_damaged_image_is_told_when_it_is_decoded(tfds, tmp_path):
    options = make(tmp_path)
    path = stored_file(tmp_path)
    content = path.read_bytes()
    start = content.index(b"\x89PNG")
    path.write_bytes(content[:start] + b"no image" + content[start + 8 :])
    source = opened(options)
    with pytest.raises(InputError, match="not an image that can be read"):
        source.images.open(0, (12, 12))
    np.testing.assert_array_equal(source.images.array[1], picture(1))


def test_a_damaged_example_is_told_and_left_out(tfds, tmp_path):
    options = make(tmp_path)
    path = stored_file(tmp_path, "test")
    content = bytearray(path.read_bytes())
    length = int.from_bytes(content[:8], "little")
    content[12 : 12 + length] = b"\xff" * length
    path.write_bytes(content)
    source = opened(options)
    (text,) = source.problems.first["damaged examples"]
    assert "tfds:made/1.0.0, split 'test', example 0" in text
    assert source.problems.left_out == 1
    assert len(source.splits["test"]) == 19
    np.testing.assert_array_equal(source.images.array[80], picture(81))


@pytest.mark.parametrize("stored", ["tfrecord", "array_record"])
def test_files_that_are_cut_off_or_gone_are_named(tfds, image, tmp_path, stored):
    features = {"image": image, "odd": np.bool_}

    def example(number):
        return {"image": picture(number), "odd": number % 2}

    options = write(tmp_path, features, example, stored=stored, sizes={"train": 20, "test": 5})
    (path,) = tmp_path.glob(f"made/1.0.0/*train.{stored}-*")
    whole = path.read_bytes()
    for content in (whole[:-7], whole[: len(whole) // 2], whole[:5], b"", None):
        path.unlink() if content is None else path.write_bytes(content)
        with pytest.raises(InputError, match=r"made/1\.0\.0") as error:
            opened(options)
        assert "\n" not in str(error.value)


def test_records_are_found_in_files_of_any_number_also_empty_ones(tmp_path):
    stored = [[b"a", b"", b"ccc"], [], [b"dd"]]
    paths = []
    for number, records in enumerate(stored):
        paths.append(tmp_path / f"part-{number}")
        heads = [len(record).to_bytes(8, "little") + bytes(4) for record in records]
        pieces = [head + record + bytes(4) for head, record in zip(heads, records, strict=True)]
        paths[-1].write_bytes(b"".join(pieces))
    records = TfRecords(paths)
    assert [records[number] for number in (3, 0, 1, 2)] == [b"dd", b"a", b"", b"ccc"]
    assert len(records) == 4
    with pytest.raises(IndexError):
        records[4]


def test_a_file_that_is_no_tfrecord_is_named(tmp_path):
    path = tmp_path / "x-train.tfrecord-00000-of-00001"
    for content in (b"<html>" * 100, b"short", b"\xff" * 40):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"tfrecord-00000-of-00001, record 1: is cut off"):
            TfRecords([path])


def test_an_unknown_dataset_is_refused_with_the_near_names(tfds, tmp_path):
    with pytest.raises(InputError, match=r"no dataset 'celeb_b'.*celeb_a") as error:
        opened(DataOptions(dataset="tfds:celeb_b", data_dir=tmp_path))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "name", ["mnist:99.9.9", "mnist/none", "mnist/", "a b", "../x", "x:y:z", "huggingface:x", "/"]
)
def test_a_name_that_cannot_be_is_refused_in_one_line(tfds, tmp_path, name):
    with pytest.raises(InputError) as error:
        opened(DataOptions(dataset=f"tfds:{name}", data_dir=tmp_path))
    assert "\n" not in str(error.value)


class StandIn(types.ModuleType):
    """Stands in for the package where that is not to do what it does."""

    def __init__(self, error):
        super().__init__("tensorflow_datasets")
        self.core = types.SimpleNamespace(DatasetNotFoundError=LookupError)
        self.error = error
        self.asked = None

    def disable_progress_bar(self):
        pass

    def list_builders(self, with_community_datasets):
        return ["celeb_a", "mnist"]

    def builder(self, name, **where):
        self.asked = name, where
        if isinstance(self.error, LookupError):
            raise self.error
        return self

    def download_and_prepare(self):
        raise self.error


def test_a_failed_download_is_one_line_that_says_what_to_do(stand_in_for, tmp_path):
    stand_in = stand_in_for(OSError("Failed to get url\nhttps://…. HTTP code: 404."))
    with pytest.raises(InputError, match=r"tfds:celeb_a/x:2\.1\.0 could not.*404\. Prepare it"):
        opened(DataOptions(dataset="tfds:celeb_a/x:2.1.0", data_dir=tmp_path))
    assert stand_in.asked == ("celeb_a/x:2.1.0", {"data_dir": str(tmp_path)})
    with pytest.raises(InputError, match="404"):
        opened(DataOptions(dataset="tfds:mnist"))
    assert stand_in.asked == ("mnist", {})


def test_a_mistyped_name_is_answered_with_the_near_ones(stand_in_for):
    stand_in_for(LookupError())
    with pytest.raises(InputError, match=r"no dataset 'celeb'.*Did you mean celeb_a\?"):
        opened(DataOptions(dataset="tfds:celeb"))


def test_a_missing_package_is_one_line_that_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    with pytest.raises(InputError, match=r"pip install graftwork\[tfds\]") as error:
        opened(DataOptions(dataset="tfds:celeb_a"))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["tfds", "tfds:"])
def test_no_name_is_refused(name):
    with pytest.raises(InputError, match="as in tfds:celeb_a"):
        opened(DataOptions(dataset=name))


def test_a_folder_that_does_not_exist_is_refused_before_anything_is_downloaded(
    stand_in_for, tmp_path
):
    stand_in = stand_in_for(OSError("not to be called"))
    with pytest.raises(InputError, match="not a folder that exists"):
        opened(DataOptions(dataset="tfds:mnist", data_dir=tmp_path / "mistyped"))
    assert stand_in.asked is None
