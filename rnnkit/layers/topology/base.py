"""Recurrent weights of reservoirs: who hears whom, scaled to an exact spectral radius.

Every topology is a Keras initializer: called with a shape it gives the recurrent kernel, so that
it also serves as `recurrent_initializer` of any recurrent layer. A sparse one gives its links too,
as index and value arrays with one row for each of a unit's incoming links, which is the form a
reservoir keeps and computes with.

Reference:
    Lukoševičius, "A practical guide to applying echo state networks", 2012,
    https://doi.org/10.1007/978-3-642-35289-8_36.
"""

import difflib
import math

import keras
import numpy as np

from rnnkit.utils.checks import integer, number

# Up to this many units all eigenvalues are computed; above, only the largest (ARPACK).
DENSE_EIGENVALUES = 300


# === Spectral radius ===


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
    from scipy import sparse

    size = matrix.shape[0]
    if sparse.issparse(matrix) and size > DENSE_EIGENVALUES:
        largest = _arpack(matrix)
        if largest is not None:
            return largest
    dense = matrix.toarray() if sparse.issparse(matrix) else np.asarray(matrix, "float64")
    return float(np.abs(np.linalg.eigvals(dense)).max())


def _arpack(matrix):
    """Largest absolute eigenvalue by Arnoldi iteration, or None where it does not converge."""
    from scipy.sparse.linalg import ArpackError, eigs

    size = matrix.shape[0]
    start = np.random.default_rng(0).normal(size=size)  # the same result every time
    try:
        # Several are asked for: those of a random matrix crowd at the edge of a disc, and the
        # largest must not be missed among its neighbours. What converges does so in 100 rounds.
        found = eigs(
            matrix.tocsr(), k=8, which="LM", ncv=min(size - 1, 80), v0=start, maxiter=300,
            tol=0, return_eigenvectors=False,
        )  # fmt: skip
    except ArpackError:
        return None
    return float(np.abs(found).max())


# === The base ===


class Topology(keras.initializers.Initializer):
    """Base of the topologies.

    A topology defines `links(units)` if each unit hears few others, or `matrix(units)` if all.
    Both give float64 numbers whose spectral radius is exactly `spectral_radius`.

    Args:
        spectral_radius: Largest absolute eigenvalue of the recurrent weights, at least 0.
        seed: Integer that fixes the random choices; None draws new ones in every call.
    """

    # Whether every row of links is a shift: unit j hears unit j - s, with one s for a row.
    shifts = False
    sparse = True

    def __init__(self, spectral_radius=0.9, seed=None):
        self.spectral_radius = number(spectral_radius, "spectral_radius", least=0)
        self.seed = seed

    def degree(self, units):
        """Rows of links: how many others a unit hears at most."""
        raise NotImplementedError(f"{type(self).__name__} must define degree()")

    def draw(self, units, rng):
        """Unscaled `(indices, values)`, each `[degree, units]`."""
        raise NotImplementedError(f"{type(self).__name__} must define draw()")

    def check(self, units):
        """Raises a ValueError if there are too few units."""
        if not self.sparse:
            return
        degree = self.degree(units)
        if degree > units:
            raise ValueError(
                f"degree must be at most the number of units, {units}. Received: degree={degree}"
            )

    def links(self, units):
        """Incoming links of every unit.

        Args:
            units: Number of units.

        Returns:
            `(indices, values)`, int32 and float64 `[degree, units]`: unit j hears unit
            `indices[k, j]` with weight `values[k, j]`.

        Raises:
            ValueError: If every unit hears all others; see `matrix`.
        """
        if not self.sparse:
            raise ValueError(
                f"links is for topologies whose units hear few others; of {type(self).__name__} "
                f"take matrix(units). Received: units={units!r}"
            )
        self.check(units)
        for attempt in range(20):
            entropy = [] if self.seed is None else [int(self.seed), attempt]
            indices, values = self.draw(units, np.random.default_rng(entropy or None))
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
        return {"spectral_radius": self.spectral_radius, "seed": self.seed}


def sparse_matrix(indices, values):
    """Links as a SciPy sparse array `[units, units]`, entry (i, j) the weight from i to j."""
    from scipy import sparse

    units = indices.shape[1]
    targets = np.broadcast_to(np.arange(units), indices.shape)
    entries = (values.ravel(), (indices.ravel(), targets.ravel()))
    return sparse.coo_array(entries, shape=(units, units)).tocsr()  # adds up double links


