"""The base of the topologies: links between units, scaled to an exact spectral radius."""

import keras
import numpy as np
from scipy import sparse
from scipy.sparse.linalg import ArpackError, eigs

from rnnkit.utils.checks import number
from rnnkit.utils.config import arguments_of
from rnnkit.utils.seeds import drawn

# Up to this many units all eigenvalues are computed; above, only the largest (ARPACK).
DENSE_EIGENVALUES = 300


def spectral_radius(matrix):
    """Largest absolute eigenvalue of a square matrix.

    Args:
        matrix: Array or SciPy sparse array, `[units, units]`.

    Returns:
        Float.

    Example:

    >>> spectral_radius(np.array([[0.0, 2.0], [0.5, 0.0]]))
    1.0
    """
    size = matrix.shape[0]
    if sparse.issparse(matrix) and size > DENSE_EIGENVALUES:
        largest = _arpack(matrix)
        if largest is not None:
            return largest
    dense = matrix.toarray() if sparse.issparse(matrix) else np.asarray(matrix, "float64")
    return float(np.abs(np.linalg.eigvals(dense)).max())


def _arpack(matrix):
    """Largest absolute eigenvalue by Arnoldi iteration, or None where it does not converge."""
    size = matrix.shape[0]
    start = np.random.default_rng(0).normal(size=size)  # the same result every time
    try:
        # Several, as the eigenvalues of a random matrix lie close together at the edge of a disc,
        # and one alone might miss the largest. Where it converges, 100 iterations are enough.
        found = eigs(
            matrix.tocsr(), k=8, which="LM", ncv=min(size - 1, 80), v0=start, maxiter=300,
            tol=0, return_eigenvectors=False,
        )  # fmt: skip
    except ArpackError:
        return None
    return float(np.abs(found).max())


class Topology(keras.initializers.Initializer):
    """Base of the topologies.

    A sparse topology, in which each unit is connected to few others, defines `in_degree` and
    `sample`; a dense one sets `sparse = False` and defines `matrix`. Its arguments are attributes
    of the same name. All weights are float64, and their spectral radius is `spectral_radius`.

    Args:
        spectral_radius: Largest absolute eigenvalue of the recurrent weights, at least 0.
        seed: Integer that fixes the random choices; with None they differ in every call.
    """

    # Whether every row of links is a shift: the input of unit j is unit j - s, with one s a row.
    shifts = False
    sparse = True

    def __init__(self, spectral_radius=0.9, seed=None):
        self.spectral_radius = number(spectral_radius, "spectral_radius", least=0)
        self.seed = seed

    def in_degree(self, units):
        """Rows of links: the largest number of incoming links of a unit."""
        raise NotImplementedError(f"{type(self).__name__} must define in_degree()")

    def sample(self, units, rng):
        """Unscaled `(indices, values)`, each `[in-degree, units]`."""
        raise NotImplementedError(f"{type(self).__name__} must define sample()")

    def check(self, units):
        """Raises a ValueError if there are too few units."""
        if not self.sparse:
            return
        degree = self.in_degree(units)
        if degree > units:
            raise ValueError(
                f"degree must be at most the number of units, {units}. Received: degree={degree}"
            )

    def links(self, units):
        """Incoming links of every unit.

        Args:
            units: Number of units.

        Returns:
            `(indices, values)`, int32 and float64 `[in-degree, units]`: a link leads from unit
            `indices[k, j]` to unit j, with weight `values[k, j]`.

        Raises:
            ValueError: If the topology is dense; see `matrix`.
        """
        if not self.sparse:
            raise ValueError(
                f"links is for sparse topologies; of {type(self).__name__} take matrix(units). "
                f"Received: units={units!r}"
            )
        self.check(units)
        seed = drawn(self.seed)
        for attempt in range(20):
            indices, values = self.sample(units, np.random.default_rng([seed, attempt]))
            radius = self.unscaled_radius(indices, values)
            if radius > 1e-9:
                return indices.astype("int32"), values * (self.spectral_radius / radius)
        raise ValueError(
            f"{type(self).__name__} with {units} units has no loop, so its spectral radius is 0 "
            "and cannot be scaled: use more units or a higher degree. "
            f"Received: {self.get_config()}"
        )

    def unscaled_radius(self, indices, values):
        """Spectral radius before scaling; a topology that knows a formula overrides it."""
        return spectral_radius(sparse_matrix(indices, values))

    def matrix(self, units):
        """Recurrent kernel, float64 `[units, units]`; `matrix[i, j]` is the weight from i to j."""
        return sparse_matrix(*self.links(units)).toarray()

    def __call__(self, shape, dtype=None):
        if len(shape) != 2 or shape[0] != shape[1]:
            raise ValueError(
                f"{type(self).__name__} makes square recurrent kernels (units, units). "
                f"Received: shape={tuple(shape)}"
            )
        return keras.ops.convert_to_tensor(
            self.matrix(shape[0]), keras.backend.standardize_dtype(dtype)
        )

    def get_config(self):
        return arguments_of(self, type(self))


def sparse_matrix(indices, values):
    """Links as a SciPy sparse array `[units, units]`, entry (i, j) the weight from i to j."""
    units = indices.shape[1]
    targets = np.broadcast_to(np.arange(units), indices.shape)
    entries = (values.ravel(), (indices.ravel(), targets.ravel()))
    return sparse.coo_array(entries, shape=(units, units)).tocsr()  # adds up double links
