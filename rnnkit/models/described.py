"""What a model says of itself."""

from rnnkit.utils.config import arguments_of


class Described:
    """The text that a model shows as, for a class beside `keras.Model`.

    It names the pattern, the features, the cell, the number of parameters, and of a model that a
    recipe trained the data and its scores.
    """

    def __repr__(self):
        if "trained" not in vars(self):  # not made yet
            return super().__repr__()
        features = [each for each in (self.input_feature, self.output_feature) if each is not None]
        reads = " → ".join(type(each).__name__ for each in features)
        cell = arguments_of(self, type(self)).get("cell")
        cell = cell if isinstance(cell, (str, type(None))) else type(cell).__name__
        parts = [reads, cell, f"{self.count_params():,} parameters"]
        facts = self.trained or {}
        if facts:
            count = facts.get("sizes", {}).get("train")
            examples = f" ({count:,} examples)" if count else ""
            parts.append(f"trained on {facts.get('data') or 'the embedded sample'}{examples}")
        for name, value in facts.get("scores", {}).items():
            parts.append(f"{name} {value:.4g}")
        return f"<{type(self).__name__} {self.name!r}: {', '.join(filter(None, parts))}>"
