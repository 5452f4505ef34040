"""Recurrent models for recipes without memory: their inputs read in order instead of at once."""

import keras

from rnnkit.features import Image, Label, Labels, Number, Text
from rnnkit.models import ManyToOne

EMBEDDING = 32  # size of the vectors of words


def read_in_order(
    recipe, features, data, *, cell, units=64, bidirectional=False, seed=None, **rest
):
    """A many-to-one model for the task of a one-to-one recipe: texts word by word, pictures row by
    row.

    Args:
        recipe: A recipe of the pattern one-to-one.
        features: What `recipe.adapt` gave.
        data: `rnnkit.data.Data`.
        cell, units, bidirectional, seed: As in `rnnkit.models.ManyToOne`.
        **rest: Options of the recipe; `dropout` (of the last state) and `learning_rate` are used.

    Returns:
        The compiled model, which trains and is scored as the recipe's own.

    Raises:
        ValueError: If the input has no order to read it in.
    """
    known = {**recipe.options(), **rest}
    source, target = features
    settings = {"cell": cell, "units": units, "bidirectional": bidirectional}
    dropout = known.get("dropout") or 0.0  # None where it depends on the cell
    if isinstance(source, Text):
        # A bag of words and pairs becomes the words in their order.
        config = {**source.get_config(), "ngrams": 1, "unique": False, "vocabulary": None}
        words = Text(**config).adapt(data.train.map(lambda x, y: x))
        model = ManyToOne(
            words, target, embedding_size=EMBEDDING, output_dropout=dropout, seed=seed,
            name=recipe.name, **settings,
        )  # fmt: skip
    elif isinstance(source, Image) and isinstance(target, (Label, Labels, Number)):
        model = ManyToOne(
            source, target, output_dropout=dropout, seed=seed, name=recipe.name, **settings
        )
    else:
        raise ValueError(
            f"the recipe {recipe.name!r} is one-to-one and takes no cell but its own, "
            f"{recipe.cell!r}: a {type(source).__name__} has no order to read it in"
        )
    rate = known.get("learning_rate") or 1e-3
    model.compile(optimizer=keras.optimizers.Adam(rate, clipnorm=1.0))
    model.recipe, model.score_names = recipe.name, recipe.scores_of(target)
    model.fit_defaults = recipe.fit_defaults
    return model
