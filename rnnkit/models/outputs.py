"""What a model's features must be, and what a target needs of the graph: its last layer, its loss
and its metrics."""

import keras

from rnnkit.features import Feature, Label, Labels, Number, Targets
from rnnkit.layers.ordered import OrderedClasses
from rnnkit.layers.targets import TargetActivations
from rnnkit.losses.labels import MicroF1
from rnnkit.losses.targets import RelativeLoss, TargetMetric, TargetsLoss

# Type of target -> what turns the sum of the last layer into the output; of others nothing does,
# and of ordered classes a layer.
ACTIVATIONS = {"classes": "softmax", "labels": "sigmoid"}


def check_features(input_feature, output_feature, outputs=(Label, Labels, Number, Targets)):
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
    """The last layer of a network whose target is a label, or several, or a number, or of several
    kinds.

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
    if feature.target_type == "targets":
        return _targets(feature, seed, name, activate)
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


def _targets(feature, seed, name, activate):
    """As `output_layer`, of several targets: the sums of all, and what becomes of those of each."""
    sums = keras.layers.Dense(
        TargetActivations.width(feature.types, feature.sizes),
        kernel_initializer=keras.initializers.GlorotUniform(seed=seed),
        dtype="float32",
        name=name,
    )
    if not activate:
        return sums
    last = output_activation(feature)
    return lambda x: last(sums(x))


def output_activation(feature):
    """What turns the sum of several output layers into the output."""
    if feature.target_type == "targets":
        sizes = feature.types, feature.sizes
        return TargetActivations(*sizes, dtype="float32", name="targets_output")
    if feature.target_type == "ordered":
        return OrderedClasses(feature.size, dtype="float32", name="ordered_output")
    activation = ACTIVATIONS.get(feature.target_type, "linear")
    return keras.layers.Activation(activation, dtype="float32", name="probabilities")


def task_defaults(feature):
    """Default `(loss, metrics)` for a target."""
    # Metrics, not their names, whose variables Keras would make within the first step; see
    # `Model.build_optimizer`.
    if feature.target_type == "targets":
        return TargetsLoss.of(feature), TargetMetric.all_of(feature)
    if feature.target_type == "labels":
        return "binary_crossentropy", [MicroF1()]
    if feature.target_type in ("classes", "ordered"):
        metric = keras.metrics.SparseCategoricalAccuracy(name="accuracy")
        return "sparse_categorical_crossentropy", [metric]
    return "mean_squared_error", [keras.metrics.MeanAbsoluteError()]


def check_compiled(loss, metrics, feature):
    """Raises a ValueError for a loss or metrics that would not be of several targets.

    Args:
        loss: A loss, as `compile` takes it.
        metrics: Metrics, likewise.
        feature: The output feature; of other types than several targets all is well here.
    """
    if feature.target_type != "targets":
        return
    if not isinstance(loss, TargetsLoss):
        raise ValueError(
            "loss must be left out, or be a rnnkit.losses.TargetsLoss, where there are several "
            "targets: others would take class indices and probabilities for numbers. "
            f"Received: loss={loss!r}"
        )
    for each in keras.tree.flatten(metrics or []):
        if not isinstance(each, (TargetMetric, RelativeLoss)):
            raise ValueError(
                "metrics must be left out, or be rnnkit.losses.TargetMetric, where there are "
                "several targets: which one a metric is of could be read in several ways. score "
                f"has more of each. Received: metrics={each!r}"
            )
