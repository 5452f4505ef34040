"""Whether the loops over time of a model are compiled by XLA."""

import contextlib

from rnnkit.data.pipeline.encoded import Encoded
from rnnkit.layers.time_loop import compiled_loops
from rnnkit.utils import replicas

# Steps of loops from which on compiling them saves more time than it takes: a second a layer to
# train and half to compute, against a tenth to a fifth of a millisecond a step.
WORTH = 30_000

FUNCTIONS = ("train_function", "test_function", "predict_function")


class CompilesLoops:
    """The steps of a Keras model, whose loops over time are compiled where that saves time; for a
    class beside `keras.Model`.

    That is decided from the data alone, so that the same training takes the same way each time.
    `compile(jit_compile=True)`, which compiles whole steps for each length, and
    `jit_compile=False` have their way. See `rnnkit.layers.time_loop`.
    """

    _loop_size = None  # rows and steps of the batches for which loops are compiled now, or None
    _may_compile_loops = False

    def compile(self, *args, jit_compile="auto", run_eagerly=False, **kwargs):
        self._may_compile_loops = jit_compile == "auto" and not run_eagerly
        self._kept_functions = _Kept()
        super().compile(*args, jit_compile=jit_compile, run_eagerly=run_eagerly, **kwargs)

    def get_compile_config(self):
        config = super().get_compile_config()
        if config and self._may_compile_loops:
            config["jit_compile"] = "auto"  # Keras writes what that is on this machine
        return config

    def train_step(self, data):
        with compiled_loops(self._loop_size):
            return super().train_step(data)

    def test_step(self, data):
        with compiled_loops(self._loop_size):
            return super().test_step(data)

    def predict_step(self, data):
        with compiled_loops(self._loop_size):
            return super().predict_step(data)

    @contextlib.contextmanager
    def loops_for(self, data, batch_size, epochs=None):
        """A context in which loops are compiled if that pays for the data.

        Args:
            data: What is trained on, or computed: an `Encoded`, or other data, for which loops are
                not compiled, as its length is not known.
            batch_size: Examples in a batch.
            epochs: Passes over the data in training; None: it is not trained.
        """
        before = self._loop_size
        size = self._size_for(data, batch_size, epochs) if before is None else before
        self._switch(before, size)
        try:
            yield
        finally:
            self._switch(size, before)

    def _size_for(self, data, batch_size, epochs):
        if not self._may_compile_loops or not isinstance(data, Encoded) or replicas.count() > 1:
            return None
        passes = epochs or 1
        if data.steps * passes < WORTH:  # even one by one
            return None
        rows, usual = self.batch_shape(data, batch_size)
        return (rows, usual) if data.steps / rows * passes >= WORTH else None

    def batch_shape(self, data, batch_size):
        """How many rows a batch of an `Encoded` has, and how many steps on average."""
        return min(batch_size, len(data)), data.steps // len(data)

    def _switch(self, before, after):
        """Exchanges the functions of the steps, which are traced for one or the other."""
        if before == after:
            return
        self._kept_functions.put(before, {name: getattr(self, name) for name in FUNCTIONS})
        for name, function in self._kept_functions.get(after).items():
            setattr(self, name, function)
        self._loop_size = after


class _Kept:
    """Functions by the size for which their loops are compiled. An object of its own, as
    Keras takes dicts of a model apart."""

    def __init__(self):
        self._kept = {}

    def put(self, size, functions):
        self._kept[size] = functions

    def get(self, size):
        return self._kept.get(size, dict.fromkeys(FUNCTIONS))
