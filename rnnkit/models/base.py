"""The base of all models: raw data in, readable results out, one file."""

import contextlib
import warnings

import keras
import numpy as np
import tensorflow as tf

from rnnkit import metrics as scoring
from rnnkit.data.pipeline.encoded import Encoded, in_memory
from rnnkit.data.pipeline.given import endless, is_lazy
from rnnkit.data.pipeline.raw import in_parts
from rnnkit.losses.balanced import BalancedCrossEntropy
from rnnkit.losses.class_metrics import of_target
from rnnkit.models.ahead import ReadsAhead
from rnnkit.models.calls import CheckedCalls
from rnnkit.models.compiled import CompiledFunctions
from rnnkit.models.declared import measuring
from rnnkit.models.described import Described
from rnnkit.models.export import Served
from rnnkit.models.growing import grow, with_rehearsal
from rnnkit.models.loops import CompilesLoops
from rnnkit.models.members import Ensemble
from rnnkit.models.outputs import check_compiled, task_defaults
from rnnkit.models.prepared import Prepared
from rnnkit.models.progress import shown
from rnnkit.models.saved import Saved
from rnnkit.training import optimizers  # noqa: F401  registers what files may name
from rnnkit.training.class_weights import class_weights, weighted
from rnnkit.training.distributed import Distributed
from rnnkit.training.keeping import follow
from rnnkit.training.stopping import BestKept, restart_averages, with_defaults
from rnnkit.training.warm_start import WarmStart
from rnnkit.utils.checks import integer
from rnnkit.utils.digits import shortened
from rnnkit.utils.graphs import many_graphs
from rnnkit.utils.idle import refuse_idle
from rnnkit.utils.progress import Progress, asked
from rnnkit.utils.start_up import settle


