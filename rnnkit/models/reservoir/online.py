"""Learning of an echo state network from more data: recursive least squares."""

from rnnkit.features import Forecast
from rnnkit.models.reservoir import streaming
from rnnkit.models.reservoir.passes import Pass
from rnnkit.models.reservoir.states import StreamEnd
from rnnkit.utils.checks import number


class OnlineLearning:
    """Methods of `EchoStateNetwork` that go on learning where `fit` or they themselves ended."""

    def partial_fit(self, x, y=None, sample_weight=None, *, forgetting=1.0, continued=False):
        """Learns from more data: recursive least squares, a block of steps at a time.

        With `forgetting=1` the readout is the ridge solution on all data so far, that of `fit`
        included. The ridge value is the one that `fit` chose, or the only or middle one given.

        Args:
            x: Raw series as in `fit`, in order of time.
            y: Raw targets as in `fit`.
            sample_weight: As in `fit`.
            forgetting: Weight of the past after each step, above 0 and at most 1: steps count less
                the longer ago they were. With .999 about the last thousand count.
            continued: Whether the series goes on where that of the last call (or of `fit`) ended,
                by one row or more: the reservoir keeps its state, and the washout is not begun
                anew. One series at a time. A step of a `Forecast` is learned from as soon as the
                last of its targets has come, `horizon` rows later, in whichever call; what waits
                for its targets is saved with the model.

        Returns:
            The model.

        Raises:
            ValueError: If targets are missing in some columns only, or if `continued` cannot be:
                several series, two directions, output feedback, one output a series, or rows before
                those of the last such call. Nothing is learned then, and the series may go on with
                other rows.

        Example:

        >>> values = np.sin(np.arange(120.0))
        >>> series = rnnkit.features.Series().adapt(values)
        >>> ahead = rnnkit.features.Forecast(horizon=3).adapt(values)
        >>> model = rnnkit.models.EchoStateNetwork(series, ahead, units=10, washout=20, seed=1)
        >>> for value in values:
        ...     _ = model.partial_fit([value], continued=True)
        >>> int(model.readouts[0].numpy("count"))  # 120 rows, but 20 of washout, and 3 that wait
        97

        Reference:
            Haykin, "Adaptive filter theory", chapter on recursive least squares; in information
            form, which does not drift.
        """
        forgetting = number(forgetting, "forgetting", above=0, most=1)
        begin = None
        if continued:
            begin = self.stream_end
            data, *rows = streaming.going_on(self, begin, x, y, sample_weight)
        else:
            data = self.prepare(x, y, sample_weight)
        run = Pass(self, data, forgetting=forgetting, begin=begin)
        new = run.equations()
        if not continued or run.rows:  # else still within the washout, or nothing known
            equations = []
            for readout, fresh in zip(self.readouts, new, strict=True):
                if len(fresh.parts) > 1 or readout.numpy("partly"):
                    raise ValueError(
                        "partial_fit needs targets that are known, or missing, in all columns "
                        "together"
                    )
                equations.append(readout.equations.scale(forgetting**run.rows).merge(fresh))
            if self.fitted:
                ridge = float(self.readouts[0].numpy("ridge"))
            else:
                many = isinstance(self.ridge, list)
                ridge = self.ridge[len(self.ridge) // 2] if many else self.ridge
            self._solve(equations, ridge=ridge)
            self.trained = None  # what was kept of the training before is not true any more
        self.stream_end = run.end.with_rows(*rows) if continued else run.end
        return self

    # === Where the stream is ===

    @property
    def streams(self):
        """Whether a series may go on in another call."""
        return self.stepwise and not self.bidirectional and not self.output_feedback

    @property
    def waiting(self):
        """Last steps of a series whose targets are not known yet."""
        feature = self.output_feature
        return feature.horizon if isinstance(feature, Forecast) else 0

    @property
    def stream_end(self):
        """Where the last series ended that was learned from, a `StreamEnd`; saved with the model.

        Empty where there were several series.
        """
        if not self.streams:
            return StreamEnd()
        return StreamEnd.of(self, *self.get_layer("stream").read())

    @stream_end.setter
    def stream_end(self, end):
        if self.streams:
            self.get_layer("stream").write(*end.arrays(self))

    def fine_tune(
        self, x, y=None, *, sample_weight=None, forgetting=1.0, continued=False, verbose=0, **kwargs
    ):
        """Learns from more data beside the old; see `partial_fit`.

        Args:
            x, y, sample_weight, forgetting, continued: As in `partial_fit`.
            verbose: Nothing is printed.
            **kwargs: What other models take, such as `epochs`, `freeze` and `learning_rate`, is
                refused: the readouts are solved anew from all data so far, in one pass.

        Returns:
            The model.

        Raises:
            ValueError: As `partial_fit`, and for what would be ignored.
        """
        del verbose
        if kwargs:
            name, value = next(iter(kwargs.items()))
            raise ValueError(
                f"{name} must be left out: an echo state network adds the new data to what it has "
                "learned and solves its readouts in one pass. It has no epochs, no learning rate "
                "and nothing to freeze, as its reservoir is fixed; how much the past counts is "
                f"said by forgetting. Received: {name}={value!r}"
            )
        return self.partial_fit(x, y, sample_weight, forgetting=forgetting, continued=continued)
