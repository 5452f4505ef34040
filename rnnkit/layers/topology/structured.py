"""Topologies with a fixed structure, in which nothing is random."""

import math

import keras
import numpy as np

from rnnkit.layers.topology.base import Topology
from rnnkit.utils.checks import integer, number


@keras.saving.register_keras_serializable(package="rnnkit")
class Ring(Topology):
    """The simple cycle reservoir: unit j - 1 is the input of unit j, all with the same weight.

    Args:
        spectral_radius: The weight, which is the absolute value of all eigenvalues.
        seed: Not used: nothing is random.

    Reference:
        Rodan and Tiňo, "Minimum complexity echo state network", 2011, section III,
        https://doi.org/10.1109/TNN.2010.2089641.
    """

    shifts = True

    def in_degree(self, units):
        return 1

    def sample(self, units, rng):
        indices = (np.arange(units)[None] - 1) % units
        return indices, np.ones((1, units))

    def unscaled_radius(self, indices, values):
        return 1.0


@keras.saving.register_keras_serializable(package="rnnkit")
class DelayLine(Ring):
    """The delay line reservoir: unit j - 1 is the input of unit j, and the first unit has none.

    There is no loop, so all eigenvalues are 0 whatever the weights: here `spectral_radius` is the
    weight of the links.

    Args:
        spectral_radius: Weight of the links.
        seed: Not used: nothing is random.

    Reference:
        Rodan and Tiňo (2011), see `Ring`.
    """

    def sample(self, units, rng):
        indices, values = super().sample(units, rng)
        values[0, 0] = 0.0
        return indices, values


@keras.saving.register_keras_serializable(package="rnnkit")
class DelayLineFeedback(Topology):
    """A delay line with weaker links backward: the next unit is an input too.

    The eigenvalues are 2 r sqrt(f) cos(pi k / (units + 1)), with r the weight forward and f
    `feedback`, so r follows from the spectral radius.

    Args:
        feedback: Weight backward, as a fraction of the weight forward; above 0.
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

    def in_degree(self, units):
        return 2

    def sample(self, units, rng):
        indices = (np.arange(units) - np.array([[1], [-1]])) % units
        values = np.stack([np.ones(units), np.full(units, self.feedback)])
        values[0, 0] = values[1, -1] = 0.0  # the ends are not joined
        return indices, values

    def unscaled_radius(self, indices, values):
        units = indices.shape[1]
        return 2 * math.sqrt(self.feedback) * math.cos(math.pi / (units + 1)) if units > 1 else 0.0


@keras.saving.register_keras_serializable(package="rnnkit")
class CycleJumps(Topology):
    """A ring with shortcuts: every `jump`-th unit is also linked to the next such one, both ways.

    Args:
        jump: Length of the shortcuts, at least 2.
        jump_weight: Weight of the shortcuts, as a fraction of the ring's.
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

    def in_degree(self, units):
        return 3

    def check(self, units):
        if self.jump >= units:
            raise ValueError(
                f"jump must be below the number of units, {units}. Received: jump={self.jump}"
            )

    def sample(self, units, rng):
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
