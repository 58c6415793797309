"""A cache folder of the tests' own, so that no test reads or fills the user's."""

import importlib
import importlib.util

import pytest

import datasets
from datasets import DataOptions


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory):
    """One cache for the tests that only read, so that each dataset is made once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def made_folders(tmp_path_factory):
    """The options with which each dataset is loaded; its files are written the first time."""
    made = {}

    def options(name):
        if name not in made:
            module = f"made_{name}"
            if importlib.util.find_spec(module):
                folder = tmp_path_factory.mktemp(name)
                made[name] = importlib.import_module(module).make(folder)
            else:
                made[name] = DataOptions(dataset=name)
        return made[name]

    return options


@pytest.fixture(params=datasets.names())
def options(request, shared_cache, made_folders, monkeypatch):
    """How a small instance of each registered dataset is loaded."""
    if request.param == "tfds":
        pytest.importorskip("tensorflow_datasets", reason="the optional extra tfds")
    monkeypatch.setenv("GRAFTWORK_CACHE", str(shared_cache))
    return made_folders(request.param)