# === Random ===


@keras.saving.register_keras_serializable(package="rnnkit")
class Circulant(Topology):
    """Each unit hears `degree` others at random distances around a circle; random weights.

    The units stand in a circle; unit j hears the units j - s for `degree` random distances s, with
    normally distributed weights: a random matrix whose links form a circulant graph. It has the
    rich dynamics of a random reservoir, and as each distance is one contiguous pass over the
    states, it is the fastest one to compute.

    Args:
        degree: How many others a unit hears.
        spectral_radius: See `Topology`.
        seed: See `Topology`.
    """

    shifts = True

    def __init__(self, degree=10, spectral_radius=0.9, seed=None):
        super().__init__(spectral_radius, seed)
        self._degree = integer(degree, "degree")

    def degree(self, units):
        return self._degree

    def draw(self, units, rng):
        distances = rng.choice(units, self._degree, replace=False)
        indices = (np.arange(units) - distances[:, None]) % units
        return indices, rng.normal(size=(self._degree, units))

    def get_config(self):
        return {"degree": self._degree, **super().get_config()}


@keras.saving.register_keras_serializable(package="rnnkit")
class RandomDegree(Circulant):
    """Each unit hears `degree` others chosen at random, with normally distributed weights.

    Args:
        degree: How many others a unit hears (its in-degree).
        spectral_radius: See `Topology`.
        seed: See `Topology`.
    """

    shifts = False

    def draw(self, units, rng):
        # The first `degree` of a random order of all, for every unit.
        if self._degree * 8 > units:
            keys = rng.random((units, units))
            indices = np.argpartition(keys, self._degree - 1, axis=1)[:, : self._degree]
            indices = np.sort(indices, axis=1).T  # else the order would depend on the processor
        else:  # few: draw, and draw again what came twice
            indices = rng.integers(units, size=(self._degree, units))
            while True:
                ordered = np.sort(indices, axis=0)
                twice = (ordered[1:] == ordered[:-1]).any(axis=0)
                if not twice.any():
                    break
                indices[:, twice] = rng.integers(units, size=(self._degree, int(twice.sum())))
        return indices, rng.normal(size=(self._degree, units))


@keras.saving.register_keras_serializable(package="rnnkit")
class RandomConnectivity(Topology):
    """Each possible link exists with probability `connectivity`; normally distributed weights.

    The number of others that a unit hears varies (Erdős and Rényi's random graph), as in most of
    the literature on echo state networks.

    Args:
        connectivity: Share of the possible links that exist, above 0 and at most 1.
        spectral_radius: See `Topology`.
        seed: See `Topology`.
    """

    def __init__(self, connectivity=0.1, spectral_radius=0.9, seed=None):
        super().__init__(spectral_radius, seed)
        self.connectivity = number(connectivity, "connectivity", least=0, most=1)
        if self.connectivity == 0:
            raise ValueError("connectivity must be above 0. Received: connectivity=0")

    def degree(self, units):
        # Room for the unit that hears most: six deviations above the mean are never reached.
        mean = units * self.connectivity
        return min(units, math.ceil(mean + 6 * math.sqrt(mean * (1 - self.connectivity)) + 3))

    def draw(self, units, rng):
        degree = self.degree(units)
        counts = np.minimum(rng.binomial(units, self.connectivity, units), degree)
        keys = rng.random((units, units))
        indices = np.arange(units)[None].repeat(units, axis=0)
        if degree < units:
            indices = np.argpartition(keys, degree - 1, axis=1)[:, :degree]
        # In random order, as not all of them are kept: argpartition's own is not random.
        order = np.argsort(np.take_along_axis(keys, indices, axis=1), axis=1)
        indices = np.take_along_axis(indices, order, axis=1).T  # [degree, units]
        exists = np.arange(degree)[:, None] < counts
        return indices, np.where(exists, rng.normal(size=indices.shape), 0.0)

    def get_config(self):
        return {"connectivity": self.connectivity, **super().get_config()}


