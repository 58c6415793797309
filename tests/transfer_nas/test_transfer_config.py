"""Configurations of `graftwork transfer`: what makes no sense, and how they are read."""

import json
from pathlib import Path

import pytest
import tyro

from graftwork.config_file import expand_config, with_positionals
from graftwork.errors import InputError
from transfer_nas.config import LeaveOneOut, TransferApplication, TransferLearning

WRONG_LEARNING = {
    "no dataset": ({"dataset": ()}, "--dataset"),
    "a dataset twice": ({"dataset": ("digits", "digits")}, "twice"),
    "two stages": ({"stages": 2}, "stages must be at least 3"),
    "no rounds": ({"rounds": 0}, "rounds must be at least 1"),
    "a negative seed": ({"seed": -1}, "seed must be at least 0"),
    "no learning rate": ({"learning_rate": 0.0}, "learning-rate"),
    "no learning rate of the controller": (
        {"controller_learning_rate": 0.0},
        "controller-learning-rate",
    ),
    "no duration": ({"time_budget": "soon"}, "time-budget"),
    "no reward image": ({"reward_images": 0}, "reward-images"),
}


@pytest.mark.parametrize("name", WRONG_LEARNING)
def test_wrong_learning(name):
    changes, words = WRONG_LEARNING[name]
    config = TransferLearning(**{"dataset": ("digits",), "out": Path("run"), **changes})
    with pytest.raises(InputError, match=words):
        config.check()


WRONG_APPLICATION = {
    "no source": ({"source": None}, "name the run folder"),
    "no evaluation": ({"fine_tune": 0}, "fine-tune must be at least 1"),
    "negative steps": ({"steps": -1}, "steps must be at least 0"),
    "no seeds": ({"seeds": 0}, "seeds must be at least 1"),
    "two stages": ({"stages": 2}, "stages must be at least 3"),
    "a share of bad images above 1": ({"max_bad": 2.0}, "max-bad"),
}


@pytest.mark.parametrize("name", WRONG_APPLICATION)
def test_wrong_application(name):
    changes, words = WRONG_APPLICATION[name]
    config = TransferApplication(**{"source": Path("source"), "out": Path("run"), **changes})
    with pytest.raises(InputError, match=words):
        config.check()


def test_one_domain_cannot_be_left_out():
    with pytest.raises(InputError, match="at least two domains"):
        LeaveOneOut(dataset=("digits",), out=Path("run")).check()


def test_domains_share_the_flags_that_they_do_not_say():
    config = TransferLearning(
        dataset=("digits:data-seed=3", "folder:data-dir=images,name=emoji"),
        out=Path("run"),
        size="16",
        data_seed=7,
    )
    first, second = config.domain_options()
    assert (first.dataset, first.size, first.data_seed) == ("digits", "16", 3)
    assert (second.dataset, second.size, second.data_seed) == ("folder", "16", 7)
    assert (second.name, second.data_dir) == ("emoji", Path("images"))


def parsed(config_class, *words):
    words = list(words)
    config = tyro.cli(config_class, args=expand_config(config_class, words))
    return with_positionals(config, words)


def test_datasets_are_given_one_after_the_other(tmp_path):
    out = ("--out", "run")
    assert parsed(TransferLearning, *out).dataset == ()
    both = parsed(TransferLearning, *out, "--dataset", "digits", "--dataset=glyphs:size=16")
    assert both.dataset == ("digits", "glyphs:size=16")


@pytest.mark.parametrize("form", ["json", "toml"])
def test_datasets_of_a_file_are_replaced_and_not_added_to(tmp_path, form):
    path = tmp_path / f"file.{form}"
    values = {"dataset": ["digits", "glyphs"], "out": "run"}
    path.write_text(
        json.dumps(values) if form == "json" else 'dataset = ["digits", "glyphs"]\nout = "run"'
    )
    assert parsed(TransferLearning, "--config", str(path)).dataset == ("digits", "glyphs")
    other = parsed(TransferLearning, "--config", str(path), "--dataset", "stl10")
    assert other.dataset == ("stl10",)


def test_one_dataset_of_a_file_needs_no_list(tmp_path):
    path = tmp_path / "file.toml"
    path.write_text('dataset = "digits"\nout = "run"')
    assert parsed(TransferLearning, "--config", str(path)).dataset == ("digits",)


def test_the_source_of_a_file_holds_where_none_is_given(tmp_path):
    path = tmp_path / "file.toml"
    path.write_text('source = "first"\nout = "run"')
    words = ("--config", str(path))
    assert parsed(TransferApplication, *words).source == Path("first")
    assert parsed(TransferApplication, "second", *words).source == Path("second")
    assert parsed(TransferApplication, *words, "second").source == Path("second")
