"""Inception-v3 from a file of weights, and what is said without one."""

import keras
import numpy as np
import pytest

from gan_nas.inception import WEIGHTS, inception_extractor, weights_file
from graftwork.errors import InputError


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Random weights in the form of Keras's file, and the network that has them."""
    from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group

    h5py = pytest.importorskip("h5py")
    network = keras.applications.InceptionV3(weights=None)
    path = tmp_path_factory.mktemp("weights") / WEIGHTS
    with h5py.File(path, "w") as file:
        save_weights_to_hdf5_group(file, network)
    return path, network


def test_features_and_classes_are_those_of_the_file(weights):
    path, network = weights
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (2, 32, 32, 1)).astype(np.uint8)
    found = inception_extractor((32, 32, 1), path).features(images)
    assert found.features.shape == (2, 2048)
    assert found.probabilities.shape == (2, 1000)
    assert found.kind == "classes"
    assert "299" in found.resize
    large = keras.ops.image.resize(
        images.repeat(3, axis=3).astype(np.float32), (299, 299), "bilinear", antialias=True
    )
    inputs = keras.applications.inception_v3.preprocess_input(np.array(large))
    expected = network.predict_on_batch(inputs)
    np.testing.assert_allclose(found.probabilities, expected, atol=1e-6)


def test_keras_own_cache_is_looked_into(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with pytest.raises(InputError, match=WEIGHTS) as error:
        inception_extractor((32, 32, 3))
    assert str(tmp_path / "models") in str(error.value)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / WEIGHTS).touch()
    assert weights_file() == tmp_path / "models" / WEIGHTS


def test_a_wrong_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"gone\.h5"):
        inception_extractor((32, 32, 3), tmp_path / "gone.h5")
    wrong = tmp_path / "wrong.h5"
    wrong.write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"wrong\.h5 does not hold the weights"):
        inception_extractor((32, 32, 3), wrong)
    with pytest.raises(InputError, match="1 or 3 channels"):
        inception_extractor((32, 32, 4), wrong)