@keras.saving.register_keras_serializable(package="rnnkit")
class SmallWorld(Topology):
    """A ring of neighbourhoods with some links rewired at random; normally distributed weights.

    Each unit hears its `degree` nearest neighbours on a circle, half on each side; each link is
    replaced by one to a random unit with probability `rewire`, which may be one it already hears.

    Args:
        degree: How many others a unit hears; even.
        rewire: Probability that a link is rewired: 0 leaves a lattice, 1 a random graph.
        spectral_radius: See `Topology`.
        seed: See `Topology`.

    Reference:
        Watts and Strogatz, "Collective dynamics of small-world networks", Nature 1998,
        https://doi.org/10.1038/30918.
    """

    def __init__(self, degree=10, rewire=0.1, spectral_radius=0.9, seed=None):
        super().__init__(spectral_radius, seed)
        self._degree = integer(degree, "degree", least=2)
        if self._degree % 2:
            raise ValueError(f"degree must be even. Received: degree={degree}")
        self.rewire = number(rewire, "rewire", least=0, most=1)

    def degree(self, units):
        return self._degree

    def check(self, units):
        if self._degree >= units:
            raise ValueError(
                f"degree must be below the number of units, {units}. Received: "
                f"degree={self._degree}"
            )

    def draw(self, units, rng):
        half = self._degree // 2
        distances = np.concatenate([np.arange(1, half + 1), -np.arange(1, half + 1)])
        indices = (np.arange(units) - distances[:, None]) % units
        rewired = rng.random(indices.shape) < self.rewire
        indices = np.where(rewired, rng.integers(units, size=indices.shape), indices)
        return indices, rng.normal(size=indices.shape)

    def get_config(self):
        return {"degree": self._degree, "rewire": self.rewire, **super().get_config()}


@keras.saving.register_keras_serializable(package="rnnkit")
class FullyConnected(Topology):
    """Every unit hears all, with normally distributed weights.

    Args:
        spectral_radius: See `Topology`.
        seed: See `Topology`.
    """

    sparse = False

    def matrix(self, units):
        values = np.random.default_rng(self.seed).normal(size=(units, units))
        return values * (self.spectral_radius / spectral_radius(values))


@keras.saving.register_keras_serializable(package="rnnkit")
class Orthogonal(Topology):
    """A random orthogonal matrix: every eigenvalue has the same absolute value.

    All directions of the state fade at the same rate, which gives the longest linear memory.

    Args:
        spectral_radius: Absolute value of all eigenvalues.
        seed: See `Topology`.

    Reference:
        White, Lee and Sompolinsky, "Short-term memory in orthogonal neural networks", 2004,
        https://doi.org/10.1103/PhysRevLett.92.148102.
    """

    sparse = False

    def matrix(self, units):
        rng = np.random.default_rng(self.seed)
        factor, triangle = np.linalg.qr(rng.normal(size=(units, units)))
        return factor * np.sign(np.diag(triangle)) * self.spectral_radius  # Haar measure


# === Minimal ===


@keras.saving.register_keras_serializable(package="rnnkit")
class Ring(Topology):
    """The simple cycle reservoir: unit j hears unit j - 1, all with the same weight.

    Args:
        spectral_radius: The weight, which is the absolute value of all eigenvalues.
        seed: Not used: nothing is random.

    Reference:
        Rodan and Tiňo, "Minimum complexity echo state network", 2011, section III,
        https://doi.org/10.1109/TNN.2010.2089641.
    """

    shifts = True

    def degree(self, units):
        return 1

    def draw(self, units, rng):
        indices = (np.arange(units)[None] - 1) % units
        return indices, np.ones((1, units))

    def unscaled_radius(self, indices, values):
        return 1.0


@keras.saving.register_keras_serializable(package="rnnkit")
class DelayLine(Ring):
    """The delay line reservoir: unit j hears unit j - 1, the first one only the input.

    Nothing comes back, so all eigenvalues are 0 whatever the weights: `spectral_radius` stands for
    the weight of the links here.

    Args:
        spectral_radius: Weight of the links.
        seed: Not used: nothing is random.

    Reference:
        Rodan and Tiňo (2011), see `Ring`.
    """

    def draw(self, units, rng):
        indices, values = super().draw(units, rng)
        values[0, 0] = 0.0
        return indices, values


