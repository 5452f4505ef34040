"""Tagged words as a person reads them: a line in a terminal, colours in a notebook."""

import html

from rnnkit.metrics.tag_schemes import entities, scheme_of

# Light colours on which black text is read well.
COLOURS = (
    "#cfe2f3", "#d9ead3", "#fff2cc", "#f4cccc", "#d9d2e9", "#fce5cd", "#d0e0e3", "#ead1dc",
    "#e6e6c8", "#dfe7ff", "#e2f0d0", "#f0d9c8",
)  # fmt: skip


class Tagged(list):
    """Pairs `(word, tag)` of a sentence: a list that shows itself well.

    `print(tagged.line())` is for terminals; a notebook shows the words on colours.

    Example:

    >>> Tagged([("They", "PRON"), ("can", "AUX"), ("fish", "VERB")]).line()
    'They/PRON can/AUX fish/VERB'
    >>> Tagged([("in", "O"), ("New", "B-city"), ("York", "I-city")]).line()
    'in [New York: city]'
    """

    def pieces(self):
        """The sentence as a list of `(text, mark)`: entities, or words with their tags; the mark
        is None outside of entities."""
        words, tags = [word for word, _ in self], [tag for _, tag in self]
        if scheme_of([*tags, "B-any"]) == "plain":
            return list(self)
        found, last = [], 0
        for name, start, end in entities(tags):
            found += [(word, None) for word in words[last:start]]
            found.append((" ".join(words[start:end]), name))
            last = end
        return found + [(word, None) for word in words[last:]]

    def line(self):
        """The sentence as one line of text."""
        plain = scheme_of([*(tag for _, tag in self), "B-any"]) == "plain"
        form = "{}/{}" if plain else "[{}: {}]"
        return " ".join(
            text if mark is None else form.format(text, mark) for text, mark in self.pieces()
        )

    def _repr_html_(self):
        parts = []
        for text, mark in self.pieces():
            text = html.escape(text)
            if mark is None:
                parts.append(text)
                continue
            # The same colour for a mark wherever it stands.
            colour = COLOURS[sum(mark.encode()) % len(COLOURS)]
            style = f"background:{colour};color:black;padding:2px 4px;border-radius:4px"
            label = f"<sub style='font-size:70%'> {html.escape(mark)}</sub>"
            parts.append(f"<span style='{style}'>{text}{label}</span>")
        return f"<div style='line-height:2'>{' '.join(parts)}</div>"
