"""Training on from what a model has learned: parts frozen, at a lower learning rate."""

import keras

from rnnkit.utils.checks import nearest


class WarmStart:
    """Freezes parts of a model and lowers its learning rate for the time of a `with` block.

    The model has a fresh optimizer within the block, as the old one's moments belong to the old
    data; afterwards its own learning rate again.

    Args:
        model: A compiled `rnnkit.models.Model`.
        freeze: What keeps its weights: `"encoder"`, a layer's name, a list of these, or None.
        learning_rate: Learning rate; by default a third of the model's own.

    Raises:
        ValueError: For an unknown layer, or a learning rate that is not positive.

    Example:

    >>> with WarmStart(model, freeze="encoder", learning_rate=1e-4):
    ...     model.fit(more_data)
    """

    def __init__(self, model, freeze=None, learning_rate=None):
        self.model = model
        self.frozen = [layer for layer in self._named(freeze) if layer.trainable]
        self.usual = float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))
        self.learning_rate = self.usual / 3 if learning_rate is None else learning_rate
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate must be positive. Received: {learning_rate}")

    def __enter__(self):
        compiled = self.model.get_compile_config()
        for layer in self.frozen:
            layer.trainable = False
        try:
            optimizer = keras.optimizers.serialize(self.model.optimizer)
            optimizer["config"]["learning_rate"] = self.learning_rate
            with self.model.distribute_strategy.scope():
                arguments = keras.saving.deserialize_keras_object(compiled)
                arguments["optimizer"] = keras.optimizers.deserialize(optimizer)
                self.model.compile(**arguments)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for layer in self.frozen:
            layer.trainable = True
        if self.frozen:
            self.model.compile_from_config(self.model.get_compile_config())
        self.model.optimizer.learning_rate = self.usual

    def _named(self, freeze):
        """The layers that `freeze` names."""
        weighted = {layer.name: layer for layer in self.model.layers if layer.weights}
        found = []
        for name in [freeze] if isinstance(freeze, str) else list(freeze or []):
            if name == "encoder":
                found += self.model.encoder_layers
            elif name in weighted:
                found.append(weighted[name])
            else:
                raise ValueError(
                    f"freeze must name 'encoder' or layers of the model, {[*weighted]}."
                    f"{nearest(name, ['encoder', *weighted])} Received: freeze={freeze!r}"
                )
        return found
