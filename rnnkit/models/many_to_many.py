"""The many-to-many pattern: a sequence in, a sequence of the same length out."""

import functools

import keras
import numpy as np
import tensorflow as tf

from rnnkit.data.pipeline.encoded import Encoded, Streamed, batch
from rnnkit.features import Forecast, Series, Tags
from rnnkit.layers.crf import CRF
from rnnkit.layers.missing import AddPresent, KnownErrors
from rnnkit.layers.recurrent import recurrent
from rnnkit.losses.masked import OutputErrors
from rnnkit.models import forecasting, measured_errors, tagging
from rnnkit.models.base import Model
from rnnkit.models.inputs import steps as step_inputs
from rnnkit.models.outputs import check_features
from rnnkit.models.windows import Windows, cut_stream, stacked
from rnnkit.utils.checks import integer, number
from rnnkit.utils.seeds import Seeds


@keras.saving.register_keras_serializable(package="rnnkit")
class ManyToMany(Model):
    """A sequence → a sequence of the same length: an output at each step, trained by gradient.

    With `Tags` as output each step gets a tag: parts of speech, entities, phases of a movement. Of
    numbers, with `Forecast` the model forecasts at every step, and with `Series` it gives numbers
    that belong to the step.

    Args:
        input_feature: Adapted feature of sequences: of words (`Words`), of tokens (`Text`), of
            numbers (`Series`, `Strokes`, ...) or of pictures (`Video`).
        output_feature: Adapted `Tags`; or `Forecast` or `Series` for an input of `Series`.
        cell: Name of a cell (`"lstm"`, `"gru"`, `"simple_rnn"`, `"dense"`, `"esn"`, a reference
            cell) or a Keras RNN cell; see `rnnkit.layers.recurrent`. `"dense"` has no memory.
        units: Size of the state, in each direction.
        num_layers: Recurrent layers on top of each other.
        bidirectional: Whether the sequence is also read from its end (not for forecasts).
        window: Steps of the pieces that long sequences are cut into, with which the network is
            trained and used; None takes sequences whole.
        washout: Steps at the start of each piece that warm the state up and do not count. Pieces
            overlap by them, so that every later step of a sequence counts exactly once.
        skip: Whether a `Forecast` of columns that are among the inputs starts from their present
            values, so that the network learns the change. Untrained it is then nearly the
            persistence forecast.
        dropout: Share of the features below each recurrent layer dropped in training.
        output_dropout: Share of the states dropped in training.
        recurrent_dropout: Share of the recurrent connections dropped in training; this loses the
            fused kernels.
        interval: Probability that the intervals of forecasts shall hold.
        crf: Whether the tags of a sequence are chosen together, by a `rnnkit.layers.CRF` on top;
            entities are then never half. Otherwise each step has a softmax of its own.
        embedding_size: Size of the vectors of words or tokens.
        token_dropout: Share of the words replaced by the unknown one in training.
        character_embedding_size: Size of the vectors of characters, of `Words`.
        character_filters: Features of the characters of each word; 0 reads none.
        frame_filters: Features of the convolutions over each frame of a `Video`; see
            `rnnkit.layers.FrameNetwork`.
        frame_units: Numbers in the vector that becomes of each frame. A frame of a `Video` is read
            with its change since the one before, but not with the cell `"dense"`, which knows
            each frame alone.
        seed: Integer that fixes weights, dropout and shuffling, or None.
        name: Name of the model.

    Attributes:
        errors: Root mean squared error of each output in standardised units: on the validation
            data of the last `fit`, or without such data in its last epoch. None for tags.

    With tags the graph gives probabilities `[batch, time, tags]`; with `crf=True` scores, of which
    the CRF makes probabilities (`predict`) or the best sequence (`infer`, `score`).

    Example:

    >>> load = np.sin(np.arange(2_000) / 4)
    >>> series = rnnkit.features.Series().adapt(load)
    >>> ahead = rnnkit.features.Forecast(horizon=24).adapt(load)
    >>> model = rnnkit.models.ManyToMany(series, ahead, cell="lstm", window=168, washout=48)
    >>> model.fit(load, epochs=5)
    >>> model.infer(load[-200:])["forecast"]

    >>> words = rnnkit.features.Words().adapt(sentences)
    >>> tags = rnnkit.features.Tags().adapt(tags_of_sentences)
    >>> model = rnnkit.models.ManyToMany(words, tags, bidirectional=True, crf=True)
    >>> model.fit(sentences, tags_of_sentences, epochs=5)
    >>> model.infer("They can fish.")
    [('They', 'PRON'), ('can', 'AUX'), ('fish', 'VERB'), ('.', 'PUNCT')]
    """

    def __init__(
        self,
        input_feature,
        output_feature,
        cell="lstm",
        units=64,
        num_layers=1,
        bidirectional=False,
        window=None,
        washout=0,
        skip=True,
        dropout=0.0,
        output_dropout=0.0,
        recurrent_dropout=0.0,
        interval=0.8,
        crf=False,
        embedding_size=128,
        token_dropout=0.0,
        character_embedding_size=32,
        character_filters=64,
        frame_filters=(16, 32),
        frame_units=64,
        seed=None,
        name=None,
    ):
        # === Arguments ===
        check_features(input_feature, output_feature, (Tags, Series, Forecast))
        tagged = isinstance(output_feature, Tags)
        if tagged:
            tagging.check_input(input_feature)
        elif not isinstance(input_feature, Series):
            raise ValueError(
                f"input_feature must be a Series. Received: {type(input_feature).__name__}"
            )
        if crf and not tagged:
            raise ValueError(
                "crf must be False for outputs that are no Tags. "
                f"Received: crf={crf!r}, {type(output_feature).__name__}"
            )
        forecasting.check_directions(bidirectional, output_feature, "layer")
        integer(washout, "washout", least=0)
        if window is not None:
            integer(window, "window")
            if window <= washout:
                raise ValueError(
                    "window must be longer than the washout, which does not count. Received: "
                    f"window={window}, washout={washout}"
                )
        interval = number(interval, "interval", least=0, most=1)
        seeds = Seeds(seed)

        # === Layers ===
        encoder = recurrent(
            cell,
            units,
            num_layers=num_layers,
            bidirectional=bidirectional,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            return_sequences=True,
            seed=seeds.next(),
            name="encoder",
        )
        present = None
        if skip and not tagged:
            present = forecasting.present_value(input_feature, output_feature)
        kind = keras.initializers.VarianceScaling
        output = keras.layers.Dense(
            output_feature.size if tagged else output_feature.width,
            "softmax" if tagged and not crf else None,
            # Beside the present value, changes start near zero.
            kernel_initializer=kind(1e-4 if present else 1.0, "fan_avg", "uniform", seeds.next()),
            dtype="float32",  # also under mixed precision
            name="output",
        )

        # === Functional model ===
        sizes = (embedding_size, character_embedding_size, character_filters)
        frames = (frame_filters, frame_units, cell != "dense")
        # [batch, time, ...], then [batch, time, features]
        inputs, x = step_inputs.read(input_feature, seeds, *sizes, token_dropout, *frames)
        x = encoder(x)  # [batch, time, units]
        x = keras.layers.Dropout(output_dropout, seed=seeds.next(), name="output_dropout")(x)
        outputs = output(x)  # [batch, time, width]
        if present:
            outputs = AddPresent(**present, name="add_present")([inputs, outputs])
        if crf:
            allowed = output_feature.allowed()
            outputs = CRF(output_feature.size, allowed, name="crf_output")(outputs)
        if not tagged:
            outputs = KnownErrors(name="known_errors")(outputs)  # [batch, time, width]
        super().__init__(
            inputs,
            outputs,
            input_feature=input_feature,
            output_feature=output_feature,
            seed=seed,
            name=name,
        )

        # === Config ===
        self.cell = cell
        self.units = units
        self.num_layers = num_layers
        self.bidirectional = bidirectional
        self.window = window
        self.washout = washout
        self.skip = skip
        self.dropout = dropout
        self.output_dropout = output_dropout
        self.recurrent_dropout = recurrent_dropout
        self.interval = interval
        self.embedding_size = embedding_size
        self.token_dropout = token_dropout
        self.character_embedding_size = character_embedding_size
        self.character_filters = character_filters
        self.frame_filters = list(frame_filters)
        self.frame_units = frame_units

    # There is an output at each step; see `rnnkit.models.forecasting`.
    stepwise = True

    @property
    def crf(self):
        """Whether the tags of a sequence are chosen together."""
        return any(isinstance(layer, CRF) for layer in self.layers)

    @property
    def tagged(self):
        """Whether the outputs are tags rather than numbers."""
        return isinstance(self.output_feature, Tags)

    @property
    def errors(self):
        """Root mean squared error of each output, NumPy `[width]`; None for tags."""
        if self.tagged:
            return None
        return keras.ops.convert_to_numpy(self.get_layer("known_errors").errors)

    # === Compilation ===

    def compile(self, optimizer="auto", loss="auto", metrics="auto", **kwargs):
        """As `Model.compile`. By default numbers have the mean squared error over the targets that
        are known, and the mean absolute one as metric; tags the cross-entropy, or the negative
        log-likelihood of the CRF, in nats a step, the accuracy, and the F1 of what they mark
        (`EntityF1`)."""
        if self.tagged:
            loss, metrics = tagging.task_defaults(self, loss, metrics)
        else:
            loss, metrics = forecasting.task_defaults(self, loss, metrics)
        super().compile(optimizer=optimizer, loss=loss, metrics=metrics, **kwargs)
        found = [item for item in tf.nest.flatten(metrics) if isinstance(item, OutputErrors)]
        # Past Keras, which would track the metric a second time.
        self.__dict__["_measure"] = found[0] if found else None

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        if self.crf:
            return tagging.negative_log_likelihood(self, y, y_pred, sample_weight)
        return super().compute_loss(x, y, y_pred, sample_weight, training)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        if self.crf:
            y_pred = tagging.best_as_probabilities(self, y_pred)
        return super().compute_metrics(x, y, y_pred, sample_weight)

    # === Data ===

    def _check(self, raw, encoded):
        super()._check(raw, encoded)
        if self.tagged:
            tagging.check_lengths(raw, encoded)

    def _guard(self, encoded):
        encoded = super()._guard(encoded)
        return tagging.guard_lengths(encoded) if self.tagged else encoded

    def prepare(self, x, y=None, sample_weight=None, targets=True):
        if targets and y is None and not hasattr(x, "element_spec"):
            y = forecasting.own_targets(self, x)
        if getattr(x, "ndim", 3) < 3 and np.ndim(sample_weight) == 1:
            sample_weight = np.asarray(sample_weight)[None]  # the steps of one series
        return super().prepare(x, y, sample_weight, targets)

    def _batches(self, data, batch_size, shuffle=False, seed=None):
        return super()._batches(self._cut(data), batch_size, shuffle, seed)

    def _cut(self, data):
        """Encoded series as the pieces that the network is trained and used with."""
        if isinstance(data, Windows):
            return data
        if not isinstance(data, Streamed):
            nothing = functools.partial(forecasting.nothing_counts, self.output_feature)
            return Windows(data, self.window, self.washout, nothing)
        return cut_stream(data, self.window, self.washout)

    # === Training ===

    def fit(
        self,
        x=None,
        y=None,
        batch_size=None,
        epochs=1,
        verbose="auto",
        callbacks=None,
        validation_split=0.0,
        validation_data=None,
        shuffle=True,
        class_weight=None,
        sample_weight=None,
        **kwargs,
    ):
        """Trains on raw series; see `Model.fit`.

        Args:
            x: Raw series: one array `[time, columns]`, a list of them, or a dataset of `(x, y)`.
            y: Raw targets, NaN where they are not known. If left out for a `Forecast` of columns
                of the input, they are those columns.
            batch_size: Pieces of series in a step.
            sample_weight: Weight of each series, or of each step `[series, time]`.
            class_weight: Not for numbers: refused.

        Returns:
            The Keras `History`.

        Raises:
            ValueError: If no step counts (series shorter than the washout).
        """
        own = validation_split and y is None and forecasting.own_targets(self, x) is not None
        train, held_out = self._prepare_fit(
            x, y, sample_weight, validation_split, validation_data, own
        )
        watched = self._measure is not None
        if isinstance(callbacks, keras.callbacks.CallbackList):
            watched = False
        else:
            callbacks = callbacks or []
            callbacks = callbacks if isinstance(callbacks, (list, tuple)) else [callbacks]
            # First, so that the others keep and save the errors with the weights they belong to.
            own_ones = [measured_errors.Measuring(self._measure)] if watched else []
            callbacks = [*own_ones, *callbacks]
        history = super().fit(
            train,
            batch_size=batch_size,
            epochs=epochs,
            verbose=verbose,
            callbacks=callbacks,
            validation_data=held_out,
            shuffle=shuffle,
            class_weight=class_weight,
            **kwargs,
        )
        if not watched and not self.tagged:
            measured_errors.measure(self, held_out or train)
        return history

    # === Use ===

    def predict(self, x, batch_size=None, verbose=0, **kwargs):
        """Outputs for raw sequences: probabilities of tags, or numbers in standardised units.

        A long series is read in the pieces that the network was trained with, so that it is never
        further from the start of one than in training.

        Args:
            x: Raw series as in `fit`.
            batch_size: Pieces of series computed at a time.

        Returns:
            NumPy array `[series, time, width]` (of tags `[inputs, time, tags]`), NaN after the end
            of a series; `[time, width]` for one series given as an array of its own.
        """
        data = self.prepare(x, targets=False)
        if isinstance(data, Streamed):
            blocks = batch(data.dataset, self._batch_size(batch_size))
            parts = (Encoded(data.encode(*raw), data.padding) for raw in blocks)
            return stacked([self.predict(part, batch_size, verbose) for part in parts], np.nan)
        pieces = self._cut(Encoded(data.tensors[:1], data.padding))
        outputs = self._pieces(pieces, batch_size, verbose=verbose, **kwargs)
        result = pieces.joined(outputs)  # [series, time, width]
        single = isinstance(x, np.ndarray) and x.ndim < 3
        return result[0] if single else result

    def _pieces(self, pieces, batch_size, **kwargs):
        """Outputs for cut data, in its order: `[pieces, time, width]`, padding included."""
        if self.crf:
            return tagging.run(self, pieces, "probabilities", batch_size)
        return super().predict(pieces, batch_size, **kwargs)

    def infer(self, x, batch_size=None, *, details=False):
        """Raw in, readable out: the tags of each sequence, or forecasts with intervals.

        Args:
            x: Raw sequences as in `fit`; for an input of words also one text alone, which is taken
                apart into words.
            batch_size: Sequences computed at a time; results do not depend on it.
            details: With tags, whether to give a dict for each sequence: `words`, `tags`,
                `probabilities` (of each tag given) and `entities`; see `tagging.infer`.

        Returns:
            With tags a list for each sequence, of pairs `(word, tag)` or for inputs that are no
            words of tags. Otherwise what the output feature's `decode` gives for each series,
            after its end. For one sequence its result alone.
        """
        if self.tagged:
            return tagging.infer(self, x, batch_size, details)
        return forecasting.infer(self, x, batch_size)

    def score(self, x, y=None, batch_size=None, verbose=0):
        """Scores of the outputs: of tags see `rnnkit.metrics.tags`; of forecasts, beside those of
        naive ones, see `forecasting`."""
        score = tagging.score if self.tagged else forecasting.score
        return score(self, self.prepare(x, y), batch_size)
