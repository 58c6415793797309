"""Every kind of network, loss and image through the command line, in a search of two steps."""

import keras
import numpy as np
import pytest
import tiny

from gan_nas.sampling import generate, latents
from graftwork.files import read_json

SHORT = (
    *("--warmup-rounds", "1", "--rounds", "1", "--round-steps", "1", "--candidates", "2"),
    *("--steps", "2", "--top", "1", "--random-cells", "0", "--no-controls"),
)
GREY = tiny.tiny_dataset().images


def colourful():
    """Returns the small images in three channels of different contrast."""
    return (GREY[:, ::2, ::2] * np.asarray([1.0, 0.7, 0.3])).astype(np.uint8)


@pytest.mark.parametrize(
    ("flags", "changes"),
    [
        pytest.param(
            ["--search-discriminator", "--conditional", "column"], {}, id="discriminator, classes"
        ),
        pytest.param(
            ["--shared-cell", "--channels", "4", "3"],
            {"images": GREY},
            id="a cell for two stages",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            ["--loss", "wasserstein", "--discriminator", "residual"],
            {},
            id="gradient penalty",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            ["--diff-augment", "on", "--discriminator-steps", "2"],
            {},
            id="augmentation, two steps",
            marks=pytest.mark.slow,
        ),
        pytest.param([], {"images": colourful()}, id="colour", marks=pytest.mark.slow),
    ],
)
def test_a_search_ends_with_a_generator(run_gans, tmp_path, flags, changes):
    path = tmp_path / "run"
    run_gans("search", "--out", path, *tiny.GAN_SEARCH, *SHORT, *flags, **changes)
    result = read_json(path / "result.json")
    assert (result["status"], result["failed"], result["resets"]) == ("finished", [], 0)
    assert np.isfinite(result["methods"][0]["kid"])
    conditional = "--conditional" in flags
    assert len(result["conditional"]) == 2 * conditional
    assert len(result["cells"]["discriminator"]) == ("--search-discriminator" in flags)
    shape = changes.get("images", GREY[:, ::2, ::2]).shape[1:]
    cells = result["cells"]["generator"]
    assert len(cells) == (2 if shape[0] == 16 else 1)
    assert cells == cells[:1] * len(cells)
    # One stage or one cell: two decisions; a searched discriminator has two more.
    assert len(result["architecture"]) == (4 if "--search-discriminator" in flags else 2)
    model = keras.saving.load_model(path / "generator.keras")
    drawn = latents(6, 4, 0)
    images = generate(model, drawn, np.arange(6) % 2 if conditional else None)
    assert images.shape == (6, *shape)
    assert images.std(axis=0).max() > 0
