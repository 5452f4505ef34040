"""Attacks on model files: what must be refused, or load as what it is, in bounded time and memory.

A `Forger` gives forged copies of a model file, each as a pair of what it is called and a function
that writes it. `try_file` says what happens when one is loaded and used; `parts` tries many.
"""

import dataclasses
import functools
import io
import json
import random
import re
import resource
import tempfile
import time
import zipfile

import h5py
import numpy as np

MOST_SECONDS, MOST_BYTES = 10, 1.5e9
NAMES = ("module", "class_name", "registered_name")
PARTS = METADATA, CONFIG, WEIGHTS = "metadata.json", "config.json", "model.weights.h5"


def node(module, name, registered=None, **config):
    """A serialised object."""
    return {
        "module": module,
        "class_name": name,
        "config": config,
        "registered_name": registered,
    }


def function(module, name):
    """A serialised function."""
    return {
        "module": module, "class_name": "function", "config": name, "registered_name": "function",
    }  # fmt: skip


GADGETS = {
    "a Lambda layer": node("keras.layers", "Lambda", function="os.system"),
    "a lambda": {"class_name": "__lambda__", "config": {"value": "4wAAAAA="}},
    "a bare lambda": {"class_name": "__lambda__", "value": "x"},
    "a foreign class": node("evil", "Evil"),
    "a foreign registered class": node("evil", "Evil", "evil>Evil"),
    "one that says it is ours": node("rnnkit.models", "Evil", "rnnkit>Evil"),
    "another's name under ours": node("os", "system", "rnnkit>Text"),
    "a module": node("os", "system"),
    "a function of a module": function("os", "system"),
    "a builtin": function("builtins", "exec"),
    "a function of Keras": function("keras.utils", "get_file"),
    "a layer of Keras": node("keras.layers", "TFSMLayer", filepath="elsewhere"),
    "a lookup from a file": node("keras.layers", "StringLookup", vocabulary="/etc/passwd"),
    "a wrapped metric": node("keras.metrics", "MeanMetricWrapper", fn="x"),
    "internals of Keras": node("keras.src.saving.file_editor", "KerasFileEditor", filepath="/x"),
    "a typespec": node("tensorflow", "__typespec__"),
    "a tensor": {"class_name": "__tensor__", "config": {"value": [1], "dtype": "float32"}},
    "a name that is a list": node("keras", ["Lambda"]),
    "a module that is a dict": node({"a": 1}, "Dense"),
}  # fmt: skip


