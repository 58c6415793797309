"""Whole searches of generators that take seconds: what they write, and how often they trace."""

import collections
import json

import keras
import numpy as np
import pytest
import tensorflow as tf
import tiny
from PIL import Image
from tensorflow.core.util.event_pb2 import Event

from gan_nas.cells import Cell
from gan_nas.collapse import Collapse, CollapseDetector
from gan_nas.sampling import generate, latents
from graftwork.adversarial_training import AdversarialTrainer, NonFinite
from graftwork.files import read_json

METHODS = [
    *("searched cells (agan)", "random cells", "random search", "DCGAN", "SNGAN"),
    *("searched, rank 2", "shared weights alone"),
]
ROW = {
    *("name", "kind", "seeds", "trainings", "steps", "parameters", "flops", "seconds"),
    *("kid", "kid_interval", "kid_errors", "fid", "inception_score", "precision", "recall"),
    *("validation_kid", "images", "real_images", "reasons"),
}


@pytest.fixture(scope="module")
def result(searched_gan):
    return read_json(searched_gan / "result.json")


def test_one_trace_a_kind_of_networks_serves_all_seeds(searched_gan, traces):
    assert sorted(collections.Counter(traces).values()) == [1, 1, 1]


def test_trainings_with_one_seed_build_their_networks_once(searched_gan, builds):
    # Cells of the search and of the trainings, DCGAN and SNGAN, for each of two seeds.
    assert len(builds) == len(set(builds)) == 8


def test_the_result_tells_what_was_searched(result):
    assert set(result) == {
        *("format", "command", "status", "dataset", "reward", "extractor", "extractor_note"),
        *("chosen_by", "cut_short", "failed"),
        *("resize", "strategy", "seeds", "image_size", "nodes", "channels", "conditional"),
        *("space_size", "space_distinct", "architecture", "cells", "shortlist"),
        *("shared_score", "constant_reward", "random_search", "evaluations", "resets"),
        *("candidates", "candidates_mean"),
        *("children_an_hour", "search_seconds", "training_seconds", "search_cost_ratio"),
        *("kendall_tau", "kendall_tau_p_value", "kendall_tau_generators"),
        *("kendall_tau_random", "floor", "methods", "comparisons"),
    }
    assert (result["command"], result["status"]) == ("gans search", "finished")
    assert (result["strategy"], result["reward"], result["seeds"]) == ("agan", "−KID", [0, 1])
    assert (result["image_size"], result["channels"], result["nodes"]) == (8, [4], 1)
    assert (result["space_size"], result["space_distinct"]) == ("196", "105")
    # Two children in each of two rounds, three candidates; not that of the warm-up round.
    assert result["evaluations"] == 2 * 2 + 3
    assert [found["evaluations"] for found in result["random_search"]] == [7, 7]
    assert result["candidates"] == [3, 3]
    # The validation images alone are few.
    assert result["chosen_by"] == "validation and training images"
    assert (result["cut_short"], result["failed"]) == (False, [])
    assert [len(found["architecture"]) for found in result["random_search"]] == [2, 2]
    scores = [entry["score"] for entry in result["shortlist"]]
    assert len(scores) == 3  # All candidates, of which --top are trained.
    assert scores == sorted(scores, reverse=True)
    assert result["shared_score"] == scores[0]
    assert result["architecture"] == result["shortlist"][0]["architecture"]
    (cell,) = map(Cell.from_json, result["cells"]["generator"])
    assert cell.loose_ends == (1,)
    assert min(result["search_seconds"], result["children_an_hour"]) > 0
    assert result["search_cost_ratio"] > 0


def test_candidates_have_the_mean_reward_of_the_last_round(searched_gan, result):
    rounds = [event for event in tiny.journal(searched_gan) if event["event"] == "round"]
    last = {event["seed"]: event["score"] for event in rounds}
    assert result["candidates_mean"] == [pytest.approx(last[seed]) for seed in (0, 1)]


def test_every_method_has_a_row_over_both_seeds(result):
    assert [row["name"] for row in result["methods"]] == METHODS
    for row in result["methods"]:
        assert set(row) == ROW
        assert (row["seeds"], row["trainings"], row["images"]) == ([0, 1], 2, 64)
        assert row["real_images"] == tiny.SIZES["test"]
        assert np.isfinite(row["kid"])
    *trained, shared = result["methods"]
    assert all(row["parameters"] > 0 and row["steps"] == 5 for row in trained)
    assert (shared["parameters"], shared["steps"]) == (None, 0)
    assert [found["against"] for found in result["comparisons"]] == ["random cells", "DCGAN"]
    assert all("2 seeds give no interval" in c["statement"] for c in result["comparisons"])
    assert result["floor"]["images"] == 64


def searched_architecture(events):
    return next(event["architecture"] for event in events if event["event"] == "searched")


