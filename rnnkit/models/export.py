"""Export of models for serving, without rnnkit or Keras."""

import os

import keras
import tensorflow as tf

from rnnkit.utils.checks import one_of
from rnnkit.utils.writing import atomically, scratch_beside

FORMATS = ("tf_saved_model", "onnx")


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

    def write(self, filepath, format="tf_saved_model"):
        """Writes a folder or a file.

        Args:
            filepath: Folder of the SavedModel, or path of the ONNX file.
            format: `"tf_saved_model"`: takes raw inputs (strings) and returns readable outputs
                (labels, probabilities, texts); models that generate decode as they do by default.
                Where encoding needs Python (`Subwords`, `Audio`) it takes encoded inputs instead,
                as `feature.encode` gives them, padded; and for `Subwords` as target it returns
                tokens. `"onnx"`: the network alone, from encoded numbers to arrays, not for models
                that generate; needs the extra `pip install "rnnkit[onnx]"`.

        Raises:
            ValueError: If something lies at the path already, for another format, and for ONNX of
                a model that generates.
        """
        path = os.fspath(filepath)
        if os.path.exists(path):
            raise ValueError(f"{path} exists: export to another name, or remove it first")
        one_of(format, "format", FORMATS)
        (self._write_onnx if format == "onnx" else self._write_folder)(path)

    def _write_onnx(self, path):
        if len(self.model.inputs) > 1:
            raise ValueError(
                "format='onnx' holds a network alone, and decoding is a loop around it: use "
                f"'tf_saved_model'. Received: {type(self.model).__name__}"
            )
        try:
            import tf2onnx  # noqa: F401
        except ImportError:
            raise ImportError('Export to ONNX needs tf2onnx: pip install "rnnkit[onnx]"') from None
        # Named, as Keras asks for a call before it finds the signature itself.
        signature = [keras.InputSpec(i.dtype, i.shape, name=i.name) for i in self.model.inputs]
        options = {"format": "onnx", "input_signature": signature, "verbose": self.verbose}
        with atomically(path) as temporary:
            keras.Model.export(self.model, temporary, **options)

    def _write_folder(self, path):
        feature, spec = self.model.input_feature, self.model.input_feature.raw_spec
        if not feature.in_graph:
            spec = tf.TensorSpec(self.model.inputs[0].shape[1:], self.model.inputs[0].dtype)
        archive = keras.export.ExportArchive()
        archive.track(self.model)
        for resource in feature.resources():
            resource(tf.constant([""]))  # Keras exports what has been called once
            archive.track(resource)
        signature = [tf.TensorSpec([None, *spec.shape], spec.dtype)]
        archive.add_endpoint("serve", self.serve, input_signature=signature)
        with scratch_beside(path) as scratch:
            archive.write_out(os.path.join(scratch, "model"), verbose=self.verbose)
            os.replace(os.path.join(scratch, "model"), path)

    def serve(self, values):
        """Readable outputs for a batch of raw inputs, as TensorFlow operations."""
        feature = self.model.input_feature
        codes = feature.encode(values) if feature.in_graph else values
        if isinstance(codes, tf.RaggedTensor):
            codes = codes.to_tensor(tf.cast(feature.padding, codes.dtype))
        return self.model.serve(codes)
