"""Networks of `keras.applications` that read pictures, and where their weights come from."""

import keras

from rnnkit.layers.image_network import NETWORKS, ImageNetwork
from rnnkit.models.inputs import network_weights as weights_of
from rnnkit.utils.checks import one_of, require
from rnnkit.utils.idle import origin

NAME = "image_network"


def checked(feature, network, network_weights, train_network):
    """Whether a network is trained with the rest of a model, after a check of its arguments.

    Args:
        feature: Adapted feature of the inputs.
        network: Name of a network of `ImageNetwork`, or None for none.
        network_weights, train_network: As in `rnnkit.models.OneToOne`.

    Raises:
        ValueError: For an unknown network, for inputs that are no pictures, and for a network that
            would stay as it was made at random.
    """
    one_of(network, "network", (*NETWORKS, None))
    require(
        train_network is None or isinstance(train_network, bool),
        "train_network must be True, False or None.",
        train_network=train_network,
    )
    require(
        network is None or feature.shape is not None,
        "A network reads pictures, of an Image or a Video.",
        network=network,
        input_feature=type(feature).__name__,
    )
    if network is None:
        return train_network  # which is refused where it says something
    if train_network is None:
        return network_weights is None
    if origin.get() != "file":  # which holds the weights itself
        require(
            train_network or network_weights is not None,
            "A network that is not trained must begin with weights: give network_weights, "
            "'imagenet' or the path of a file, or train_network=True.",
            train_network=train_network,
            network_weights=network_weights,
        )
    return train_network


def read(images, feature, network, network_weights, train, seeds, pooled=False):
    """What a network makes of pictures.

    Args:
        images: Keras tensor `[batch, height, width, channels]`, or of clips
            `[batch, time, height, width, channels]`.
        feature: Adapted feature of the pictures.
        network: Name of a network, as in `ImageNetwork`.
        network_weights: `"imagenet"`, the path of a file, or None. A model that is loaded holds its
            weights itself, and nothing is read here.
        train: What `trained` gives.
        seeds: `rnnkit.utils.seeds.Seeds`.
        pooled: As in `ImageNetwork`.

    Returns:
        Keras tensor `[batch, rows, columns, features]`, or `[batch, time, rows, ...]`.
    """
    mean, deviation = feature.standardised_by or (None, None)
    layer = ImageNetwork(network, mean, deviation, pooled, seed=seeds.next(), name=NAME)
    x = layer(images)
    layer.trainable = train
    if network_weights is not None and origin.get() != "file":
        weights_of.load(layer, network_weights)
    return x


def frame_vectors(x, units, seeds):
    """A vector `[batch, time, units]` of what a network made of frames, one row and column of
    features each."""
    x = keras.layers.Reshape((-1, x.shape[-1]), name="frame_features")(x)  # [batch, time, features]
    initializer = keras.initializers.HeNormal(seed=seeds.next())
    return keras.layers.Dense(
        units, "relu", kernel_initializer=initializer, name="frame_projection"
    )(x)
