"""Generators that two workers search and train together, of which one is killed."""

import keras
import pytest
import tiny
from working_together import assert_alike, work_together

pytestmark = pytest.mark.slow

KILLED = "SIGKILL after 1 record round 2"
MULTIWORKER = ("--distribute", "multiworker")


def ends_of(*words):
    """Runs a command to its end by two workers."""
    _, ends = work_together("gans", *words, *MULTIWORKER, stops=("", ""))
    return [(status, errors) for status, _, errors in ends]


def test_a_search_by_two_workers_ends_as_that_of_one(searched_gan, tmp_path):
    path = tmp_path / "run"
    search = ("search", "--out", path, *tiny.GAN_SEARCH, "--seeds", "2")
    addresses, (chief, killed) = work_together("gans", *search, *MULTIWORKER, stops=("", KILLED))
    assert (chief[0], killed[0]) == (1, -9)
    assert f"worker 1 at {addresses[1]} does not answer" in chief[2]
    before = tiny.journal(path)
    assert before[-1]["event"] == "round"
    assert ends_of(*search, "--resume") == [(0, "")] * 2
    mine, theirs = tiny.journal(path), tiny.journal(searched_gan)
    assert mine[: len(before)] == before
    assert_alike([mine[0] | {"replicas": 1}, *mine[1:]], theirs, tolerance=0.02)
    assert ends_of("train", path, "--steps", "4") == [(0, "")] * 2
    generator = keras.saving.load_model(path / "generator.keras")
    assert {layer.compute_dtype for layer in generator.layers} == {"float32"}
