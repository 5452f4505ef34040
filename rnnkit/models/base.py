"""The base of all models: raw data in, readable results out, one file."""

import concurrent.futures
import contextvars
import inspect
import os

import keras
import numpy as np
import tensorflow as tf

from rnnkit import metrics as scoring
from rnnkit.data.pipeline.encoded import Encoded, Streamed, prepare
from rnnkit.data.pipeline.raw import as_dataset
from rnnkit.features import Feature, Label, Number
from rnnkit.losses import balanced as balanced_losses  # noqa: F401  registers what files may name
from rnnkit.models import export
from rnnkit.training import (
    fitting,
    optimizers,  # noqa: F401  registers what files may name
)
from rnnkit.utils.writing import atomically

DEFAULT_BATCH = 32

# Set while a model is built only to learn the shapes of its weights; see `declared_shapes`.
_measuring = contextvars.ContextVar("measuring", default=False)


@keras.saving.register_keras_serializable(package="rnnkit")
class Model(keras.Model):
    """A Keras model with a feature on each side.

    `fit`, `evaluate`, `predict`, `score` and `infer` take raw data: a `tf.data.Dataset` of raw
    `(x, y)`, lists, NumPy arrays, tensors or pandas columns. Encoding happens in `tf.data`, in
    batches of similar length. All arguments and callbacks of Keras pass through.

    A pattern (`ManyToOne`, ...) builds its graph and calls this constructor with it.

    Args:
        inputs: Keras inputs of the graph.
        outputs: Keras outputs of the graph.
        input_feature: Adapted feature of the raw inputs.
        output_feature: Adapted feature of the raw targets.
        seed: Integer that fixes the shuffling, or None.
        name: Name of the model.

    Attributes:
        recipe: Name of the recipe that built the model, or None.
        score_names: Names of the scores that `score` gives, or None for the feature's own.
        fit_defaults: Dict of training settings (`batch_size`, `patience`, ...) a recipe chose;
            see `fit`.
    """

    def __init__(self, inputs, outputs, *, input_feature, output_feature, seed=None, name=None):
        super().__init__(inputs=inputs, outputs=outputs, name=name)
        self.input_feature = input_feature
        self.output_feature = output_feature
        self.seed = seed
        self.recipe = None
        self.score_names = None
        self.fit_defaults = {}
        if not _measuring.get():
            self.compile()

    # === Compilation ===

    def compile(self, optimizer="auto", loss="auto", metrics="auto", **kwargs):
        """Configures training; every argument left at `"auto"` takes the task's default.

        Args:
            optimizer: Keras optimizer; by default Adam with gradients clipped to norm 1.
            loss: Keras loss; by default cross-entropy for labels, mean squared error for numbers.
            metrics: Keras metrics; by default accuracy for labels, mean absolute error for
                numbers (in units of the standardised target).
            **kwargs: Passed to `keras.Model.compile`.
        """
        default_loss, default_metrics = task_defaults(self.output_feature)
        if optimizer == "auto":
            optimizer = keras.optimizers.Adam(1e-3, clipnorm=1.0)
        if isinstance(loss, str) and loss == "auto":
            loss = default_loss
        if isinstance(metrics, str) and metrics == "auto":
            metrics = default_metrics
        super().compile(optimizer=optimizer, loss=loss, metrics=metrics, **kwargs)

    def compile_from_config(self, config):
        config = keras.saving.deserialize_keras_object(config)
        self.compile(**config)
        if self.built:
            fitting.build_optimizer(self)

    # === Data ===

    def encode(self, *raw):
        """Encodes a batch of raw examples `(x[, y[, weight]])`; runs inside `tf.data`."""
        features = (self.input_feature, self.output_feature)
        encoded = [
            feature.encode(values, truncate=False)
            for feature, values in zip(features, raw, strict=False)
        ]
        return (*encoded, *raw[2:])

    def prepare(self, x, y=None, sample_weight=None, targets=True):
        """Encodes raw data once, to be used many times (as `recipe.tune` does).

        Args:
            x: Raw data as in `fit`.
            y: Targets, if `x` is not a dataset.
            sample_weight: Weights, if `x` is not a dataset.
            targets: Whether targets are wanted.

        Returns:
            Encoded data, accepted by `fit`, `evaluate`, `predict` and `score` in place of raw.
        """
        if isinstance(x, (Encoded, Streamed)):
            return x
        dataset = as_dataset(
            x, y, sample_weight, self.input_feature, self.output_feature if targets else None
        )
        padding = (self.input_feature.padding, self.output_feature.padding, 0)
        return prepare(
            dataset, self.encode, self._check, self._truncate, self._guard, padding=padding
        )

    def _check(self, raw, encoded):
        features = (self.input_feature, self.output_feature)
        for feature, values, codes in zip(features, raw, encoded, strict=False):
            feature.check(values, codes)

    def _guard(self, encoded):
        features = (self.input_feature, self.output_feature)
        guarded = [f.guard(codes) for f, codes in zip(features, encoded, strict=False)]
        return (*guarded, *encoded[2:])

    def _truncate(self, encoded):
        cut, results = tf.constant(0, tf.int64), []
        features = (self.input_feature, self.output_feature)
        for feature, codes in zip(features, encoded, strict=False):
            if feature.max_length is not None and isinstance(codes, tf.RaggedTensor):
                cut += tf.math.count_nonzero(codes.row_lengths() > feature.max_length)
                codes = feature.truncate(codes)
            results.append(codes)
        return (*results, *encoded[2:]), cut

    @property
    def _multiple(self):
        # Under XLA each new length is compiled anew, so lengths are rounded up there.
        return 16 if self.jit_compile is True else 1

    def _batches(self, data, batch_size, shuffle=False, seed=None):
        size = self._batch_size(batch_size)
        return data.batches(size, shuffle, seed, self._multiple)

    def _batch_size(self, size):
        if size is None:
            size = self.fit_defaults.get("batch_size", DEFAULT_BATCH)
        if not isinstance(size, (int, np.integer)) or isinstance(size, bool) or size < 1:
            raise ValueError(f"batch_size must be a positive integer. Received: {size!r}")
        return int(size)

    # === Training ===

    def _seen(self, data):
        """Called with the encoded training data, for what a pattern has to know of it."""

    @property
    def stopping(self):
        """Dict of the settings of early stopping: `patience`, `monitor`, `min_delta`."""
        return self.fit_defaults

    @property
    def encoder_layers(self):
        """The layers that `fine_tune(freeze="encoder")` leaves as they are."""
        return [
            layer for layer in self.layers if layer.weights and not layer.name.endswith("output")
        ]

    def fit(
        self,
        x=None,
        y=None,
        batch_size=None,
        epochs=1,
        verbose="auto",
        callbacks=None,
        validation_split=0.0,
        validation_data=None,
        shuffle=True,
        class_weight=None,
        sample_weight=None,
        validation_batch_size=None,
        interrupted_path=None,
        **kwargs,
    ):
        """Trains on raw data; see `keras.Model.fit` for the arguments.

        A model from a recipe that is given validation data stops early and keeps the weights of
        its best epoch, unless `callbacks` already has an `EarlyStopping`.

        Args:
            x: Raw data: a `tf.data.Dataset` of `(x, y)`, or the inputs (list, array, column).
            y: Raw targets, if `x` is not a dataset.
            class_weight: Dict of weight by class, the class given as its name or its index.
            interrupted_path: Where Ctrl-C leaves the best weights so far; by default
                `<name>-interrupted.keras` in the current folder. False leaves none.

        Returns:
            The Keras `History`.
        """
        train, validation = fitting.encoded(
            self, x, y, sample_weight, validation_split, _in_parts(validation_data)
        )
        self._seen(train)
        held_out = validation
        if validation is not None:
            validation = self._batches(validation, validation_batch_size or batch_size)
        callbacks = fitting.with_defaults(callbacks, self, validation is not None)
        fitting.build_optimizer(self)
        with fitting.best_kept(self, callbacks, interrupted_path):
            history = super().fit(
                self._batches(train, batch_size, shuffle, self.seed),
                epochs=epochs,
                verbose=verbose,
                callbacks=callbacks,
                validation_data=validation,
                shuffle=False,  # the batches come shuffled
                class_weight=fitting.class_weights(class_weight, self.output_feature),
                **kwargs,
            )
        fitting.settle_averages(self)
        self.calibrate(held_out, validation_batch_size or batch_size)
        return history

    @property
    def calibrates(self):
        """Whether there is something for `calibrate` to choose."""
        return self.output_feature.calibrates

    def calibrate(self, validation, batch_size=None):
        """Chooses on validation data what is not trained, such as a threshold. `fit` calls it.

        Args:
            validation: Encoded validation data, or None.
            batch_size: Examples computed at a time.
        """
        fitting.calibrate_decision(self, validation, batch_size)

    def fine_tune(
        self,
        x,
        y=None,
        *,
        freeze=None,
        epochs=3,
        learning_rate=None,
        validation_data=None,
        **kwargs,
    ):
        """Warm start: trains on with new data, at a lower learning rate.

        Vocabulary, classes and scaling stay as they are. The optimizer starts afresh.

        Args:
            x: Raw data as in `fit`.
            y: Raw targets, if `x` is not a dataset.
            freeze: What keeps its weights: `"encoder"` (all but the output layer),
                `"embedding"`, a layer's name, or a list of these. None trains everything.
            epochs: Passes over the new data.
            learning_rate: By default a third of the model's own, which it has again afterwards.
            validation_data: Raw data to watch.
            **kwargs: Passed to `fit`.

        Returns:
            The Keras `History`.
        """
        data = self.prepare(x, y, kwargs.pop("sample_weight", None))
        with fitting.warm_start(self, freeze, learning_rate):
            return self.fit(data, epochs=epochs, validation_data=validation_data, **kwargs)

    # === Evaluation and inference ===

    def evaluate(self, x=None, y=None, batch_size=None, sample_weight=None, **kwargs):
        """Loss and compiled metrics on raw data; see `keras.Model.evaluate`."""
        if kwargs.pop("_use_cached_eval_dataset", False):  # how Keras validates within fit
            return super().evaluate(x, _use_cached_eval_dataset=True, **kwargs)
        data = self.prepare(x, y, sample_weight)
        return super().evaluate(self._batches(data, batch_size), **kwargs)

    def predict(self, x, batch_size=None, verbose="auto", **kwargs):
        """The network's outputs for raw inputs, as arrays in the order of the inputs.

        Args:
            x: Raw inputs (list, array, column) or a dataset of `x` or `(x, y)`.
            batch_size: Inputs computed at a time; results do not depend on it.

        Returns:
            NumPy array: for labels the probabilities `[inputs, classes]`; for numbers values
            `[inputs, size]` in units of the standardised target (`infer` gives the original unit).
            Outputs of sequences are padded to the longest.
        """
        if isinstance(x, list) and not x:
            return np.zeros((0, *(size or 0 for size in self.output_shape[1:])), "float32")
        data = self.prepare(x, targets=False)
        size = self._batch_size(batch_size)
        batches = self._batches(data, size)
        if len(batches.element_spec) > 1:
            batches = batches.map(lambda codes, *rest: (codes,))
        outputs = super().predict(batches, verbose=verbose, **kwargs)
        if isinstance(outputs, tf.RaggedTensor):  # sequences whose batches differ in length
            fill = tf.constant(self.output_feature.padding, outputs.dtype)
            outputs = outputs.to_tensor(fill).numpy()  # [inputs, longest, ...]
        return data.restored(outputs, size)

    def _each_batch(self, compute, data, batch_size, verbose):
        """What `compute(inputs)` gives, batch by batch: a generator that shows its progress."""
        batches = Model._batches(self, data, batch_size)
        steps, progress = int(batches.cardinality()), None
        if verbose in (1, 2):
            progress = keras.utils.Progbar(steps if steps > 0 else None, verbose=verbose)
        for number, (inputs, *_) in enumerate(batches):
            yield compute(inputs)
            if progress:
                progress.update(number + 1)

    def infer(self, x, batch_size=None):
        """Raw in, readable out: labels with probabilities, numbers in their own unit.

        Args:
            x: Raw inputs as in `predict`, or a single text.

        Returns:
            A list with what the output feature's `decode` gives for each input; for a single
            text, its result alone.

        Example:

        >>> model.infer("not bad at all")
        {"label": "positive", "probability": 0.93, "probabilities": {...}}
        """
        if isinstance(x, (str, bytes)):
            return self.infer([x], batch_size)[0]
        return self.output_feature.decode(self.predict(x, batch_size, verbose=0))

    def score(self, x, y=None, batch_size=None, verbose=0):
        """The task's own scores on raw data, as a dict of floats; see `rnnkit.metrics`."""
        data = self.prepare(x, y)
        if isinstance(data, Streamed):
            raise ValueError(
                "score needs data that ends and fits in memory: pass a part of it, such as "
                "`data.take(100_000)`. Received: a dataset that is endless or too large"
            )
        outputs = self.predict(data, batch_size, verbose=verbose)
        truth = data.tensors[1].numpy()
        return scoring.scores(self.output_feature, truth, outputs, self.score_names)

    # === Saving ===

    def save(self, filepath, overwrite=True, **kwargs):
        """Saves features, weights and optimizer to one `.keras` file.

        The file is written beside its place and moved there when complete.

        Args:
            filepath: Path that ends in `.keras`.
            overwrite: Whether an existing file is replaced; if not, it raises.
        """
        path = os.fspath(filepath)
        if not path.endswith(".keras"):
            raise ValueError(f"filepath must end in '.keras'. Received: filepath={path!r}")
        if not overwrite and os.path.exists(path):
            raise ValueError(
                f"{path} exists: pass overwrite=True to replace it, or another name. "
                f"Received: overwrite={overwrite}"
            )
        with atomically(path) as temporary:
            super().save(temporary, **kwargs)

    def serve(self, codes):
        """Readable outputs for a batch of encoded inputs, as TensorFlow operations, for export.

        Args:
            codes: What `input_feature.encode` gives, padded.

        Returns:
            Dict of name to tensor.
        """
        return self.output_feature.decode_graph(self(codes, training=False))

    def export(self, filepath, format="tf_saved_model", **kwargs):
        """Exports for serving; see `rnnkit.models.export.export`."""
        if format not in ("tf_saved_model", "onnx"):
            return super().export(filepath, format=format, **kwargs)
        return export.export(self, filepath, format=format, **kwargs)

    def get_config(self):
        """The arguments of `__init__`: a pattern keeps each as an attribute of its name."""
        serialize = keras.saving.serialize_keras_object
        config = {
            "input_feature": serialize(self.input_feature),
            "output_feature": serialize(self.output_feature),
            "seed": self.seed,
            "name": self.name,
            "settings": {
                "recipe": self.recipe,
                "score_names": self.score_names,
                "fit_defaults": dict(self.fit_defaults),
            },
        }
        for name in inspect.signature(type(self).__init__).parameters:
            if name in config or name in ("self", "inputs", "outputs") or not hasattr(self, name):
                continue
            config[name] = getattr(self, name)
        if not isinstance(config.get("cell", ""), str):
            config["cell"] = serialize(config["cell"])
        return config

    @classmethod
    def from_config(cls, config, custom_objects=None):
        config = dict(config)
        settings = config.pop("settings", {})
        for key in ("input_feature", "output_feature", "cell"):
            if isinstance(config.get(key), dict):
                config[key] = keras.saving.deserialize_keras_object(
                    config[key], custom_objects=custom_objects
                )
        model = cls(**config)
        model.recipe = settings.get("recipe")
        model.score_names = settings.get("score_names")
        model.fit_defaults = settings.get("fit_defaults", {})
        return model


