"""Searches of generators whose time ends early, whose controls fail, and what they keep."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
import tiny

from gan_nas import job_training, search_run
from gan_nas.comparison import Job
from gan_nas.job_training import JobTrainings
from gan_nas.outcome import SHORTLIST, ranked_anew
from gan_nas.search_run import GanSearchRun
from gan_nas.space import GanSpace
from graftwork.adversarial_training import AdversarialTrainer, NonFinite
from graftwork.files import read_json
from graftwork.journal import append_journal, read_journal
from graftwork.run import Run


def rounds_told(run):
    """Returns a time in which every round takes a second, and nothing else any."""
    return float(sum(event["event"] == "round" for event in read_journal(run.path)))


def interrupt(monkeypatch, event, **values):
    """Makes the first record of an event that has these values a Ctrl-C."""
    record, due = Run.record, [True]

    def interrupted(self, name, **told):
        if due and name == event and values.items() <= told.items():
            due.clear()
            raise KeyboardInterrupt
        record(self, name, **told)

    monkeypatch.setattr(Run, "record", interrupted)


# Two of the three rounds of shared training: three tenths of the time are for the search.
HURRIED = ("--time-budget", "6.5s", "--random-cells", 0, "--top", 1)


@pytest.mark.parametrize(
    ("strategy", "scored", "asked"),
    # Of agan beside the candidates the children of one round.
    [("agan", 3, 5), pytest.param("random", 4, 4, marks=pytest.mark.slow)],
)
def test_where_time_ends_in_the_training_generators_are_scored_before_one_is_chosen(
    gan_command, tmp_path, monkeypatch, strategy, scored, asked
):
    monkeypatch.setattr(Run, "elapsed", property(rounds_told))
    flags = ("search", "--out", tmp_path / "run", *tiny.GAN_SEARCH, *HURRIED)
    status, out, err = gan_command(*flags, "--strategy", strategy)
    assert (status, err) == (0, "")
    assert "Time was over before the search was" in out
    events = tiny.journal(tmp_path / "run")
    rounds = [event for event in events if event["event"] == "round"]
    assert ["generator_loss" in event for event in rounds] == [True, True, False]
    assert rounds[-1]["evaluated"] == scored
    assert np.isfinite(rounds[-1]["score"])
    (searched,) = [event for event in events if event["event"] == "searched"]
    assert (searched["cut_short"], searched["evaluations"]) == (True, asked)
    assert searched["random_search"]["evaluations"] == asked
    assert rounds[-1]["architecture"] in [e["architecture"] for e in searched["shortlist"]]
    result = read_json(tmp_path / "run" / "result.json")
    assert (result["cut_short"], result["status"]) == (True, "finished")


@pytest.mark.slow
def test_a_search_that_was_cut_short_says_so_after_an_interruption_too(
    gan_command, tmp_path, monkeypatch
):
    monkeypatch.setattr(Run, "elapsed", property(rounds_told))
    flags = ("search", *tiny.GAN_SEARCH, *HURRIED, "--no-controls", "--out")
    assert gan_command(*flags, tmp_path / "whole")[0] == 0
    interrupt(monkeypatch, "searched")
    assert gan_command(*flags, tmp_path / "run")[0] == 130
    assert tiny.journal(tmp_path / "run")[-1]["event"] == "round"
    assert gan_command("search", "--out", tmp_path / "run", "--resume")[0] == 0
    assert read_json(tmp_path / "run" / "result.json")["cut_short"] is True
    assert tiny.journal(tmp_path / "run") == tiny.journal(tmp_path / "whole")


def test_controls_that_cannot_be_trained_are_told_and_the_others_go_on(
    gan_command, searched_gan, tmp_path, monkeypatch
):
    under_way, train_job, train = [], job_training.train_job, AdversarialTrainer.train

    def noted(job, *arguments):
        under_way.append(job.method)
        try:
            train_job(job, *arguments)
        finally:
            under_way.clear()  # The next networks are traced before they are trained.

    def diverging(self, *arguments):
        if under_way and under_way[0] in ("random cells", "DCGAN"):
            self.generator.weights[0].assign(np.full(self.generator.weights[0].shape, np.nan))
            raise NonFinite("a loss is not finite")
        return train(self, *arguments)

    monkeypatch.setattr(job_training, "train_job", noted)
    monkeypatch.setattr(AdversarialTrainer, "train", diverging)
    interrupt(monkeypatch, "trained", method="SNGAN")
    path = tmp_path / "run"
    assert gan_command("search", "--out", path, *tiny.GAN_SEARCH)[0] == 130
    assert tiny.journal(path)[-1]["event"] == "failed"
    for _ in range(2):  # The second time it is finished.
        status, out, err = gan_command("search", "--out", path, "--resume")
        assert (status, err) == (0, "")
        assert "DCGAN of seed 0 failed: a loss is not finite, 3 times in a row" in out
    events, sound = tiny.journal(path), tiny.journal(searched_gan)
    failed = [event for event in events if event["event"] == "failed"]
    assert [(e["kind"], e["method"], e["index"]) for e in failed] == [
        ("random", "random cells", 0),
        ("baseline", "DCGAN", 0),
    ]
    result = read_json(path / "result.json")
    assert result["failed"] == [
        {name: event[name] for name in ("method", "seed", "index", "reason")} for event in failed
    ]
    assert (result["status"], result["comparisons"]) == ("finished", [])
    # What came before and after is as if nothing had happened.
    trained = [event for event in events if event["event"] == "trained"]
    assert trained == [
        event
        for event in sound
        if event["event"] == "trained"
        and event["seed"] == 0
        and event["method"] not in ("random cells", "DCGAN")
    ]
    assert [row["name"] for row in result["methods"]] == [
        *(event["method"] for event in trained),
        "shared weights alone",
    ]


# A generator by itself.


class Trained:
    """A training that is over at once; its images are finite in the attempts that are named."""

    step = 5

    def __init__(self, finite):
        self.seeds, self.finite = [], finite

    def begin(self, architecture, seed):
        self.maker = SimpleNamespace(finite=len(self.seeds) in self.finite)
        self.seeds.append(seed)


@pytest.fixture
def train(monkeypatch, tmp_path):
    """Trains a job; returns its event, the seeds, the pictures, and where it was kept."""

    def call(job, finite=(0,)):
        training, shown, kept = Trained(finite), [], []
        monkeypatch.setattr(job_training, "train_job", lambda *arguments: None)
        monkeypatch.setattr(job_training, "entry_of", lambda job, *others: {"method": job.method})
        monkeypatch.setattr(job_training, "samples_of", lambda *arguments: None)
        monkeypatch.setattr(job_training, "keep_generator", lambda *given: kept.append(given[-1]))
        monkeypatch.setattr(JobTrainings, "_training", lambda self, kind, batch_size: training)
        setup = SimpleNamespace(config=SimpleNamespace(steps=5, batch_size=8))
        samples = SimpleNamespace(show=lambda name, *others: shown.append(name))
        stage = SimpleNamespace(advance=lambda steps: None)
        ignored = [lambda *arguments: None] * 4
        trainings = JobTrainings(setup, tmp_path, samples)
        return trainings.train(job, ({}, {}), stage, *ignored), training.seeds, shown, kept

    return call


FOUND = Job("searched cells (agan)", "searched", 3, 0, "cells", (1, 2), keep=True)


def test_a_generator_whose_images_are_no_numbers_fails_like_others(train, tmp_path):
    event, seeds, shown, kept = train(FOUND, finite=())
    assert event == FOUND.failed("the images of the trained generator are no finite numbers, twice")
    assert (len(set(seeds)), shown, kept) == (2, [], [])
    event, seeds, shown, kept = train(FOUND, finite=(1,))
    assert (event["event"], event["retried"]["seed"]) == ("trained", seeds[1])
    assert (shown, kept) == ([FOUND.slug], [tmp_path])


@pytest.mark.parametrize(
    ("changes", "folders"),
    [
        ({}, ["."]),
        ({"keep": False}, []),
        ({"kind": "final", "keep": False, "index": 1}, ["jobs/final-1"]),
    ],
    ids=["found", "of-another-seed", "final-rank-2"],
)
def test_a_generator_is_kept_for_the_run_or_until_those_before_it_are_done(
    train, tmp_path, changes, folders
):
    job = dataclasses.replace(FOUND, **changes)
    assert train(job)[3] == [tmp_path / folder for folder in folders]


def test_the_first_seed_that_could_be_trained_gives_the_generator(tmp_path, monkeypatch):
    jobs = [FOUND, Job("random cells", "random", 3, 0, "cells", (2, 2))]
    monkeypatch.setattr(search_run, "comparison_jobs", lambda config, setup, searched: jobs)
    run = SimpleNamespace(setup=None, config=None, run=SimpleNamespace(path=tmp_path))

    def keeps():
        return [job.keep for job in GanSearchRun.jobs_of(run, {"seed": 3})]

    for event, kind, seed, expected in [
        ("failed", "searched", 1, [True, False]),
        ("trained", "random", 1, [True, False]),
        ("trained", "searched", 3, [True, False]),  # Its own, in a run that goes on.
        ("trained", "searched", 2, [False, False]),
    ]:
        append_journal(tmp_path, {"event": event, "kind": kind, "seed": seed})
        assert keeps() == expected


# The shortlist.


class Scores:
    """Rewards that are the first decision, where it does not begin with 2 or 1."""

    def evaluate_with_more_images(self, architectures):
        self.asked = list(architectures)
        return np.asarray([[float(a[0]) if a[0] > 2 else 1.5] for a in architectures])


def shortlist_of(architectures, top=2):
    config = SimpleNamespace(top=top)
    setup = SimpleNamespace(space=GanSpace.make(8, 1), config=config, constraints=None)
    evaluator = Scores()
    return ranked_anew(setup, evaluator, architectures), evaluator.asked


def test_of_two_encodings_of_one_network_the_first_keeps_its_place():
    assert GanSpace.make(8, 1).canonical((2, 1)) == (1, 2)
    ranked, asked = shortlist_of([(2, 1), (0, 0), (1, 2), (7, 3), (0, 0)])
    assert asked == [(2, 1), (0, 0), (7, 3)]
    assert ranked == [((7, 3), 7.0), ((2, 1), 1.5), ((0, 0), 1.5)]


@pytest.mark.parametrize(("top", "expected"), [(2, SHORTLIST), (12, 12)])
def test_the_shortlist_holds_ten_or_as_many_as_are_trained(top, expected):
    architectures = [(i, 13) for i in range(13)]
    ranked, asked = shortlist_of(architectures, top)
    assert asked == architectures[:expected]
    assert len(ranked) == expected
