"""Plain models of chains: what they cost, and that they load where Graftwork is not."""

import itertools
import subprocess
import sys

import numpy as np
import pytest

from graftwork.errors import InputError
from graftwork.model_file import save_model
from transfer_nas.model import parameters_and_flops, plain_model
from transfer_nas.space import OPERATIONS, ChainSpace
from transfer_nas.supernet import build_supernet

LOADER = """
import sys
sys.modules["transfer_nas"] = sys.modules["graftwork"] = None  # Imports of them fail.
import keras, numpy as np
for path in sys.argv[1:]:
    stored = np.load(path + ".npz")
    outputs = np.asarray(keras.models.load_model(path, safe_mode=True)(stored["images"]))
    assert outputs.shape == stored["outputs"].shape, outputs.shape
    np.testing.assert_allclose(outputs, stored["outputs"], rtol=1e-5, atol=1e-5)
for module in ("transfer_nas", "graftwork"):
    assert sys.modules[module] is None
print("loaded", len(sys.argv) - 1)
"""


def disturbed_supernet(space, shape, attributes=2, channels=3):
    network = build_supernet(space, attributes, channels, shape, seed=0)
    rng = np.random.default_rng(0)
    network.set_weights([w + rng.normal(0, 0.3, w.shape) for w in network.get_weights()])
    return network


def test_saved_models_load_without_this_package(tmp_path):
    space, shape = ChainSpace.make(4), (8, 12, 3)
    network = disturbed_supernet(space, shape)
    images = np.random.default_rng(1).integers(0, 256, (4, *shape), dtype=np.uint8)
    # All operations, in one model with all skips and in another one without any.
    numbers = itertools.cycle(range(len(OPERATIONS)))
    architectures = [
        [next(numbers) if len(decision.choices) > 2 else skip for decision in space.decisions]
        for skip in (1, 0)
    ]
    stages = [stage for architecture in architectures for stage in space.stages(architecture)]
    assert {stage.operation for stage in stages} == set(OPERATIONS)
    paths = []
    for attribute, architecture in enumerate(architectures):
        model = plain_model(network, space, architecture, attribute, shape)
        outputs = np.asarray(model(images))
        assert outputs.shape == (4, 1)
        assert np.ptp(outputs) > 1e-3
        path = tmp_path / f"{attribute}.keras"
        save_model(model, path)
        np.savez(f"{path}.npz", images=images, outputs=outputs)
        paths.append(str(path))
    done = subprocess.run(
        [sys.executable, "-c", LOADER, *paths], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.split() == ["loaded", "2"]


def test_two_attributes_differ_by_their_heads_alone():
    space, shape = ChainSpace.make(3), (8, 8, 1)
    network = disturbed_supernet(space, shape)
    models = [plain_model(network, space, (0, 2, 6, 1), a, shape) for a in (0, 1)]
    for one, other in zip(*(model.layers for model in models), strict=True):
        for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
            assert np.array_equal(a, b) == (one.name != "head")
    # A copy: what the supernet learns later does not change it.
    before = models[0].get_weights()
    network.set_weights([w + 1 for w in network.get_weights()])
    for a, b in zip(before, models[0].get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def counted_flops(model):
    """Returns two operations a multiply-add of every kernel, from the layers' own shapes."""
    total = 0
    for layer in model.layers:
        kernels = [w for w in layer.get_weights() if w.ndim > 1]
        positions = np.prod(layer.output.shape[1:-1]) if kernels else 0
        total += sum(2 * kernel.size * int(positions) for kernel in kernels)
    return total


@pytest.mark.parametrize("number", range(8))
def test_closed_forms_count_what_the_plain_model_has(number):
    stages, shape, channels = [(6, (32, 32, 1), 4), (3, (17, 10, 3), 2)][number % 2]
    space = ChainSpace.make(stages)
    architecture = space.sample(np.random.default_rng(number))
    network = build_supernet(space, 2, channels, shape, seed=0)
    model = plain_model(network, space, architecture, 1, shape)
    parameters, flops = parameters_and_flops(space, architecture, channels, shape)
    assert parameters == model.count_params()
    assert flops == counted_flops(model)


def test_cost_of_one_chain_by_hand():
    space = ChainSpace.make(3)
    cost = parameters_and_flops(space, (0, 3, 6, 1), 2, (8, 8, 1))
    stem, conv, separable = 9 * 1 * 2, 9 * 2 * 2, 25 * 2 + 2 * 2
    assert cost == (
        (stem + 4) + (conv + 4) + (separable + 4) + 3,
        2 * (stem * 64 + conv * 16 + separable * 4) + 2 * 2,
    )


@pytest.mark.parametrize("attribute", [-1, 2])
def test_an_attribute_that_is_not_there_is_refused(attribute):
    space, shape = ChainSpace.make(3), (8, 8, 1)
    network = build_supernet(space, 2, 2, shape, seed=0)
    with pytest.raises(InputError, match=f"from 0 to 1. Received: {attribute}"):
        plain_model(network, space, (0, 0, 0, 0), attribute, shape)


def test_cost_of_images_that_are_too_small_is_refused():
    with pytest.raises(InputError, match="at least 8 pixels"):
        parameters_and_flops(ChainSpace.make(3), (0, 0, 0, 0), 4, (7, 32, 1))
