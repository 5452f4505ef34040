"""Helpers of `Model.fit`: splits, early stopping, class weights, warm starts."""

import contextlib
import difflib
import os
import sys
import warnings

import keras
import numpy as np

from rnnkit.data.pipeline.encoded import Encoded
from rnnkit.features import Label
from rnnkit.metrics import direction
from rnnkit.training.callbacks import LinearDecay, has_schedule


def with_defaults(callbacks, model, validated):
    """The user's callbacks, with what a model asks for added where the user has none of the kind.

    Args:
        callbacks: List of Keras callbacks, a single one, or None.
        model: The model. With `patience` in its `stopping` it stops early and keeps its best
            weights; with `warmup` in its `fit_defaults` its learning rate is that of `LinearDecay`,
            unless the optimizer has a schedule; with an optimizer that averages weights
            (`use_ema=True`), the averages are what is validated and kept.
        validated: Whether validation data is given; without it there is no early stopping.

    Returns:
        A list of callbacks, or what was given if it is a `CallbackList`.
    """
    kinds = keras.callbacks
    if isinstance(callbacks, kinds.CallbackList):
        return callbacks
    if callbacks is None:
        callbacks = []
    callbacks = list(callbacks) if isinstance(callbacks, (list, tuple)) else [callbacks]

    def absent(*kinds):
        return not any(isinstance(item, kinds) for item in callbacks)

    if validated and model.stopping.get("patience") is not None:
        if absent(kinds.EarlyStopping):
            callbacks.append(early_stopping(model.stopping))
    warmup = model.fit_defaults.get("warmup")
    if warmup is not None and not has_schedule(model.optimizer):
        if absent(LinearDecay, kinds.LearningRateScheduler, kinds.ReduceLROnPlateau):
            callbacks.insert(0, LinearDecay(warmup))
    if getattr(model.optimizer, "use_ema", False) and absent(kinds.SwapEMAWeights):
        # First, so that the others see the averages.
        callbacks.insert(0, kinds.SwapEMAWeights(swap_on_epoch=True))
    return callbacks


def build_optimizer(model):
    """Makes the optimizer's variables before the first step, where Keras makes them within it.

    TensorFlow traces a function anew if its first trace made variables, so that training would
    begin after twice the time.
    """
    optimizer = model.optimizer
    if optimizer is not None and not optimizer.built:
        with model.distribute_strategy.scope():
            optimizer.build(model.trainable_variables)


def settle_averages(model):
    """Lets the optimizer's averages start from the weights that a training ended with."""
    averages = getattr(model.optimizer, "_model_variables_moving_average", None)
    if getattr(model.optimizer, "use_ema", False) and averages:
        for variable, average in zip(model.trainable_variables, averages, strict=True):
            average.assign(variable)


def early_stopping(defaults):
    """`EarlyStopping` with best weights as a model's `fit_defaults` say."""
    monitor, mode = monitored(defaults)
    return keras.callbacks.EarlyStopping(
        monitor=monitor,
        mode=mode,
        patience=defaults["patience"],
        min_delta=defaults.get("min_delta", 0),
        restore_best_weights=True,
    )


def monitored(defaults):
    """What early stopping and checkpoints watch, and whether less or more of it is better.

    Args:
        defaults: Dict of settings of training: `monitor`, by default `"val_loss"`, and for a metric
            of one's own `mode`.

    Returns:
        The pair of the name and `"min"` or `"max"`.

    Raises:
        ValueError: For a name that `rnnkit.metrics.direction` does not know, without `mode`.
    """
    monitor = defaults.get("monitor", "val_loss")
    return monitor, defaults.get("mode") or direction(monitor)


