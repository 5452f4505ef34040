"""Pictures that a network reads once, before training, where its weights stay as they are."""

import functools

import keras
import tensorflow as tf

from rnnkit.data.pipeline.ahead import read_ahead
from rnnkit.layers.image_network import ImageNetwork
from rnnkit.models.progress import shown
from rnnkit.training.stopping import tell


class ReadsAhead:
    """Methods of a model that may read pictures with an `ImageNetwork`, for a class beside
    `keras.Model`.

    In `fit` a network that is not trained reads each picture once, and the epochs begin at what it
    made of them. Everywhere else the model is given pictures.

    Attributes:
        shares_inputs: Whether the graph takes several targets of one input; see
            `rnnkit.data.pipeline.shared`.
    """

    shares_inputs = False

    @property
    def image_network(self):
        """The layer that reads pictures, or None."""
        return next((each for each in self.layers if isinstance(each, ImageNetwork)), None)

    def _take_features(self):
        """Lets the graph be given, in place of pictures, what the network makes of them."""
        if self.image_network is not None:
            self.input_spec = [keras.layers.InputSpec(ndim=len(i.shape)) for i in self.inputs]

    def _read_ahead(self, train, validation=None, verbose=0):
        """Encoded examples for `fit`, and those that validate or None, their pictures read where
        that can be done once for all epochs."""
        layer = self.image_network
        if layer is None or layer.trainable:
            return train, validation
        # Pictures that are varied are new in each epoch; replicas each take a part of a batch.
        varied = layer.input is not self.inputs[0]
        if varied or self.distribute_strategy.num_replicas_in_sync > 1:
            return train, validation
        clips = len(self.inputs[0].shape) == 5

        @tf.function(reduce_retracing=True, autograph=False)
        def read(pictures):
            pictures = pictures[:, None] if clips else pictures
            found = tf.cast(layer(pictures, training=False), tf.float32)
            return found[:, 0] if clips else found

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
