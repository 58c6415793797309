"""What a person calls a dataset, in messages and run folders."""

import dataclasses
import json

import pytest
import tiny
from made_folder import make

import datasets
from datasets import DataOptions, cache
from datasets.identity import describe
from graftwork.errors import InputError
from graftwork.run import Run
from graftwork.stored_config import read_arguments, resumed, stored_arguments
from multitask_nas.config import TreeSearch


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """The options of a folder of images with a table."""
    monkeypatch.setenv("GRAFTWORK_CACHE", str(tmp_path / "cache"))
    return make(tmp_path / "photos")


def test_a_folder_has_the_name_it_is_given_and_is_the_same_data(photos):
    plain = datasets.load(photos)
    named = datasets.load(dataclasses.replace(photos, name="emoji"))
    assert (plain.name, named.name) == ("folder", "emoji")
    assert describe(named) == describe(plain) | {"name": "emoji"}
    assert len(cache.entries()) == 1  # What was prepared serves both.


def test_drawn_data_take_a_name_too(monkeypatch):
    tiny.register(monkeypatch)
    assert datasets.load(DataOptions(dataset="tiny")).name == "tiny"
    assert datasets.load(DataOptions(dataset="tiny", name="bars")).name == "bars"
    one = datasets.load(DataOptions(dataset="tiny", name="bars", attributes=("dot",)))
    assert one.name == "bars"


def test_messages_and_tables_use_the_name(command, photos):
    flags = ["--data-dir", photos.data_dir, "--name", "my emoji"]
    flags += ["--labels", photos.labels] if photos.labels else []
    for more in ([], ["--no-decode"]):
        status, out, err = command("data", "check", "folder", *flags, *more)
        assert (status, err) == (0, "")
        assert "\nmy emoji: 90 images" in f"\n{out}"
    status, _, err = command("data", "check", "folder", "--data-dir", ".", "--name", "a/b")
    assert status == 2
    assert "name must be" in err


@pytest.mark.parametrize("name", ["", " a", "a/b", "../a", ".a", "a,b", "a\nb", "a\n", "x" * 65])
def test_a_name_that_no_table_or_folder_can_hold_is_refused(name):
    with pytest.raises(InputError, match="name must be 1 to 64 letters"):
        DataOptions(name=name).check_data()


@pytest.mark.parametrize("name", ["emoji", "émoji 2", "tfds:celeb_a", "STL-10.v2+"])
def test_other_names_are_taken(name):
    DataOptions(name=name).check_data()


def test_a_run_that_began_before_there_were_names_can_be_resumed(tmp_path):
    config = TreeSearch(out=tmp_path / "run", name=None)
    Run.create(config.out, {"arguments": stored_arguments(config)}).close()
    path = config.out / "config.json"
    stored = json.loads(path.read_text())
    del stored["arguments"]["name"]
    path.write_text(json.dumps(stored))
    assert read_arguments(TreeSearch, config.out) == config
    assert resumed(config).name is None
    with pytest.raises(InputError, match=r"name is None\. Received: emoji"):
        resumed(dataclasses.replace(config, name="emoji"))
