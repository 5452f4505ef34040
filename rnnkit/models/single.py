"""From one value to what a decoder is given: a vector, or a grid of vectors of an image."""

import difflib

import keras

FILTERS = (32, 64, 128)


def vector(feature, size, seeds):
    """A class or numbers as a vector.

    Args:
        feature: Adapted `Label` or `Number`.
        size: Size of the vector.
        seeds: `rnnkit.models.base.Seeds`.

    Returns:
        A list with the Keras input, and the vector `[batch, size]`.
    """
    width = getattr(feature, "width", None)
    if width is None:
        inputs = keras.Input((), dtype="int32", name="label")  # [batch]
        initializer = keras.initializers.RandomNormal(stddev=size**-0.5, seed=seeds.next())
        layer = keras.layers.Embedding(
            feature.size, size, embeddings_initializer=initializer, name="label_embedding"
        )
        return [inputs], layer(inputs)
    inputs = keras.Input((width,), name="numbers")  # [batch, width]
    glorot = keras.initializers.GlorotUniform(seed=seeds.next())
    layer = keras.layers.Dense(size, "tanh", kernel_initializer=glorot, name="numbers_projection")
    return [inputs], layer(inputs)


def image_grid(image, network, dropout, seeds):
    """Vectors of the parts of images, row by row.

    Args:
        image: Keras tensor `[batch, height, width, channels]`.
        network: `"cnn"`: three pairs of convolutions, each halving height and width while they
            are at least 8. Or the name of a network of `keras.applications`, such as
            `"MobileNetV2"`, without its top and with weights that are not trained yet.
        dropout: Share of the features of the grid dropped in training.
        seeds: `rnnkit.models.base.Seeds`.

    Returns:
        `[batch, places, features]`.

    Raises:
        ValueError: For an unknown network, or one that cannot read images of this shape.
    """
    x = _cnn(image, seeds) if network == "cnn" else _application(image, network)
    height, width, features = x.shape[1:]
    x = keras.layers.Reshape((height * width, features), name="grid")(x)
    return keras.layers.Dropout(dropout, seed=seeds.next(), name="grid_dropout")(x)


def _cnn(x, seeds):
    for level, filters in enumerate(FILTERS):
        for part in "ab":
            x = keras.layers.Conv2D(
                filters,
                3,
                padding="same",
                use_bias=False,
                kernel_initializer=keras.initializers.HeNormal(seed=seeds.next()),
                name=f"image_{level}{part}",
            )(x)
            x = keras.layers.BatchNormalization(name=f"image_norm_{level}{part}")(x)
            x = keras.layers.ReLU(name=f"image_relu_{level}{part}")(x)
        if min(x.shape[1:3]) >= 8:
            x = keras.layers.MaxPooling2D(name=f"image_pool_{level}")(x)
    return x


def _application(image, network):
    known = [
        name
        for name in dir(keras.applications)
        if name[0].isupper() and callable(getattr(keras.applications, name))
    ]
    if network not in known:
        near = difflib.get_close_matches(str(network), ["cnn", *known], n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(
            "network must be 'cnn' or the name of a network of keras.applications."
            f"{hint} Received: network={network!r}"
        )
    make = getattr(keras.applications, network)
    try:
        made = make(include_top=False, weights=None, input_shape=tuple(image.shape[1:]))
    except ValueError as error:
        raise ValueError(
            f"network={network!r} cannot read images of shape {tuple(image.shape[1:])}: {error}"
        ) from None
    made.name = "image"
    return made(image)
