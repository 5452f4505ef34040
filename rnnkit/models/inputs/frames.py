"""Where clips enter a network: frames to vectors, one a step."""

import keras

from rnnkit.layers.frame_network import FrameNetwork


def frame_vectors(feature, seeds, filters=(16, 32), units=64, kernel_size=3, differences=True):
    """The input of clips, and what a recurrent network reads of it.

    Args:
        feature: Adapted `Video`.
        seeds: `rnnkit.utils.seeds.Seeds`.
        filters: Features of the convolutions over each frame; see `FrameNetwork`.
        units: Numbers in a frame's vector.
        kernel_size: Pixels that a convolution looks at.
        differences: Whether a frame is read with its change since the one before.

    Returns:
        The pair of the Keras input `[batch, time, height, width, channels]`, NaN after the end of
        a clip, and the vectors `[batch, time, units]`, masked there.
    """
    inputs = keras.Input((None, *feature.shape), name="frames")
    network = FrameNetwork(
        filters, units, kernel_size, differences, seed=seeds.next(), name="frame_network"
    )
    return inputs, network(inputs)
