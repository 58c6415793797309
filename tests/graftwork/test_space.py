"""Spaces: what is drawn, changed and mixed stays in the space; sizes are exact."""

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graftwork.errors import InputError, unknown_name
from graftwork.space import Decision, Space


def space_of(counts):
    return Space(
        tuple(
            Decision(f"decision {i}", tuple(f"choice {j}" for j in range(count)))
            for i, count in enumerate(counts)
        )
    )


SPACES = st.lists(st.integers(1, 6), min_size=1, max_size=8).map(space_of)
RNGS = st.integers(0, 2**32 - 1).map(np.random.default_rng)
QUICK = settings(max_examples=50, deadline=None)


@QUICK
@given(SPACES, RNGS)
def test_samples_are_in_the_space_and_plain_integers(space, rng):
    sample = space.sample(rng)
    assert space.check(sample) == sample
    assert all(type(choice) is int for choice in sample)


def test_samples_are_uniform():
    space, rng = space_of([2, 3]), np.random.default_rng(0)
    drawn = Counter(space.sample(rng) for _ in range(6000))
    assert set(drawn) == set(itertools.product(range(2), range(3)))
    assert all(abs(count - 1000) < 150 for count in drawn.values())


@QUICK
@given(SPACES, RNGS)
def test_mutation_changes_one_open_decision(space, rng):
    parent = space.sample(rng)
    child = space.mutate(parent, rng)
    assert space.check(child) == child
    differences = sum(a != b for a, b in zip(parent, child, strict=True))
    assert differences == (1 if space.size > 1 else 0)


def test_mutation_reaches_every_neighbour():
    space, rng = space_of([1, 2, 3]), np.random.default_rng(0)
    assert {space.mutate((0, 0, 0), rng) for _ in range(200)} == {
        (0, 1, 0),
        (0, 0, 1),
        (0, 0, 2),
    }


@QUICK
@given(SPACES, RNGS)
def test_crossover_takes_every_choice_from_a_parent(space, rng):
    first, second = space.sample(rng), space.sample(rng)
    child = space.crossover(first, second, rng)
    assert len(child) == len(space)
    assert all(c in (a, b) for a, b, c in zip(first, second, child, strict=True))


def test_crossover_uses_both_parents():
    space, rng = space_of([2, 2]), np.random.default_rng(0)
    children = {space.crossover((0, 0), (1, 1), rng) for _ in range(100)}
    assert children == set(itertools.product(range(2), repeat=2))


def test_crossover_refuses_parents_of_different_lengths():
    with pytest.raises(ValueError, match=r"zip|shorter|longer"):
        space_of([2, 2]).crossover((0, 0), (0,), np.random.default_rng(0))


@QUICK
@given(SPACES, RNGS)
def test_one_hot_can_be_read_back(space, rng):
    architectures = [space.sample(rng) for _ in range(4)]
    encoded = space.one_hot(architectures)
    assert encoded.dtype == np.float32
    assert encoded.shape == (4, sum(space.choice_counts))
    parts = np.split(encoded, np.cumsum(space.choice_counts)[:-1], axis=1)
    assert all((part.sum(axis=1) == 1).all() for part in parts)
    decoded = np.stack([part.argmax(axis=1) for part in parts], axis=1)
    assert [tuple(row) for row in decoded.tolist()] == architectures


@QUICK
@given(st.lists(st.integers(1, 3), min_size=1, max_size=5).map(space_of))
def test_size_is_the_number_of_architectures(space):
    assert space.size == len(list(itertools.product(*map(range, space.choice_counts))))


def test_size_is_exact_beyond_64_bits():
    assert space_of([10] * 40).size == 10**40


def test_check_accepts_what_json_and_numpy_give():
    space = space_of([2, 3])
    for given_ in ([1, 2], np.array([1, 2])):
        checked = space.check(given_)
        assert checked == (1, 2)
        assert all(type(choice) is int for choice in checked)


@pytest.mark.parametrize("architecture", [(), (0,), (0, 0, 0)])
def test_check_names_a_wrong_length(architecture):
    with pytest.raises(InputError, match=f"makes 2 choices. Received {len(architecture)}"):
        space_of([2, 3]).check(architecture)


@pytest.mark.parametrize("choice", [-1, 3])
def test_check_names_the_decision_of_a_wrong_choice(choice):
    with pytest.raises(InputError, match=f"'decision 1' has choices 0 to 2. Received: {choice}"):
        space_of([2, 3]).check((0, choice))


def test_a_decision_needs_a_choice():
    with pytest.raises(ValueError, match="'width' needs at least one choice"):
        Decision("width", ())


def test_decisions_need_different_names():
    with pytest.raises(ValueError, match=r"Repeated: \['depth'\]"):
        Space((Decision("depth", ("1",)), Decision("width", ("1",)), Decision("depth", ("2",))))


def test_equal_spaces_are_equal_and_hash_alike():
    assert space_of([2, 3]) == space_of([2, 3])
    assert hash(space_of([2, 3])) == hash(space_of([2, 3]))
    assert space_of([2, 3]) != space_of([3, 2])


def test_an_unknown_name_is_told_with_the_near_ones():
    error = unknown_name("strategy", "gnsa", ["random", "gnas"])
    assert isinstance(error, InputError)
    assert str(error) == "unknown strategy 'gnsa'. Did you mean gnas? Known: gnas, random."


def test_a_name_that_is_near_to_none_gets_no_hint():
    assert str(unknown_name("strategy", "xyz", ["gnas"])) == (
        "unknown strategy 'xyz'. Known: gnas."
    )
