"""Export of models for serving, without rnnkit or Keras."""

import os

import keras
import tensorflow as tf

from rnnkit.utils import replicas
from rnnkit.utils.checks import one_of
from rnnkit.utils.writing import scratch_beside

FORMATS = ("tf_saved_model", "onnx")
SEED = tf.TensorSpec([], tf.int32, name="seed")


class Served:
    """What a model does where it is served, for a class beside `keras.Model`.

    A model whose results are other than its output feature makes of the network's outputs defines
    `serve`.

    Attributes:
        samples: Whether outputs are sampled, so that `serve` takes a seed.
        beyond_network: What is done to make results of the network's outputs, in words, where it is
            more than `output_feature` does; else None.
    """

    samples = False
    beyond_network = None

    @property
    def served_feature(self):
        """The feature of what is given to the exported model."""
        return self.input_feature

    def encode_served(self, values):
        """What the exported model is given, encoded and padded, as TensorFlow operations."""
        feature = self.served_feature
        return padded(feature.encode_served(values), feature)

    def words_served(self, values):
        """The words of what the exported model is given, ragged strings `[batch, (words)]`, where
        `serve` asks for them; else None."""
        del values

    def serve(self, codes, words=None, seed=None):
        """Readable outputs for a batch of inputs, as TensorFlow operations, for export.

        Args:
            codes: What `encode_served` gives.
            words: What `words_served` gives.
            seed: Scalar that fixes what is sampled.

        Returns:
            Dict of name to tensor.
        """
        del words, seed
        return self.output_feature.decode_graph(self(codes, training=False))

    def export(self, filepath, format="tf_saved_model", **kwargs):
        """Exports for serving; see `rnnkit.models.export.Export.write`."""
        if format not in FORMATS:
            return super().export(filepath, format=format, **kwargs)
        return Export(self, **kwargs).write(filepath, format)


