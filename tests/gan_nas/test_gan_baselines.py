"""The generators and discriminators that people designed."""

import numpy as np
import plain_models
import pytest
from keras import layers

from gan_nas.baselines import dcgan_discriminator, dcgan_generator, sngan_generator
from gan_nas.cost import network_cost
from graftwork.errors import InputError

SIZES = pytest.mark.parametrize(
    ("size", "channels"), [(8, (4,)), (32, (6, 5, 4)), (48, (4, 4, 3)), (64, (4, 4, 2, 2))]
)
GENERATORS = pytest.mark.parametrize("build", [dcgan_generator, sngan_generator])


@GENERATORS
@SIZES
@pytest.mark.parametrize("classes", [None, 3])
def test_generators_make_images(build, size, channels, classes):
    model = build(size, 3, channels, 5, classes)
    assert model.input_names == (("latents",) if classes is None else ("latents", "classes"))
    images = np.asarray(model(plain_models.inputs_of(model), training=True))
    assert images.shape == (3, size, size, 3)
    assert images.dtype == np.float32
    assert np.abs(images).max() <= 1
    assert np.abs(images[0] - images[1]).max() > 1e-4


@SIZES
@pytest.mark.parametrize("classes", [None, 3])
def test_discriminators_give_one_logit_an_image(size, channels, classes):
    model = dcgan_discriminator(size, 3, channels, classes)
    assert model.input_names == (("images",) if classes is None else ("images", "classes"))
    logits = np.asarray(model(plain_models.inputs_of(model), training=True))
    assert logits.shape == (3,)
    assert len(set(logits.tolist())) == 3


@GENERATORS
def test_the_class_changes_the_image(build):
    model = build(8, 1, (4,), 5, classes=3)
    plain_models.disturb(model)
    latents = np.repeat(plain_models.inputs_of(model, 1)["latents"], 3, axis=0)
    images = np.asarray(model({"latents": latents, "classes": np.arange(3, dtype=np.int32)}))
    assert min(np.abs(images[a] - images[b]).max() for a, b in ((0, 1), (0, 2), (1, 2))) > 1e-3


def test_dcgan_is_that_of_the_paper():
    model = dcgan_generator(64, 3, (1024, 512, 256, 128), 100)
    kernels = [
        layer.kernel.shape for layer in model.layers if isinstance(layer, layers.Conv2DTranspose)
    ]
    assert kernels == [(5, 5, 512, 1024), (5, 5, 256, 512), (5, 5, 128, 256), (5, 5, 3, 128)]
    dense, biases, norms = 101 * 16 * 1024, 512 + 256 + 128 + 3, 2 * (1024 + 512 + 256 + 128)
    assert network_cost(model).parameters == dense + biases + norms + sum(map(np.prod, kernels))
    down = dcgan_discriminator(64, 3, (32, 16, 8, 4))
    sizes = [down.get_layer(f"d{k}_relu").output.shape[1:] for k in (1, 2, 3, 4)]
    assert sizes == [(32, 32, 4), (16, 16, 8), (8, 8, 16), (4, 4, 32)]


def test_sngan_generator_is_that_of_the_paper():
    model = sngan_generator(32, 3, (256, 256, 256), 128)
    # Dense; a block: two norms, two 3×3, a 1×1; then a norm and a 3×3 convolution.
    dense = 129 * 16 * 256
    block = 2 * 512 + 2 * (9 * 256**2 + 256) + 256**2 + 256
    assert network_cost(model).parameters == dense + 3 * block + 512 + 9 * 256 * 3 + 3


def test_a_residual_block_is_the_sum_of_its_branches():
    model = sngan_generator(8, 1, (4,), 5)
    outputs = [
        model.get_layer(name).output for name in ("g_start", "g1_conv_2", "g1_shortcut", "g1_sum")
    ]
    inner = type(model)(model.inputs, outputs)
    start, branch, shortcut, total = inner([plain_models.inputs_of(model)["latents"]])
    kernel, bias = model.get_layer("g1_shortcut").get_weights()
    np.testing.assert_allclose(shortcut, np.asarray(start) @ kernel[0, 0] + bias, atol=1e-5)
    doubled = np.asarray(shortcut).repeat(2, axis=1).repeat(2, axis=2)
    np.testing.assert_allclose(total, np.asarray(branch) + doubled, atol=1e-5)


@pytest.mark.parametrize("build", [dcgan_generator, sngan_generator, dcgan_discriminator])
def test_channels_of_another_number_of_stages_are_refused(build):
    latent = () if build is dcgan_discriminator else (5,)
    with pytest.raises(InputError, match="channels must be 3"):
        build(32, 3, (4, 4), *latent)
