"""Topologies with random links and weights."""

import math

import keras
import numpy as np

from rnnkit.layers.topology.base import Topology, spectral_radius
from rnnkit.utils.checks import integer, number
from rnnkit.utils.seeds import drawn


@keras.saving.register_keras_serializable(package="rnnkit")
class Circulant(Topology):
    """Units on a circle, linked at `degree` random distances, with normally distributed weights.

    The inputs of unit j are the units j - s, for the same `degree` distances s in every unit: a
    random matrix whose links form a circulant graph. It has the rich dynamics of a random
    reservoir, and as each distance is one contiguous pass over the states, it is the fastest one
    to compute.

    Args:
        degree: Number of incoming links of each unit.
        spectral_radius: See `Topology`.
        seed: See `Topology`.
    """

    shifts = True

    def __init__(self, degree=10, spectral_radius=0.9, seed=None):
        super().__init__(spectral_radius, seed)
        self.degree = integer(degree, "degree")

    def in_degree(self, units):
        return self.degree

    def sample(self, units, rng):
        distances = rng.choice(units, self.degree, replace=False)
        indices = (np.arange(units) - distances[:, None]) % units
        return indices, rng.normal(size=(self.degree, units))


@keras.saving.register_keras_serializable(package="rnnkit")
class RandomDegree(Circulant):
    """Each unit has `degree` inputs chosen at random, with normally distributed weights.

    Args:
        degree: Number of incoming links of each unit.
        spectral_radius: See `Topology`.
        seed: See `Topology`.
    """

    shifts = False

    def sample(self, units, rng):
        # The first `degree` of a random order of all, for every unit.
        if self.degree * 8 > units:
            keys = rng.random((units, units))
            indices = np.argpartition(keys, self.degree - 1, axis=1)[:, : self.degree]
            indices = np.sort(indices, axis=1).T  # else the order would depend on the processor
        else:  # few: sample, and sample again what came twice
            indices = rng.integers(units, size=(self.degree, units))
            while True:
                ordered = np.sort(indices, axis=0)
                twice = (ordered[1:] == ordered[:-1]).any(axis=0)
                if not twice.any():
                    break
                indices[:, twice] = rng.integers(units, size=(self.degree, int(twice.sum())))
        return indices, rng.normal(size=(self.degree, units))


@keras.saving.register_keras_serializable(package="rnnkit")
class RandomConnectivity(Topology):
    """Each possible link exists with probability `connectivity`; normally distributed weights.

    The number of inputs of a unit varies (Erdős and Rényi's random graph), as in most of the
    literature on echo state networks.

    Args:
        connectivity: Fraction of the possible links that exist, above 0 and at most 1.
        spectral_radius: See `Topology`.
        seed: See `Topology`.
    """

    def __init__(self, connectivity=0.1, spectral_radius=0.9, seed=None):
        super().__init__(spectral_radius, seed)
        self.connectivity = number(connectivity, "connectivity", above=0, most=1)

    def in_degree(self, units):
        # Room for the unit with most inputs: six deviations above the mean are never reached.
        mean = units * self.connectivity
        return min(units, math.ceil(mean + 6 * math.sqrt(mean * (1 - self.connectivity)) + 3))

    def sample(self, units, rng):
        degree = self.in_degree(units)
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


@keras.saving.register_keras_serializable(package="rnnkit")
class SmallWorld(Topology):
    """A ring of neighbourhoods with some links rewired at random; normally distributed weights.

    The inputs of each unit are its `degree` nearest neighbours on a circle, half on each side. Each
    link is replaced with probability `rewire` by one from a random unit, which may be an input
    already.

    Args:
        degree: Number of incoming links of each unit; even.
        rewire: Probability that a link is rewired: 0 leaves a lattice, 1 a random graph.
        spectral_radius: See `Topology`.
        seed: See `Topology`.

    Reference:
        Watts and Strogatz, "Collective dynamics of small-world networks", Nature 1998,
        https://doi.org/10.1038/30918.
    """

    def __init__(self, degree=10, rewire=0.1, spectral_radius=0.9, seed=None):
        super().__init__(spectral_radius, seed)
        self.degree = integer(degree, "degree", least=2)
        if self.degree % 2:
            raise ValueError(f"degree must be even. Received: degree={degree}")
        self.rewire = number(rewire, "rewire", least=0, most=1)

    def in_degree(self, units):
        return self.degree

    def check(self, units):
        if self.degree >= units:
            raise ValueError(
                f"degree must be below the number of units, {units}. Received: degree={self.degree}"
            )

    def sample(self, units, rng):
        half = self.degree // 2
        distances = np.concatenate([np.arange(1, half + 1), -np.arange(1, half + 1)])
        indices = (np.arange(units) - distances[:, None]) % units
        rewired = rng.random(indices.shape) < self.rewire
        indices = np.where(rewired, rng.integers(units, size=indices.shape), indices)
        return indices, rng.normal(size=indices.shape)


@keras.saving.register_keras_serializable(package="rnnkit")
class FullyConnected(Topology):
    """Every unit is linked to all, with normally distributed weights.

    Args:
        spectral_radius: See `Topology`.
        seed: See `Topology`.
    """

    sparse = False

    def matrix(self, units):
        values = np.random.default_rng(drawn(self.seed)).normal(size=(units, units))
        return values * (self.spectral_radius / spectral_radius(values))


@keras.saving.register_keras_serializable(package="rnnkit")
class Orthogonal(Topology):
    """A random orthogonal matrix: every eigenvalue has the same absolute value.

    All directions of the state decay at the same rate, which gives the longest linear memory.

    Args:
        spectral_radius: Absolute value of all eigenvalues.
        seed: See `Topology`.

    Reference:
        White, Lee and Sompolinsky, "Short-term memory in orthogonal neural networks", 2004,
        https://doi.org/10.1103/PhysRevLett.92.148102.
    """

    sparse = False

    def matrix(self, units):
        rng = np.random.default_rng(drawn(self.seed))
        factor, triangle = np.linalg.qr(rng.normal(size=(units, units)))
        return factor * np.sign(np.diag(triangle)) * self.spectral_radius  # Haar measure