class Export:
    """A model as it is served: raw in, readable out.

    Args:
        model: A model of rnnkit.
        verbose: Whether Keras prints the signature.

    Example:

    >>> Export(model).write("served")
    >>> served = tf.saved_model.load("served")
    >>> served.serve(tf.constant(["a delight"]))["label"]
    """

    def __init__(self, model, verbose=True):
        self.model = model
        self.verbose = verbose
        # Traced once, whatever form the inputs have.
        self._network = tf.function(model.serve, autograph=False)

    def write(self, filepath, format="tf_saved_model"):
        """Writes a folder or a file.

        A SavedModel takes raw inputs and gives what `infer` gives, as TensorFlow operations alone:
        a process that loads it needs neither rnnkit nor Keras. `serve` takes a batch in any of the
        forms below, of sequences of numbers, words or pictures also as a RaggedTensor. Each form
        has a signature of its own as well, for programs that are not Python: `serve` (which is also
        `serving_default`) for the first, the name in brackets for others.

        | input feature | takes |
        | --- | --- |
        | `Text`, `Subwords`, `Nucleotides`, `Label`, `Style` | texts, string `[batch]` |
        | `Words` | words, string `[batch, words]`, `""` after the ends; or whole texts, string `[batch]` (`serve_text`) |
        | `Number`, `Vectors` | numbers, as `raw_spec` says |
        | `Series` | numbers, float64 `[batch, steps, columns]`, NaN after the ends; the time, in seconds since 1970, is the first column where there is one |
        | `Strokes` | points, float32 `[batch, points, 3]`, NaN after the ends |
        | `Events` | histories, string `[batch]`: lines with tabs or commas (no quotes) between the cells, the first line with the names, the times in seconds first and in order |
        | `Image` | image files, string `[batch]`; or pixels, uint8 `[batch, height, width, channels]` (`serve_pixels`) |
        | `Video` | frames, uint8 `[batch, frames, height, width, channels]`, 1 or 3 channels; clips of different lengths as a RaggedTensor |
        | `Audio` | samples between -1 and 1 at the feature's rate, float32 `[batch, samples]`, NaN after the ends; or 16-bit wav files of that rate, string `[batch]` (`serve_wav`) |

        A language model takes texts to go on from. Models that sample also take a seed, int32 `[]`,
        as `serve(values, seed)` (`serve_seeded`): the result is that of `infer` with it. Without it
        each call gives another.

        | output | gives, padded with `""`, 0 or NaN |
        | --- | --- |
        | labels | `label` and `probability` `[batch]`, `classes` and `probabilities` `[batch, classes]` |
        | several labels | `labels` `[batch, most]`, the most probable first, `classes` and `probabilities` as above |
        | several targets | numbers as `score`, their name; of classes `label`, `label_probability`, `label_classes` and `label_probabilities` |
        | numbers | `value` in their own unit, of a frame's columns also their `names` |
        | tags | `tags` and their `probabilities` `[batch, steps]`, `lengths` `[batch]`, of words also `words` |
        | texts, music | `text` `[batch]`; of tokens `tokens`, `lengths` and `score` or `log_probability` |
        | sequences of numbers | `values` `[batch, steps, columns]`, `lengths` |
        | forecasts | `forecast`, `lower`, `upper` `[batch, leads, columns]` after the end of each series |

        A `Text` or `Words` with a tokenizer of your own can be served if that is written in
        TensorFlow's operations, and is refused otherwise.

        Not in graphs, so that encoded inputs are taken, or tokens given: `Subwords` whose model is
        another's, with symbols of its own or another type than unigrams and byte pairs, and texts
        of those with `byte_fallback`.

        ONNX holds a network alone, from what `encode` gives, padded, to what `predict` gives; not
        for models that generate, nor those whose tags are chosen together (`crf`). The input has
        its name in the Keras model: `tokens`, int32 `[batch, time]`; `words`, int32
        `[batch, time, 1 + characters]`; `series`, float32 `[batch, time, width]`; `image` or
        `frames`, float32 `[batch, height, width, channels]` or `[batch, time, ...]`;
        `numbers`, float32 `[batch, width]`; `label`, int32 `[batch]`. The output is `outputs`: probabilities `[batch, classes]` or
        `[batch, time, tags]`, logits of a CTC `[batch, frames, tokens]` with the blank first, or
        standardised numbers. `batch` and `time` may have any size. It needs the extra `onnx`:
        `pip install tf2onnx onnx`.

        Args:
            filepath: Folder of the SavedModel, or path of the ONNX file.
            format: `"tf_saved_model"` or `"onnx"`.

        Raises:
            ValueError: If something lies at the path already, for another format, and for ONNX of
                a model that is more than a network.
        """  # noqa: E501
        path = os.fspath(filepath)
        if os.path.exists(path):
            raise ValueError(f"{path} exists: export to another name, or remove it first")
        one_of(format, "format", FORMATS)
        reason = self.model.served_feature.not_served
        if format != "onnx" and reason:
            raise ValueError(f"The model cannot be exported: {reason}")
        (self._write_onnx if format == "onnx" else self._write_folder)(path)

    def _write_onnx(self, path):
        if self.model.beyond_network:
            raise ValueError(
                f"format='onnx' holds a network alone, and {self.model.beyond_network}: use "
                f"'tf_saved_model'. Received: {type(self.model).__name__}"
            )
        try:
            import tf2onnx  # noqa: F401
        except ImportError:
            raise ImportError("Export to ONNX needs tf2onnx: pip install tf2onnx onnx") from None
        # Named, as Keras asks for a call before it finds the signature itself.
        signature = [keras.InputSpec(i.dtype, i.shape, name=i.name) for i in self.model.inputs]
        options = {"format": "onnx", "input_signature": signature, "verbose": self.verbose}
        with replicas.written(path, self.model.distribute_strategy) as temporary:
            keras.Model.export(self.model, temporary, **options)
            _name(temporary)

    def _write_folder(self, path):
        archive = keras.export.ExportArchive()
        archive.track(self.model)
        for feature in (self.model.served_feature, self.model.output_feature):
            for resource in feature.resources():
                resource(tf.constant([""]))  # Keras exports what has been called once
                archive.track(resource)
        for name, function in self._endpoints().items():
            archive.add_endpoint(name, function)
        if not replicas.is_chief(self.model.distribute_strategy):
            return
        with scratch_beside(path) as scratch:
            archive.write_out(os.path.join(scratch, "model"), verbose=self.verbose)
            os.replace(os.path.join(scratch, "model"), path)

    def _endpoints(self):
        """The functions of the exported model by name, each traced for what it takes.

        `serve` is traced for everything, first of all for its signature.
        """
        signatures = {name: (spec,) for name, spec in self._forms().items()}
        if self.model.samples:
            signatures["serve_seeded"] = (*signatures["serve"], SEED)
        functions = {}
        for name, signature in signatures.items():
            functions[name] = tf.function(self.serve, autograph=False)
            functions[name].get_concrete_function(*signature)
            if name != "serve":
                functions["serve"].get_concrete_function(*signature)
        for spec in self._forms().values():
            if self.model.served_feature.sequence and spec.shape.rank > 1:
                shape = [None, None, *spec.shape[2:]]
                ragged = tf.RaggedTensorSpec(shape, spec.dtype, ragged_rank=1)
                functions["serve"].get_concrete_function(ragged)
        return functions

    def _forms(self):
        """What is taken: dict of the name of an endpoint to the `tf.TensorSpec` of a batch."""
        feature = self.model.served_feature
        if feature.in_graph:
            return {
                name: tf.TensorSpec([None, *spec.shape], spec.dtype, name="values")
                for name, spec in feature.served.items()
            }
        codes = self.model.inputs[0]
        return {"serve": tf.TensorSpec(codes.shape, codes.dtype, name="values")}

    def serve(self, values, seed=None):
        """Readable outputs for a batch of raw inputs, as TensorFlow operations."""
        if seed is None:
            seed = tf.random.uniform([], maxval=2**31 - 1, dtype=tf.int32)
        if not self.model.served_feature.in_graph:
            return self._network(values, None, seed)
        codes, words = self.model.encode_served(values), self.model.words_served(values)
        return self._network(codes, words, seed)


def _name(path):
    """Names the output of the ONNX network in a file, and the sizes that may be any."""
    import onnx

    model = onnx.load(path)
    graph = model.graph
    (output,) = graph.output
    for node in graph.node:
        for names in (node.input, node.output):
            names[:] = ["outputs" if name == output.name else name for name in names]
    output.name = "outputs"
    for value in (*graph.input, output):
        for size, name in zip(value.type.tensor_type.shape.dim, ("batch", "time"), strict=False):
            if not size.HasField("dim_value"):
                size.dim_param = name
    onnx.save(model, path)


def padded(codes, feature):
    """Encoded values as a dense tensor, filled up as their feature says."""
    if isinstance(codes, tf.RaggedTensor):
        return codes.to_tensor(tf.cast(feature.padding, codes.dtype))
    return codes
