"""Rewards and baselines of every task for itself."""

import json
import math

import numpy as np
import pytest

from transfer_nas.rewards import TaskRewards

UNIT = math.sqrt(12)


def test_the_first_score_of_a_task_says_nothing():
    np.testing.assert_array_equal(TaskRewards(3, 0.9).advantages([2, 0], [0.1, 0.9]), [0, 0])


def test_advantages_are_centred_ranks_among_the_tasks_own_scores():
    rewards = TaskRewards(2, decay=0.0)
    rewards.recent[0], rewards.recent[1] = [0.5, 0.6], [100.0, 50.0]
    found = rewards.advantages([0, 1, 0, 0], [0.7, 75.0, 0.4, 0.5])
    # Task 0 knows 0.4 0.5 0.5 0.6 0.7, task 1 knows 50 75 100.
    expected = (np.array([4.5 / 5, 1.5 / 3, 0.5 / 5, 2 / 5]) - 0.5) * UNIT
    np.testing.assert_allclose(found, expected)


def test_a_long_row_of_scores_has_rewards_of_unit_deviation():
    rewards = TaskRewards(1, decay=0.5, memory=48)
    scores = np.random.default_rng(0).permutation(48).astype(float)
    found = rewards.advantages([0] * 48, scores)
    assert found.mean() == pytest.approx(0, abs=1e-9)
    assert found.std() == pytest.approx(1, abs=0.01)


def test_the_baseline_of_a_task_moves_with_its_rewards_alone():
    rewards = TaskRewards(2, decay=0.8)
    baseline, scores = 0.0, []
    for step in range(12):
        batch = [float(step), step + 0.5]
        scores += batch
        ranks = np.array([np.mean([s < b for s in scores]) + 0.5 / len(scores) for b in batch])
        found = rewards.advantages([1, 1], np.array(batch))
        np.testing.assert_allclose(found, (ranks - 0.5) * UNIT - baseline)
        baseline = 0.8 * baseline + 0.2 * float(((ranks - 0.5) * UNIT).mean())
        assert rewards.baselines[1] == pytest.approx(baseline)
    assert baseline > 0.5  # The newest are the best, and that is what is expected.
    assert rewards.baselines[0] == 0


def test_old_scores_are_forgotten():
    rewards = TaskRewards(2, decay=0.0, memory=4)
    rewards.advantages([0, 0, 0, 1], np.array([9.0, 9.0, 9.0, 9.0]))
    rewards.advantages([0, 0, 0], np.array([1.0, 2.0, 3.0]))
    assert rewards.recent == [[9, 1, 2, 3], [9]]
    baseline = rewards.baselines[0]
    found = rewards.advantages([0], np.array([4.0]))
    assert rewards.recent[0] == [1, 2, 3, 4]
    assert found[0] == pytest.approx(3 / 8 * UNIT - baseline)


@pytest.mark.parametrize("missing", [np.nan, -np.inf, np.inf])
def test_no_score_is_worse_than_every_score(missing):
    rewards = TaskRewards(2, decay=0.5)
    found = rewards.advantages([0, 0, 0, 1, 1], np.array([-1e9, missing, 3.0, missing, missing]))
    assert np.isfinite(found).all()
    assert found[1] < found[0] < found[2]
    np.testing.assert_array_equal(found[3:], 0)  # Of these nothing is known.


def test_a_constant_score_teaches_nothing():
    rewards = TaskRewards(3, decay=0.9)
    for _ in range(60):
        np.testing.assert_array_equal(rewards.advantages([0, 1, 2, 1], np.full(4, 0.5)), 0)


def test_unit_and_level_of_a_task_do_not_matter():
    one, other = TaskRewards(2, 0.9), TaskRewards(2, 0.9)
    rng = np.random.default_rng(0)
    for _ in range(5):
        tasks, scores = rng.integers(2, size=6).tolist(), rng.normal(size=6)
        scaled = np.where(np.asarray(tasks) == 1, 1000 * scores - 7, scores)
        np.testing.assert_allclose(one.advantages(tasks, scores), other.advantages(tasks, scaled))


def test_it_goes_on_from_its_state_as_json():
    whole, stopped, restored = (TaskRewards(3, 0.9, memory=5) for _ in range(3))
    batches = np.random.default_rng(0).normal(size=(9, 6))
    batches[:, 0] = np.nan
    tasks = [0, 1, 2, 0, 1, 2]
    expected = [whole.advantages(tasks, batch) for batch in batches]
    for batch in batches[:4]:
        stopped.advantages(tasks, batch)
    restored.restore(json.loads(json.dumps(stopped.state(), allow_nan=False)))
    found = [restored.advantages(tasks, batch) for batch in batches[4:]]
    np.testing.assert_array_equal(found, expected[4:])
