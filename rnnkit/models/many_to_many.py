"""The many-to-many pattern: a sequence in, a sequence of the same length out."""

import keras
import numpy as np

from rnnkit.data.pipeline.encoded import Encoded, Streamed, batch
from rnnkit.layers.recurrent import recurrent
from rnnkit.models.base import Model
from rnnkit.models.inputs.masks import present_steps
from rnnkit.models.inputs.sequences import holds_one_sequence, weights_of_steps
from rnnkit.models.windows import Windows, cut_stream, stacked
from rnnkit.utils.checks import integer
from rnnkit.utils.seeds import Seeds


@keras.saving.register_keras_serializable(package="rnnkit")
class ManyToMany(Model):
    """A sequence → a sequence of the same length: the base of `Tagger` and `Forecaster`.

    It builds the network and cuts long sequences into windows; the classes made of it say what is
    read and what the outputs are.

    Args:
        read: Function of `rnnkit.utils.seeds.Seeds` that gives the Keras input
            `[batch, time, ...]`, and what the encoder reads of it `[batch, time, features]`.
        head: One of `rnnkit.models.heads.steps`.
        **arguments: The arguments of the class, among them those that `Tagger` and `Forecaster`
            have in common.
    """

    def __init__(self, read, head, **arguments):
        window, washout = arguments["window"], integer(arguments["washout"], "washout", least=0)
        if window is not None and integer(window, "window") <= washout:
            raise ValueError(
                "window must be longer than the washout, which does not count. Received: "
                f"window={window}, washout={washout}"
            )
        seeds = Seeds(arguments["seed"])
        names = ("cell", "units", "num_layers", "bidirectional", "dropout", "recurrent_dropout")
        encoder = recurrent(
            **{name: arguments[name] for name in names},
            return_sequences=True,
            seed=seeds.next(),
            name="encoder",
        )
        output_seed = seeds.next()
        inputs, x = read(seeds)  # [batch, time, ...], [batch, time, features]
        x = encoder(x, mask=present_steps(inputs))  # [batch, time, units]
        dropout = arguments["output_dropout"]
        x = keras.layers.Dropout(dropout, seed=seeds.next(), name="output_dropout")(x)
        outputs = head(inputs, x, output_seed)  # [batch, time, width]
        super().__init__(inputs, outputs, head=head, **arguments)

    # There is an output at each step; of `EchoStateNetwork` only some have one.
    stepwise = weighs_steps = True

    def compile(self, optimizer="auto", loss="auto", metrics="auto", **kwargs):
        """As `Model.compile`; by default the loss and the metrics are those of the head."""
        loss, metrics = self.head.loss(loss), self.head.metrics(metrics)
        super().compile(optimizer=optimizer, loss=loss, metrics=metrics, **kwargs)

    # === Data ===

    def prepare(self, x, y=None, sample_weight=None, targets=True):
        weights = weights_of_steps(self.input_feature, x, sample_weight)
        return super().prepare(x, y, weights, targets)

    def _batches(self, data, batch_size, shuffle=False, seed=None):
        return super()._batches(self.cut(data), batch_size, shuffle, seed)

    def batch_shape(self, data, batch_size):
        return super().batch_shape(self.cut(data), batch_size)

    def cut(self, data):
        """Encoded sequences as the pieces that the network is trained and used with.

        Args:
            data: What `prepare` gives.

        Returns:
            `rnnkit.models.windows.Windows`, or of a stream a `Streamed` of pieces.
        """
        if isinstance(data, Windows):
            return data
        if isinstance(data, Streamed):
            return cut_stream(data, self.window, self.washout, self.weighs_steps)
        horizon = self.output_feature.horizon
        return Windows(data, self.window, self.washout, horizon, self.weighs_steps)

    # === Use ===

    def predict(self, x, batch_size=None, verbose=0, **kwargs):
        """Outputs for raw sequences: probabilities of tags, or numbers in standardised units.

        A long sequence is read in the pieces that the network was trained with, so that it is
        never further from the start of one than in training.

        Args:
            x: Raw sequences as in `fit`.
            batch_size: Pieces of sequences computed at a time.

        Returns:
            NumPy array `[sequences, time, width]` (of tags `[sequences, time, tags]`), NaN after
            the end of a sequence; `[time, width]` for one series given as an array of its own.
        """
        data = self.prepare(x, targets=False)
        if isinstance(data, Streamed):
            blocks = batch(data.dataset, self._batch_size(batch_size))
            parts = (Encoded(data.encode(*raw), data.padding) for raw in blocks)
            return stacked([self.predict(part, batch_size, verbose) for part in parts], np.nan)
        pieces = self.cut(Encoded(data.tensors[:1], data.padding))
        outputs = self._outputs_of(pieces, batch_size, verbose=verbose, **kwargs)
        result = pieces.joined(outputs)  # [sequences, time, width]
        array = isinstance(x, np.ndarray) and 0 < x.ndim < 3
        single = array and holds_one_sequence(self.input_feature, x)
        return result[0] if single else result

    def _outputs_of(self, pieces, batch_size, **kwargs):
        """Outputs for cut data, in its order: `[pieces, time, width]`, padding included."""
        return super().predict(pieces, batch_size, **kwargs)
