"""What all tests share: a cache of their own, a tiny dataset, and a finished search."""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # Before any test imports TensorFlow.

import contextlib
import shutil
import signal

import pytest
import tiny

from graftwork.cli import main

# A shell that starts the tests in the background has them ignore Ctrl-C, and what they start
# inherits that; with a handler of our own, it does not.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    """Keeps the tests out of the user's cache folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRAFTWORK_CACHE", str(tmp_path_factory.mktemp("session_cache")))
        yield


@pytest.fixture
def dataset():
    """The tiny dataset."""
    return tiny.tiny_dataset()


@contextlib.contextmanager
def tiny_registered():
    """Lets `main` know the dataset `tiny`, and undoes what it does to signals."""
    handler = signal.getsignal(signal.SIGTERM)
    with pytest.MonkeyPatch.context() as patch:
        tiny.register(patch)
        yield
    signal.signal(signal.SIGTERM, handler)


@pytest.fixture
def command(capsys):
    """Calls `graftwork` in this process.

    `command(*arguments)` returns its exit status, standard output and standard error.
    """

    def call(*arguments):
        capsys.readouterr()
        status = 0
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as exit_:
            status = exit_.code
        return status, *capsys.readouterr()

    with tiny_registered():
        yield call


@pytest.fixture(scope="session")
def searched(tmp_path_factory):
    """A finished search with one random tree. Not to be written: `searched_copy` is."""
    path = tmp_path_factory.mktemp("runs") / "searched"
    with tiny_registered():
        main(["trees", "search", "--out", str(path), *tiny.SEARCH])
    return path


@pytest.fixture(scope="session")
def trained(searched, tmp_path_factory):
    """The same search with its trained tree. Not to be written: `trained_copy` is."""
    path = tmp_path_factory.mktemp("runs") / "trained"
    shutil.copytree(searched, path)
    with tiny_registered():
        main(["trees", "train", str(path), "--steps", "40"])
    return path


@pytest.fixture
def searched_copy(searched, tmp_path):
    """A copy of `searched` to write on."""
    return shutil.copytree(searched, tmp_path / "copy")


@pytest.fixture
def trained_copy(trained, tmp_path):
    """A copy of `trained` to write on."""
    return shutil.copytree(trained, tmp_path / "copy")