@keras.saving.register_keras_serializable(package="rnnkit")
class DelayLineFeedback(Topology):
    """A delay line in which each unit also hears the next one, more softly.

    The eigenvalues are 2 r sqrt(f) cos(pi k / (units + 1)), with r the weight forward and f
    `feedback`, so r follows from the spectral radius.

    Args:
        feedback: Weight backward, as a share of the weight forward; above 0.
        spectral_radius: See `Topology`.
        seed: Not used: nothing is random.

    Reference:
        Rodan and Tiňo (2011), see `Ring`.
    """

    shifts = True

    def __init__(self, feedback=0.3, spectral_radius=0.9, seed=None):
        super().__init__(spectral_radius, seed)
        self.feedback = number(feedback, "feedback", least=0)
        if self.feedback == 0:
            raise ValueError(
                "feedback must be above 0 (without feedback use DelayLine). Received: feedback=0"
            )

    def degree(self, units):
        return 2

    def draw(self, units, rng):
        indices = (np.arange(units) - np.array([[1], [-1]])) % units
        values = np.stack([np.ones(units), np.full(units, self.feedback)])
        values[0, 0] = values[1, -1] = 0.0  # the ends are not joined
        return indices, values

    def unscaled_radius(self, indices, values):
        units = indices.shape[1]
        return 2 * math.sqrt(self.feedback) * math.cos(math.pi / (units + 1)) if units > 1 else 0.0

    def get_config(self):
        return {"feedback": self.feedback, **super().get_config()}


@keras.saving.register_keras_serializable(package="rnnkit")
class CycleJumps(Topology):
    """A ring with shortcuts: every `jump`-th unit is also linked to the next such one, both ways.

    Args:
        jump: Length of the shortcuts, at least 2.
        jump_weight: Weight of the shortcuts, as a share of the ring's.
        spectral_radius: See `Topology`.
        seed: Not used: nothing is random.

    Reference:
        Rodan and Tiňo, "Simple deterministically constructed cycle reservoirs with regular jumps",
        2012, https://doi.org/10.1162/NECO_a_00297.
    """

    def __init__(self, jump=10, jump_weight=0.5, spectral_radius=0.9, seed=None):
        super().__init__(spectral_radius, seed)
        self.jump = integer(jump, "jump", least=2)
        self.jump_weight = number(jump_weight, "jump_weight")

    def degree(self, units):
        return 3

    def check(self, units):
        if self.jump >= units:
            raise ValueError(
                f"jump must be below the number of units, {units}. Received: jump={self.jump}"
            )

    def draw(self, units, rng):
        j = np.arange(units)
        indices = np.stack([(j - 1) % units, j, j])
        values = np.stack([np.ones(units), np.zeros(units), np.zeros(units)])
        stations = np.arange(0, units - self.jump + 1, self.jump)  # where a jump starts
        if 2 * self.jump == units:
            stations = stations[:1]  # the second is the first, turned round
        ends = stations + self.jump
        ends[-1] = ends[-1] % units  # the last may close the circle
        for start, end in zip(stations, ends, strict=True):
            indices[1, end], values[1, end] = start, self.jump_weight
            indices[2, start], values[2, start] = end, self.jump_weight
        return indices, values

    def get_config(self):
        return {"jump": self.jump, "jump_weight": self.jump_weight, **super().get_config()}


# === Names ===

TOPOLOGIES = {
    "circulant": Circulant,
    "random": RandomDegree,
    "random_connectivity": RandomConnectivity,
    "small_world": SmallWorld,
    "dense": FullyConnected,
    "orthogonal": Orthogonal,
    "ring": Ring,
    "delay_line": DelayLine,
    "delay_line_feedback": DelayLineFeedback,
    "cycle_jumps": CycleJumps,
}


def get(topology, **options):
    """A topology from its name.

    Args:
        topology: One of `TOPOLOGIES`, or a `Topology`, which is copied.
        **options: Arguments that replace its own; those it does not have raise.

    Raises:
        ValueError: For an unknown name or an option the topology does not take.
    """
    if isinstance(topology, str) and topology in TOPOLOGIES:
        kind, config = TOPOLOGIES[topology], {}
    elif isinstance(topology, Topology):
        kind, config = type(topology), topology.get_config()
    else:
        close = difflib.get_close_matches(str(topology), TOPOLOGIES, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise ValueError(
            f"topology must be one of {list(TOPOLOGIES)} or a Topology.{hint} "
            f"Received: topology={topology!r}"
        )
    known = kind().get_config()
    for name, value in options.items():
        if name not in known:
            raise ValueError(
                f"{name} does not fit topology={topology!r}, which takes {list(known)}. "
                f"Received: {name}={value!r}"
            )
    return kind(**{**config, **options})
