"""Tables of results that show everywhere: as text, with rich, and in notebooks."""

import html


class ResultTable(list):
    """Rows (a list of dicts) that show as a table.

    Prints as text, renders with rich in a terminal and as HTML in a notebook.

    Attributes:
        COLUMNS: Dict of heading to what its cells show: a format such as `".3f"` of the row's value
            of that name, or a function of the row.
        WORDS: Headings of the columns that rich aligns left, all others being right-aligned
            numbers; None aligns all left.
        WHOLE: Headings of the columns whose words are not broken in a narrow terminal, beside the
            first; only after a slash.
    """

    COLUMNS = {}
    WORDS = None
    WHOLE = ()

    def _rows(self):
        """Each row as a tuple of strings, one a column."""
        for row in self:
            yield tuple(
                show(row) if callable(show) else format(row[column], show)
                for column, show in self.COLUMNS.items()
            )

    def __repr__(self):
        rows = [tuple(self.COLUMNS), *self._rows()]
        widths = [max(len(row[column]) for row in rows) for column in range(len(self.COLUMNS))]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
        return "\n".join(lines)

    def __rich_console__(self, console, options):
        from rich.table import Table
        from rich.text import Text

        rows = list(self._rows())
        widths = [max(map(len, cells)) for cells in zip(self.COLUMNS, *rows, strict=True)]
        narrow = sum(widths) + 3 * len(widths) + 1 > options.max_width  # lines take room
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0)) if narrow else Table()
        for number, column in enumerate(self.COLUMNS):
            whole = number == 0 or column in self.WHOLE  # the first are names, which are typed
            left = self.WORDS is None or column in self.WORDS
            table.add_column(
                Text(column), style="bold" if column == "name" else None,
                justify="left" if left else "right", overflow="fold", no_wrap=whole,
            )  # fmt: skip
        for row in rows:
            if narrow:
                row = [
                    cell.replace("/", "/\n") if column in self.WHOLE else cell
                    for cell, column in zip(row, self.COLUMNS, strict=True)
                ]
            table.add_row(*map(Text, row))  # brackets are no markup
        yield table

    def _repr_html_(self):
        def line(tag, cells):
            inner = "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells)
            return f"<tr>{inner}</tr>"

        body = "".join(line("td", row) for row in self._rows())
        return f"<table><thead>{line('th', self.COLUMNS)}</thead><tbody>{body}</tbody></table>"
