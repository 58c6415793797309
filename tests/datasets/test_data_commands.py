"""`graftwork data`, as a person meets it."""

import numpy as np
import pytest
from made_folder import make
from PIL import Image

from datasets import cache


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """The flags of a folder of images with a table."""
    monkeypatch.setenv("GRAFTWORK_CACHE", str(tmp_path / "cache"))
    options = make(tmp_path / "photos")
    flags = ["--data-dir", options.data_dir]
    return [*flags, *(["--labels", options.labels] if options.labels else [])]


def a_picture(flags):
    return next(path for path in sorted(flags[1].rglob("*.png")))


def test_a_check_prints_counts_splits_and_attributes(command, photos):
    status, out, err = command("data", "check", "folder", *photos)
    assert (status, err) == (0, "")
    for part in ("folder: 90 images of 32×32", "train", "validation", "test", "no problems"):
        assert part in out


def test_a_check_names_what_is_wrong_and_where(command, photos):
    path = a_picture(photos)
    path.write_bytes(path.read_bytes()[:40])
    status, out, err = command("data", "check", "folder", *photos, "--max-bad", "0.1")
    assert (status, err) == (0, "")
    assert "1 images that cannot be read" in out
    assert str(path) in out.replace("\n", "")
    assert "1 images are left out" in out


def test_a_check_of_too_many_bad_images_still_prints_the_table(command, photos):
    for path in photos[1].rglob("*.png"):
        path.write_bytes(b"no image")
    status, out, err = command("data", "check", "folder", *photos)
    assert status == 2
    assert err.startswith("graftwork: dataset 'folder'")
    assert err.count("\n") == 1
    assert "train" in out


def test_without_decoding_only_the_tables_are_read(command, photos):
    a_picture(photos).write_bytes(b"no image")
    status, out, err = command("data", "check", "folder", *photos, "--no-decode")
    assert (status, err) == (0, "")
    assert "no problems found" in out
    assert cache.entries() == []


def test_what_is_prepared_is_listed_and_can_be_removed(command, photos):
    status, out, err = command("data", "prepare", "folder", *photos, "--size", "16")
    assert (status, err) == (0, "")
    assert "90 images of 16×16" in out
    command("data", "prepare", "folder", *photos, "--size", "24")
    assert len(cache.entries()) == 2
    status, out, _ = command("data", "cache")
    assert status == 0
    assert "folder-16x16-" in out
    assert "folder-24x24-" in out
    (name,) = (folder.name for folder, _ in cache.entries() if "16x16" in folder.name)
    command("data", "cache", name, "--clear")
    assert [folder.name[:12] for folder, _ in cache.entries()] == ["folder-24x24"]
    command("data", "cache", "folder", "--clear")
    assert cache.entries() == []


def test_an_entry_that_is_not_there_cannot_be_removed(command, photos):
    status, _, err = command("data", "cache", "foldr", "--clear")
    assert status == 2
    assert "unknown prepared dataset 'foldr'" in err


def test_another_label_needs_no_second_decoding(command, photos, monkeypatch):
    command("data", "prepare", "folder", *photos)
    table = next(photos[1].rglob("*.csv"))
    lines = table.read_text().splitlines()
    *before, last = lines[-1].split(",")
    table.write_text("\n".join([*lines[:-1], ",".join([*before, str(1 - int(last))])]) + "\n")
    status, out, _ = command("data", "prepare", "folder", *photos)
    assert status == 0
    assert "prepare folder" not in out
    assert len(cache.entries()) == 1


def test_a_picture_of_any_size_can_be_used(command, tmp_path, monkeypatch):
    monkeypatch.setenv("GRAFTWORK_CACHE", str(tmp_path / "cache"))
    rng = np.random.default_rng(0)
    for number, size in enumerate([(1, 1), (3, 200), (500, 2), (64, 64)]):
        pixels = rng.integers(0, 256, (*size, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
    status, out, err = command("data", "check", "folder", "--data-dir", tmp_path)
    assert (status, err) == (0, "")
    assert "images alone" in out


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["digits", "--data-dir", "."], "'digits' takes no --data-dir"),
        (["digits", "--labels", "x.csv"], "'digits' takes no --labels"),
        (["folder", "--data-dir", ".", "--market-age", "ordinal"], "takes no --market-age"),
        (["glyphs", "--size", "16"], "'glyphs' takes no --size"),
        (["digits:even"], "takes no part after a colon"),
        (["digits", "--attributes", "even", "even"], "attributes names 'even' twice"),
        (["digits", "--no-decode", "--without", "evn"], "unknown attribute 'evn'"),
    ],
)
def test_a_flag_that_says_nothing_to_a_dataset_is_refused(command, words, part):
    status, out, err = command("data", "check", *words)
    assert (status, out) == (2, "")
    assert part in err
    assert err.count("\n") == 1
