"""What `graftwork gans` refuses, in one line, and what one does with a finished search."""

import json

import numpy as np
import pytest
import tiny
from PIL import Image

from gan_nas.extractors import Extractor
from gan_nas.image_folder import read_folder
from graftwork.files import read_json
from graftwork.run import Run


def assert_refused(outcome, *parts):
    """Checks that the outcome of a command is one clear line."""
    status, _, err = outcome
    assert status == 2, err
    (line,) = err.splitlines()
    assert line.startswith("graftwork: ")
    for part in parts:
        assert part in line


def contents(folder):
    """Returns all files of a folder but the lock, with their bytes."""
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.name != "lock"}


def images(height, width, channels=1):
    """Returns noise, as many images as `tiny` has."""
    count = sum(tiny.SIZES.values())
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (count, height, width, channels)).astype(np.uint8)


def splits(train, validation, test):
    ends = np.cumsum([0, train, validation, test])
    return {
        split: np.arange(start, end)
        for split, start, end in zip(tiny.SIZES, ends, ends[1:], strict=False)
    }


# Search.


@pytest.mark.parametrize(
    ("flags", "changes", "parts"),
    [
        (["--dataset", "tyni"], {}, ["dataset", "'tyni'", "tiny"]),
        (["--strategy", "agn"], {}, ["strategy", "'agn'", "agan"]),
        (["--channels", 4, 8], {}, ["channels must be one number, or 1", "Received 2: 4 8."]),
        (["--channels", 0], {}, ["channels", "at least 1", "Received: 0."]),
        (["--nodes", 0], {}, ["nodes must be at least 1"]),
        (["--children", 1], {}, ["children must be at least 2"]),
        (["--ema", 1], {}, ["ema must be at least 0 and below 1"]),
        (["--seed", -1], {}, ["seed must be at least 0"]),
        (["--sample-minutes", "nan"], {}, ["sample-minutes must be a number above 0"]),
        (["--time-budget", "soon"], {}, ["time-budget", "soon"]),
        (["--inception-weights", "a.h5"], {}, ["needs --extractor inception"]),
        (["--top", 4], {}, ["top must be at most --candidates, 3", "Received: 4."]),
        (
            ["--discriminator", "residual", "--search-discriminator"],
            {},
            ["discriminator residual does not go with --search-discriminator", "Leave one"],
        ),
        (["--conditional", "clumn"], {}, ["attribute", "'clumn'", "column"]),
        (["--conditional", "row", "column"], {}, ["exclude each other"]),
        (["--batch-size", 401], {}, ["batch-size must be at most 400", "Received: 401."]),
        ([], {"images": images(16, 8)}, ["square", "16×8", "Give --size 8."]),
        ([], {"images": images(10, 10)}, ["8, 16, 32, 64", "Received: 10."]),
        ([], {"images": images(8, 8, 4)}, ["grey or coloured", "4 channels"]),
        ([], {"splits": splits(400, 150, 1)}, ["'test' needs at least 2 images"]),
        ([], {"splits": splits(60, 100, 100)}, ["100 training images with labels", "60 have"]),
    ],
)
def test_what_makes_no_sense_is_refused_and_leaves_no_file(
    gan_command, tmp_path, flags, changes, parts
):
    words = ("search", "--out", tmp_path / "run", *tiny.GAN_SEARCH, *flags)
    assert_refused(gan_command(*words, **changes), *parts)
    assert contents(tmp_path) == {}


def test_too_few_images_for_the_reward_are_refused_and_leave_no_file(
    gan_command, tmp_path, monkeypatch
):
    # As many images as features do not give a covariance of full rank.
    monkeypatch.setattr(Extractor, "dimensions", 64)
    flags = ("--out", tmp_path / "run", *tiny.GAN_SEARCH, "--reward", "fid")
    assert_refused(
        gan_command("search", *flags),
        "the reward fid needs more than 64 images",
        "there are 64 generated",
        "Give --reward-images 65",
    )
    assert contents(tmp_path) == {}


