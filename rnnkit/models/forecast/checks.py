"""Checks of the arguments of models of numbers over time."""

from rnnkit.features import Forecast, Series
from rnnkit.models.forecast.naive import target_columns
from rnnkit.utils.checks import number


def check_directions(bidirectional, output_feature, layer):
    """Refuses two directions for forecasts.

    Args:
        bidirectional: Whether the sequence is also read from its end.
        output_feature: The model's.
        layer: What reads it, in a word.
    """
    if bidirectional and isinstance(output_feature, Forecast):
        raise ValueError(
            f"bidirectional must be False for a Forecast: a {layer} that reads from the end has "
            "as input what it is to forecast. Received: bidirectional=True"
        )


def check_future(feature, model):
    """Refuses columns that are known ahead, for models that would not look ahead.

    Args:
        feature: The input feature.
        model: Name of the model's class.
    """
    if isinstance(feature, Series) and feature.future:
        raise ValueError(
            f"{model} does not read what is known ahead. Received: a Series with "
            f"future={feature.future}. EchoStateForecaster does: the recipe's cell 'esn' with a "
            "horizon above 1"
        )


def check_transforms(feature, target):
    """Refuses targets that are transformed otherwise than the inputs that they go on from.

    Args:
        feature: The input feature.
        target: The output feature.
    """
    if not isinstance(target, (Series, Forecast)):
        return
    columns = target_columns(feature, target)
    if columns is None or (feature.transform is None and target.transform is None):
        return
    plain = [(False, 1.0, 0.0)]
    ours, theirs = (
        plain * each.size if each.transform is None else each.transforms.as_tuples()
        for each in (feature, target)
    )
    for name, column, wanted in zip(target.names, columns, theirs, strict=True):
        if ours[column] != wanted:
            raise ValueError(
                "transform must be the same for a column that is forecast and for that among the "
                f"inputs. Received: of the column {name!r} transform={feature.transform!r} with "
                f"power={feature.power} of the inputs, and transform={target.transform!r} with "
                f"power={target.power} of the targets. A dict of column to the power itself gives "
                "both the same"
            )


def check_relative(feature, present, persistence_residual):
    """Refuses what no relative forecast can be made of.

    Args:
        feature: The input feature.
        present: How present values follow from the inputs, or None.
        persistence_residual: The argument of that name.
    """
    why = None
    if present is None:
        why = "outputs that are no Forecast of columns of the input"
    elif feature.missing:
        why = "a Series with missing=True"
    elif not persistence_residual:
        why = "persistence_residual=False"
    if why:
        raise ValueError(
            "relative=True is for a Forecast of columns of the input, whose values are all known, "
            f"and adds changes to naive forecasts. Received: {why}"
        )


def check_known(feature):
    """Refuses an input feature whose values may be missing."""
    if feature.missing:
        raise ValueError(
            "EchoStateForecaster reads series without gaps, and input_feature is a Series with "
            "missing=True. Leave that out: gaps of tables are then filled, those of arrays to be "
            "filled first, for example with pandas `frame.interpolate()`. Or use Forecaster, which "
            "learns around them"
        )


def check_interval(interval):
    """Raises a ValueError unless the probability of intervals is between 0 and 1."""
    if not 0 < number(interval, "interval", least=0, most=1) < 1:
        raise ValueError(f"interval must be between 0 and 1. Received: interval={interval}")
