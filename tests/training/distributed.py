"""Trains a recipe of each pattern on one device, on two, or in one of several processes.

Run as `python -m tests.training.distributed HOW OUT [NAME ...]`: the weights and the history of
each recipe go to files in the folder OUT. Devices and strategies must be made before TensorFlow
runs anything, so that each HOW is a process of its own:

- `mirrored`: one device, then two replicas in one process.
- `machines`: the part of this process, as the environment variable `TF_CONFIG` says.
"""

import json
import pathlib
import sys

import keras
import numpy as np
import tensorflow as tf

import recipes
import rnnkit
from rnnkit.training import policy_gradient

# Recipe -> options of a tiny model, and whether the recipe's own optimizer trains it: averages of
# the weights, and a learning rate that rises and falls. Else gradients are clipped throughout.
ROWS = {
    "spam": ({}, False),
    "text_generation": ({"embedding_size": 4, "cache_size": 0}, False),
    "sentiment": ({"embedding_size": 4, "vocabulary_size": 100, "bag_of_words": False}, True),
    "named_entities": ({"embedding_size": 4, "character_filters": 4}, False),
    "forecasting": ({"horizon": 3, "units": 10}, False),  # an echo state network
    "translation": ({"embedding_size": 4, "vocabulary_size": 100}, True),
    "speech_to_text": ({"filters": 4, "num_layers": 1, "mels": 6}, False),
}
# Pictures, whose network normalises over the batch and is also trained by an auxiliary loss.
MORE = {"image_captioning": ({"embedding_size": 4, "augment": False}, False)}
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


def model_of(recipe, data, options, own):
    known = recipe.options()
    still = {name: 0.0 for name in known if "dropout" in name}  # drawn by each replica for itself
    model = recipe.model(data, **{"units": 4, "seed": 1} | still | options)
    if not own and recipe.name != "forecasting":
        loss = {} if model.loss is None else {"loss": model.loss}
        model.compile(keras.optimizers.SGD(0.1, clipnorm=0.05), **loss)
    return model


def train(strategy, names, out, label):
    for name in names:
        options, own = {**ROWS, **MORE}[name]
        recipe = recipes.get(name)
        data = data_of(recipe)
        with strategy.scope():
            model = model_of(recipe, data, options, own)
        history = model.fit(
            data.train, validation_data=data.validation, epochs=2, batch_size=BATCH, verbose=0
        ).history
        if name == "spam":  # a fresh optimizer, of the same strategy
            history["tuned"] = model.fine_tune(data.train, epochs=1, verbose=0).history["loss"]
        if name == "translation":
            history |= rewarded(model, data)
        model.save(out / f"{label}_{name}.keras")
        keep(model, history, out / f"{label}_{name}")


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


def keep(model, history, path):
    np.savez(path.with_suffix(".npz"), *model.get_weights())
    path.with_suffix(".json").write_text(
        json.dumps({key: list(map(float, values)) for key, values in history.items()})
    )


def main(how, out, *names):
    out, names = pathlib.Path(out), names or [*ROWS]
    if how == "machines":
        # Before anything else.
        strategy = tf.distribute.MultiWorkerMirroredStrategy()
        number = strategy.cluster_resolver.task_id
        (out / str(number)).mkdir(exist_ok=True)
        train(strategy, names, out / str(number), "machines")
        return
    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    train(tf.distribute.get_strategy(), names, out, "alone")
    train(tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]), names, out, "mirrored")


if __name__ == "__main__":
    main(*sys.argv[1:])