@pytest.mark.parametrize("flag", ["--reward", "--extractor", "--loss", "--diff-augment"])
def test_a_name_that_a_flag_does_not_have_is_refused(gan_command, tmp_path, flag):
    status, out, err = gan_command("search", "--out", tmp_path / "run", flag, "other")
    assert status == 2
    assert flag in out + err
    assert "Traceback" not in out + err
    assert contents(tmp_path) == {}


def test_a_folder_with_other_files_is_not_written(gan_command, tmp_path):
    (tmp_path / "chapter").write_text("text")
    outcome = gan_command("search", "--out", tmp_path, *tiny.GAN_SEARCH)
    assert_refused(outcome, "is not empty and holds no run", "'chapter'")
    assert list(contents(tmp_path)) == [tmp_path / "chapter"]


# Every command on a run.

WORDS = [["train"], ["sample"], ["evaluate"]]


@pytest.mark.parametrize("words", WORDS)
def test_before_the_search_is_finished_nothing_else_works(gan_command, searched_gan_copy, words):
    (searched_gan_copy / "result.json").unlink()
    before = contents(searched_gan_copy)
    outcome = gan_command(*words, searched_gan_copy)
    assert_refused(outcome, "is not finished", f"--out {searched_gan_copy} --resume")
    assert contents(searched_gan_copy) == before


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"architecture": [1, 2], "shortlist": []}'])
def test_a_broken_result_is_named(gan_command, searched_gan_copy, words, text):
    (searched_gan_copy / "result.json").write_text(text)
    assert_refused(gan_command(*words, searched_gan_copy), "result.json")


@pytest.mark.parametrize("words", WORDS)
def test_the_run_of_another_command_is_named(gan_command, tmp_path, words):
    Run.create(tmp_path / "trees", {"command": "trees search", "arguments": {}}).close()
    outcome = gan_command(*words, tmp_path / "trees")
    assert_refused(outcome, "holds no search of generators", "graftwork gans search")


@pytest.mark.parametrize("words", WORDS)
def test_a_folder_that_is_not_there_is_named(gan_command, tmp_path, words):
    assert_refused(gan_command(*words, tmp_path / "none"), str(tmp_path / "none"))
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("damage", ["gone", "text"])
@pytest.mark.parametrize("words", [["sample"], ["evaluate"]])
def test_a_generator_that_cannot_be_read_is_named(gan_command, searched_gan_copy, words, damage):
    path = searched_gan_copy / "generator.keras"
    path.unlink()
    if damage == "text":
        path.write_text("no generator")
    outcome = gan_command(*words, searched_gan_copy)
    assert_refused(outcome, f"graftwork gans train {searched_gan_copy}")


# Train.


def test_training_longer_writes_a_row_and_a_generator(searched_gan, trained_gan):
    before, after = (
        read_json(run / "result.json")["methods"] for run in (searched_gan, trained_gan)
    )
    assert after[:-1] == before
    row = after[-1]
    assert (row["name"], row["kind"], row["steps"]) == ("final generator", "final", 7)
    assert "another budget" in row["note"]
    generators = [(run / "generator.keras").read_bytes() for run in (searched_gan, trained_gan)]
    assert generators[0] != generators[1]
    assert (trained_gan / "samples" / "seed0-final-generator-final.png").exists()


@pytest.mark.parametrize(
    ("flags", "parts"),
    [
        (["--top", 4], ["top must be at most 3", "Received: 4."]),
        (["--steps", 0], ["steps must be at least 1"]),
        (["--seed", -1], ["seed must be at least 0"]),
        (["--seed", 10**20], ["seed must be at most 2,147,483,647"]),
        (["--steps", 10**10], ["steps must be at most 1,000,000,000"]),
        (["--top", 10**5], ["top must be at most 10,000"]),
        (["--resume"], ["no interrupted training with these flags", "Leave --resume out"]),
    ],
)
def test_training_that_makes_no_sense_is_refused(gan_command, searched_gan_copy, flags, parts):
    before = contents(searched_gan_copy)
    assert_refused(gan_command("train", searched_gan_copy, *flags), *parts)
    assert contents(searched_gan_copy) == before


