"""Export of models for serving, without rnnkit or Keras."""

import os
import shutil
import tempfile

import keras
import tensorflow as tf

from rnnkit.utils.writing import atomically


def export(model, filepath, format="tf_saved_model", verbose=True):
    """Exports a model for serving, without rnnkit or Keras.

    Args:
        model: A model of rnnkit.
        filepath: Folder of the SavedModel, or path of the ONNX file.
        format: `"tf_saved_model"`: takes raw inputs (strings) and returns readable outputs
            (labels, probabilities, texts); models that write decode as they do by default. Where
            encoding needs Python (`Subwords`, `Audio`) it takes encoded inputs instead, as
            `feature.encode` gives them, padded; and for `Subwords` as target it returns tokens.
            `"onnx"`: the network alone, from encoded numbers to arrays, not for models that write;
            needs the extra `pip install "rnnkit[onnx]"`.
        verbose: Whether Keras prints the signature.

    Raises:
        ValueError: If something lies at the path already, for another format, and for ONNX of a
            model that writes.

    Example:

    >>> model.export("served")
    >>> served = tf.saved_model.load("served")
    >>> served.serve(tf.constant(["a delight"]))["label"]
    """
    path = os.fspath(filepath)
    if os.path.exists(path):
        raise ValueError(f"{path} exists: export to another name, or remove it first")
    if format == "onnx":
        if len(model.inputs) > 1:
            raise ValueError(
                "format='onnx' holds a network alone, and decoding is a loop around it: use "
                f"'tf_saved_model'. Received: {type(model).__name__}"
            )
        try:
            import tf2onnx  # noqa: F401
        except ImportError:
            raise ImportError('Export to ONNX needs tf2onnx: pip install "rnnkit[onnx]"') from None
        with atomically(path) as temporary:
            # Named, as Keras asks for a call before it finds the signature itself.
            signature = [keras.InputSpec(i.dtype, i.shape, name=i.name) for i in model.inputs]
            keras.Model.export(
                model, temporary, format="onnx", input_signature=signature, verbose=verbose
            )
        return
    if format != "tf_saved_model":
        raise ValueError(f"format must be 'tf_saved_model' or 'onnx'. Received: format={format!r}")

    feature = model.input_feature

    def serve(values):
        codes = feature.encode(values) if feature.in_graph else values
        if isinstance(codes, tf.RaggedTensor):
            codes = codes.to_tensor(tf.cast(feature.padding, codes.dtype))
        return model.serve(codes)

    spec = feature.raw_spec
    if not feature.in_graph:
        spec = tf.TensorSpec(model.inputs[0].shape[1:], model.inputs[0].dtype)
    archive = keras.export.ExportArchive()
    archive.track(model)
    for resource in model.input_feature.resources():
        archive.track(resource)
    archive.add_endpoint(
        "serve", serve, input_signature=[tf.TensorSpec([None, *spec.shape], spec.dtype)]
    )
    folder = os.path.dirname(os.path.abspath(path))
    scratch = tempfile.mkdtemp(prefix=".export.", dir=folder)
    try:
        archive.write_out(os.path.join(scratch, "model"), verbose=verbose)
        os.replace(os.path.join(scratch, "model"), path)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
