"""Features: how raw data becomes tensors, and tensors become what a person reads."""

from rnnkit.features.audio import Audio
from rnnkit.features.base import Feature
from rnnkit.features.forecast import Forecast
from rnnkit.features.label import Label
from rnnkit.features.number import Number
from rnnkit.features.series import Series
from rnnkit.features.strokes import Strokes
from rnnkit.features.subwords import Subwords
from rnnkit.features.text import Text

__all__ = [
    "Audio",
    "Feature",
    "Forecast",
    "Label",
    "Number",
    "Series",
    "Subwords",
    "Strokes",
    "Text",
]