def test_a_search_that_was_resumed_and_stopped_is_finished_first(gan_command, searched_gan_copy):
    with Run.resume(searched_gan_copy) as run:
        run.checkpoint({"done": 2, "current": {"rounds": 3}})
    outcome = gan_command("train", searched_gan_copy)
    assert_refused(outcome, "is not finished", f"--out {searched_gan_copy} --resume")


# Sample.


def test_samples_are_a_picture_and_the_same_for_the_same_seed(gan_command, searched_gan, tmp_path):
    pictures = []
    for name, flags in (("a", []), ("b", []), ("c", ["--seed", 1]), ("d", ["--truncate", 0.2])):
        path = tmp_path / "new" / f"{name}.png"
        status, out, err = gan_command(
            *("sample", searched_gan, "--count", 9, "--out", path), *flags
        )
        assert (status, out.strip(), err) == (0, str(path), "")
        with Image.open(path) as picture:
            assert picture.size == (3 * 17 + 1, 3 * 17 + 1)
            pictures.append(picture.tobytes())
    assert pictures[0] == pictures[1]
    assert len(set(pictures)) == 3


def test_an_interpolation_has_ten_images_a_row(gan_command, searched_gan_copy):
    status, out, _ = gan_command("sample", searched_gan_copy, "--interpolate", "--count", 3)
    assert status == 0
    path = searched_gan_copy / "interpolation-seed0.png"
    assert out.strip() == str(path)
    with Image.open(path) as picture:
        assert picture.size == (10 * 17 + 1, 3 * 17 + 1)


@pytest.mark.parametrize(
    ("flags", "parts"),
    [
        (["--class-name", "row"], ["has no classes", "'row'"]),
        (["--count", 0], ["count must be at least 1"]),
        (["--truncate", -1], ["truncate must be above 0"]),
        (["--truncate", 1, "--interpolate"], ["truncate", "--interpolate"]),
        (["--out", "/proc/none/a.png"], ["/proc/none/a.png", "Choose another --out"]),
        (["--out", "/"], ["Choose another --out"]),
    ],
)
def test_samples_that_make_no_sense_are_refused(gan_command, searched_gan_copy, flags, parts):
    before = contents(searched_gan_copy)
    assert_refused(gan_command("sample", searched_gan_copy, *flags), *parts)
    assert contents(searched_gan_copy) == before


# Evaluate.

MEASURES = ["KID ·10³", "FID", "IS over attributes", "precision", "recall", "images"]


def save_images(folder, values):
    folder.mkdir()
    for number, image in enumerate(values):
        Image.fromarray(image[..., 0]).save(folder / f"{number:03d}.png")
    return folder


def test_a_run_is_evaluated_as_a_table_and_as_json(gan_command, searched_gan):
    before = contents(searched_gan)
    words = ("evaluate", searched_gan, "--images", 64)
    status, out, err = gan_command(*words)
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert [line for name in MEASURES for line in lines if line.startswith(name)]
    assert "against 70 test images of tiny" in out
    status, out, err = gan_command(*words, "--json")
    assert (status, err) == (0, "")
    found = json.loads(out)
    assert found["generated"]["images"] == found["floor"]["images"] == 64
    assert found["target"] == str(searched_gan)
    assert found["floor"] == read_json(searched_gan / "result.json")["floor"]
    assert gan_command(*words, "--json")[1] == out
    assert json.loads(gan_command(*words, "--json", "--seed", 1)[1]) != found
    assert contents(searched_gan) == before


