"""Model cards: what a model is, what it has learned from, and how well it does."""

import rnnkit
from rnnkit import registry
from rnnkit.utils.config import arguments_of
from rnnkit.utils.messages import shorten
from rnnkit.utils.writing import atomically

# Characters of a value.
MOST = 80


class Card(str):
    """A model card in Markdown; it is a text, and renders in a notebook."""

    def _repr_markdown_(self):
        return str(self)

    def save(self, path):
        """Writes the card to a file, such as `m.md`."""
        with atomically(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
            file.write(self)


def card(model):
    """The model card of a model, after Mitchell et al., Model cards for model reporting, 2019.

    It has the task, the data with its sizes (and the card of embedded data), the options, scores,
    seed and versions, and how the model is used. All of it comes from the model's file: a recipe
    writes there how it trained (`model.trained`); what was not trained by `recipe.train` or
    `rnnkit train` lacks that. What rnnkit cannot know, such as what the model is for and the
    licence of your own data, is left for you to fill in.

    Args:
        model: A `rnnkit.models.Model`.

    Returns:
        A `Card`: Markdown, with `save(path)`.

    Raises:
        ValueError: For anything else.

    Example:

    >>> model = recipes.get("spam").train(epochs=1)
    >>> rnnkit.card(model).save("spam.md")
    """
    from rnnkit.models import Model

    if not isinstance(model, Model):
        raise ValueError(
            f"model must be one of rnnkit.models. Received: {shorten(repr(model), MOST)}"
        )
    facts, recipe = model.trained or {}, _recipe(model)
    parts = [
        f"# {model.recipe or model.name}" + (f": {recipe.title}" if recipe else ""),
        _what(model, recipe),
        "## Data",
        _data(facts, recipe),
        "## Scores",
        _scores(facts),
        "## Options",
        _options(model, facts),
        "## Use",
        _use(),
        "## Limits",
        "Say here what the model is for, on whom it was tried, and what it must not decide.",
    ]
    return Card("\n\n".join(parts) + "\n")


def _recipe(model):
    """The recipe that made a model, where it is installed here."""
    try:
        return None if model.recipe is None else registry.get(model.recipe)
    except ValueError:
        return None


def _what(model, recipe):
    rows = {
        "pattern": recipe.pattern.replace("_", "-") if recipe else None,
        "class": f"`rnnkit.models.{type(model).__name__}`",
        "input": repr(model.input_feature) if model.input_feature is not None else None,
        "output": repr(model.output_feature) if model.output_feature is not None else None,
        "parameters": f"{model.count_params():,}",
    }
    return _table(("", ""), [(name, value) for name, value in rows.items() if value])


def _data(facts, recipe):
    if not facts:
        return "Nothing is known: the model was not trained by a recipe's `train`."
    sizes = ", ".join(f"{count:,} to {_DOES[part]}" for part, count in facts["sizes"].items())
    if facts["data"] is not None:
        return (
            f"`{facts['data']}`" + (f": {sizes}." if sizes else ".") + "\n\nLicence and origin: "
            "say them here."
        )
    text = f"The embedded sample: {sizes}. It is synthetic, and under the licence of rnnkit."
    inner = recipe.dataset_card().strip() if recipe else ""
    return f"{text}\n\n{inner.replace('# ', '### ', 1)}" if inner else text


_DOES = {"train": "train", "validation": "validate", "test": "test"}


def _scores(facts):
    found = [(name, "test", f"{value:.4f}") for name, value in facts.get("scores", {}).items()]
    found += [
        (name, "validation, at the epoch that was kept", f"{value:.4f}")
        for name, value in facts.get("validation", {}).items()
    ]
    if not found:
        return "None were kept: `model.score(data.test)` measures them."
    return _table(("score", "data", "value"), found)


def _options(model, facts):
    given = facts.get("options") or {
        name: value for name, value in arguments_of(model, type(model)).items()
        if isinstance(value, (bool, int, float, str))
    }  # fmt: skip
    rows = [(f"`{name}`", f"`{shorten(value, MOST)}`") for name, value in given.items()]
    if "epochs" in facts:
        rows.append(("epochs trained", str(facts["epochs"])))
    versions = facts.get("versions", {})
    rows += [(f"version of {name}", version) for name, version in versions.items()]
    return _table(("option", "value"), rows)


def _use():
    return f"""\
```python
import rnnkit   # {rnnkit.__version__} or later

model = rnnkit.load_model("model.keras")   # the file of this model
model.infer(x)                             # raw input
```"""


def _table(head, rows):
    """A table of Markdown."""
    cells = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(_cell(each) for each in row)} |" for row in cells)


def _cell(text):
    return shorten(text, 400).replace("|", "\\|")
