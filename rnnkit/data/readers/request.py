"""What a user asks for beside the source, as every reader is handed it."""

import dataclasses

from rnnkit.formats import headers
from rnnkit.formats.tables import read_table


@dataclasses.dataclass(frozen=True)
class Request:
    """The arguments of `Recipe.data` but the source.

    Attributes:
        recipe: A `Recipe`: its `name`, `dataset`, `data_types` and `columns` are used.
        name: Which set, where a folder holds several.
        given: Dict of `"input"`, `"target"` to the user's own column, where there is one.
        encoding: Character encoding of files.
        skip_unreadable: Whether what cannot be read is left out, with a warning that counts it,
            instead of raising.
        fold: Which fold is the test.
        split: Fractions of the examples that train, validate and test, or None.
        group: Column whose equal values stay on one side, or None.
        series: Column, or list of columns, that tell several series of a table apart, or None.
        future: Columns of a series that are known ahead, or None.
        header: Whether the first row of a table names its columns; None tells it from the data
            where columns are given by position, and is True otherwise.
        separator: What stands between the columns of tables; None tells it from the data.
    """

    recipe: object
    name: str | None = None
    given: dict = dataclasses.field(default_factory=dict)
    encoding: str = "utf-8"
    skip_unreadable: bool = False
    fold: object = None
    split: tuple | None = None
    group: object = None
    series: object = None
    future: object = None
    header: bool | None = None
    separator: str | None = None

    def column(self, table, role):
        """Which column of a table plays a role."""
        return table.match(role, self.recipe.columns[role], self.given.get(role))

    def table(self, path):
        """A file as a `Table`, read as the user says."""
        header = self.header
        if header is None:
            header, given = True, self.given.values()
            if given and all(isinstance(column, int) for column in given):
                names = {name for role in self.recipe.columns.values() for name in role}
                header = headers.told(path, names)
        return read_table(path, self.encoding, header, self.separator)

    def columns(self, table):
        """Which column of a table plays which role, as a dict."""
        return {role: self.column(table, role) for role in self.recipe.columns}