def test_the_real_images_of_a_folder_are_as_good_as_real(gan_command, tmp_path):
    data = tiny.tiny_dataset()
    real = data.images[data.split("test")][:, ::2, ::2]
    folder = save_images(tmp_path / "real", real)
    noise = save_images(tmp_path / "noise", images(8, 8)[:70])
    np.testing.assert_array_equal(read_folder(folder, (8, 8, 1)).images, real)
    scores = {}
    for path in (folder, noise):
        (path / "notes.txt").write_text("no image")
        status, out, err = gan_command("evaluate", path, "--dataset", "tiny", "--json")
        assert (status, err) == (0, "")
        scores[path] = json.loads(out)["generated"]
    assert scores[folder]["images"] == 70
    assert scores[folder]["fid"] == pytest.approx(0, abs=1e-6)
    assert scores[folder]["precision"] == scores[folder]["recall"] == 1
    assert scores[noise]["fid"] > 10 * max(scores[folder]["fid"], 1e-9)
    assert scores[noise]["kid"] > scores[folder]["kid"]


def test_the_table_says_what_was_resized_and_left_out(gan_command, tmp_path):
    folder = save_images(tmp_path / "large", images(20, 10)[:40])
    (folder / "bad.png").write_text("no image")
    status, out, err = gan_command("evaluate", folder, "--dataset", "tiny")
    assert (status, err) == (0, "")
    assert f"40 images of {folder}" in out
    assert "images were resized" in out
    assert "1 files are left out" in out
    assert "smaller" not in out


def test_of_a_larger_folder_images_are_drawn_with_the_seed(gan_command, tmp_path):
    folder = save_images(tmp_path / "many", images(8, 8)[:40])
    words = ("evaluate", folder, "--dataset", "tiny", "--images", 30, "--json", "--seed")
    found = [json.loads(gan_command(*words, seed)[1]) for seed in (0, 1)]
    assert f"30 of 40 images of {folder}, drawn at random" in found[0]["remarks"]
    assert found[0]["generated"]["kid"] != found[1]["generated"]["kid"]


def test_a_folder_of_images_has_no_latents_to_truncate(gan_command, tmp_path):
    folder = save_images(tmp_path / "images", images(8, 8)[:2])
    outcome = gan_command("evaluate", folder, "--dataset", "tiny", "--truncate", 0.5)
    assert_refused(outcome, "--truncate 0.5 is for the latents", "Leave the flag out.")


def test_the_table_says_how_many_images_were_enlarged(gan_command, tmp_path):
    folder = save_images(tmp_path / "mixed", images(8, 8)[:40])
    for number in range(3):
        Image.new("L", (8, 7)).save(folder / f"small{number}.png")
    status, out, err = gan_command("evaluate", folder, "--dataset", "tiny")
    assert (status, err) == (0, "")
    assert "3 of 43 images are smaller than 8×8 and were enlarged" in out


def test_json_stands_alone_where_the_classifier_is_trained_first(
    gan_command, tmp_path, monkeypatch
):
    monkeypatch.setenv("GRAFTWORK_CACHE", str(tmp_path / "cache"))
    folder = save_images(tmp_path / "images", images(8, 8)[:40])
    status, out, err = gan_command("evaluate", folder, "--dataset", "tiny", "--json")
    assert status == 0
    assert json.loads(out)["generated"]["images"] == 40
    assert "train the classifier" in err


def test_a_folder_that_is_neither_run_nor_images_is_refused_before_any_training(
    gan_command, tmp_path, monkeypatch
):
    monkeypatch.setenv("GRAFTWORK_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "chapter").write_text("text")
    outcome = gan_command("evaluate", folder, "--dataset", "tiny")
    assert_refused(outcome, f"{folder} holds no image")
    assert "train the classifier" not in outcome[1]
    assert_refused(
        gan_command("evaluate", folder / "chapter", "--dataset", "tiny"), "is not a folder"
    )


@pytest.mark.parametrize(
    ("flags", "parts"),
    [
        (["--images", 1], ["images must be at least 2"]),
        (["--truncate", 0], ["truncate must be above 0"]),
        (["--dataset", "digits"], ["--dataset digits is for a folder", "Leave the flag out"]),
    ],
)
def test_evaluations_that_make_no_sense_are_refused(gan_command, searched_gan, flags, parts):
    assert_refused(gan_command("evaluate", searched_gan, *flags), *parts)
