"""What one does with a finished search: train, predict, show and export its tree."""

import json
import os
import shutil
import subprocess
import sys
from xml.etree import ElementTree

import keras
import numpy as np
import onnxruntime
import pytest
import tensorflow as tf
import tiny
from PIL import Image

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


@pytest.fixture(scope="module")
def images():
    """The first test images."""
    data = tiny.tiny_dataset()
    return data.images[data.split("test")[:4]]


@pytest.fixture(scope="module")
def expected(trained, images):
    """What the trained model says of them."""
    return np.asarray(keras.models.load_model(trained / "model.keras")(images))


@pytest.fixture
def image_files(images, tmp_path):
    """The first two of them as files, one in colour."""
    first, second = tmp_path / "first.png", tmp_path / "second.bmp"
    Image.fromarray(images[0, :, :, 0]).save(first)
    Image.fromarray(images[1, :, :, 0]).convert("RGB").save(second)
    return first, second


# Train.


def test_training_writes_a_model_and_a_row(trained, expected):
    assert expected.shape == (4, 5)
    assert (expected > 0).all()
    assert (expected < 1).all()
    row = read_json(trained / "result.json")["methods"][-1]
    assert (row["name"], row["kind"]) == ("final tree, fine-tuned", "fine-tuned")
    assert "shared weights" in row["note"]
    assert "final tree, fine-tuned" in (trained / "report.html").read_text()
    model = keras.models.load_model(trained / "model.keras")
    assert model.count_params() == row["parameters"]


def test_the_recorded_test_error_is_that_of_the_model(trained):
    data = tiny.tiny_dataset()
    rows = data.split("test")
    model = keras.models.load_model(trained / "model.keras")
    told = np.asarray(model(data.images[rows])) > 0.5
    labels = data.labels[rows]
    wrong = (told != (labels == 1)) & (labels >= 0)
    errors = 100 * wrong.sum(axis=0) / (labels >= 0).sum(axis=0)
    row = read_json(trained / "result.json")["methods"][-1]
    assert row["attribute_errors"] == pytest.approx(errors.tolist(), abs=1e-3)
    assert row["test_error"] == pytest.approx(errors.mean())


def test_training_again_replaces_its_row_and_from_scratch_has_its_own(command, trained_copy):
    before = (trained_copy / "model.keras").read_bytes()
    for flags in (["--seed", "1"], ["--from-scratch"]):
        status, out, err = command("trees", "train", trained_copy, "--steps", "20", *flags)
        assert (status, err) == (0, "")
        assert out.splitlines()[-2].endswith(str(trained_copy / "model.keras"))
    rows = read_json(trained_copy / "result.json")["methods"]
    assert [row["name"] for row in rows] == [
        *("searched tree (gnas)", "random trees"),
        *("final tree, fine-tuned", "final tree, from scratch"),
    ]
    assert rows[2]["seeds"] == [1]
    assert "fresh weights" in rows[3]["note"]
    assert (trained_copy / "model.keras").read_bytes() != before
    # Going on with the finished search changes nothing of it, nor of the final trees.
    journal = tiny.journal(trained_copy)
    status, _, err = command("trees", "search", "--out", trained_copy, "--resume")
    assert (status, err) == (0, "")
    assert read_json(trained_copy / "result.json")["methods"] == rows
    assert tiny.journal(trained_copy) == journal


@pytest.mark.parametrize(
    ("flags", "parts"),
    [
        (["--resume"], ["no interrupted training with these flags", "Leave --resume out"]),
        (["--steps", "0"], ["steps must be at least 1"]),
        (["--patience", "0"], ["patience must be at least 1"]),
        (["--learning-rate", "0"], ["learning-rate must be a number above 0"]),
    ],
)
def test_training_that_makes_no_sense_is_refused(command, searched_copy, flags, parts):
    before = contents(searched_copy)
    assert_refused(command("trees", "train", searched_copy, *flags), *parts)
    assert contents(searched_copy) == before


@pytest.mark.parametrize("damage", ["gone", "text", "other"])
def test_shared_weights_that_cannot_be_used_are_named(command, searched_copy, damage):
    path = searched_copy / "shared_weights.npz"
    path.unlink()
    if damage == "text":
        path.write_text("no weights")
    if damage == "other":
        np.savez(path, np.zeros(3))
    assert_refused(command("trees", "train", searched_copy), str(path))
    assert not (searched_copy / "model.keras").exists()


def test_before_the_search_is_finished_nothing_else_works(command, searched_copy, image_files):
    (searched_copy / "result.json").unlink()
    before = contents(searched_copy)
    for words in (["train"], ["show"], ["export"], ["predict"]):
        files = image_files if words == ["predict"] else ()
        outcome = command("trees", *words, searched_copy, *files)
        assert_refused(outcome, "is not finished", f"--out {searched_copy} --resume")
    assert contents(searched_copy) == before


def test_a_search_that_was_resumed_and_stopped_is_finished_first(command, searched_copy):
    with Run.resume(searched_copy) as run:
        run.checkpoint({"done": 2, "current": {"rounds": 3}})
    outcome = command("trees", "train", searched_copy)
    assert_refused(outcome, "is not finished", f"--out {searched_copy} --resume")


@pytest.mark.parametrize("words", [["train"], ["show"], ["export"], ["predict"]])
def test_a_folder_without_a_run_is_named(command, tmp_path, image_files, words):
    files = image_files if words == ["predict"] else ()
    assert_refused(command("trees", *words, tmp_path / "none", *files), "holds no run")
    assert not (tmp_path / "none").exists()


# Predict.


