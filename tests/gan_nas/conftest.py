"""Finished searches of generators that the tests share."""

import shutil
import signal

import pytest
import tiny

from graftwork.cli import main


@pytest.fixture(scope="session")
def run_gans():
    """Calls `graftwork gans` on the dataset `tiny` of 8×8 images.

    `run_gans(*words, **changes)`; `changes` are those of the dataset.
    """

    def call(*words, **changes):
        handler = signal.getsignal(signal.SIGTERM)
        with pytest.MonkeyPatch.context() as patch:
            tiny.register_gan(patch, **changes)
            try:
                main(["gans", *map(str, words)])
            finally:
                signal.signal(signal.SIGTERM, handler)

    return call


@pytest.fixture(scope="session")
def traces():
    """The networks whose training step was traced, once for each trace."""
    return []


@pytest.fixture(scope="session")
def builds():
    """The kinds and seeds whose first weights were drawn, by networks that were built."""
    return []


@pytest.fixture(scope="session")
def searched_gan(run_gans, traces, builds, tmp_path_factory):
    """A finished search with two seeds and all controls. Not to be written on."""
    from gan_nas.networks import Networks
    from graftwork.adversarial_model import AdversarialModel

    path = tmp_path_factory.mktemp("gans") / "searched"
    train_step, first_weights = AdversarialModel.train_step, Networks.first_weights

    def counted(self, data):
        # Python sees this call only while it is traced.
        traces.append(self.generator.name)
        return train_step(self, data)

    def noted(self, kind, seed):
        builds.append((kind, seed))
        return first_weights(self, kind, seed)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Networks, "first_weights", noted)
        patch.setattr(AdversarialModel, "train_step", counted)
        run_gans("search", "--out", path, *tiny.GAN_SEARCH, "--seeds", 2)
    return path


@pytest.fixture(scope="session")
def trained_gan(searched_gan, run_gans, tmp_path_factory):
    """The same search with its final generator. Not to be written on."""
    path = shutil.copytree(searched_gan, tmp_path_factory.mktemp("gans") / "trained")
    run_gans("train", path, "--steps", 7)
    return path


@pytest.fixture
def searched_gan_copy(searched_gan, tmp_path):
    """A copy of `searched_gan` to write on."""
    return shutil.copytree(searched_gan, tmp_path / "copy")


@pytest.fixture
def gan_command(run_gans, capsys):
    """Calls `graftwork gans`; returns exit status, standard output and standard error."""

    def call(*words, **changes):
        capsys.readouterr()
        status = 0
        try:
            run_gans(*words, **changes)
        except SystemExit as exit_:
            status = exit_.code
        return status, *capsys.readouterr()

    return call