class Forger:
    """Copies of a model file with something changed.

    Args:
        path: A model file.
    """

    def __init__(self, path):
        with zipfile.ZipFile(path) as archive:
            self.parts = {name: archive.read(name) for name in archive.namelist()}
        with open(path, "rb") as file:
            self.raw = file.read()

    def with_config(self, change):
        """A function that writes a copy whose configuration `change` has changed."""

        def write(path):
            config = json.loads(self.parts[CONFIG])
            changed = change(config)
            self.write(path, config=json.dumps(config if changed is None else changed).encode())

        return write

    def write(self, path, config=None, weights=None, metadata=None, compressed=False):
        """Writes a copy, with parts as given."""
        given = {CONFIG: config, WEIGHTS: weights, METADATA: metadata}
        kind = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
        with zipfile.ZipFile(path, "w", kind) as archive:
            for name in PARTS:
                content = self.parts[name] if given[name] is None else given[name]
                archive.writestr(name, content)

    def with_weights(self, change, compressed=False):
        """A function that writes a copy whose open HDF5 file `change` has changed."""

        def write(path):
            buffer = io.BytesIO(self.parts[WEIGHTS])
            with h5py.File(buffer, "r+") as file:
                change(file)
            self.write(path, weights=buffer.getvalue(), compressed=compressed)

        return write

    def with_streamed(self, name, chunk, count):
        """A function that writes a copy with a deflated part of `count` equal chunks."""

        def write(path):
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                for part in PARTS:
                    if part != name:
                        archive.writestr(part, self.parts[part])
                        continue
                    with archive.open(part, "w", force_zip64=True) as file:
                        for _ in range(count):
                            file.write(chunk)

        return write

    def with_bytes(self, raw):
        def write(path):
            with open(path, "wb") as file:
                file.write(raw)

        return write

    # === What is forged ===

    def gadgets(self, places=None):
        """Objects that are not allowed, at every place where an object or a value stands."""
        config = json.loads(self.parts[CONFIG])
        found = [place for place in _places(config) if len(place) < 6]
        rng = random.Random(0)
        rng.shuffle(found)
        chosen = found if places is None else found[:places]
        names = sorted(GADGETS)
        for index, place in enumerate(chosen):
            name = names[index % len(names)]
            yield (
                f"{name} at {'.'.join(map(str, place))}",
                self.with_config(_setter(place, GADGETS[name])),
            )

    def truncations(self, count):
        """The file cut short."""
        for index in range(count):
            size = int(len(self.raw) * (index + 0.5) / count)
            yield f"cut to {size} bytes", self.with_bytes(self.raw[:size])

    def flips(self, count, seed=0):
        """Bits flipped: in the archive as it is; in the structure of the weights and in the
        configuration, with checksums that fit."""
        rng = random.Random(seed)
        config, weights = self.parts[CONFIG], self.parts[WEIGHTS]
        structure = _structure(weights)
        directory = [i for i in range(len(self.raw)) if i < 100 or i > len(self.raw) - 400]
        for index in range(count):
            bit = 1 << rng.randrange(8)
            if index % 3 == 0:
                place = rng.choice(directory)
                yield f"bit of byte {place}", self.with_bytes(_flipped(self.raw, place, bit))
            elif index % 3 == 1:
                place = rng.choice(structure)
                changed = _flipped(weights, place, bit)
                yield (
                    f"bit of byte {place} of the weights",
                    lambda path, changed=changed: self.write(path, weights=changed),
                )
            else:
                place = rng.randrange(len(config))
                changed = _flipped(config, place, bit)
                yield (
                    f"bit of byte {place} of the configuration",
                    lambda path, changed=changed: self.write(path, config=changed),
                )

    def bombs(self, scale=1.0):
        """Small files that ask for much; `scale` makes those that take long to write smaller."""
        yield "nested lists", lambda path: self.write(path, config=b"[" * 10**6 + b"]" * 10**6)
        yield (
            "nested deep enough to parse",
            lambda path: self.write(
                path, config=b'{"config":' * 500 + b"1" + b"}" * 500, compressed=True
            ),
        )
        yield "many lists", self.with_streamed(CONFIG, b"[]," * 2**20, int(300 * scale))
        yield (
            "lists within the limit",
            lambda path: self.write(path, config=b"[" + b"[]," * (5 * 10**6) + b"1]"),
        )
        yield "zeros as metadata", self.with_streamed(METADATA, bytes(2**22), int(500 * scale))
        yield "zeros as weights", self.with_streamed(WEIGHTS, bytes(2**22), int(225 * scale))
        yield (
            "an external array",
            self.with_weights(
                lambda file: file.create_dataset(
                    "far", shape=(10**10,), dtype="f4", external=[("/dev/zero", 0, 4 * 10**10)]
                )
            ),
        )
        yield "a virtual array", self.with_weights(_virtual)
        yield "a soft link", self.with_weights(lambda f: f.__setitem__("to", h5py.SoftLink("/")))
        yield (
            "an external link",
            self.with_weights(lambda f: f.__setitem__("to", h5py.ExternalLink("/etc/x.h5", "/"))),
        )
        yield "a circle", self.with_weights(lambda file: file.__setitem__("again", file["/"]))
        yield (
            "an array that is not there",
            self.with_weights(lambda file: file.create_dataset("bomb", (10**10,), "f4")),
        )
        yield (
            "filtered zeros",
            self.with_weights(
                lambda file: file.create_dataset(
                    "bomb", (2**27,), "f4", chunks=(2**20,), compression="gzip"
                )
            ),
        )
        yield (
            "many sets, deflated",
            self.with_weights(
                lambda file: [file.create_dataset(f"s{i}", data=np.zeros(9)) for i in range(3000)],
                compressed=True,
            ),
        )
        yield (
            "many groups",
            self.with_weights(lambda file: [file.create_group(f"g{i}") for i in range(10_001)]),
        )
        yield "deep groups", self.with_weights(lambda file: file.create_group("/".join("g" * 400)))
        yield (
            "many notes",
            self.with_weights(lambda file: [file.attrs.__setitem__(f"a{i}", i) for i in range(99)]),
        )
        for kind, value in (("NaN", np.nan), ("an infinite number", np.inf)):
            yield f"weights with {kind}", self.with_weights(_first_number(value))
        yield "complex weights", self.with_weights(_complex)
        yield "missing weights", self.with_weights(_without_one)
        yield "a part twice", self._twice
        yield "a size that is not so", self._lies

    def _lies(self, path):
        """Zeros whose headers say that they are few."""
        self.with_streamed(CONFIG, bytes(2**22), 64)(path)
        with zipfile.ZipFile(path) as archive:
            entry = archive.getinfo(CONFIG)
        with open(path, "rb") as file:
            raw = file.read()
        true, false = (size.to_bytes(4, "little") for size in (entry.file_size, 1000))
        with open(path, "wb") as file:
            file.write(raw.replace(true, false))

    def _twice(self, path):
        import warnings

        with warnings.catch_warnings(), zipfile.ZipFile(path, "w") as archive:
            warnings.simplefilter("ignore")
            for name in (*PARTS, CONFIG):
                archive.writestr(name, self.parts[name])

    def sizes(self, values=(5_000, 10**6, 10**9), odd=("text", None, -1, float("nan"), [], {})):
        """Every whole number of the configuration, made large; every number made what it is not."""
        config = json.loads(self.parts[CONFIG])
        for place in _places(config):
            value = _at(config, place)
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                continue
            if isinstance(value, int) and place[-1] not in ("seed", "shared_object_id"):
                for large in values:
                    yield (
                        f"{'.'.join(map(str, place))} = {large}",
                        self.with_config(_setter(place, large)),
                    )
            for other in odd:
                yield (
                    f"{'.'.join(map(str, place))} = {other!r}",
                    self.with_config(_setter(place, other)),
                )

    def arguments(self, seen, values=(10**6, -1, [1], {"a": 1}, "x", None)):
        """Every argument of every object in the file, given what it is not.

        Args:
            seen: Set of pairs of class and argument that were tried, which grows.
            values: What they are given.
        """
        config = json.loads(self.parts[CONFIG])
        for place in _places(config):
            if place[-1] in NAMES or not isinstance(place[-1], str):
                continue
            owner = max(
                (place[:end] for end in range(len(place))),
                key=lambda each: len(each) if "class_name" in _at(config, each) else -1,
            )
            argument = (_at(config, owner)["class_name"], place[len(owner) :])
            if argument in seen:
                continue
            seen.add(argument)
            for odd in values:
                if odd != _at(config, place):
                    yield (
                        f"{'.'.join(map(str, place))} = {odd!r}",
                        self.with_config(_setter(place, odd)),
                    )


