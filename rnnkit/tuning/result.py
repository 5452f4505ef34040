"""What a search found."""

from rnnkit.tuning.job import as_line
from rnnkit.utils.messages import shorten
from rnnkit.utils.pictures import draw
from rnnkit.utils.tables import ResultTable


class TuningResult:
    """What a search found.

    Attributes:
        directory: Folder of the search.
        objective: Name of what was optimised.
        direction: `"min"` or `"max"`.
    """

    def __init__(self, job):
        self._job = job
        self.directory = job.directory
        self.objective = job.objective.name
        self.direction = job.objective.direction

    def _best(self):
        ranked = self._job.folder.ranked()
        if not ranked:
            raise ValueError(f"No trial in {self.directory} is completed yet")
        return ranked[0]

    def best_model(self):
        """The trained model of the best trial, with the weights of its best epoch.

        Of a search by folds it is a model with the best options, trained once on `data.train` with
        `data.validation`, as `recipe.train` does.

        Returns:
            A `rnnkit.models.Model` with its features, ready to infer, to save or to train on.
        """
        return self._job.restore(self._best())

    def best_options(self):
        """The options of the best trial, as keyword arguments of `recipe.train`."""
        return self._job.space.options_at(self._best()["values"])

    def table(self):
        """All trials, best first, as a `TrialTable`: failed ones come last."""
        ranked = self._job.folder.ranked()
        rows = ranked + [row for row in self._job.folder.rows() if row["status"] != "completed"]
        keys = ("trial", "options", "objective", "epochs", "seconds", "status", "error")
        if self._job.folds:
            rows = [{"std": None, "folds": None, **row} for row in rows]
            keys = (*keys[:3], "std", "folds", *keys[3:])
        table = TrialTable(
            {"rank": rank if rank <= len(ranked) else None} | {key: row[key] for key in keys}
            for rank, row in enumerate(rows, start=1)
        )
        table.objective = self.objective
        table.fixed = self._job.hidden
        return table

    def plot(self, ax=None):
        """The objective of each trial and the best so far; see `rnnkit.plots.tuning`."""
        return draw("tuning", self, ax=ax)

    def __repr__(self):
        return f"<TuningResult {self.directory}: {self._job.folder.summary()}>"


class TrialTable(ResultTable):
    """Trials (a list of dicts `rank`, `trial`, `options`, `objective`, `epochs`, `seconds`,
    `status`, `error`; of a search by folds also `std` and `folds`, the standard deviation and the
    list of the values whose mean the objective is) that shows as a table: as text, with rich, and
    as HTML in a notebook.

    Shown are the options that were searched; the dicts have all.
    """

    WORDS = ("options", "error")
    objective = "objective"
    fixed = frozenset()

    @property
    def COLUMNS(self):
        columns = {
            "rank": lambda row: str(row["rank"] or ""), "trial": "",
            self.objective: self._value, "epochs": "", "seconds": ".1f", "options": self._searched,
        }  # fmt: skip
        if any("std" in row for row in self):
            columns = {**dict(list(columns.items())[:3]), "std": self._spread, **columns}
        if any(row["error"] for row in self):
            columns["error"] = lambda row: shorten(row["error"] or "")
        return columns

    def _value(self, row):
        return row["status"] if row["objective"] is None else f"{row['objective']:.5g}"

    def _spread(self, row):
        return "" if row["std"] is None else f"{row['std']:.2g}"

    def _searched(self, row):
        return as_line({k: v for k, v in row["options"].items() if k not in self.fixed})
