"""Features: how raw data becomes tensors, and tensors become what a person reads."""

from rnnkit.features.audio import Audio
from rnnkit.features.base import Feature
from rnnkit.features.detection import Detection
from rnnkit.features.events import Events
from rnnkit.features.forecast import Forecast
from rnnkit.features.image import Image
from rnnkit.features.label import Label
from rnnkit.features.labels import Labels
from rnnkit.features.music import Melody, Roll
from rnnkit.features.notes import Notes
from rnnkit.features.nucleotides import Nucleotides
from rnnkit.features.number import Number
from rnnkit.features.ordered import OrderedLabel
from rnnkit.features.piano_roll import PianoRoll
from rnnkit.features.series import Series
from rnnkit.features.strokes import Strokes
from rnnkit.features.style import Style
from rnnkit.features.subwords import Subwords
from rnnkit.features.tags import Tags
from rnnkit.features.targets import Targets
from rnnkit.features.text import Text
from rnnkit.features.vectors import Vectors
from rnnkit.features.video import Video
from rnnkit.features.words import Words
from rnnkit.formats.word_vectors import WordVectors
from rnnkit.utils.lazy import listing

__all__ = [
    "Audio",
    "Detection",
    "Events",
    "Feature",
    "Forecast",
    "Image",
    "Label",
    "Labels",
    "Melody",
    "Notes",
    "Nucleotides",
    "Number",
    "OrderedLabel",
    "PianoRoll",
    "Roll",
    "Series",
    "Style",
    "Subwords",
    "Strokes",
    "Tags",
    "Targets",
    "Text",
    "Vectors",
    "Video",
    "WordVectors",
    "Words",
]
__dir__ = listing(__name__, __all__)