def declared_shapes(config, custom_objects=None):
    """Shapes of the variables that a serialised model declares, found without allocating any.

    Inside a stateless scope Keras notes a variable's shape and puts its value off. It keeps what
    is put off by thread and fills it in later, so this is done in a thread that ends here.

    Args:
        config: What `keras.saving.serialize_keras_object(model)` gives.
        custom_objects: Dict of registered name to class.

    Returns:
        Two lists of shapes: of the weights, and of the variables of the compiled metrics.
    """
    bare = {key: value for key, value in config.items() if key != "compile_config"}
    compiled = config.get("compile_config") or {}
    names = ("metrics", "weighted_metrics")

    def measure():
        _measuring.set(True)
        scope = keras.saving.custom_object_scope(custom_objects or {})
        with scope, keras.StatelessScope(initialize_variables=False):
            load = keras.saving.deserialize_keras_object
            metrics = tf.nest.flatten(load({name: compiled.get(name) for name in names}))
            metrics = [item for item in metrics if isinstance(item, keras.Metric)]
            found = load(bare).weights, [v for item in metrics for v in item.variables]
            return tuple([tuple(variable.shape) for variable in each] for each in found)

    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        return thread.submit(measure).result()


# === What a feature needs of the graph ===


class Seeds:
    """Distinct seeds for the layers of a model, all fixed by one; None stays None."""

    def __init__(self, seed):
        if seed is not None and (not isinstance(seed, (int, np.integer)) or seed < 0):
            raise ValueError(f"seed must be None or an integer >= 0. Received: seed={seed!r}")
        self._numbers = None if seed is None else np.random.default_rng(seed)

    def next(self):
        return None if self._numbers is None else int(self._numbers.integers(2**31 - 1))


