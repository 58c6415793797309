"""Plain models are loaded from their `.keras` files where Graftwork is not installed."""

import subprocess
import sys

import numpy as np
import plain_models

from gan_nas.baselines import dcgan_discriminator, dcgan_generator, sngan_generator
from gan_nas.cells import DOWN, NORMAL, UP, Cell, Edge
from gan_nas.discriminator import build_discriminator, residual_discriminator
from gan_nas.generator import build_generator
from gan_nas.space import GanSpace

LOADER = """
import sys
sys.modules["gan_nas"] = sys.modules["graftwork"] = None  # Imports of them fail.
import keras, numpy as np
for path in sys.argv[1:]:
    inputs = dict(np.load(path + ".npz"))
    wanted = inputs.pop("outputs")
    outputs = np.asarray(keras.models.load_model(path)(inputs, training=False))
    assert outputs.dtype == wanted.dtype and outputs.shape == wanted.shape, outputs
    np.testing.assert_allclose(outputs, wanted, rtol=1e-5, atol=1e-5, err_msg=path)
for module in ("gan_nas", "graftwork"):
    assert sys.modules[module] is None
print("loaded", len(sys.argv) - 1)
"""


def cells_of_everything(outside):
    """Returns three cells of four nodes that use every operation but the identity."""
    outer, normal = list(outside), list(NORMAL)

    def from_input():
        return Edge(0, outer.pop() if outer else outside[0])

    def from_node(node):
        return Edge(node, normal.pop())

    cells = []
    for last in (False, False, True):
        nodes = [(from_input(), from_input())]
        nodes += [(from_input(), from_node(1)), (from_input(), from_node(2))]
        nodes += [(from_node(2) if last else from_input(), from_node(1))]
        cells.append(Cell(tuple(nodes)))
    assert (outer, normal) == ([], ["identity"])
    return cells


def models():
    """Returns one model of every kind, with and without classes."""
    space = GanSpace.make(32, 4, discriminator=True)
    all_operations = space.encode(cells_of_everything(UP), cells_of_everything(DOWN))
    for classes in (None, 3):
        yield build_generator(space, all_operations, (5, 4, 4), 5, 1, classes)
        yield build_discriminator(space, all_operations, (6, 6, 6), 1, classes)
        yield residual_discriminator(8, 1, (3,), classes)
        yield dcgan_generator(8, 1, (3,), 5, classes)
        yield dcgan_discriminator(8, 1, (3,), classes)
        yield sngan_generator(8, 1, (3,), 5, classes)


def test_saved_models_are_loaded_without_graftwork(tmp_path):
    paths = []
    for i, model in enumerate(models()):
        # Moving statistics and power iterations that no fresh layer has.
        model(plain_models.inputs_of(model, seed=1), training=True)
        plain_models.disturb(model)
        path = str(tmp_path / f"{i}.keras")
        model.save(path)
        inputs = plain_models.inputs_of(model)
        outputs = np.asarray(model(inputs, training=False))
        assert np.ptp(outputs) > 1e-4
        np.savez(path + ".npz", outputs=outputs, **inputs)
        paths.append(path)
    done = subprocess.run(
        [sys.executable, "-c", LOADER, *paths], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.split() == ["loaded", str(len(paths))]
