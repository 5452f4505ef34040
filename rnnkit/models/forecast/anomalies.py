"""What `model.anomalies` finds."""

import dataclasses
import html

import numpy as np

from rnnkit.features.calendar import iso_texts
from rnnkit.utils.pictures import draw
from rnnkit.utils.tables import ResultTable

NUMBERS = ("value", "expected", "lower", "upper", "score")
# Rows that are printed at most.
SHOWN = 20


def _number(name):
    return lambda row: format(row[name], ".4g")


class AnomalyTable(ResultTable):
    """Anomalies, one a row."""

    COLUMNS = {
        "series": lambda row: str(row.get("series", "")),
        "step": "d",
        "time": lambda row: row.get("time", ""),
        "target": "",
        **{name: _number(name) for name in NUMBERS},
    }
    WORDS = ("series", "time", "target")


@dataclasses.dataclass
class Anomalies:
    """Values of one or several series beside what was to be expected of them a step before.

    Each attribute but `level` is a NumPy array with one entry a series, step and target, in this
    order; steps that no forecast was made of are left out.

    Attributes:
        series: Name of the series; None for one without a name.
        step: Row of its series, from 0.
        time: Seconds since 1970; None in place of the array where times are not known.
        target: Name of the target column.
        value: What came, in the target's unit, NaN where it is missing.
        expected, lower, upper: The forecast and the ends of its interval.
        level: Probability with which the intervals are to hold.
    """

    series: np.ndarray
    step: np.ndarray
    time: np.ndarray | None
    target: np.ndarray
    value: np.ndarray
    expected: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    level: float

    @classmethod
    def of(cls, names, times, targets, values, judged, level):
        """From lists over series.

        Args:
            names: Names of the series, or None.
            times: Times of the rows of each, or None.
            targets: Names of the targets.
            values: Arrays `[time, targets]`, NaN where missing.
            judged: For each series `(expected, lower, upper)`, each `[time, targets]`, NaN where
                there is no forecast.
            level: As the attribute.
        """
        found = {name: [] for name in ("series", "step", "time", "target")}
        numbers = []
        for number, (came, ends) in enumerate(zip(values, judged, strict=True)):
            rows, columns = np.nonzero(np.isfinite(ends[0]))
            name = None if names is None else str(names[number])
            found["series"].append(np.full(len(rows), name, object))
            found["step"].append(rows)
            found["target"].append(np.array(targets, object)[columns])
            if times is not None:
                found["time"].append(times[number][rows])
            numbers.append([each[rows, columns] for each in (came, *ends)])
        joined = {name: np.concatenate(each) if each else None for name, each in found.items()}
        value, expected, lower, upper = np.concatenate(numbers, axis=1)
        return cls(**joined, value=value, expected=expected, lower=lower, upper=upper, level=level)

    @property
    def score(self):
        """Distance from the forecast over that of the end of the interval on the same side: above 1
        outside it, NaN where the value is missing."""
        distance = np.abs(self.value - self.expected)
        above = self.value > self.expected
        width = np.where(above, self.upper - self.expected, self.expected - self.lower)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(distance > 0, distance / width, distance)

    @property
    def anomaly(self):
        """Whether a value lies outside its interval; missing ones do not."""
        return (self.value < self.lower) | (self.value > self.upper)

    def table(self):
        """All steps that were judged as a pandas frame, with the columns `series` (where there are
        names), `step`, `time` (where it is known), `target`, `value`, `expected`, `lower`,
        `upper`, `score` and `anomaly`."""
        import pandas

        columns = {"series": self.series, "step": self.step}
        if len(self.series) and self.series[0] is None:
            del columns["series"]
        if self.time is not None:
            columns["time"] = np.array(iso_texts(self.time), object)
        columns["target"] = self.target
        columns |= {name: getattr(self, name) for name in (*NUMBERS, "anomaly")}
        return pandas.DataFrame(columns)

    @property
    def rows(self):
        """The anomalies alone: a list of dicts as the rows of `table()`, which shows as a table."""
        found = self.table()
        found = found[found.pop("anomaly")]
        return AnomalyTable(found.to_dict("records"))

    def plot(self, **options):
        """Values, intervals and anomalies; see `rnnkit.plots.anomalies`."""
        return draw("anomalies", self, **options)

    @property
    def about(self):
        """A sentence that says how many there are."""
        known = int(np.isfinite(self.value).sum())
        count = int(self.anomaly.sum())
        part = f" ({count / known:.1%})" if known else ""
        return f"{count:,} of {known:,} values{part} outside their intervals of {self.level:.4g}"

    def __repr__(self):
        rows = self.rows
        more = f"and {len(rows) - SHOWN:,} more" if len(rows) > SHOWN else ""
        table = repr(AnomalyTable(rows[:SHOWN])) if rows else ""
        return "\n".join(filter(None, (self.about, table, more)))

    def _repr_html_(self):
        return f"<p>{html.escape(self.about)}</p>{AnomalyTable(self.rows[:SHOWN])._repr_html_()}"
