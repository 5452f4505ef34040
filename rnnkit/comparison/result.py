"""What a comparison measured: rows by cell and lag, as a table, as files and as a plot."""

import functools
import statistics

from rnnkit.utils.pictures import draw
from rnnkit.utils.tables import ResultTable
from rnnkit.utils.writing import atomically, write_json

# Columns of a row, in order.
COLUMNS = (
    "cell", "lag", "score", "spread", "least", "most", "seeds", "solved", "parameters", "units",
    "milliseconds", "updates", "seconds", "best_seconds", "longest_lag", "status", "reason",
)  # fmt: skip
# The columns of the table: the heading (None for the name of the score) and the format.
SHOWN = {
    "cell": ("cell", ""),
    "lag": ("lag (steps)", ""),
    "score": (None, ".4g"),
    "spread": ("± over seeds", ".2g"),
    "solved": ("solved", ""),
    "parameters": ("parameters", ",.0f"),
    "milliseconds": ("time a step (ms)", ".3g"),
    "best_seconds": ("time to best (s)", ".3g"),
    "longest_lag": ("longest lag remembered", ""),
    "reason": ("note", ""),
}


class Comparison:
    """What `rnnkit.compare` measured.

    Args:
        about: Dict of the settings: `task`, `score` (its name), `direction` (`"min"` or `"max"`),
            `threshold` (score from which on a memory task is solved, or None), `baselines` (dict
            of lag to the best score without memory), `budget`, `parameters`, `seeds`, `directory`.
        runs: List of dicts, one a run.

    Attributes:
        about, runs: As given.
        records: List of dicts, one a cell and lag: `score` (mean over the seeds on test data),
            `spread` (its standard deviation, None for one seed), `least` and `most`, `seeds` (how
            many finished), `solved` (how many of them solved the task), `parameters`, `units`,
            `milliseconds` (median time of a training step), `updates` and `seconds` (of training),
            `best_seconds` (of training until the best score on validation data; all medians over
            the seeds), `longest_lag` (the longest lag up to which more than half of the seeds
            solve the task at every lag measured, 0 if none), `status` (`"finished"`,
            `"incompatible"`, `"failed"` or `"diverged"`, of a part of the seeds `"partly ..."`)
            and `reason`.
    """

    def __init__(self, about, runs):
        self.about = about
        self.runs = runs
        self.records = self._records()

    def _records(self):
        groups = {}
        for run in self.runs:
            groups.setdefault((run["cell"], run["lag"]), []).append(run)
        rows = [_row(cell, lag, runs) for (cell, lag), runs in groups.items()]
        names = list(dict.fromkeys(row["cell"] for row in rows))
        for name in names:
            of_cell = [row for row in rows if row["cell"] == name]
            longest = self._longest(of_cell)
            for row in of_cell:
                row["longest_lag"] = longest
        rows.sort(key=lambda row: (names.index(row["cell"]), row["lag"] or 0))
        return [{key: row[key] for key in COLUMNS} for row in rows]

    def _longest(self, rows):
        """The longest lag remembered, None where no threshold says what counts as remembered."""
        if self.about["threshold"] is None or all(row["status"] == "incompatible" for row in rows):
            return None
        longest = 0
        for row in sorted(rows, key=lambda row: row["lag"]):
            if not row["solved"] or 2 * row["solved"] <= len(self.about["seeds"]):
                break
            longest = row["lag"]
        return longest

    def table(self):
        """The rows as a `ComparisonTable`, which shows in terminals and notebooks."""
        table = ComparisonTable(self.records)
        table.about = self.about
        return table

    def to_csv(self, path):
        """Writes the rows to a csv file, a column for each key of `records`.

        Args:
            path: Where to; an existing file is replaced.
        """
        import pandas as pd

        with atomically(path) as temporary:
            pd.DataFrame(self.records, columns=COLUMNS, dtype=object).to_csv(temporary, index=False)

    def to_json(self, path=None):
        """Settings, rows and runs as JSON.

        Args:
            path: Where to write it; an existing file is replaced. None writes nothing.

        Returns:
            The dict that is (or would be) written: `about`, `records`, `runs`.
        """
        whole = {"about": self.about, "records": self.records, "runs": self.runs}
        if path is not None:
            write_json(path, whole)
        return whole

    def plot(self, against=None, ax=None):
        """Scores by lag, or against size or time; see `rnnkit.plots.comparison`."""
        return draw("comparison", self, against=against, ax=ax)

    def __repr__(self):
        return f"{title(self.about)}\n{self.table()!r}"

    def __rich_console__(self, console, options):
        yield title(self.about)
        yield self.table()

    def _repr_html_(self):
        import html

        return f"<p>{html.escape(title(self.about))}</p>{self.table()._repr_html_()}"


def _row(cell, lag, runs):
    """One row out of the runs of a cell at a lag."""
    done = [run for run in runs if run["status"] == "finished"]
    others = [run for run in runs if run["status"] != "finished"]
    scores = [run["score"] for run in done]

    def middle(key):
        values = [run[key] for run in done if run.get(key) is not None]
        return statistics.median(values) if values else None

    solved = [run["solved"] for run in done if run["solved"] is not None]
    status, reason = "finished", None
    if others:
        status = ("partly " if done else "") + others[0]["status"]
        reason = others[0]["reason"]
        if len(runs) > 1:
            which = ", ".join(str(run["seed"]) for run in others)
            reason += f" (seed{'s' if len(others) > 1 else ''} {which})"
    return {
        "cell": cell,
        "lag": lag,
        "score": statistics.fmean(scores) if scores else None,
        "spread": statistics.stdev(scores) if len(scores) > 1 else None,
        "least": min(scores, default=None),
        "most": max(scores, default=None),
        "seeds": len(done),
        "solved": sum(solved) if solved else None,
        **{
            key: middle(key)
            for key in (
                "parameters", "units", "milliseconds", "updates", "seconds", "best_seconds",
            )
        },
        "status": status,
        "reason": reason,
    }  # fmt: skip


def title(about):
    """What was compared and how, in a line."""
    better = "lower" if about["direction"] == "min" else "higher"
    text = f"{about['task']}: {about['score']} on test data ({better} is better"
    if about["threshold"] is not None:
        sign = "<=" if about["direction"] == "min" else ">="
        text += f", solved {sign} {about['threshold']:g}"
    baselines = {round(value, 4) for value in about["baselines"].values()}
    if len(baselines) == 1:
        text += f", without memory {baselines.pop():.4g} at best"
    elif baselines:
        values = ", ".join(f"{value:.3g} at {lag}" for lag, value in about["baselines"].items())
        text += f", without memory at best {values}"
    return f"{text}), {len(about['seeds'])} seed{'s' if len(about['seeds']) > 1 else ''}"


class ComparisonTable(ResultTable):
    """Rows of a comparison (a list of dicts) that show as a table: as text, with rich, and as HTML
    in a notebook. Columns without any value are left out there; the dicts have all."""

    WORDS = ("cell", "note")
    about = {"score": "score"}

    @property
    def COLUMNS(self):
        return {
            heading or self.about["score"]: functools.partial(self._show, key=key, spec=spec)
            for key, (heading, spec) in SHOWN.items()
            if key in ("cell", "score") or any(row[key] is not None for row in self)
        }

    def _show(self, row, key, spec):
        value = row[key]
        if value is None:
            return row["status"] if key == "score" else ""
        return f"{value} of {len(self.about['seeds'])}" if key == "solved" else format(value, spec)
