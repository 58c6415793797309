"""KerasTuner's Bayesian optimisation over choices, fast enough for hundreds of trials."""

import math
from typing import Any

import keras_tuner
import numpy as np
from keras_tuner.engine.trial import TrialStatus
from scipy.linalg import cho_solve, cholesky, solve_triangular
from scipy.spatial.distance import cdist

LENGTHS = np.geomspace(0.05, 20, 13)
"""Lengths of the kernel that are tried. The choices of a decision span less than 1."""
GROWTH = 1.1
"""The length is chosen again when there are so many times more trials."""
RANDOM = 500
"""Candidates drawn uniformly for every trial."""
PARENTS, CHILDREN, STEPS = 10, 10, 5
"""The best candidates, how many changes of each are tried, and how many times over."""


class GridBayesianOracle(keras_tuner.oracles.BayesianOptimizationOracle):
    r"""`BayesianOptimizationOracle` for hyperparameters that are all a `Choice`.

    The model and the acquisition are KerasTuner's. Choice $k$ of $K$ is the number
    $x = (k + 1/2) / K$; a Gaussian process with a Matérn kernel predicts the mean $\mu(x)$ and
    the deviation $\sigma(x)$ of the negated score; the next trial minimises
    $\mu(x) - \beta\,\sigma(x)$ (GP-UCB, Srinivas et al., ICML 2010). A running trial counts
    as if it had scored $\mu + \sigma$, one deviation worse than expected.

    KerasTuner seeks that minimum over real $x$, by 50 runs of L-BFGS with numerical gradients
    that predict one point at a time, after 21 fits of the kernel's length, and takes seconds a
    trial. It may end at a point that rounds to an architecture tried before. Here the
    candidates are architectures that were not tried: drawn uniformly, then changes of the
    best of them in one choice, some times over. The length is the likeliest of a grid.

    Args:
        kwargs: Arguments of `BayesianOptimizationOracle`.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._rows: dict[str, tuple[int, ...]] = {}
        """The choices of every trial, by its id."""

    def _make_gpr(self) -> "MaternProcess":
        return MaternProcess(self.alpha)

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Returns the values of the next trial: at random at first, then by the model."""
        completed = sum(t.status == TrialStatus.COMPLETED for t in self.trials.values())
        initial = self.num_initial_points or max(3 * len(self.hyperparameters.space), 3)
        if completed < initial:
            return self._random_populate_space()
        self._counts = np.array([len(hp.values) for hp in self.hyperparameters.space])
        self._learn()
        candidates = self._candidates()
        if not len(candidates):
            return self._random_populate_space()
        values = {
            hp.name: hp.values[choice]
            for hp, choice in zip(self.hyperparameters.space, candidates[0], strict=True)
        }
        return {"status": TrialStatus.RUNNING, "values": values}

    def _learn(self) -> None:
        """Fits the process to the trials."""
        sign = -1 if self.objective.direction == "max" else 1
        rows, scores, running = [], [], []
        for trial_id, trial in self.trials.items():
            if trial_id not in self._rows:
                values = trial.hyperparameters.values
                self._rows[trial_id] = tuple(
                    hp.values.index(values[hp.name]) for hp in self.hyperparameters.space
                )
            if trial.status == TrialStatus.COMPLETED:
                rows.append(self._rows[trial_id])
                scores.append(sign * trial.score)
            elif trial.status == TrialStatus.RUNNING:
                running.append(self._rows[trial_id])
        self.gpr.fit(self._numbers(rows), np.array(scores))
        if running:
            mean, deviation = self.gpr.predict(self._numbers(running))
            self.gpr.fit(self._numbers(rows + running), np.append(scores, mean + deviation))

    def _numbers(self, rows: Any) -> np.ndarray:
        """Returns choices `(n, decisions)` as numbers between 0 and 1."""
        return (np.asarray(rows) + 0.5) / self._counts

    def _candidates(self) -> np.ndarray:
        """Returns untried architectures, the most promising first: ints `(n, decisions)`."""
        counts = self._counts
        tried = set(self._rows.values())
        rng = self._random_state

        def best(choices: np.ndarray) -> np.ndarray:
            new = np.array(list({*map(tuple, choices.tolist())} - tried), int)
            if not len(new):
                return choices[:0]
            # Where the model knows nothing, many are equally good: no order may decide.
            new = new[np.lexsort(new.T)][rng.permutation(len(new))]
            mean, deviation = self.gpr.predict(self._numbers(new))
            return new[np.argsort(mean - self.beta * deviation, kind="stable")[:PARENTS]]

        found = best(rng.randint(0, counts, (RANDOM, len(counts))))
        for _ in range(STEPS):
            children = np.repeat(found, CHILDREN, axis=0)
            changed = rng.randint(len(counts), size=len(children))
            children[np.arange(len(children)), changed] = rng.randint(0, counts[changed])
            found = best(np.concatenate([found, children]))
        return found


class MaternProcess:
    r"""A Gaussian process with a Matérn kernel of $\nu = 5/2$, on scores of unit variance.

    $k(d) = (1 + \sqrt5 d / l + 5 d^2 / 3 l^2)\, e^{-\sqrt5 d / l}$ at distance $d$ (Rasmussen &
    Williams, "Gaussian Processes for Machine Learning", 2006, equation 4.17; their algorithm
    2.1). scikit-learn's, which KerasTuner takes, spends most of its time on checks.

    Args:
        alpha: Variance of the scores' noise, of which the scores' variance is 1.
    """

    def __init__(self, alpha: float) -> None:
        self.alpha = alpha
        self.length = 1.0
        self._chosen_at = 0

    def fit(self, x: np.ndarray, y: np.ndarray) -> None:
        """Fits the process; the kernel's length too where there is much more to learn from.

        Args:
            x: Float array `(n, features)`.
            y: Float array `(n,)`.
        """
        self._x = x
        self._mean, self._scale = y.mean(), y.std() or 1.0
        y = (y - self._mean) / self._scale
        distances = cdist(x, x)
        if len(x) >= GROWTH * self._chosen_at:
            self._chosen_at = len(x)
            likelihoods = [self._solve(distances, y, length) for length in LENGTHS]
            self.length = float(LENGTHS[int(np.argmax(likelihoods))])
        self._solve(distances, y, self.length)

    def _solve(self, distances: np.ndarray, y: np.ndarray, length: float) -> float:
        """Solves for the weights of the trials; returns the log-likelihood, less a constant."""
        kernel = _matern(distances / length)
        kernel[np.diag_indices_from(kernel)] += self.alpha
        self._root = cholesky(kernel, lower=True, check_finite=False)
        self._weights = cho_solve((self._root, True), y, check_finite=False)
        return float(-0.5 * y @ self._weights - np.log(np.diag(self._root)).sum())

    def predict(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Predicts scores.

        Args:
            x: Float array `(n, features)`.

        Returns:
            Mean and standard deviation, float arrays `(n,)`.
        """
        kernel = _matern(cdist(self._x, x) / self.length)
        whitened = solve_triangular(self._root, kernel, lower=True, check_finite=False)
        variance = np.maximum(1 - np.einsum("ij,ij->j", whitened, whitened), 0)
        return self._mean + self._scale * (self._weights @ kernel), self._scale * np.sqrt(variance)


def _matern(distances: np.ndarray) -> np.ndarray:
    scaled = math.sqrt(5) * distances
    return (1 + scaled + scaled**2 / 3) * np.exp(-scaled)
