"""Learning of an echo state network from more data: recursive least squares."""

from rnnkit.data.pipeline.encoded import Encoded
from rnnkit.models.reservoir.passes import Pass
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
            continued: Whether the series goes on where that of the last call (or of `fit`) ended:
                the reservoir keeps its state, and the washout is not begun anew. One series at a
                time. For a `Forecast` the last `horizon` steps of each block have no target yet,
                and are not learned from.

        Returns:
            The model.

        Raises:
            ValueError: If targets are missing in some columns only, or if `continued` cannot be:
                several series, two directions, output feedback, or one output a series.

        Reference:
            Haykin, "Adaptive filter theory", chapter on recursive least squares; in information
            form, which does not drift.
        """
        forgetting = number(forgetting, "forgetting", above=0, most=1)
        data = self.prepare(x, y, sample_weight)
        if continued:
            self._check_continued(data)
        run = Pass(self, data, forgetting=forgetting, begin=self._end if continued else None)
        new = run.equations()
        self._end = run.end
        if continued and not run.rows:  # still within the washout, or nothing known
            return self
        equations = []
        for readout, fresh in zip(self.readouts, new, strict=True):
            if len(fresh.parts) > 1 or readout.numpy("partly"):
                raise ValueError(
                    "partial_fit needs targets that are known, or missing, in all columns together"
                )
            equations.append(readout.equations.scale(forgetting**run.rows).merge(fresh))
        if self.fitted:
            ridge = float(self.readouts[0].numpy("ridge"))
        else:
            ridge = self.ridge[len(self.ridge) // 2] if isinstance(self.ridge, list) else self.ridge
        self._solve(equations, ridge=ridge)
        return self

    def _check_continued(self, data):
        count = len(data) if isinstance(data, Encoded) else "a stream of"
        if not self.stepwise or self.bidirectional or self.output_feedback or count != 1:
            raise ValueError(
                "continued=True needs an output at each step, one direction, no output feedback, "
                f"and one series at a time. Received: {count} series, output_feature="
                f"{type(self.output_feature).__name__}, bidirectional={self.bidirectional}, "
                f"output_feedback={self.output_feedback}"
            )

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
