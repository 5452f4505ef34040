"""Features: how raw data becomes tensors, and tensors become what a person reads."""

from rnnkit.features.base import Feature
from rnnkit.features.forecast import Forecast
from rnnkit.features.label import Label
from rnnkit.features.number import Number
from rnnkit.features.series import Series
from rnnkit.features.text import Text

__all__ = ["Feature", "Forecast", "Label", "Number", "Series", "Text"]
