"""Many seeds out of one, and a seed where none was given."""

import random

import numpy as np


def drawn(seed=None):
    """A seed, or where it is None one from Python's random numbers.

    As Keras does it, so that `keras.utils.set_random_seed` fixes what nobody gave a seed.
    """
    return random.randrange(2**31 - 1) if seed is None else int(seed)


class Seeds:
    """Distinct seeds for the layers of a model, all fixed by one; None stays None.

    Args:
        seed: Integer of at least 0, or None.

    Raises:
        ValueError: For what is neither.

    Example:

    >>> seeds = Seeds(1)
    >>> seeds.next() != seeds.next()
    True
    """

    def __init__(self, seed):
        if seed is not None and (not isinstance(seed, (int, np.integer)) or seed < 0):
            raise ValueError(f"seed must be None or an integer >= 0. Received: seed={seed!r}")
        self._numbers = None if seed is None else np.random.default_rng(seed)

    def next(self):
        return None if self._numbers is None else int(self._numbers.integers(2**31 - 1))

    def glorot(self):
        """Glorot's uniform initializer, with the next seed."""
        import keras

        return keras.initializers.GlorotUniform(seed=self.next())
