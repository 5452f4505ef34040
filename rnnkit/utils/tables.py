"""Tables of results that show everywhere: as text, with rich, and in notebooks."""

import html


class ResultTable(list):
    """Rows (a list of dicts) that show as a table.

    Prints as text, renders with rich in a terminal and as HTML in a notebook. A subclass says how
    its rows read.

    Attributes:
        COLUMNS: Headings.
    """

    COLUMNS = ()

    def _rows(self):
        """Each row as a tuple of strings, one a column."""
        for row in self:
            yield tuple(str(row[column]) for column in self.COLUMNS)

    def __repr__(self):
        rows = [self.COLUMNS, *self._rows()]
        widths = [max(len(row[column]) for row in rows) for column in range(len(self.COLUMNS))]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
        return "\n".join(lines)

    def __rich_console__(self, console, options):
        from rich.table import Table

        table = Table()
        for column in self.COLUMNS:
            table.add_column(column, style="bold" if column == "name" else None)
        for row in self._rows():
            table.add_row(*row)
        yield table

    def _repr_html_(self):
        def line(tag, cells):
            inner = "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells)
            return f"<tr>{inner}</tr>"

        body = "".join(line("td", row) for row in self._rows())
        return f"<table><thead>{line('th', self.COLUMNS)}</thead><tbody>{body}</tbody></table>"