def test_predictions_are_those_of_the_model(command, trained, image_files, expected):
    status, out, err = command("trees", "predict", trained, *image_files, "--json")
    assert (status, err) == (0, "")
    rows = json.loads(out)
    assert [row["image"] for row in rows] == [str(path) for path in image_files]
    for row, probabilities in zip(rows, expected, strict=False):
        assert list(row["attributes"]) == list(tiny.ATTRIBUTES)
        assert list(row["attributes"].values()) == pytest.approx(probabilities, abs=1e-5)


def test_predictions_are_shown_as_a_table(command, trained, image_files, expected):
    status, out, err = command("trees", "predict", trained, *image_files)
    assert (status, err) == (0, "")
    heading, *lines = (line.split() for line in out.splitlines())
    assert heading == ["attribute", "first.png", "second.bmp"]
    assert [line[0] for line in lines] == list(tiny.ATTRIBUTES)
    shown = np.array([line[1:] for line in lines], float)
    np.testing.assert_allclose(shown, expected[:2].T, atol=0.0051)


def test_what_is_no_image_is_named(command, trained, image_files, tmp_path):
    text = tmp_path / "notes.png"
    text.write_text("no image")
    outcome = command("trees", "predict", trained, image_files[0], text)
    assert_refused(outcome, f"{text} is not an image")
    missing = tmp_path / "missing.png"
    assert_refused(command("trees", "predict", trained, missing), f"{missing} does not exist")
    assert_refused(command("trees", "predict", trained, tmp_path), str(tmp_path))
    assert_refused(command("trees", "predict", trained), "at least one image")


def test_without_a_trained_tree_the_next_step_is_told(command, searched, image_files):
    for words in (["predict", searched, *image_files], ["export", searched]):
        outcome = command("trees", *words)
        assert_refused(outcome, "no trained tree yet", f"graftwork trees train {searched}")


def test_a_model_that_is_none_is_named(command, trained_copy, image_files):
    (trained_copy / "model.keras").write_text("no model")
    for words in (["predict", trained_copy, *image_files], ["export", trained_copy]):
        assert_refused(command("trees", *words), "model.keras")


# Show.


def test_the_tree_is_shown_as_text_and_pictures(command, searched_copy):
    status, out, err = command("trees", "show", searched_copy)
    assert (status, err) == (0, "")
    assert all(attribute in out for attribute in tiny.ATTRIBUTES)
    assert out.splitlines()[-2:] == [str(searched_copy / f"tree.{e}") for e in ("png", "svg")]
    with Image.open(searched_copy / "tree.png") as picture:
        assert picture.width > 200
    assert ElementTree.parse(searched_copy / "tree.svg").getroot().tag.endswith("svg")


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"architecture": [[7]], "attributes": ["a"]}'])
def test_a_broken_result_is_refused(command, searched_copy, text):
    (searched_copy / "result.json").write_text(text)
    for words in (["show"], ["train"]):
        assert_refused(command("trees", *words, searched_copy))


# Export.


def exported(command, run, *flags):
    """Exports and returns the path that is printed first."""
    status, out, err = command("trees", "export", run, *flags)
    assert (status, err) == (0, "")
    path, names = out.splitlines()
    assert read_json(names) == list(tiny.ATTRIBUTES)
    return path


def test_every_format_gives_the_numbers_of_the_model(command, trained_copy, images, expected):
    for _ in range(2):  # A second export replaces the first.
        path = exported(command, trained_copy)
        predictions = keras.models.load_model(path)(images)
        np.testing.assert_allclose(np.asarray(predictions), expected, atol=1e-6)

        path = exported(command, trained_copy, "--format", "savedmodel")
        loaded = tf.saved_model.load(path)
        predictions = loaded.serve(images)
        np.testing.assert_allclose(np.asarray(predictions), expected, atol=1e-5)

        path = exported(command, trained_copy, "--format", "onnx")
        session = onnxruntime.InferenceSession(path)
        (predictions,) = session.run(None, {session.get_inputs()[0].name: images})
        np.testing.assert_allclose(predictions, expected, atol=1e-5)
    names = sorted(entry.name for entry in (trained_copy / "export").iterdir())
    files = ["copy", "copy.keras", "copy.onnx"]
    assert names == sorted(files + [f"{name}.attributes.json" for name in files])


@pytest.mark.parametrize("form", ["keras", "savedmodel", "onnx"])
def test_an_export_does_not_replace_what_is_none(command, trained_copy, tmp_path, form):
    folder = tmp_path / "thesis"
    folder.mkdir()
    (folder / "chapter").write_text("text")
    before = contents(tmp_path)
    for target in (folder, trained_copy, folder / "chapter" / "below"):
        outcome = command("trees", "export", trained_copy, "--format", form, "--out", target)
        assert_refused(outcome, str(folder) if target != trained_copy else str(trained_copy))
    assert contents(tmp_path) == before


def test_the_model_is_loaded_without_graftwork(trained, images, expected, tmp_path):
    np.save(tmp_path / "images.npy", images)
    code = f"""
import sys
for name in ("graftwork", "multitask_nas", "datasets", "reports"):
    sys.modules[name] = None  # Importing it fails.
import keras, numpy as np
model = keras.models.load_model({str(trained / "model.keras")!r})
np.save("probabilities.npy", model.predict(np.load("images.npy"), verbose=0))
"""
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=os.environ, check=True)
    found = np.load(tmp_path / "probabilities.npy")
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_run_can_be_moved(command, trained, tmp_path):
    moved = shutil.copytree(trained, tmp_path / "elsewhere")
    status, out, _ = command("trees", "export", moved)
    assert status == 0
    assert out.startswith(f"{moved}/export/elsewhere.keras\n")
