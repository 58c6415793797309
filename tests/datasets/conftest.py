"""A cache folder of the tests' own, so that no test reads or fills the user's."""

import pytest

import datasets


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory):
    """One cache for the tests that only read, so that each dataset is made once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(params=datasets.names())
def info(request, shared_cache, monkeypatch):
    """What is known of each registered dataset."""
    monkeypatch.setenv("GRAFTWORK_CACHE", str(shared_cache))
    return datasets.REGISTRY[request.param]
