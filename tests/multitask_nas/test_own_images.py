"""Searches on images of one's own: real ones where they are, and what is said of bad files."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SMALL = (
    *("--blocks", "2", "2", "--channels", "3", "--batch-size", "16", "--round-steps", "3"),
    *("--warmup-rounds", "1", "--sweeps", "1", "--steps", "6", "--random-trees", "1"),
    "--no-controls",
)


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """A folder of 120 images whose labels say how bright and how red they are."""
    monkeypatch.setenv("GRAFTWORK_CACHE", str(tmp_path / "cache"))
    rng = np.random.default_rng(0)
    folder = tmp_path / "photos"
    folder.mkdir()
    lines = ["image,bright,red"]
    for number in range(120):
        bright, red = rng.integers(0, 2, 2)
        pixels = rng.integers(0, 100, (9, 12, 3)) + 100 * bright
        pixels[..., 0] += 50 * red
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{number}.png")
        lines.append(f"{number}.png,{bright if rng.random() < 0.6 else ''},{red}")
    (folder / "attributes.csv").write_text("\n".join(lines))
    return folder


def test_a_folder_with_missing_labels_is_searched_trained_and_predicted(command, photos, tmp_path):
    run, data = tmp_path / "run", ["--dataset", "folder", "--data-dir", photos, "--size", "24x16"]
    status, out, err = command("trees", "search", "--out", run, *data, *SMALL)
    assert (status, err) == (0, "")
    assert "dealt 70% to train" in out
    status, _, err = command("trees", "train", run, "--steps", "6")
    assert (status, err) == (0, "")
    status, out, _ = command("trees", "predict", run, photos / "3.png", "--json")
    assert set(json.loads(out)[0]["attributes"]) == {"bright", "red"}
    described = json.loads((run / "config.json").read_text())["dataset"]
    assert described["shape"] == [24, 16, 3]
    assert described["fit"] == "crop"


def test_a_relative_folder_is_found_again_from_elsewhere(command, photos, tmp_path, monkeypatch):
    run = tmp_path / "run"
    monkeypatch.chdir(photos.parent)
    flags = ["--dataset", "folder", "--data-dir", "photos"]
    first = command("trees", "search", "--out", run, *flags, *SMALL)
    assert first[0] == 0
    assert command("trees", "search", "--out", run, "--resume", "--data-dir", "photos")[0] == 0
    monkeypatch.chdir("/")
    assert command("trees", "search", "--out", run, "--resume")[0] == 0


def test_what_was_left_out_is_said_before_training_and_recorded(command, photos, tmp_path):
    (photos / "7.png").write_bytes(b"no image")
    (photos / "8.png").unlink()
    (photos / "extra.png").write_bytes((photos / "9.png").read_bytes())
    run = tmp_path / "run"
    data = ["--dataset", "folder", "--data-dir", photos, "--max-bad", "0.05"]
    status, out, _ = command("trees", "search", "--out", run, *data, *SMALL)
    assert status == 0
    assert "2 images are left out: 1 rows without an image, 1 images that cannot be read." in out
    assert "1 images without a row, the first: " in out
    assert json.loads((run / "config.json").read_text())["dataset"]["left_out"] == 2


@pytest.mark.skipif(
    "GRAFTWORK_TEST_DATA" not in os.environ, reason="the real images are not on this machine"
)
def test_real_images_are_searched(command, tmp_path, monkeypatch):
    monkeypatch.setenv("GRAFTWORK_CACHE", str(tmp_path / "cache"))
    emoji = Path(os.environ["GRAFTWORK_TEST_DATA"]) / "emoji"
    data = ["--data-dir", emoji / "images", "--labels", emoji / "attributes.csv", "--size", "16"]
    run = tmp_path / "run"
    status, _, err = command("trees", "search", "--dataset", "folder", *data, "--out", run, *SMALL)
    assert (status, err) == (0, "")
    result = json.loads((run / "result.json").read_text())
    assert len(result["attributes"]) == 25
    assert sum(result["dataset"]["images"].values()) == 3786
    assert (run / "report.html").exists()
