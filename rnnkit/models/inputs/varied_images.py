"""Pictures that are varied in training."""

import keras

# How far they are shifted at most, as a fraction of their sides, and made larger or smaller.
SHIFT = 0.1
ZOOM = 0.1


def varied(image, seeds, flip=False):
    """Images shifted and zoomed a little at random in training, so that none is seen twice.

    Args:
        image: Keras tensor `[batch, height, width, channels]`.
        seeds: `rnnkit.utils.seeds.Seeds`.
        flip: Whether half of them are seen in a mirror too.

    Returns:
        Keras tensor of the same shape; outside training the images as they are.
    """
    layers = keras.layers
    options = {"fill_mode": "nearest", "interpolation": "bilinear"}
    if flip:
        image = layers.RandomFlip("horizontal", seed=seeds.next(), name="image_flip")(image)
    image = layers.RandomTranslation(
        SHIFT, SHIFT, seed=seeds.next(), name="image_shift", **options
    )(image)
    return layers.RandomZoom((-ZOOM, ZOOM), seed=seeds.next(), name="image_zoom", **options)(image)
