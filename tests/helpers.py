"""Toy data, a fresh process, and the one check that every model must pass.

Run as a script, this file is the fresh process: it reads a call a line and answers each.
"""

import json
import os
import pathlib
import random
import subprocess
import sys

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[1]
WORDS = ("red", "green", "blue", "black", "white", "brown", "pink", "grey")

# === Toy data ===


def presence(size, seed=0):
    """Texts of 1 to 8 words in which a word, wherever it stands, decides the label."""
    rng = random.Random(seed)
    texts, labels = [], []
    for index in range(size):
        label = ("no", "yes")[index % 2]
        words = rng.choices(WORDS, k=rng.randint(0, 7))
        words.insert(rng.randint(0, len(words)), {"no": "low", "yes": "high"}[label])
        texts.append(" ".join(words))
        labels.append(label)
    return texts, labels


def first_word(size, seed=0):
    """Texts that hold both "high" and "low"; the one that stands first is the label."""
    rng = random.Random(seed)
    texts, labels = [], []
    for index in range(size):
        words = [("high", "low"), ("low", "high")][index % 2]
        texts.append(" ".join([words[0], *rng.choices(WORDS, k=rng.randint(0, 4)), words[1]]))
        labels.append(words[0])
    return texts, labels


def features(texts, labels, **options):
    """Adapted `(Text, Label)`."""
    from rnnkit.features import Label, Text

    return Text(**options).adapt(texts), Label().adapt(labels)


def weights_equal(first, second):
    """Whether two lists of weights are the same to the bit."""
    return len(first) == len(second) and all(
        np.array_equal(a, b) for a, b in zip(first, second, strict=True)
    )


# === A fresh process ===


class Fresh:
    """A Python process that has only imported rnnkit, started when first needed.

    The one that `fresh` gives is shared by the tests, because TensorFlow's import takes seconds;
    it never builds a model other than from a file.

    Args:
        script: The file that is run, which answers as this one does.
    """

    def __init__(self, script=__file__):
        self._script = str(script)
        self._process = None
        self._begun = self._answered = 0
        self._answers = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._process is not None:
            self._process.stdin.close()
            self._process.stdout.close()
            self._process.wait(30)

    def call(self, function, **arguments):
        """Calls one of the functions in `ANSWERS` there and returns its result."""
        return self.end(self.begin(function, **arguments))

    def begin(self, function, **arguments):
        """Begins a call, to go on with something else meanwhile.

        Returns:
            A ticket, with which `end` waits for the result.
        """
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, self._script],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                cwd=ROOT,
                env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
            )
        self._process.stdin.write(json.dumps([function, arguments]) + "\n")
        self._process.stdin.flush()
        self._begun += 1
        return self._begun

    def end(self, ticket):
        while ticket not in self._answers:
            line = self._process.stdout.readline()
            if not line:
                raise RuntimeError(f"the fresh process ended with {self._process.wait(30)}")
            self._answered += 1
            self._answers[self._answered] = json.loads(line)
        result, error = self._answers.pop(ticket)
        if error:
            raise RuntimeError(error)
        return result


def names_of(custom):
    """Dict of registered name to where a class is found, to be sent to the fresh process."""
    return {name: f"{kind.__module__}:{kind.__name__}" for name, kind in (custom or {}).items()}


def _load(path, with_keras=False, custom=None):
    if with_keras:
        import rnnkit  # noqa: F401, I001  all that Keras needs
        import keras

        return keras.models.load_model(path)
    import rnnkit

    objects = {}
    for name, target in (custom or {}).items():
        sys.path.insert(0, str(ROOT))
        module, _, attribute = target.partition(":")
        objects[name] = getattr(__import__(module, fromlist=[attribute]), attribute)
    return rnnkit.load_model(path, custom_objects=objects)


def _continue(path, x, y, out, fit=None, with_keras=False, custom=None):
    """Predicts; if `fit` is given also trains on, and stores the weights before and after."""
    model = _load(path, with_keras, custom)
    found = {"predictions": model.predict(x, verbose=0)}
    if fit is not None:
        model.fit(x, y, verbose=0, **fit)
        found |= {f"weight_{i:03}": weight for i, weight in enumerate(model.get_weights())}
    np.savez(out, **found)


def _ask(path, calls, out):
    """Calls methods of a model, one after the other; stores their arrays and the weights."""
    model, found = _load(path), {}
    for name, arguments in calls:
        result = getattr(model, name)(**arguments)
        parts = result if isinstance(result, tuple) else (result,)
        arrays = [part for part in parts if isinstance(part, np.ndarray)]
        found |= {f"{name}_{i}": part for i, part in enumerate(arrays)}
    found |= {f"weight_{i:03}": weight for i, weight in enumerate(model.get_weights())}
    np.savez(out, **found)


def small(recipe, sizes=(1500, 200, 300)):
    """The first examples of a recipe's embedded data: to train, validate and test."""
    import rnnkit

    data = recipe.data()
    parts = zip((data.train, data.validation, data.test), sizes, strict=True)
    return rnnkit.data.Data(
        *(part.take(size) for part, size in parts), source=data.source, info=data.info
    )