@keras.saving.register_keras_serializable(package="rnnkit")
class Model(
    CheckedCalls,
    Described,
    CompilesLoops,
    Distributed,
    Ensemble,
    Prepared,
    ReadsAhead,
    Saved,
    Served,
    keras.Model,
):
    """A Keras model with a feature on each side.

    `fit`, `evaluate`, `predict`, `score` and `infer` take the same raw data: one input or many, as
    a list, tuple, NumPy array, tensor, column or one-column frame of pandas, a `tf.data.Dataset`
    of raw `(x, y)`, a generator or a `keras.utils.PyDataset`. What one input is, such as a text or
    the samples of a clip, the input feature says, in `Feature.holds_one`; what may be either is
    refused. Order and number are those of the inputs. Encoding happens in `tf.data`, in batches of
    similar length. All arguments and callbacks of Keras pass through.

    A pattern (`ManyToOne`, ...) builds its graph and calls this constructor with it and with its
    own arguments, each of which becomes an attribute and is saved with the model.

    Args:
        inputs: Keras inputs of the graph.
        outputs: Keras outputs of the graph.
        input_feature: Adapted feature of the raw inputs.
        output_feature: Adapted feature of the raw targets.
        seed: Integer that fixes the shuffling, or None.
        name: Name of the model.
        **arguments: All other arguments of the pattern.

    Attributes:
        recipe: Name of the recipe that built the model, or None.
        score_names: Names of the scores that `score` gives, or None for the feature's own.
        fit_defaults: Dict of training settings (`batch_size`, `patience`, ...) a recipe chose;
            see `fit`.
        trained: Dict of how a recipe trained the model, or None; see `rnnkit.card`.
        members: Of a model with `ensemble=5` the list of its networks, else empty; see
            `rnnkit.models.members.Ensemble`.
    """

    weighs_steps = False  # whether there may be a sample weight for each step of the input
    may_count_later = ()  # arguments that a call may use although they are switched off

    def __init__(
        self, inputs, outputs, *, input_feature, output_feature, seed=None, name=None, **arguments
    ):
        now = {each: arguments[each] for each in arguments.keys() - set(self.may_count_later)}
        refuse_idle(type(self), now)
        features = {"input_feature": input_feature, "output_feature": output_feature}
        settle()
        inputs, outputs = self.averaged(inputs, outputs, {**features, "seed": seed, **arguments})
        super().__init__(inputs=inputs, outputs=outputs, name=name)
        self.input_feature = input_feature
        self.output_feature = output_feature
        self.seed = seed
        for argument, value in arguments.items():
            setattr(self, argument, value)
        self.recipe = None
        self.score_names = None
        self.fit_defaults = {}
        self.trained = None
        self.compiled_functions = CompiledFunctions()
        self._take_features()
        if not measuring.get():
            self.compile()

    # === Compilation ===

    def compile(self, optimizer="auto", loss="auto", metrics="auto", **kwargs):
        """Configures training; every argument left at `"auto"` takes the task's default.

        Args:
            optimizer: Keras optimizer; by default Adam with gradients clipped to norm 1.
            loss: Keras loss; by default cross-entropy for labels (of several an example the mean
                over the labels), mean squared error for numbers, `rnnkit.losses.TargetsLoss` for
                targets of several kinds, which take no other.
            metrics: Keras metrics; by default accuracy for labels (of several an example
                `rnnkit.losses.MicroF1`), mean absolute error for numbers (in units of the
                standardised target). Of two classes the positive one is
                the second of `output_feature.classes`: `"AUC"`, `"Precision"`, `"Recall"`,
                `"F1Score"` and the like are its own; see `rnnkit.losses.OfClasses`.
            **kwargs: Passed to `keras.Model.compile`. Where `jit_compile` is left out, XLA compiles
                the loops over time of a training that is long enough to gain by it.

        Raises:
            ValueError: For metrics that say nothing of such a target.
        """
        default_loss, default_metrics = task_defaults(self.output_feature)
        if optimizer == "auto":
            optimizer = keras.optimizers.Adam(1e-3, clipnorm=1.0)
        if isinstance(loss, str) and loss == "auto":
            loss = default_loss
        if isinstance(metrics, str) and metrics == "auto":
            metrics = default_metrics
        for given in (metrics, kwargs.get("weighted_metrics")):
            check_compiled(loss, given, self.output_feature)
        self.compile_members(optimizer, metrics, loss=loss, **kwargs)
        metrics = of_target(metrics, self.output_feature)
        if "weighted_metrics" in kwargs:
            weighted_metrics = of_target(kwargs["weighted_metrics"], self.output_feature)
            kwargs = {**kwargs, "weighted_metrics": weighted_metrics}
        if kwargs.get("steps_per_execution", "auto") != "auto":
            integer(kwargs["steps_per_execution"], "steps_per_execution")
        super().compile(optimizer=optimizer, loss=loss, metrics=metrics, **kwargs)

    def compile_from_config(self, config):
        with self.distribute_strategy.scope():  # where variables of optimizer and metrics belong
            self.compile(**keras.saving.deserialize_keras_object(config))
        if self.built:
            self.build_optimizer()

    def build_optimizer(self):
        """Makes the optimizer's variables before the first step, where Keras makes them within it.

        TensorFlow traces a function anew if its first trace made variables, so that training would
        begin after twice the time.
        """
        for member in self.members:
            member.build_optimizer()
        if self.optimizer is not None and not self.optimizer.built and not self.members:
            with self.distribute_strategy.scope():
                self.optimizer.build(self.trainable_variables)

    # === Training ===

    def _seen(self, data):
        """Called with the encoded training data, for what a pattern has to know of it."""

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
        trainer=None,
        **kwargs,
    ):
        """Trains on raw data; see `keras.Model.fit` for the arguments.

        A model from a recipe that is given validation data stops early and keeps the weights of
        its best epoch, unless `callbacks` already has an `EarlyStopping`. A loss or weights that
        are NaN or infinite end the training, and the model gets its last good weights back. Of an
        ensemble each member is trained so, one after the other.

        Args:
            x: Raw data: a `tf.data.Dataset`, generator or `keras.utils.PyDataset` of `(x, y)`, or
                the inputs (list, array, column). A generator gives examples or batches, and is
                read to its end before the first epoch, as all data is encoded once. With
                `steps_per_epoch` a generator or `PyDataset` is read while the model is trained.
            y: Raw targets, if `x` is not a dataset.
            batch_size: Examples in a step. By default the model's own; with `steps_per_epoch`
                that of the batches that a generator or `PyDataset` gives.
            class_weight: Dict of weight by class (of a label, of tags, or of the tokens of
                generated texts), such as `{"spam": 3}`; a class of labels and tags may also be
                given by its index. Others weigh 1. `"balanced"` makes all weigh the same in all.
                They count in training alone, times `sample_weight`.
            interrupted_path: Where Ctrl-C leaves the best weights so far; by default
                `<name>-interrupted.keras` in the current folder. False leaves none.
            trainer: What runs the epochs instead of the model itself, such as
                `rnnkit.training.PolicyGradient`, or None.

        Returns:
            The Keras `History`.

        Raises:
            ValueError: For class weights of what is no class, or that cannot count.
            rnnkit.training.Diverged: A ValueError: the loss or the weights are not finite.
        """
        weights = self.checked_class_weight(class_weight)
        if weights is not None and trainer is not None:
            raise ValueError(
                "class_weight must be left out here: what a model generates is judged as a whole "
                f"by its reward. Received: class_weight={class_weight!r}"
            )
        if is_lazy(x) and y is None and kwargs.get("steps_per_epoch") is not None:
            if self.members:
                raise ValueError(
                    "x must be data that can be read again where each member of an ensemble learns "
                    "from it: leave steps_per_epoch out. "
                    f"Received: {type(x).__name__}, steps_per_epoch={kwargs['steps_per_epoch']}"
                )
            texts_alone = self.input_feature is None  # of a language model
            target = None if texts_alone else self.output_feature
            x, size = endless(x, [self.served_feature, target])
            batch_size, shuffle = batch_size or size, False
        with asked(verbose):
            train, validation = self._prepare_fit(
                x, y, sample_weight, validation_split, in_parts(validation_data)
            )
        if trainer is None:
            train, validation = self._read_ahead(train, validation, verbose)
        self._seen(train)
        self.trained = None  # what was kept of an earlier training is not true of this one
        if self.members:
            return self.fit_members(
                train,
                validation,
                batch_size=batch_size,
                epochs=epochs,
                verbose=verbose,
                callbacks=callbacks,
                shuffle=shuffle,
                class_weight=class_weight,
                validation_batch_size=validation_batch_size,
                interrupted_path=interrupted_path,
                **kwargs,
            )
        train = weighted(train, weights, self.output_feature)
        held_out = validation
        if validation is not None:
            validation = self._batches(validation, validation_batch_size or batch_size)
        run = super().fit if trainer is None else trainer.fit
        stopping = None
        if validation is not None:
            stopping = self.fit_defaults if trainer is None else trainer.stopping
        warmup = self.fit_defaults.get("warmup")
        callbacks = with_defaults(callbacks, self.optimizer, stopping, warmup)
        self.build_optimizer()
        compiled = contextlib.nullcontext()
        if trainer is None:
            compiled = self.loops_for(train, self._batch_size(batch_size), epochs)
        kept = BestKept(self, callbacks, interrupted_path, (train, held_out))
        with kept, many_graphs(), compiled:
            history = run(
                follow(callbacks, self._batches(train, batch_size, shuffle, self.shuffling_seed)),
                epochs=epochs,
                verbose=verbose,
                callbacks=callbacks,
                validation_data=validation,
                shuffle=False,  # the batches come shuffled
                **kwargs,
            )
        restart_averages(self.optimizer, self.trainable_variables)
        self.calibrate(held_out, validation_batch_size or batch_size)
        return history

    def checked_class_weight(self, class_weight):
        """Class weights as `rnnkit.training.class_weights.class_weights` gives them.

        Raises:
            ValueError: Also where they cannot count in the loss, with the reason.
        """
        if class_weight is not None and self.weighs_otherwise:
            raise ValueError(
                f"class_weight must be left out here: {self.weighs_otherwise}. "
                f"Received: class_weight={class_weight!r}"
            )
        return class_weights(class_weight, self.output_feature, self.learns_tokens)

    @property
    def learns_tokens(self):
        """Whether the loss is a mean over the tokens of texts, which class weights may weigh."""
        return False

    @property
    def weighs_otherwise(self):
        """Why class weights cannot count in the loss, in words, or None."""
        if isinstance(self.loss, BalancedCrossEntropy) and len(set(self.loss.weights)) > 1:
            return "the loss weighs classes itself; with balance=0 a recipe that has it does not"
        return None

    @property
    def learns_from_validation(self):
        """Whether `fit` learns from validation data too, rather than choosing by it alone."""
        return False

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
        if not self.output_feature.calibrates or not isinstance(validation, Encoded):
            return
        outputs = self.predict(validation, batch_size, verbose=0)
        reason = self.output_feature.calibrate(validation.tensors[1].numpy(), outputs)
        if reason:
            warnings.warn(f"{reason}.", stacklevel=4)

    def fine_tune(
        self,
        x,
        y=None,
        *,
        freeze=None,
        epochs=3,
        learning_rate=None,
        validation_data=None,
        extend=False,
        rehearse=None,
        **kwargs,
    ):
        """Warm start: trains on with new data, at a lower learning rate.

        Vocabulary, classes and scaling stay as they are, unless `extend` lets them grow. The
        optimizer starts afresh.

        Args:
            x: Raw data as in `fit`.
            y: Raw targets, if `x` is not a dataset.
            freeze: What keeps its weights: `"encoder"` (all but the output layer),
                `"embedding"`, a layer's name, or a list of these. None trains everything.
            epochs: Passes over the new data.
            learning_rate: By default a third of the model's own, which it has again afterwards;
                with `rehearse` the model's own.
            validation_data: Raw data to watch.
            extend: Whether the words, characters, labels and tags of the new data that the model
                does not know are added to those that it knows; what they mean is learned. What was
                added is printed. See `rnnkit.models.growing.grow`.
            rehearse: Raw data, `(x, y)` or a dataset, that the model learned from before: it is
                learned from again beside the new data. Without it a model forgets labels that the
                new data does not have: with 150 examples of a third label alone, one of `spam`
                that was right of .99 of the others is of .76 after ten epochs, and of .98 with all
                older data.
            **kwargs: Passed to `fit`.

        Returns:
            The Keras `History`.
        """
        weights = kwargs.pop("sample_weight", None)
        if extend:
            x, y, weights = grow(self, x, y, weights), None, None
        data = self.prepare(x, y, weights)
        if rehearse is not None:
            data = with_rehearsal(data, self.prepare(rehearse))
            if learning_rate is None:
                learning_rate = float(self.optimizer.learning_rate)
        settings = {"epochs": epochs, **kwargs}
        if self.members:
            held_out = None if validation_data is None else self.prepare(validation_data)
            data, held_out = self._read_ahead(data, held_out, kwargs.get("verbose", "auto"))
            settings |= {"freeze": freeze, "learning_rate": learning_rate}
            return self.fit_members(data, held_out, "fine_tune", **settings)
        with WarmStart(self, freeze, learning_rate):
            return self.fit(data, validation_data=validation_data, **settings)

    # === Evaluation and inference ===

    def evaluate(self, x=None, y=None, batch_size=None, sample_weight=None, **kwargs):
        """Loss and compiled metrics on raw data; see `keras.Model.evaluate`."""
        if kwargs.pop("_use_cached_eval_dataset", False):  # how Keras validates within fit
            return super().evaluate(x, _use_cached_eval_dataset=True, **kwargs)
        data = self.prepare(x, y, sample_weight)
        with many_graphs(), self.loops_for(data, self._batch_size(batch_size)):
            return super().evaluate(self._batches(data, batch_size), **kwargs)

    def predict(self, x, batch_size=None, verbose="auto", **kwargs):
        """The network's outputs for raw inputs, as arrays in the order of the inputs.

        Args:
            x: Raw inputs, one or many: a list, array, column, generator, or a dataset of `x` or
                `(x, y)`.
            batch_size: Inputs computed at a time; results do not depend on it.

        Returns:
            NumPy array, of one input too with the inputs on its first axis: for labels the
            probabilities `[inputs, classes]`; for numbers values `[inputs, size]` in units of the
            standardised target (`infer` gives the original unit); for several targets both, side by
            side (`Targets.parts` has the slices). Outputs of sequences are padded to the longest.
        """
        if isinstance(x, list) and not x:
            return np.zeros((0, *(size or 0 for size in self.output_shape[1:])), "float32")
        data = self.prepare(x, targets=False)
        size = self._batch_size(batch_size)
        batches = self._batches(data, size)
        if len(batches.element_spec) > 1:
            batches = batches.map(lambda codes, *rest: (codes,))
        with many_graphs(), self.loops_for(data, size), Progress("Computing") as computing:
            if computing.wanted and verbose == 0 and "callbacks" not in kwargs:
                computing.total = int(batches.cardinality())
                kwargs["callbacks"] = [
                    keras.callbacks.LambdaCallback(
                        on_predict_batch_end=lambda batch, logs: computing.at(batch + 1)
                    )
                ]
            outputs = super().predict(batches, verbose=verbose, **kwargs)
        if isinstance(outputs, tf.RaggedTensor):  # sequences whose batches differ in length
            fill = tf.constant(self.output_feature.padding, outputs.dtype)
            outputs = outputs.to_tensor(fill).numpy()  # [inputs, longest, ...]
        return data.restored(outputs, size)

    def _each_batch(self, compute, data, batch_size, verbose):
        """What `compute(inputs)` gives, batch by batch: a generator that shows its progress."""
        batches = Model._batches(self, data, batch_size)
        steps = int(batches.cardinality())
        for inputs, *_ in shown(batches, steps if steps > 0 else None, verbose):
            yield compute(inputs)

    def infer(self, x, batch_size=None):
        """Raw in, readable out: labels with probabilities, numbers in their own unit.

        Args:
            x: Raw inputs as in `predict`.

        Returns:
            A list with what the output feature's `decode` gives for each input, of several targets
            a dict of each; for one input (see `Feature.holds_one`) its result alone.

        Example:

        >>> model.infer("not bad at all")
        {"label": "positive", "probability": 0.93, "probabilities": {...}}
        """
        x, single = self.given(x)
        results = self.output_feature.decode(self.predict(x, batch_size, verbose=0))
        return results[0] if single else results

    def score(self, x, y=None, batch_size=None, verbose=0):
        """The task's own scores on raw data, as a dict of floats; see `rnnkit.metrics`."""
        data = in_memory(self.prepare(x, y))
        outputs = self.predict(data, batch_size, verbose=verbose)
        truth = data.tensors[1].numpy()
        found = scoring.scores(self.output_feature, truth, outputs, self.score_names)
        return shortened(found)
