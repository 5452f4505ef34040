"""Pictures that a network reads once, before training, where its weights stay as they are."""

import functools

import keras
import numpy as np
import tensorflow as tf

from rnnkit.data.pipeline.ahead import is_read, read_ahead
from rnnkit.layers.image_network import ImageNetwork
from rnnkit.models.progress import shown
from rnnkit.training.stopping import tell


class ReadsAhead:
    """Methods of a model that may read pictures with an `ImageNetwork`, for a class beside
    `keras.Model`.

    In `fit` a network that is not trained reads each picture once, and the epochs begin at what it
    made of them; that of an ensemble reads it once for all members. Everywhere else the model is
    given pictures.

    Attributes:
        shares_inputs: Whether the graph takes several targets of one input; see
            `rnnkit.data.pipeline.shared`.
    """

    shares_inputs = False

    def call(self, inputs, training=False, mask=None, **kwargs):
        """As Keras calls the graph; without a word as in inference.

        Left to themselves Keras' layers that vary pictures would do so.
        """
        return super().call(inputs, training=training, mask=mask, **kwargs)

    @property
    def image_networks(self):
        """The layers that read pictures as a list: one, or of an ensemble one a member, or none."""
        models = self.members or [self]
        return [each for one in models for each in one.layers if isinstance(each, ImageNetwork)]

    @property
    def image_network(self):
        """The layer that reads pictures, of an ensemble that of its first member, or None."""
        return next(iter(self.image_networks), None)

    def _take_features(self):
        """Lets the graph be given, in place of pictures, what the network makes of them."""
        if self.image_network is not None:
            self.input_spec = [keras.layers.InputSpec(ndim=len(i.shape)) for i in self.inputs]

    def _read_ahead(self, train, validation=None, verbose=0):
        """Encoded examples for `fit`, and those that validate or None, their pictures read where
        that can be done once for all epochs."""
        layers = self.image_networks
        if not layers or any(layer.trainable for layer in layers) or not _equal(layers):
            return train, validation
        # Pictures that are varied are new in each epoch; replicas each take a part of a batch.
        layer, model = layers[0], (self.members or [self])[0]
        varied = layer.input is not model.inputs[0]
        if varied or self.distribute_strategy.num_replicas_in_sync > 1:
            return train, validation
        clips = len(self.inputs[0].shape) == 5

        @tf.function(reduce_retracing=True, autograph=False)
        def read(pictures):
            pictures = pictures[:, None] if clips else pictures
            found = tf.cast(layer(pictures, training=False), tf.float32)
            return found[:, 0] if clips else found

        given = [data for data in (train, validation) if data]
        if all(is_read(data, layer.features) for data in given):  # for all members of an ensemble
            return train, validation
        verbose = 1 if verbose == "auto" else verbose
        bar = functools.partial(shown, verbose=verbose)
        if verbose:
            tell(f"{layer.network} reads the pictures, once for all epochs")
        found = []
        for data in (train, validation):
            read_data = data and read_ahead(data, read, self.shares_inputs, bar)
            if data and not read_data and verbose:
                tell(f"What {layer.network} makes of them is not kept: it reads them every time")
            found.append(read_data or data)
        return tuple(found)

    def _network_config(self):
        """What a file says of the network: its weights are in the file, wherever they came from."""
        layer = self.image_network
        return {} if layer is None else {"network_weights": None, "train_network": layer.trainable}


def _equal(layers):
    """Whether layers have the same weights."""
    first, *others = [layer.get_weights() for layer in layers]
    return all(np.array_equal(*pair) for each in others for pair in zip(first, each, strict=True))
