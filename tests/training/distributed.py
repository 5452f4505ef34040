"""Trains a recipe of each pattern on one device, on two, or in one of several processes.

Run as `python -m tests.training.distributed HOW OUT [NAME ...]`: the weights and the history of
each recipe go to files in the folder OUT/HOW, the models to OUT/HOW/models. Devices and strategies
must be made before TensorFlow runs anything, so that each HOW is a process of its own:

- `alone`: one device.
- `mirrored`: two replicas in one process.
- `machine0`, `machine1`: the part of this process, as the environment variable `TF_CONFIG` says.
"""

import contextlib
import json
import os
import pathlib
import socket
import subprocess
import sys

import keras
import numpy as np
import tensorflow as tf

import recipes
import rnnkit
from rnnkit.training import policy_gradient
from tests import helpers
from tests.training.interruptions import Stop

# Recipe -> options of a tiny model, and whether the recipe's own optimizer trains it: averages of
# the weights, and a learning rate that rises and falls. Else gradients are clipped throughout.
ROWS = {
    "spam": ({}, True),
    "text_generation": ({"embedding_size": 4, "cache_size": 0}, False),
    "sentiment": ({"embedding_size": 4, "vocabulary_size": 100, "bag_of_words": False}, True),
    "named_entities": ({"embedding_size": 4, "character_filters": 4}, False),
    "forecasting": ({"horizon": 3, "units": 10}, False),  # an echo state network
    "translation": ({"embedding_size": 4, "vocabulary_size": 100}, False),
    "speech_to_text": ({"filters": 4, "num_layers": 1, "mels": 6}, False),
}
# What takes long: pictures, whose network normalises over the batch and is also trained by an
# auxiliary loss; and the reward of sequences.
LONG = {
    "image_captioning": ({"embedding_size": 4, "augment": False}, False),
    "translation_by_reward": ({"embedding_size": 4, "vocabulary_size": 100}, True),
}
# Batches of 8: one of train is smaller, and one of validation has a single example, so that a
# replica has none.
SIZES = (21, 9, 5)
BATCH = 8


def data_of(recipe):
    data = recipe.data()
    parts = [data.train, data.validation, data.test]
    if recipe.name == "image_captioning":  # one caption a picture, or one device reads it once
        parts = [part.shard(4, 0) for part in parts]
    parts = [part.take(size) for part, size in zip(parts, SIZES, strict=True)]
    return rnnkit.data.Data(*parts, source=data.source, info=data.info)


def still(recipe, options):
    """Options of a small model without dropout, which each replica samples for itself."""
    dropout = {name: 0.0 for name in recipe.options() if "dropout" in name}
    dropout = {} if recipe.cell == "esn" else dropout  # which has none
    return {"units": 4, "seed": 1} | dropout | options


def model_of(recipe, data, options, own):
    model = recipe.model(data, **still(recipe, options))
    if not own and recipe.name != "forecasting":
        loss = {} if model.loss is None else {"loss": model.loss}
        model.compile(keras.optimizers.SGD(0.1, clipnorm=0.05), **loss)
    return model


def train(strategy, name, out):
    """Trains a recipe; its model goes to a file too. Returns the model and its history."""
    options, own = {**ROWS, **LONG}[name]
    recipe = recipes.get(name.removesuffix("_by_reward"))
    data, path = data_of(recipe), out / "models" / f"{name}.keras"
    if name == "spam":
        model = resumed(strategy, recipe, data, path)
        history = {**model.history.history}
        history |= {f"score_{key}": [value] for key, value in model.score(data.test).items()}
        # A fresh optimizer, of the same strategy.
        history["tuned"] = model.fine_tune(data.train, epochs=1, verbose=0).history["loss"]
        model.save(path)
        return model, history
    with strategy.scope():
        model = model_of(recipe, data, options, own)
    if name in LONG and own:
        history = rewarded(model, data)
    else:
        history = model.fit(
            data.train, validation_data=data.validation, epochs=2, batch_size=BATCH, verbose=0
        ).history
    model.save(path)
    return model, history


