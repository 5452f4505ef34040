"""What a user asks for beside the source, as every reader is handed it."""

import dataclasses

from rnnkit.data.readers import class_names, several_labels, several_targets
from rnnkit.features.holidays import holidays_of
from rnnkit.formats import compressed, decimals, headers, units
from rnnkit.formats import several_targets as targets
from rnnkit.formats.tables import FILES, Table, read_table

ENCODING = "utf-8"
TARGET = "target"


@dataclasses.dataclass(frozen=True)
class Request:
    """The arguments of `Recipe.data` but the source.

    Attributes:
        recipe: A `Recipe`: its `name`, `dataset`, `data_types` and `columns` are used.
        name: Which set, where a folder holds several.
        given: Dict of `"input"`, `"target"` to the user's own column, where there is one; of
            several targets a dict of columns to types may be that.
        encoding: Character encoding of files.
        skip_unreadable: Whether what cannot be read is left out, with a warning that counts it,
            instead of raising.
        fold: Which fold is the test.
        split: Fractions of the examples that train, validate and test, or None.
        group: Column whose equal values stay on one side, or None.
        series: Column, or list of columns, that tell several series of a table apart, or None.
        future: Columns of a series that are known ahead, or None.
        static: Columns that do not change within a series, or None.
        holidays: Dates of days that are known ahead, or a dict of names to them, or None.
        header: Whether the first row of a table names its columns; None tells it from the data
            where columns are given by position, and is True otherwise.
        separator: What stands between the columns of tables; None tells it from the data.
        decimal: The decimal mark of numbers in tables, `","` or `"."`; None tells it from the data.
        names: Names of the classes whose numbers the data has, or None.
        label_separator: What stands between several labels in a cell of the targets, or None.
    """

    recipe: object
    name: str | None = None
    given: dict = dataclasses.field(default_factory=dict)
    encoding: str = ENCODING
    skip_unreadable: bool = False
    fold: object = None
    split: tuple | None = None
    group: object = None
    series: object = None
    future: object = None
    static: object = None
    holidays: object = None
    header: bool | None = None
    separator: str | None = None
    decimal: str | None = None
    names: list | None = None
    label_separator: str | None = None

    def column(self, table, role):
        """Which column of a table plays a role."""
        try:
            return table.match(role, self.recipe.columns[role], self.given.get(role))
        except ValueError as error:
            separated = compressed.bare(table.source).suffix.lower() in (".csv", ".tsv")
            if self.header is not None or self.given or not separated:
                raise
            apart = len(table.columns) == 1 and self.separator is None
            hint = ". If something else stands between its columns, say it: separator='^'" * apart
            raise ValueError(
                f"{error}{hint}. If its first row is an example, say header=False, and the columns "
                "by position: input=0, target=1"
            ) from None

    def covariates(self):
        """What a user gave of a series: its columns and those beside them, as a dict."""
        beside = {"future": self.future, "static": self.static}
        if self.holidays is not None:
            beside["holidays"] = holidays_of(self.holidays)
        return {**self.given, **{name: each for name, each in beside.items() if each is not None}}

    def table(self, path):
        """A file as a `Table`, read as the user says."""
        suffix = compressed.bare(path).suffix.lower()
        if suffix in (".json", ".jsonl"):
            self.refuse(f"{path} is JSON, which has neither", "separator", "header")
        header = self.header
        if header is None:
            header, given = True, []
            for column in self.given.values():
                given += column if isinstance(column, (list, tuple, dict)) else [column]
            by_position = given and all(isinstance(column, int) for column in given)
            if by_position or suffix not in FILES:
                names = {name for role in self.recipe.columns.values() for name in role}
                header = headers.told(path, names)
        return units.refuse(read_table(path, self.encoding, header, self.separator))

    def columns(self, table):
        """Which column of a table plays which role, as a dict. Several columns of targets become
        one, with a list of labels in each row, or `rnnkit.formats.several_targets.Rows`."""
        result = {role: self.column(table, role) for role in self.recipe.columns if role != TARGET}
        if TARGET in self.recipe.columns:
            result[TARGET] = self.target(table)
        return result

    def target(self, table):
        """The column of the targets of a table, which is added where they are in several."""
        if self.given.get(TARGET) is None or not self.may_have_targets:
            return self.column(table, TARGET)
        names, said = several_targets.given_columns(table, self.given[TARGET])
        if len(names) < 2:
            if said:
                raise ValueError(
                    f"{table.source}: one target alone is a label here: leave its type out. "
                    f"Received: target={self.given[TARGET]!r}"
                )
            return self.column(table, TARGET)
        cells = {name: table.columns[name] for name in names}
        types = targets.told(cells, said, table.where)
        if types is not None:
            return several_targets.join(table, names, types, len(said) == len(types))
        if not self.may_have_several:
            return self.column(table, TARGET)
        return several_labels.join(table, names)

    @property
    def may_have_targets(self):
        """Whether examples of the recipe may have several targets, classes and numbers."""
        return tuple(self.recipe.data_types) in several_targets.DATA_TYPES

    @property
    def may_have_several(self):
        """Whether examples of the recipe may have several labels."""
        return tuple(self.recipe.data_types) in several_labels.DATA_TYPES

    def label_columns(self, table):
        """The names of the columns of a table that are labels, where several are; else None."""
        given = self.given.get(TARGET)
        if given is None or isinstance(given, dict) or not self.may_have_several:
            return None
        found = table.matches(TARGET, given)
        return found if len(found) > 1 else None

    def used(self, table):
        """Names of a table's columns that the user gave as inputs and targets, as a list."""
        return [name for role, given in self.given.items() for name in table.matches(role, given)]

    def numbers(self, table, *labels):
        """A table whose numbers have decimal points, see `rnnkit.formats.decimals.with_points`.

        Args:
            table: A `Table`.
            *labels: Names of its columns that hold no numbers.
        """
        return decimals.with_points(table, self.decimal, labels)

    def classes(self, table, column):
        """A table with the names of classes in a column, where `names` says them, and with lists of
        labels there, where cells hold several."""
        cells = table.columns[column]
        if isinstance(cells, targets.Rows):
            what = "An example has several targets, classes or numbers, each in a column"
            self.refuse(what, "names", "label_separator")
            return table
        if self.may_have_several:
            cells = several_labels.lists(table, column, self.label_separator)
        if self.names is not None:
            cells = [
                class_names.names_of(cell, self.names, table.where(row))
                for row, cell in enumerate(cells)
            ]
        if cells is table.columns[column]:
            return table
        columns = {**table.columns, column: cells}
        return Table(columns, table.lines, table.source, table.positions, table.unit)

    def refuse(self, why, *names):
        """Raises a ValueError if one of some arguments is given, where it means nothing."""
        for name in names:
            value = getattr(self, name)
            if value is not None and (name, value) != ("encoding", ENCODING):
                raise ValueError(f"{why}: leave out {name}. Received: {name}={value!r}")
