"""`--precision` of generators: near float32, with scores that are taken in float32; `--jit`."""

import keras
import numpy as np
import pytest
import tiny
from tiny_adversarial import LATENT, SETTINGS, no_architecture, training_data

from gan_nas.losses import LOSSES
from gan_nas.networks import DCGAN, Networks
from gan_nas.space import GanSpace
from graftwork.adversarial_training import AdversarialTrainer
from graftwork.devices import engine
from graftwork.engine_options import EngineOptions
from graftwork.files import read_json

SEARCH = (*tiny.GAN_SEARCH, "--no-controls", "--random-cells", "0")


def trained(precision):
    """Returns a trainer of DCGAN after a step, its losses, and the finished generator."""
    with engine(EngineOptions(precision=precision)):
        networks = Networks(GanSpace.make(8, 1), (4,), LATENT, 1, 3)
        made = AdversarialTrainer(
            networks.generator(DCGAN, 0),
            networks.discriminator(DCGAN, 0),
            training_data(),
            SETTINGS,
            LOSSES["hinge"],
            np.arange(40, dtype=np.int32) % 3,
        )
        losses = made.train(1, no_architecture)
        finished = networks.finished(DCGAN, None, made.generator)
        return made, losses, finished


@pytest.fixture(scope="module")
def in_float32():
    return trained("float32")


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_a_step_is_near_that_of_float32(in_float32, precision):
    made, losses, finished = trained(precision)
    for name in ("generator_loss", "discriminator_loss"):
        assert losses[name] == pytest.approx(in_float32[1][name], abs=0.01)
    networks = made.generator, made.discriminator
    assert {w.dtype for network in networks for w in network.weights} == {"float32"}
    kinds = {layer.compute_dtype for network in networks for layer in network.layers}
    assert precision.removeprefix("mixed_") in kinds
    others = in_float32[0].generator, in_float32[0].discriminator
    for network, expected in zip(networks, others, strict=True):
        assert network.output.dtype == "float32"
        for found, wanted in zip(network.get_weights(), expected.get_weights(), strict=True):
            np.testing.assert_allclose(found, wanted, atol=5e-3)  # A few steps of Adam.
    assert {layer.compute_dtype for layer in finished.layers} == {"float32"}
    scale = getattr(made.model.generator_optimizer, "dynamic_scale", None)
    assert (scale is not None) == (precision == "mixed_float16")
    if scale is not None:
        scale.assign(64.0)
        state = {name: np.array(value) for name, value in made.state().items()}
        made.start_over(1)
        assert float(scale) == made.model.generator_optimizer.initial_scale
        made.restore(state)
        assert float(scale) == 64


@pytest.mark.slow
def test_a_search_in_float16_is_judged_in_float32(run_gans, searched_gan, tmp_path):
    run_gans("search", "--out", tmp_path / "run", *SEARCH, "--precision", "mixed_float16")
    found, expected = (
        next(e for e in tiny.journal(path) if e["event"] == "floor")
        for path in (tmp_path / "run", searched_gan)
    )
    assert found == expected
    assert read_json(tmp_path / "run" / "result.json")["status"] == "finished"
    generator = keras.saving.load_model(tmp_path / "run" / "generator.keras")
    assert {layer.compute_dtype for layer in generator.layers} == {"float32"}


def test_jit_is_refused_in_one_line(gan_command, tmp_path):
    status, _, err = gan_command("search", "--out", tmp_path / "run", *SEARCH, "--jit")
    assert status == 2
    (line,) = err.splitlines()
    assert "XLA compiles every operation of every edge" in line
    assert not (tmp_path / "run").exists()
