"""How the labels of two attributes go together."""

import numpy as np

from graftwork.rows import MISSING


def phi_coefficients(labels: np.ndarray) -> np.ndarray:
    """Returns the φ coefficient of every two attributes, over the rows where both are known.

    φ = (n n₁₁ − n₁ n′₁) / √(n₁ n₀ n′₁ n′₀), Pearson's correlation of two binary variables.

    Args:
        labels: int8 array `(n, A)` in {0, 1, `MISSING`}.

    Returns:
        Float array `(A, A)`; NaN where one of the two is constant on these rows.
    """
    # float32 counts up to 16 million rows exactly.
    known = (labels != MISSING).astype(np.float32)
    positive = (labels == 1).astype(np.float32)
    rows = (known.T @ known).astype(float)
    both = (positive.T @ positive).astype(float)
    first = (positive.T @ known).astype(float)  # Positives of a where b is known.
    second = first.T
    covariance = rows * both - first * second
    variances = first * (rows - first) * second * (rows - second)
    return covariance / np.sqrt(np.where(variances > 0, variances, np.nan))