def test_the_journal_tells_every_round_and_every_training(searched_gan, result):
    events = tiny.journal(searched_gan)
    kinds = [event["event"] for event in events]
    seed = [*["round"] * 4, "searched", *["trained"] * 6]
    assert kinds == ["start", "floor", *seed, *seed]
    first = events[2:13]
    assert [event["round"] for event in first[:4]] == [0, 1, 2, 3]
    assert [event["evaluations"] for event in first[:4]] == [1, 3, 5, 8]
    # No training under the final weights.
    assert ["generator_loss" in event for event in first[:4]] == [True, True, True, False]
    # One generator in warm-up, two children in each of two rounds, three candidates; every one
    # has as many inputs as decisions.
    inputs = len(searched_architecture(events))
    drawn = [sum(event["operations"].values()) for event in first[:4]]
    assert drawn == [count * inputs for count in (1, 2, 2, 3)]
    assert all("(" not in name for event in first[:4] for name in event["operations"])
    searched, *trainings = first[4:]
    assert searched["cut_short"] is False
    assert [t["method"] for t in trainings] == METHODS[:-1]
    assert trainings[0]["architecture"] == searched["architecture"]
    assert trainings[0]["shared_score"] == pytest.approx(searched["score"])
    assert [t["shared_score"] is None for t in trainings] == [False] * 3 + [True] * 2 + [False]
    other = [event for event in events if event.get("seed") == 1 and event["event"] == "round"]
    assert [e["generator_loss"] for e in other[:3]] != [e["generator_loss"] for e in first[:3]]
    assert result["methods"][0]["kid"] == pytest.approx(
        np.mean([e["test"]["kid"] for e in events if e.get("kind") == "searched"])
    )


def test_samples_are_pictures_of_64_images(searched_gan):
    names = sorted(path.name for path in (searched_gan / "samples").iterdir())
    slugs = ["dcgan", "random-cells-1", "random-search", "searched-cells-agan", "searched-rank-2"]
    slugs += ["sngan"]
    assert names == [f"seed{seed}-{slug}-final.png" for seed in (0, 1) for slug in slugs]
    for name in names:
        with Image.open(searched_gan / "samples" / name) as picture:
            # Eight images of 8 pixels, twice as large, one pixel around each.
            assert picture.size == (8 * 17 + 1, 8 * 17 + 1)


def test_curves_and_samples_are_there_for_tensorboard(searched_gan):
    rounds = [e for e in tiny.journal(searched_gan) if e["event"] == "round" and e["seed"] == 0]
    (path,) = (searched_gan / "tensorboard" / "search, seed 0").iterdir()
    records = tf.data.TFRecordDataset(str(path))
    events = [Event.FromString(record.numpy()) for record in records][1:]
    assert [event.step for event in events] == [3, 6, 9, 9]
    for event, told in zip(events, rounds, strict=True):
        values = {value.tag: value.simple_value for value in event.summary.value}
        assert values["score"] == pytest.approx(told["score"], rel=1e-5)
        assert ("generator_loss" in values) == ("generator_loss" in told)
    (path,) = (searched_gan / "tensorboard" / "seed0-searched-cells-agan").iterdir()
    events = [Event.FromString(r.numpy()) for r in tf.data.TFRecordDataset(str(path))][1:]
    assert [event.step for event in events] == [2, 4, 5, 5]
    assert events[-1].summary.value[0].HasField("image")


def test_the_generator_is_a_file_of_keras_that_makes_the_judged_kind_of_images(searched_gan):
    model = keras.saving.load_model(searched_gan / "generator.keras")
    assert model.count_params() > 0
    drawn = latents(70, 4, 0)
    images = generate(model, drawn)
    assert images.shape == (70, 8, 8, 1)
    assert images.std(axis=0).max() > 0
    # Standing statistics: an image does not depend on what else is made.
    np.testing.assert_array_equal(generate(model, drawn[:3]), images[:3])


def test_nothing_else_is_left_in_the_folder(searched_gan):
    names = {entry.name for entry in searched_gan.iterdir() if entry.name != "report.html"}
    assert names == {
        *("checkpoints", "config.json", "generator.keras", "journal.jsonl", "lock"),
        *("result.json", "samples", "tensorboard"),
    }
    stored = read_json(searched_gan / "config.json")["arguments"]
    assert (stored["dataset"], stored["channels"], stored["seeds"]) == ("tiny", [4], 2)