def split_arrays(x, y, sample_weight, share):
    """Sets the last `share` of arrays apart for validation, as Keras does."""
    if not 0 < share < 1:
        raise ValueError(f"validation_split must be between 0 and 1. Received: {share}")
    if y is None:
        raise ValueError(
            "validation_split needs x and y as arrays or lists; split a dataset with its take "
            f"and skip. Received: x of type {type(x).__name__}"
        )
    cut = int(len(x) * (1 - share))
    if cut < 1 or cut >= len(x):
        raise ValueError(
            f"validation_split={share} leaves one side of {len(x)} examples empty: use more data"
        )

    def part(values, piece):
        if values is None:
            return None
        return values.iloc[piece] if hasattr(values, "iloc") else values[piece]

    first, last = slice(0, cut), slice(cut, None)
    held_out = tuple(part(v, last) for v in (x, y, sample_weight) if v is not None)
    return part(x, first), part(y, first), part(sample_weight, first), held_out


def encoded(model, x, y, sample_weight, validation_split, validation_data, own=False):
    """What a model is fitted with, encoded.

    Args:
        model: The model.
        x, y, sample_weight, validation_split, validation_data: As in `Model.fit`, but of
            validation data only a tuple is `(x, y[, weight])`.
        own: Whether the targets are columns of `x`, which `model.prepare` finds.

    Returns:
        The pair of training data and validation data, the latter None where there is none.
    """
    if validation_split:
        if validation_data is not None:
            raise ValueError("Pass validation_split or validation_data. Received: both")
        x, y, sample_weight, validation_data = split_arrays(
            x, x if own else y, sample_weight, validation_split
        )
        if own:
            y, validation_data = None, (validation_data[0], None, *validation_data[2:])
    train = model.prepare(x, y, sample_weight)
    if validation_data is None:
        return train, None
    parts = validation_data if isinstance(validation_data, tuple) else (validation_data,)
    return train, model.prepare(*parts)


def class_weights(weights, feature):
    """Class weights by index, from a dict by class name or by index."""
    if weights is None:
        return None
    if not isinstance(feature, Label):
        raise ValueError("class_weight needs a Label as target. Received: a target of numbers")
    known = {name: index for index, name in enumerate(feature.names)}
    known |= {value: index for index, value in enumerate(feature.classes)}
    result = {}
    for key, weight in weights.items():
        if key in known:
            result[known[key]] = float(weight)
        elif isinstance(key, (int, np.integer)) and 0 <= key < feature.size:
            result[int(key)] = float(weight)
        else:
            raise ValueError(
                f"class_weight names the class {key!r}; known classes: {feature.names}. "
                f"Received: class_weight={weights}"
            )
    return {index: result.get(index, 1.0) for index in range(feature.size)}


def calibrate_decision(model, validation, batch_size=None):
    """Lets a target that decides by a threshold choose it on validation data.

    Args:
        model: A fitted model.
        validation: Encoded validation data, or None.
        batch_size: Examples computed at a time.
    """
    if not model.output_feature.calibrates or not isinstance(validation, Encoded):
        return
    outputs = model.predict(validation, batch_size, verbose=0)
    reason = model.output_feature.calibrate(validation.tensors[1].numpy(), outputs)
    if reason:
        warnings.warn(
            f"The threshold stays at {model.output_feature.threshold:g}, as {reason}.", stacklevel=3
        )


@contextlib.contextmanager
def warm_start(model, freeze, learning_rate):
    """Freezes parts of a model and lowers its learning rate for the time of a `with` block."""
    frozen = [layer for layer in layers_named(model, freeze) if layer.trainable]
    before = model.get_compile_config()
    usual = float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))
    rate = usual / 3 if learning_rate is None else learning_rate
    if not rate > 0:
        raise ValueError(f"learning_rate must be positive. Received: {learning_rate}")
    for layer in frozen:
        layer.trainable = False
    try:
        # A fresh optimizer: the old one's moments belong to the old data.
        config = keras.optimizers.serialize(model.optimizer)
        config["config"]["learning_rate"] = rate
        arguments = keras.saving.deserialize_keras_object(before)
        model.compile(**{**arguments, "optimizer": keras.optimizers.deserialize(config)})
        yield
    finally:
        for layer in frozen:
            layer.trainable = True
        if frozen:
            model.compile_from_config(model.get_compile_config())
        model.optimizer.learning_rate = usual


