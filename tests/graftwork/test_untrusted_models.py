"""`.keras` files from others are data: no code, no bombs, no names that lead outside."""

import json
import os
import warnings
import zipfile

import h5py
import keras
import numpy as np
import pytest
from keras.src.saving.serialization_lib import SafeModeScope

from graftwork.errors import InputError
from graftwork.stored_model import CONFIG, MEMBERS, WEIGHTS, load_model


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The file of a small network."""
    path = tmp_path_factory.mktemp("models") / "model.keras"
    images = keras.Input((4, 4, 1), dtype="uint8")
    x = keras.layers.Conv2D(3, 3)(keras.ops.cast(images, "float32"))
    x = keras.layers.Dense(3)(keras.layers.Flatten()(x))
    keras.Model(images, x).save(path)
    return path


def rewritten(saved, path, change=None, weights=None, compression=zipfile.ZIP_STORED):
    """Writes a copy with another configuration or other weights."""
    with zipfile.ZipFile(saved) as before, zipfile.ZipFile(path, "w", compression) as after:
        for name in sorted(MEMBERS):
            content = before.read(name)
            if name == CONFIG and change:
                content = change(content.decode()).encode()
            after.writestr(name, weights if name == WEIGHTS and weights else content)
    return path


def refusal(path):
    """Returns the one line that says why a file is not loaded."""
    with pytest.raises(InputError) as caught:
        load_model(path)
    text = str(caught.value)
    assert text.startswith(f"{path} is not a model that can be loaded: ")
    assert "\n" not in text
    return text


def test_a_plain_network_is_loaded(saved, tmp_path):
    images = np.arange(32, dtype="uint8").reshape(2, 4, 4, 1)
    expected = np.asarray(keras.models.load_model(saved)(images))
    np.testing.assert_array_equal(np.asarray(load_model(saved)(images)), expected)
    same = rewritten(saved, tmp_path / "same.keras", str)
    np.testing.assert_array_equal(np.asarray(load_model(same)(images)), expected)


def test_a_lambda_is_refused_even_where_safe_mode_was_switched_off(tmp_path, monkeypatch):
    def planted(x):
        __import__("os").environ["GRAFTWORK_RAN"] = "1"
        return x

    images = keras.Input((4,))
    path = tmp_path / "lambda.keras"
    for layer in (keras.layers.Lambda(planted), keras.layers.Lambda(lambda x: x + 1)):
        keras.Model(images, layer(images)).save(path)
        monkeypatch.setenv("GRAFTWORK_RAN", "")
        with SafeModeScope(False):
            assert "Lambda" in refusal(path)
        assert os.environ["GRAFTWORK_RAN"] == ""


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('"class_name": "Dense"', '"class_name": "TFSMLayer"', "might run code"),
        ('"class_name": "Dense"', '"class_name": "StringLookup"', "might run code"),
        ('"module": "keras.layers"', '"module": "os"', "might run code"),
        ('"module": "keras.layers"', '"module": "keras.utils"', "might run code"),
        ('"module": "keras.initializers"', '"module": null', "might run code"),
        ('"class_name": "GlorotUniform"', '"class_name": "__lambda__"', "might run code"),
        ('"units": 3', '"units": 1000000000', "would take"),
        ('"filters": 3', '"filters": 100000000', "would"),
        ('"units": 3', '"units": "many"', ""),
        ("[null, 4, 4, 1]", "[null, 1000000, 1000000, 1]", "would"),
        ('{"module"', "[" * 5000 + '{"module"', "nested"),
    ],
    ids=range(11),
)
def test_what_would_run_code_or_fill_the_memory_is_refused(saved, tmp_path, old, new, reason):
    def change(text):
        assert old in text
        return text.replace(old, new)

    assert reason in refusal(rewritten(saved, tmp_path / "changed.keras", change))


def test_what_was_refused_is_not_allocated_later(saved, tmp_path):
    """Keras allocates all weights that it put off with the next layer that it looks into."""

    class Outer(keras.layers.Layer):
        """Builds what it consists of while Keras infers its output."""

        def __init__(self):
            super().__init__()
            self.inner = keras.layers.Dense(2)

        def call(self, inputs):
            return self.inner(inputs)

    def change(text):
        return text.replace('"units": 3', f'"units": {10**14}')

    assert "would take" in refusal(rewritten(saved, tmp_path / "changed.keras", change))
    assert Outer()(keras.Input((4,))).shape == (None, 2)


@pytest.mark.parametrize("name", ["../evil", "/tmp/evil", "assets/../../evil", "config.json"])
def test_a_name_that_does_not_belong_is_refused(saved, tmp_path, name):
    path = tmp_path / "inside" / "slip.keras"
    path.parent.mkdir()
    path.write_bytes(saved.read_bytes())
    with zipfile.ZipFile(path, "a") as archive, warnings.catch_warnings(action="ignore"):
        archive.writestr(zipfile.ZipInfo(name), "evil")  # Python warns of a name that is there.
    assert "nothing else" in refusal(path)
    assert [entry.name for entry in tmp_path.rglob("*")] == ["inside", "slip.keras"]


def test_bombs_are_refused_before_they_are_unpacked(saved, tmp_path):
    packed = zipfile.ZIP_DEFLATED
    bomb = rewritten(saved, tmp_path / "a.keras", weights=bytes(2**24), compression=packed)
    assert "larger than the whole file" in refusal(bomb)
    bomb = rewritten(saved, tmp_path / "b.keras", lambda _: " " * (2**26 + 1), None, packed)
    assert "bytes" in refusal(bomb)
    with h5py.File(tmp_path / "w.h5", "w") as file:  # All of one value: it takes no room.
        file.create_dataset("layers/dense/vars/0", (10**6, 10**6), "f4", chunks=(1000, 1000))
    weights = (tmp_path / "w.h5").read_bytes()
    assert len(weights) < 10_000
    assert "would take 4,000,000" in refusal(rewritten(saved, tmp_path / "c.keras", None, weights))


@pytest.mark.parametrize("content", [b"", b"PK", b"\x89HDF\r\n\x1a\n", b"x" * 1000], ids=range(4))
def test_what_is_no_model_is_one_line(tmp_path, content):
    (tmp_path / "model.keras").write_bytes(content)
    assert "no file of Keras" in refusal(tmp_path / "model.keras")


def test_the_model_of_another_run_is_refused(command, trained_copy, saved):
    from PIL import Image

    Image.new("L", (16, 16)).save(trained_copy / "a.png")
    (trained_copy / "model.keras").write_bytes(saved.read_bytes())
    status, out, err = command("trees", "predict", trained_copy, trained_copy / "a.png")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "is not the model of its run" in err
    config = json.loads((trained_copy / "config.json").read_text())
    for wrong in ({"shape": [10**9] * 3}, {"shape": "big"}, {"attributes": [1]}, {"fit": "../x"}):
        changed = {**config, "dataset": config["dataset"] | wrong}
        (trained_copy / "config.json").write_text(json.dumps(changed))
        status, out, err = command("trees", "predict", trained_copy, trained_copy / "a.png")
        assert (status, out, err.count("\n")) == (2, "", 1)
        assert "is damaged" in err