@pytest.fixture(scope="module")
def troubled(run_gans, tmp_path_factory):
    """A search with another strategy whose weights collapse once and are no numbers once."""
    path = tmp_path_factory.mktemp("gans") / "troubled"
    losses, train = CollapseDetector.losses, AdversarialTrainer.train
    calls = collections.Counter()

    def collapse(self, steps, mean, variance):
        calls["losses"] += 1
        losses(self, steps, mean, variance)
        return Collapse("sign", 0.0, 1.0, "it stands still") if calls["losses"] == 1 else None

    def fail(self, steps, sample, on_step=lambda: None):
        calls["train"] += 1
        result = train(self, steps, sample, on_step)
        if calls["train"] == 3:  # The first only traces, the second is round 0.
            raise NonFinite("a loss is not finite")
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CollapseDetector, "losses", collapse)
        patch.setattr(AdversarialTrainer, "train", fail)
        flags = ("--strategy", "evolution", "--reward", "is", "--no-controls", "--top", 1)
        flags += ("--random-cells", 0)
        run_gans("search", "--out", path, *tiny.GAN_SEARCH, *flags)
    return path


def test_a_collapse_and_a_loss_that_is_no_number_are_told_and_survived(troubled):
    events = tiny.journal(troubled)
    kinds = [event["event"] for event in events]
    assert kinds[:6] == ["start", "floor", "collapse", "round", "restored", "round"]
    assert events[2] | {"reason": 0} == {
        **{"event": "collapse", "seed": 0, "steps": 3, "reason": 0, "reset": True}
    }
    assert "it stands still" in events[2]["reason"]
    assert "a loss is not finite" in events[4]["reason"]
    assert "other random numbers" in events[4]["reason"]
    result = read_json(troubled / "result.json")
    assert (result["resets"], result["status"]) == (1, "finished")


def test_another_strategy_searches_under_weights_that_were_trained_first(troubled):
    result = read_json(troubled / "result.json")
    assert (result["strategy"], result["reward"]) == ("evolution", "Inception Score")
    assert [row["name"] for row in result["methods"]] == [
        *("searched cells (evolution)", "shared weights alone")
    ]
    assert result["random_search"] == [None]
    rounds = [event for event in tiny.journal(troubled) if event["event"] == "round"]
    trained = ["generator_loss" in event for event in rounds]
    assert trained == [True] * 3 + [False] * (len(rounds) - 3)
    # Beside one generator in each round of training, which chooses nothing.
    assert result["evaluations"] == 4
    assert rounds[-1]["evaluations"] == 3 + 4
    assert all(1 <= event["score"] <= 2 for event in rounds)


@pytest.fixture(scope="module")
def hurried(run_gans, tmp_path_factory):
    """A search of class-conditional generators whose time is over at once, and its output."""
    path = tmp_path_factory.mktemp("gans") / "hurried"
    run_gans(
        *("search", "--out", path, *tiny.GAN_SEARCH),
        *("--conditional", "column", "--time-budget", "0.001s", "--seeds", 2),
    )
    return path


def test_when_the_time_is_over_there_is_a_result_all_the_same(hurried):
    result = read_json(hurried / "result.json")
    assert (result["status"], result["seeds"]) == ("time budget", [0])
    assert [r["name"] for r in result["methods"]] == [METHODS[0], METHODS[-1]]
    assert result["comparisons"] == []
    assert [event["event"] for event in tiny.journal(hurried)] == [
        *("start", "floor", "round", "round", "searched", "trained")
    ]
    # Three candidates under weights of one round, which always is.
    assert (result["cut_short"], result["evaluations"]) == (True, 3)
    json.dumps(result, allow_nan=False)


def test_a_class_conditional_generator_is_measured_by_images_of_a_known_class(hurried, gan_command):
    data = tiny.tiny_dataset()
    known = int((data.labels[data.split("test"), 0] >= 0).sum())
    status, out, err = gan_command("evaluate", hurried, "--images", 64, "--json")
    assert (status, err) == (0, "")
    found = json.loads(out)
    assert found["generated"]["real_images"] == known < 70
    assert found["floor"] == read_json(hurried / "result.json")["floor"]


def test_a_class_conditional_generator_is_sampled_class_by_class(hurried, gan_command):
    assert read_json(hurried / "result.json")["conditional"] == ["no column", "column"]
    model = keras.saving.load_model(hurried / "generator.keras")
    drawn = latents(5, 4, 0)
    images = [generate(model, drawn, np.full(5, number)) for number in (0, 1)]
    assert (images[0] != images[1]).any()
    before = len(list(hurried.iterdir()))
    for flags in (["--count", 6], ["--class-name", "column"], ["--interpolate", "--count", 3]):
        status, out, err = gan_command("sample", hurried, *flags, "--out", hurried / "a.png")
        assert (status, err) == (0, "")
        assert out.strip() == str(hurried / "a.png")
    (hurried / "a.png").unlink()
    outcome = gan_command("sample", hurried, "--class-name", "row")
    assert outcome[0] == 2
    (line,) = outcome[2].splitlines()
    assert "has the classes no column, column. Received: 'row'." in line
    assert len(list(hurried.iterdir())) == before