def check_features(input_feature, output_feature, outputs=(Label, Number)):
    """Raises a ValueError unless both are adapted features of the right kind."""
    for name, feature in (("input_feature", input_feature), ("output_feature", output_feature)):
        if not isinstance(feature, Feature):
            raise ValueError(
                f"{name} must be a feature, such as rnnkit.features.Text(). Received: {feature!r}"
            )
        if not feature.adapted:
            raise ValueError(
                f"{name} has learned nothing yet: call its adapt(...) on the training data first. "
                f"Received: {type(feature).__name__}"
            )
    if not isinstance(output_feature, outputs):
        names = " or ".join(kind.__name__ for kind in outputs)
        raise ValueError(
            f"output_feature must be a {names}. Received: {type(output_feature).__name__}"
        )


def output_layer(feature, seed, name="output", activate=True):
    """The last layer of a network whose target is a label or a number.

    Args:
        feature: The output feature.
        seed: Seed of the weights.
        name: Name of the layer; `fine_tune(freeze="encoder")` trains the layers whose names end
            in `output`.
        activate: Whether labels become probabilities here, or later by `output_activation`.
    """
    is_label = isinstance(feature, Label)
    return keras.layers.Dense(
        feature.size if is_label else feature.width,
        "softmax" if is_label and activate else None,
        kernel_initializer=keras.initializers.GlorotUniform(seed=seed),
        dtype="float32",  # also under mixed precision: probabilities and losses need it
        name=name,
    )


def output_activation(feature):
    """What turns the sum of several output layers into the output."""
    activation = "softmax" if isinstance(feature, Label) else "linear"
    return keras.layers.Activation(activation, dtype="float32", name="probabilities")


def task_defaults(feature):
    """Default `(loss, metrics)` for a target."""
    # Metrics, not their names, whose variables Keras would make within the first step; see
    # `fitting.build_optimizer`.
    if isinstance(feature, Label):
        metric = keras.metrics.SparseCategoricalAccuracy(name="accuracy")
        return "sparse_categorical_crossentropy", [metric]
    return "mean_squared_error", [keras.metrics.MeanAbsoluteError()]


def _in_parts(data):
    """Validation data with `(x, y[, weight])` as a tuple, and the rest as it is."""
    if not isinstance(data, (tuple, list)):
        return data
    if len(data) not in (2, 3):
        raise ValueError(
            f"validation_data must be a dataset or (x, y[, weight]). Received: {len(data)} parts"
        )
    return tuple(data)
