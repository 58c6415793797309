"""The networks that a transfer ends with, as files."""

import keras
import numpy as np
import pytest

from graftwork.files import read_json
from transfer_nas.saved_networks import file_names, save_network
from transfer_nas.space import ChainSpace
from transfer_nas.supernet import build_supernet

SPACE, SHAPE = ChainSpace.make(3), (8, 8, 1)
ATTRIBUTES = ("Bold", "5 o'clock", "bold", "a/b")
ARCHITECTURES = ((0, 2, 6, 1), (3, 4, 5, 0), (1, 1, 2, 1), (6, 6, 0, 0))


@pytest.fixture(scope="module")
def supernet():
    return build_supernet(SPACE, len(ATTRIBUTES), 3, SHAPE, seed=0)


def save(supernet, number, run, architecture=None):
    chosen = architecture or ARCHITECTURES[number]
    return save_network(supernet, SPACE, chosen, ATTRIBUTES, number, SHAPE, run)


def test_a_saved_network_gives_the_probability_of_its_attribute(supernet, tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (5, *SHAPE), dtype=np.uint8)
    for number, architecture in enumerate(ARCHITECTURES):
        model = keras.models.load_model(save(supernet, number, tmp_path), safe_mode=True)
        rows = np.tile(np.array([*architecture, number], np.int32), (len(images), 1))
        logits = np.asarray(supernet({"images": images, "architecture": rows}))[:, number]
        found = np.asarray(model(images))
        assert found.shape == (5, 1)
        np.testing.assert_allclose(found[:, 0], 1 / (1 + np.exp(-logits)), atol=1e-5)
    assert len(list((tmp_path / "networks").iterdir())) == 5


def test_the_list_says_which_file_is_what_in_the_order_of_the_attributes(supernet, tmp_path):
    for number in (2, 0, 2):
        save(supernet, number, tmp_path)
    assert read_json(tmp_path / "networks" / "networks.json") == [
        {
            "attribute": "Bold",
            "file": "Bold.keras",
            "architecture": [0, 2, 6, 1],
            "stages": "conv_3x3, separable_3x3, identity + 1",
        },
        {
            "attribute": "bold",
            "file": "bold 2.keras",
            "architecture": [1, 1, 2, 1],
            "stages": "conv_5x5, conv_5x5, separable_3x3 + 1",
        },
    ]
    save(supernet, 0, tmp_path, (5, 5, 5, 0))
    first, second = read_json(tmp_path / "networks" / "networks.json")
    assert first["stages"] == "max_pool, max_pool, max_pool"
    assert second["attribute"] == "bold"


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("5_o_Clock_Shadow", "Straße"), ["5_o_Clock_Shadow", "Straße"]),
        (("a/b", "a:b", "A-B"), ["a-b", "a-b 2", "A-B 3"]),
        (("..", ".x", "x."), ["attribute", "x", "x 2"]),
        (("ü" * 200, "ü" * 201), ["ü" * 50, "ü" * 50 + " 2"]),
    ],
    ids=["kept", "made safe", "dots", "long"],
)
def test_names_are_safe_for_files(names, expected):
    assert file_names(names) == tuple(f"{name}.keras" for name in expected)
