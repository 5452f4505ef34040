"""Whatever a user has as a `tf.data.Dataset` of raw examples."""

import numpy as np
import tensorflow as tf

from rnnkit.data.pipeline.given import column, given, is_lazy, read
from rnnkit.utils.messages import listed


def as_dataset(x, y=None, sample_weight=None, input_feature=None, output_feature=None):
    """Raw data in any accepted form as a dataset of single raw examples.

    Args:
        x: A `tf.data.Dataset`, generator or `keras.utils.PyDataset` of raw `(x, y)`,
            `(x, y, weight)` or `x`, batched or not; or the inputs alone: one, or a list, NumPy
            array, `tf.Tensor`, pandas Series or one-column frame of them.
        y: The targets, in the same forms, or None if `x` is a dataset or there are none.
        sample_weight: A weight an example, or None.
        input_feature: Feature of the inputs.
        output_feature: Feature of the targets, or None if there are none.

    Returns:
        A `tf.data.Dataset` whose elements are tuples `(x,)`, `(x, y)` or `(x, y, weight)`.

    Raises:
        ValueError: If the parts differ in length or are of the wrong type.
    """
    features = [input_feature, output_feature]
    if is_lazy(x) and y is None and sample_weight is None:
        return read(x, features)
    if isinstance(x, tf.data.Dataset) or is_lazy(x):
        if y is not None or sample_weight is not None:
            raise ValueError(
                "y and sample_weight must be left out when x is a dataset: its elements are "
                f"(x, y) or (x, y, sample_weight). Received: y={_short(y)}"
            )
        return _from_dataset(x, features)
    if isinstance(x, tuple) and y is None and len(x) in (2, 3) and output_feature is not None:
        return as_dataset(*x, input_feature=input_feature, output_feature=output_feature)
    x, one = given(x, input_feature)
    columns = [input_feature.to_tensor(x)]
    if output_feature is not None:
        if y is None:
            raise ValueError(
                "y is missing: pass the targets beside x, or a dataset of (x, y). "
                f"Received: x={_short(x)}, y=None"
            )
        y = [y] if one and output_feature.holds_one(y) else column(y, output_feature)
        columns.append(output_feature.to_tensor(y))
        if sample_weight is not None:
            weights = _weights(sample_weight)
            columns.append(weights[None] if one and not weights.shape.rank else weights)
    for name, values, tensor in zip(("x", "y"), (x, y), columns, strict=False):
        if isinstance(tensor, tf.Tensor) and not tensor.shape.rank:
            raise ValueError(
                f"{name} must be a list, an array or a column of examples. Received: {name}="
                f"{_short(values)} of type {type(values).__name__}"
            )
    sizes = [int(_rows(column)) for column in columns]
    if len(set(sizes)) != 1:
        names = ("x", "y", "sample_weight")
        found = ", ".join(f"{name}: {size:,}" for name, size in zip(names, sizes, strict=False))
        raise ValueError(f"x, y and sample_weight must have equal lengths. Received: {found}")
    if sizes[0] == 0:
        raise ValueError("The data has no examples. Received: an empty list of inputs")
    return tf.data.Dataset.from_tensor_slices(tuple(columns))


def _from_dataset(dataset, features):
    spec = dataset.element_spec
    if isinstance(spec, dict):
        raise ValueError(
            "A dataset must give (x, y) tuples: map it first, for example "
            f"`.map(lambda row: (row['text'], row['label']))`. Received: keys {sorted(spec)}"
        )
    wanted = 1 if features[1] is None else 2
    if not isinstance(spec, tuple):
        spec, dataset = (spec,), dataset.map(lambda x: (x,))
    if len(spec) < wanted or len(spec) > 3:
        raise ValueError(
            f"A dataset must give (x, y) or (x, y, sample_weight). Received: elements {spec}"
        )
    if wanted == 1 and len(spec) > 1:  # targets of no use here
        dataset, spec = dataset.map(lambda x, *rest: (x,)), spec[:1]
    batched = []
    for part, feature in zip(spec, features, strict=False):
        if isinstance(part, tf.TensorSpec | tf.RaggedTensorSpec):
            feature.check_spec(part)
            batched.append(part.shape.rank == feature.raw_spec.shape.rank + 1)
        else:
            batched.append(None)
    told = [each for each in batched if each is not None]
    if not told or not (batched[0] or all(told)):
        return dataset
    dataset = dataset.unbatch()
    # Texts that hold several labels are only known as such where the inputs show batches.
    for part, feature in zip(dataset.element_spec, features, strict=False):
        if isinstance(part, tf.TensorSpec | tf.RaggedTensorSpec):
            feature.check_spec(part)
    return dataset


def _rows(tensor):
    return tensor.nrows() if isinstance(tensor, tf.RaggedTensor) else tensor.shape[0]


def _weights(given):
    """Weights of examples or of their steps as a tensor."""
    if isinstance(given, tf.RaggedTensor):
        return tf.cast(given, tf.float32)
    try:
        return tf.convert_to_tensor(np.asarray(given, "float32"))
    except (TypeError, ValueError) as error:
        raise ValueError(
            "sample_weight must be a number for each example, or for each of its steps where "
            f"there is an output at each. Received: sample_weight={_short(given)}"
        ) from error