def layers_named(model, freeze):
    """The layers that `freeze` names; see `Model.fine_tune`."""
    if freeze is None:
        return []
    chosen = []
    weighted = [layer for layer in model.layers if layer.weights]
    names = [layer.name for layer in weighted]
    for name in [freeze] if isinstance(freeze, str) else list(freeze):
        if name == "encoder":
            chosen += model.encoder_layers
        elif name in names:
            chosen.append(model.get_layer(name))
        else:
            close = difflib.get_close_matches(str(name), ["encoder", *names], n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise ValueError(
                f"freeze must name 'encoder' or layers of the model, {names}.{hint} "
                f"Received: freeze={freeze!r}"
            )
    return chosen


def train(
    model,
    data,
    *,
    epochs,
    batch_size=None,
    reward=None,
    reward_epochs=0,
    out=None,
    callbacks=(),
    verbose="auto",
):
    """Fits a recipe's model, its best state kept in a file from the first epoch on.

    Args:
        model: A compiled `rnnkit.models.Model`.
        data: `rnnkit.data.Data`.
        epochs: Passes over the data at most.
        batch_size: Examples in a step, or None for the model's default.
        reward: Of `fine_tune`, which follows for `reward_epochs`; see
            `rnnkit.models.generating.base.Generating`.
        reward_epochs: Passes over the data with a reward.
        out: Path of a `.keras` file, or None.
        callbacks: Further Keras callbacks.
        verbose: As in `keras.Model.fit`.

    Returns:
        The model; its `history` has the curves of both.

    Raises:
        KeyboardInterrupt: When interrupted, after the best weights were saved to `out`.
    """

    def arguments(defaults):
        kept = []
        if out is not None:
            monitor, mode = monitored(defaults)
            kept = [
                keras.callbacks.ModelCheckpoint(
                    out, monitor=monitor, mode=mode, save_best_only=True
                )
            ]
        return {
            "validation_data": validation,
            "batch_size": batch_size,
            "callbacks": [*callbacks, *kept],
            "verbose": verbose,
            "interrupted_path": out,
        }

    train, validation = data.train, data.validation
    if reward_epochs:  # both use what is encoded
        train, validation = model.prepare(train), model.prepare(validation)
    history = model.fit(train, epochs=epochs, **arguments(model.fit_defaults))
    if reward_epochs:
        more = model.fine_tune(
            train, reward=reward, epochs=reward_epochs, **arguments({"monitor": "val_reward"})
        )
        history.history |= more.history
        model.history = history
    if out is not None:
        model.save(out)  # the weights are those of the best epoch, as in the checkpoint
    return model


@contextlib.contextmanager
def best_kept(model, callbacks, path=None):
    """Saves the best weights so far when the block is interrupted, says where, and goes on raising.

    Args:
        model: The model in training.
        callbacks: Its callbacks; an `EarlyStopping` among them knows the best weights.
        path: Where to save; by default `<name>-interrupted.keras` in the current folder. False
            saves nothing.
    """
    try:
        yield
    except KeyboardInterrupt:
        if path is False:
            raise
        for item in callbacks:
            if isinstance(item, LinearDecay):
                item.restore()
        best = [getattr(item, "best_weights", None) for item in callbacks]
        best = [weights for weights in best if weights is not None]
        if best:
            model.set_weights(best[0])
        path = path or f"{model.recipe or model.name}-interrupted.keras"
        model.save(path)
        which = "The best weights so far are" if best else "The weights so far are"
        print(f"\nInterrupted. {which} in {os.path.abspath(path)}", file=sys.stderr, flush=True)
        raise
