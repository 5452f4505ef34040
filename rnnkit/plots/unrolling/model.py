"""A model drawn unrolled in time; see `rnnkit.plots`, which has this function too."""

import keras

from rnnkit import models
from rnnkit.plots.drawing import new_axes
from rnnkit.plots.unrolling import keras_models, patterns
from rnnkit.plots.unrolling.canvas import Canvas


def unrolled(model, ax=None):
    """A model unrolled in time: its inputs and outputs at each step, and what flows between them.

    Drawn from the model itself: its pattern, layers, directions, pooling, attention. Time goes from
    left to right, and each row is a layer, with the same weights at every step.

    Args:
        model: A model of `rnnkit.models`; or a Keras model (Sequential or functional) of one input
            whose recurrent layers follow on each other.
        ax: Matplotlib Axes to draw on, or None for new ones.

    Returns:
        The Axes.

    Raises:
        ValueError: If it is no model, or one whose pattern is not known.

    Example:

    >>> rnnkit.plots.unrolled(model)
    """
    if not isinstance(model, keras.Model):
        raise ValueError(
            "model must be one of rnnkit.models, or a Keras model. "
            f"Received: model of type {type(model).__name__}"
        )
    draw, title = _plan(model)
    new = ax is None
    ax = new_axes(ax, (8.0, 4.0))
    canvas = Canvas(ax)
    draw(canvas, model)
    canvas.finish(title)
    if new:
        width = ax.get_xlim()[1] - ax.get_xlim()[0]
        height = ax.get_ylim()[1] - ax.get_ylim()[0]
        ax.figure.set_size_inches(0.78 * width + 0.3, 0.78 * height + 1.0)
    return ax


def _plan(model):
    """The function that draws a model, and the title."""
    members = getattr(model, "members", [])
    if members:
        draw, title = _plan(members[0])
        title += f"\n({len(members)} networks, averaged)"
        return lambda canvas, model: draw(canvas, model.members[0]), title
    for kind, (draw, title) in KNOWN.items():
        if isinstance(model, kind):
            return draw, f"{type(model).__name__}: {title}"
    if isinstance(model, models.Model):
        raise ValueError(
            "unrolled knows the patterns of rnnkit.models. "
            f"Received: {type(model).__name__}, another subclass of rnnkit's Model"
        )
    return keras_models.draw, f"{model.name}: {keras_models.pattern(model)}"


# The classes of models, the narrower first: the function that draws, and the title.
KNOWN = {
    models.OneToOne: (patterns.one_to_one, "one to one"),
    models.ManyToOne: (patterns.many_to_one, "many to one"),
    models.Tagger: (patterns.tagger, "many to many, a tag a step"),
    models.Forecaster: (patterns.forecaster, "many to many, a forecast a step"),
    models.CTC: (patterns.ctc, "many to fewer, in order (CTC)"),
    models.EchoStateNetwork: (patterns.echo_state, "echo state network"),
    models.LanguageModel: (patterns.one_to_many, "a text goes on"),
    models.OneToMany: (patterns.one_to_many, "one to many"),
    models.EncoderDecoder: (patterns.encoder_decoder, "many to many, of another length"),
}
