"""What a recipe does otherwise with a small data set, unless it is told."""

# Examples to train and to validate with, below which a data set is small.
SMALL = 500
# Settings of training among what a recipe says of small data sets; all else are its options.
SETTINGS = ("epochs", "batch_size", "patience")


def chosen(recipe, data, given):
    """The options of a model, and settings of its training, with those of small data sets.

    Args:
        recipe: A `rnnkit.Recipe`, whose `small` says what is another default there.
        data: `rnnkit.data.Data`.
        given: Dict of the options that a user gave, which stay.

    Returns:
        The pair of the dict of options, and a dict of settings, empty where the data is not small
        or its size not known.
    """
    if not recipe.small or not 0 < _examples(data) < SMALL:
        return given, {}
    options = {key: value for key, value in recipe.small.items() if key not in SETTINGS}
    return {**options, **given}, {key: recipe.small[key] for key in SETTINGS if key in recipe.small}


def others(recipe, data, given):
    """The options and settings of `chosen` that are not given, in one dict."""
    options, settings = chosen(recipe, data, given)
    return {key: value for key, value in options.items() if key not in given} | settings


def in_words(data, given, options, settings):
    """What is said of it: the number of examples, and what is not as a user gave it."""
    news = {key: value for key, value in options.items() if key not in given} | settings
    listed = ", ".join(f"{key}={value!r}" for key, value in news.items())
    return f"Only {_examples(data):,} examples: by default {listed}; see the recipe's `small`"


def _examples(data):
    sizes = getattr(data, "sizes", {})
    return sum(sizes.get(part) or 0 for part in ("train", "validation"))