def resumed(strategy, recipe, data, path):
    """The model of a training that stops early. Several replicas are stopped before, and go on."""

    def run(*callbacks, **arguments):
        # In the third epoch it is late enough.
        stopping = keras.callbacks.EarlyStopping(
            "val_loss", patience=2, min_delta=9.0, restore_best_weights=True
        )
        with strategy.scope():
            return recipe.train(
                data, epochs=9, batch_size=BATCH, verbose=0, out=path,
                callbacks=[stopping, *callbacks], **still(recipe, {}), **arguments,
            )  # fmt: skip

    if strategy.num_replicas_in_sync == 1:
        return run()
    with contextlib.suppress(KeyboardInterrupt):
        run(Stop(2))
    (path.parent.parent / "stopped.json").write_text(json.dumps(sorted(os.listdir(path.parent))))
    return run(resume=True)


def rewarded(model, data):
    """Trains by a reward of what stands for sampled sequences: the target, and it cut short."""

    def generated(self, source, target, count, sampling):
        del source, sampling
        cut = target * tf.cast(tf.range(tf.shape(target)[1]) < 2, target.dtype)
        tokens = tf.stack([target, cut][:count], axis=1)
        return tokens, tf.math.count_nonzero(tokens, axis=-1, dtype=tf.float32) / 10

    policy_gradient.PolicyGradient._generated = generated
    return model.fine_tune(
        data.train, reward="bleu", samples=2, epochs=1, batch_size=BATCH, verbose=0,
        validation_data=data.validation, learning_rate=0.005,
    ).history  # fmt: skip


def main(how, out, *names):
    if how.startswith("machine"):
        strategy = tf.distribute.MultiWorkerMirroredStrategy()  # before anything else
    else:
        (cpu,) = tf.config.list_physical_devices("CPU")
        devices = [tf.config.LogicalDeviceConfiguration()] * 2
        tf.config.set_logical_device_configuration(cpu, devices)
        strategy = tf.distribute.get_strategy()
        if how == "mirrored":
            strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    out = pathlib.Path(out) / how
    (out / "models").mkdir(parents=True)
    for name in names:
        model, history = train(strategy, name, out)
        np.savez(out / f"{name}.npz", *model.get_weights())
        history = {key: list(map(float, values)) for key, values in history.items()}
        (out / f"{name}.json").write_text(json.dumps(history))


# === In processes of their own ===


def start(how, out, names, **environment):
    """Starts `main` in another process."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.training.distributed", how, str(out), *names],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=helpers.ROOT,
    )


def start_machines(out, names):
    """Starts it in two processes that train together."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(2)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        addresses = [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
    processes = []
    for number in range(2):
        task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": number}}
        configuration = {"TF_CONFIG": json.dumps(task)}
        processes.append(start(f"machine{number}", out, names, **configuration))
    return processes


def finish(processes, seconds):
    """Waits for processes; none is left.

    Raises:
        RuntimeError: With what it said, if one failed.
        subprocess.TimeoutExpired: If they take longer.
    """
    try:
        for process in processes:
            said, _ = process.communicate(timeout=seconds)
            if process.returncode:
                raise RuntimeError(said[-5000:])
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def differences(out, how, name):
    """The largest differences of weights and of the history from those of one device."""
    with np.load(out / "alone" / f"{name}.npz") as a, np.load(out / how / f"{name}.npz") as b:
        if a.files != b.files:
            raise ValueError(f"{how} has {len(b.files)} weights of {name}, not {len(a.files)}")
        weights = max(np.max(np.abs(a[key] - b[key]), initial=0.0) for key in a.files)
    a, b = (json.loads((out / each / f"{name}.json").read_text()) for each in ("alone", how))
    lengths = [{key: len(values) for key, values in each.items()} for each in (a, b)]
    if lengths[0] != lengths[1]:
        raise ValueError(f"{how} has another history of {name}: {lengths[1]}, not {lengths[0]}")
    history = max(np.max(np.abs(np.subtract(a[key], b[key])), initial=0.0) for key in a)
    return float(weights), float(history)


if __name__ == "__main__":
    main(*sys.argv[1:])
