"""What a model's features must be, and what a target needs of the graph: its last layer, its loss
and its metrics."""

import keras

from rnnkit.features import Feature, Label, Labels, Number
from rnnkit.layers.ordered import OrderedClasses
from rnnkit.losses.labels import MicroF1

# Type of target -> what turns the sum of the last layer into the output; of others nothing does,
# and of ordered classes a layer.
ACTIVATIONS = {"classes": "softmax", "labels": "sigmoid"}


def check_features(input_feature, output_feature, outputs=(Label, Labels, Number)):
    """Raises a ValueError unless both are adapted features, the target one of some classes."""
    for name, feature in (("input_feature", input_feature), ("output_feature", output_feature)):
        if not isinstance(feature, Feature):
            raise ValueError(
                f"{name} must be a feature, such as rnnkit.features.Text(). Received: {feature!r}"
            )
        if not feature.adapted:
            raise ValueError(
                f"{name} has learned nothing yet: call its adapt(...) on the training data first. "
                f"Received: {type(feature).__name__}"
            )
    if not isinstance(output_feature, outputs):
        *names, last = (each.__name__ for each in outputs)
        names = f"{', '.join(names)} or {last}" if names else last
        raise ValueError(
            f"output_feature must be a {names}. Received: {type(output_feature).__name__}"
        )


def output_layer(feature, seed, name="output", activate=True):
    """The last layer of a network whose target is a label, or several, or a number.

    Args:
        feature: The output feature.
        seed: Seed of the weights.
        name: Name of the layer; `fine_tune(freeze="encoder")` trains the layers whose names end
            in `output`.
        activate: Whether labels become probabilities here, or later by `output_activation`.

    Returns:
        A layer, or a function that applies two.
    """
    if feature.target_type == "ordered":
        return _ordered(feature, seed, name, activate)
    activation = ACTIVATIONS.get(feature.target_type)
    return keras.layers.Dense(
        feature.size if activation else feature.width,
        activation if activate else None,
        kernel_initializer=keras.initializers.GlorotUniform(seed=seed),
        dtype="float32",  # also under mixed precision: probabilities and losses need it
        name=name,
    )


def _ordered(feature, seed, name, activate):
    """As `output_layer`, of ordered classes: how high an example stands, and its probabilities."""
    initializer = keras.initializers.GlorotUniform(seed=seed)
    height = keras.layers.Dense(
        1, use_bias=False, kernel_initializer=initializer, dtype="float32", name=name
    )
    if not activate:
        return height
    last = output_activation(feature)
    return lambda x: last(height(x))


def output_activation(feature):
    """What turns the sum of several output layers into the output."""
    if feature.target_type == "ordered":
        return OrderedClasses(feature.size, dtype="float32", name="ordered_output")
    activation = ACTIVATIONS.get(feature.target_type, "linear")
    return keras.layers.Activation(activation, dtype="float32", name="probabilities")


def task_defaults(feature):
    """Default `(loss, metrics)` for a target."""
    # Metrics, not their names, whose variables Keras would make within the first step; see
    # `Model.build_optimizer`.
    if feature.target_type == "labels":
        return "binary_crossentropy", [MicroF1()]
    if feature.target_type in ("classes", "ordered"):
        metric = keras.metrics.SparseCategoricalAccuracy(name="accuracy")
        return "sparse_categorical_crossentropy", [metric]
    return "mean_squared_error", [keras.metrics.MeanAbsoluteError()]