def _tune(name, path, inputs, options, decoding, directory, losses):
    """Trains a recipe on little data in a tuning trial; saves the model, and gives its scores and
    what it infers. Where `losses` is true the scores have "loss": that of the validation part after
    the training as a fraction of that before."""
    sys.path.insert(0, str(ROOT))
    import recipes

    recipe = recipes.get(name)
    data = small(recipe)
    result = recipe.tune(
        data,
        tuner="random",
        max_trials=1,
        epochs=3,
        options=options,
        seed=1,
        directory=directory,
        verbose=0,
    )
    model = result.best_model()
    model.save(path)
    scores = model.score(data.test)
    if losses:
        untrained = recipe.model(data, **{"seed": 1, **options})
        before, after = (
            each.evaluate(data.validation, verbose=0, return_dict=True)["loss"]
            for each in (untrained, model)
        )
        scores["loss"] = after / before
    return {
        "recipe": model.recipe,
        "trials": len(result.table()),
        "results": model.infer(inputs, **decoding),
        "scores": scores,
    }


def _infer(path, x, with_keras=False, custom=None, **options):
    return _load(path, with_keras, custom).infer(x, **options)


def _export(path, out, **options):
    _load(path).export(out, verbose=False, **options)


def _call(path, x, out):
    """Calls a plain Keras model on the array in a file, and stores outputs and weights."""
    import keras

    import rnnkit.models  # noqa: F401  registers the classes, those of layers too

    model = keras.saving.load_model(path)
    weights = {f"weight_{i:03}": weight for i, weight in enumerate(model.get_weights())}
    np.savez(out, outputs=model(np.load(x)), **weights)


def _encode(config, values):
    import keras

    import rnnkit.features  # noqa: F401  registers the classes

    feature = keras.saving.deserialize_keras_object(config)
    encoded = feature.encode(feature.to_tensor(values))
    return encoded.to_list() if hasattr(encoded, "to_list") else encoded.numpy().tolist()


ANSWERS = {
    "ask": _ask, "continue": _continue, "infer": _infer, "call": _call, "encode": _encode,
    "export": _export, "tune": _tune,
}  # fmt: skip


def answer():
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print is no answer
    for line in sys.stdin:
        function, arguments = json.loads(line)
        try:
            reply = [ANSWERS[function](**arguments), None]
        except Exception as error:
            reply = [None, f"{type(error).__name__}: {error}"]
        answers.write(json.dumps(reply) + "\n")
        answers.flush()


# === The one check for every model ===


def check_model(model, x, y, path, fresh, custom=None):
    """Raises unless a model takes its data in every form, and lives on in its file.

    - A list, an array, a dataset (batched or not, with targets or without) and prepared data are
      the same to it.
    - The config makes an equal model.
    - The file predicts the same in a fresh process, to the bit.
    - Trained further there, it takes the same step as the model that was never saved: the state
      of the optimizer is in the file. (Keras does not save that of dropout, so not with dropout.)

    Returns:
        A function without arguments that checks the last two, which the fresh process works on
        meanwhile.
    """
    import tensorflow as tf

    fit = {"batch_size": 32, "shuffle": False}
    model.fit(x, y, verbose=0, **fit)
    dropout = any(
        getattr(layer, "rate", 0)
        or getattr(layer, "dropout", 0)
        or hasattr(layer, "get_random_transformation")  # varies pictures
        for layer in model._flatten_layers()
    )

    # === Forms of the data ===
    pairs = tf.data.Dataset.from_tensor_slices(
        (model.input_feature.to_tensor(x), model.output_feature.to_tensor(y))
    )
    prepared = model.prepare(x, y)
    assert len(prepared) == len(x)
    for form in ((np.array(x), np.array(y)), (pairs.batch(7),), (prepared,)):
        same_tensors(model.prepare(*form).tensors, prepared.tensors)
    same_tensors(model.prepare(pairs, targets=False).tensors, prepared.tensors[:1])
    expected = model.predict(x, verbose=0)
    assert len(expected) == len(x) and expected.ndim == len(model.output_shape)
    # A size that is None is that of the data.
    sizes = zip(model.output_shape[1:], expected.shape[1:], strict=True)
    assert all(size in (None, found) for size, found in sizes)
    assert np.isfinite(expected).all()
    np.testing.assert_array_equal(model.predict(prepared, verbose=0), expected)

    # === Config ===
    again = type(model).from_config(model.get_config(), custom_objects=custom)
    assert again.get_config() == model.get_config()
    assert [w.shape for w in again.weights] == [w.shape for w in model.weights]

    # === File ===
    model.save(path)
    before, out = model.get_weights(), f"{path}.npz"
    ticket = fresh.begin(
        "continue",
        path=str(path),
        x=x,
        y=y,
        out=out,
        fit=None if dropout else fit,
        custom=names_of(custom),
    )
    model.fit(x, y, verbose=0, **fit)
    after = model.get_weights()
    assert not weights_equal(before, after)

    def finish():
        fresh.end(ticket)
        with np.load(out) as there:
            predictions, *weights = (there[key] for key in there.files)
        np.testing.assert_array_equal(predictions, expected)
        assert dropout or weights_equal(weights, after)

    return finish


def same_tensors(first, second):
    """Raises unless two tuples of tensors, ragged or not, are the same."""
    assert len(first) == len(second)
    for a, b in zip(first, second, strict=True):
        assert (type(a), a.dtype) == (type(b), b.dtype)
        if hasattr(a, "row_splits"):
            np.testing.assert_array_equal(a.row_splits, b.row_splits)
            a, b = a.flat_values, b.flat_values
        np.testing.assert_array_equal(a, b)


if __name__ == "__main__":
    answer()
