"""From one value to what a decoder is given: a vector, or a grid of vectors of an image."""

import keras

from rnnkit.models.inputs import image_networks
from rnnkit.models.inputs.varied_images import varied
from rnnkit.utils import replicas

# Levels of the small network: features of its convolution, and height and width that it looks at.
CNN = ((32, 5), (48, 3), (96, 3), (192, 3))


def vector(feature, size, seeds):
    """A class or numbers as a vector.

    Args:
        feature: Adapted `Label` or `Number`.
        size: Size of the vector.
        seeds: `rnnkit.utils.seeds.Seeds`.

    Returns:
        The Keras input, the vector `[batch, size]`, and None, as there is no grid.
    """
    if feature.width is None:
        inputs = keras.Input((), dtype="int32", name="label")  # [batch]
        initializer = keras.initializers.RandomNormal(stddev=size**-0.5, seed=seeds.next())
        layer = keras.layers.Embedding(
            feature.size, size, embeddings_initializer=initializer, name="label_embedding"
        )
    else:
        inputs = keras.Input((feature.width,), name="numbers")  # [batch, width]
        layer = keras.layers.Dense(
            size, "tanh", kernel_initializer=seeds.glorot(), name="numbers_projection"
        )
    return inputs, layer(inputs), None


def image_grid(
    feature, network, dropout, seeds, augment=False, flip=False, network_weights=None, train=True
):
    """Vectors of the parts of images, row by row.

    Args:
        feature: Adapted feature of pictures.
        network: `"cnn"`: four convolutions, each but the last followed by halving height and width
            while that leaves at least 8 (4 after the first). Or the name of a network; see
            `rnnkit.layers.ImageNetwork`.
        dropout: Fraction of the features of the grid dropped in training.
        seeds: `rnnkit.utils.seeds.Seeds`.
        augment: Whether images are shifted and zoomed at random in training.
        flip: Whether half of them are seen in a mirror too.
        network_weights, train: As in `rnnkit.models.inputs.image_networks.read`.

    Returns:
        The Keras input, the mean of the grid `[batch, features]`, and the grid
        `[batch, parts, features]`.

    Raises:
        ValueError: For a network that cannot read images of this shape, and for its weights.
    """
    image = keras.Input(feature.shape, name="image")
    x = varied(image, seeds, flip) if augment else image
    if network == "cnn":
        x = _cnn(x, seeds)
    else:
        x = image_networks.read(x, feature, network, network_weights, train, seeds)
    height, width, features = x.shape[1:]
    x = keras.layers.Reshape((height * width, features), name="grid")(x)
    grid = keras.layers.Dropout(dropout, seed=seeds.next(), name="grid_dropout")(x)
    return image, keras.ops.mean(grid, axis=1), grid


def _cnn(x, seeds):
    def convolution(x, filters, size, strides, name):
        x = keras.layers.Conv2D(
            filters,
            size,
            strides,
            padding="same",
            use_bias=False,
            kernel_initializer=keras.initializers.HeNormal(seed=seeds.next()),
            name=f"image_{name}",
        )(x)
        x = keras.layers.BatchNormalization(
            synchronized=replicas.count() > 1,  # over the batch, not over a part of it
            name=f"image_norm_{name}",
        )(x)
        return keras.layers.ReLU(name=f"image_relu_{name}")(x)

    for level, (filters, size) in enumerate(CNN):
        # The first level takes the longest, as it has the most pixels.
        strides = 2 if level == 0 and min(x.shape[1:3]) >= 8 else 1
        x = convolution(x, filters, size, strides, level)
        if level and min(x.shape[1:3]) >= 16:
            x = keras.layers.MaxPooling2D(name=f"image_pool_{level}")(x)
    return x