def check_weights(weights, steps=None):
    """Raises a ValueError for weights that do not fit.

    Args:
        weights: Encoded weights of examples.
        steps: Encoded inputs that have an output at each step, padded or ragged; or None.

    Raises:
        ValueError: If one is NaN or infinite; for a weight a step where there is one output; and
            for another number of them than there are steps. Padded ones may be more.
    """
    finite_weights(weights)
    if weights.shape.rank == 1:
        return
    if steps is None:
        if weights.shape[1:].as_list() == [1]:
            return
        raise ValueError(
            "sample_weight must be one number for each example of this model. "
            f"Received: weights of shape {weights.shape}"
        )
    size, found = _lengths(steps), _lengths(weights)  # [examples]
    wrong = found != size if isinstance(weights, tf.RaggedTensor) else found < size
    if wrong.any():
        first = int(np.argmax(wrong))
        raise ValueError(
            "sample_weight must be a number for each sequence, or for each of its steps. Received: "
            f"{found[first]} weights for the {size[first]} steps of sequence {first}"
        )


def _lengths(tensor):
    """Steps of each row of a tensor `[batch, time, ...]`, NumPy."""
    if isinstance(tensor, tf.RaggedTensor):
        return tensor.row_lengths().numpy()
    return np.full(tensor.shape[0], tensor.shape[1])


def finite_weights(weights):
    """Raises a ValueError for encoded weights of examples that are NaN or infinite."""
    values = weights.flat_values if isinstance(weights, tf.RaggedTensor) else weights
    bad = ~np.isfinite(np.asarray(values, "float64"))
    if bad.any():
        first = int(np.argmax(bad.reshape(len(bad), -1).any(axis=1)))
        if isinstance(weights, tf.RaggedTensor):
            first = int(weights.value_rowids()[first])
        raise ValueError(
            f"sample_weight must be finite; {int(bad.sum())} are NaN or infinite, the first that "
            f"of example {first}"
        )


def _short(value):
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def with_validation(x, y, sample_weight, fraction, validation_data, own=False):
    """What a model is fitted with and what it is validated with.

    Args:
        x, y, sample_weight: As in `Model.fit`.
        fraction: Part of the examples that are set apart for validation; 0 for none.
        validation_data: Data for validation, a tuple `(x, y[, weight])` or in one; or None.
        own: Whether the targets are columns of `x`, which `Model.prepare` finds.

    Returns:
        The arguments of `Model.prepare` for training, and those for validation or None.

    Raises:
        ValueError: For both a fraction and validation data, and as `split_arrays`.
    """
    if fraction:
        if validation_data is not None:
            raise ValueError("Pass validation_split or validation_data. Received: both")
        x, y, sample_weight, validation_data = split_arrays(
            x, x if own else y, sample_weight, fraction
        )
        if own:
            y, validation_data = None, (validation_data[0], None, *validation_data[2:])
    if validation_data is not None and not isinstance(validation_data, tuple):
        validation_data = (validation_data,)
    return (x, y, sample_weight), validation_data


def split_arrays(x, y, sample_weight, fraction):
    """Sets the last `fraction` of arrays apart for validation, as Keras does.

    Args:
        x, y, sample_weight: Lists, arrays or columns of pandas; weights may be None.
        fraction: Part of the examples for validation, between 0 and 1.

    Returns:
        `x, y, sample_weight` of the first examples, and a tuple of what there is for the others.

    Raises:
        ValueError: For a dataset, another fraction, or where a side would be empty.
    """
    if not 0 < fraction < 1:
        raise ValueError(f"validation_split must be between 0 and 1. Received: {fraction}")
    if y is None:
        raise ValueError(
            "validation_split needs x and y as arrays or lists; split a dataset with its take "
            f"and skip. Received: x of type {type(x).__name__}"
        )
    if isinstance(y, dict):
        raise ValueError(
            "validation_split needs targets that are a list, an array or a frame, a row an "
            f"example. Received: a dict of {listed([*y])}"
        )
    cut = int(len(x) * (1 - fraction))
    if cut < 1 or cut >= len(x):
        raise ValueError(
            f"validation_split={fraction} leaves one side of {len(x)} examples empty: use more data"
        )

    def part(values, piece):
        if values is None:
            return None
        return values.iloc[piece] if hasattr(values, "iloc") else values[piece]

    first, last = slice(0, cut), slice(cut, None)
    held_out = tuple(part(v, last) for v in (x, y, sample_weight) if v is not None)
    return part(x, first), part(y, first), part(sample_weight, first), held_out


def in_parts(data):
    """Validation data with `(x, y[, weight])` as a tuple, and the rest as it is."""
    if not isinstance(data, (tuple, list)):
        return data
    if len(data) not in (2, 3):
        raise ValueError(
            f"validation_data must be a dataset or (x, y[, weight]). Received: {len(data)} parts"
        )
    return tuple(data)