@dataclasses.dataclass
class Outcome:
    """What became of one attack: whether it was held, and what was said."""

    name: str
    held: bool
    said: str


def parts():
    """The parts of the battery, as `tests.benchmarks.battery` asks for them.

    Every recipe's file gets all bombs and every size that it declares made large, the latter as a
    part for each recipe; gadgets, cuts and flips are divided among the recipes; each argument of
    each class is tried once.
    """
    from tests.recipes.test_recipes import ROWS

    share = len(ROWS)
    attacks = {
        "gadgets": lambda forger, seed: forger.gadgets(-(-170 // share)),
        "cuts": lambda forger, seed: forger.truncations(-(-40 // share)),
        "flips": lambda forger, seed: forger.flips(-(-300 // share), seed),
        "bombs": lambda forger, seed: forger.bombs(),
    }
    seen = set()
    attacks["arguments"] = lambda forger, _: forger.arguments(seen)
    found = {f"models: {kind}": _outcomes(attack, ROWS) for kind, attack in attacks.items()}
    for name in sorted(ROWS):
        found[f"models: sizes of {name}"] = _outcomes(_sizes, [name])
    return found


def _sizes(forger, seed):
    del seed
    return forger.sizes(values=(5_000, 10**6), odd=(None,))


def _outcomes(attack, names):
    from tests.recipes.test_recipes import DECODING, INPUTS

    with tempfile.TemporaryDirectory() as folder:
        for seed, name in enumerate(sorted(names)):

            def use(model, name=name):
                return model.infer(INPUTS[name][:1], **DECODING.get(name, {}))

            path = f"{folder}/{name}.keras"
            for what, write in attack(Forger(_file(name)), seed):
                found, said = try_file(path, write, use)
                held = found in ("refused", "loaded")
                yield Outcome(f"{name}: {what}", held, f"{found}: {said[:300]}")


@functools.cache
def _file(name):
    """A model file of a recipe, tiny and hardly trained."""
    import recipes
    from tests import helpers
    from tests.recipes.test_recipes import ROWS

    recipe, path = recipes.get(name), f"{_FOLDER.name}/{name}.keras"
    data, options = helpers.small(recipe, (64, 16, 16)), ROWS[name][0]
    if recipe.cell == "esn":
        recipe.train(data, seed=1, verbose=0, **options).save(path)
    else:
        recipe.model(data, seed=1, **options).save(path)
    return path


_FOLDER = tempfile.TemporaryDirectory()


def try_file(path, write, use=None, load=None):
    """Loads a forged file and uses the model.

    Args:
        path: Where to write it.
        write: Function of the path.
        use: Function of the loaded model, or None.
        load: Function of the path; `rnnkit.load_model` by default.

    Returns:
        The pair of `"refused"`, `"loaded"` or what went wrong, and the message.
    """
    import rnnkit

    write(path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    start = time.process_time()
    try:
        model = (load or rnnkit.load_model)(path)
    except ValueError as error:
        found = ("refused", str(error))
        if not re.match(re.escape(str(path)) + " was not loaded: it", str(error)):
            found = ("another error", f"{type(error).__name__}: {error}")
    except Exception as error:
        found = ("another error", f"{type(error).__name__}: {error}")
    else:
        found = ("loaded", "")
        try:
            if use is not None:
                use(model)
        except ValueError as error:
            found = ("loaded", str(error))
        except Exception as error:
            found = ("another error in use", f"{type(error).__name__}: {error}")
    seconds = time.process_time() - start
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before
    if seconds > MOST_SECONDS:
        return f"took {seconds:.0f} s", found[1]
    if grown > MOST_BYTES:
        return f"took {grown / 1e9:.1f} GB", found[1]
    return found


# === Places ===


def _places(value, place=()):
    """The paths of all values within dicts and lists, of long lists the first three."""
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value[:3])
    else:
        return
    for key, child in items:
        yield (*place, key)
        yield from _places(child, (*place, key))


def _at(value, place):
    for key in place:
        value = value[key]
    return value


def _setter(place, value):
    def change(config):
        _at(config, place[:-1])[place[-1]] = value

    return change


def _flipped(raw, place, bit):
    changed = bytearray(raw)
    changed[place] ^= bit
    return bytes(changed)


def _structure(weights):
    """Positions of the bytes of an HDF5 file that are not numbers of its arrays."""
    numbers = np.zeros(len(weights), bool)
    with h5py.File(io.BytesIO(weights), "r") as file:

        def mark(_, item):
            if isinstance(item, h5py.Dataset) and item.id.get_offset() is not None:
                start = item.id.get_offset()
                numbers[start : start + item.id.get_storage_size()] = True

        file.visititems(mark)
    return np.flatnonzero(~numbers).tolist()


# === Weights ===


def _arrays(file):
    found = []
    file.visititems(lambda _, item: found.append(item) if isinstance(item, h5py.Dataset) else None)
    return [each for each in found if each.dtype.kind == "f" and each.size]


def _first_number(value):
    def change(file):
        array = _arrays(file)[0]
        array[(0,) * len(array.shape)] = value

    return change


def _complex(file):
    array = _arrays(file)[0]
    name, value = array.name, array[()]
    del file[name]
    file.create_dataset(name, data=value.astype("complex64"))


def _without_one(file):
    del file[_arrays(file)[0].name]


def _virtual(file):
    layout = h5py.VirtualLayout((10**10,), "f4")
    layout[:] = h5py.VirtualSource("/dev/zero", "x", (10**10,))
    file.create_virtual_dataset("far", layout)
