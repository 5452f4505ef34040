"""Keras finds the classes that rnnkit's model files name, also where only rnnkit is imported.

Keras imports no module that a model file names: it finds what is registered, and rnnkit's classes
register themselves where they are defined, which takes seconds to import. So placeholders are
registered under their names as soon as Keras itself is imported, whether that is before rnnkit or
after. The first that Keras makes an object of imports the classes, which take the places of all.
"""

import importlib
import importlib.abc
import importlib.util
import sys

# What is imported: these define or import every class of `NAMES`.
ROOMS = ("rnnkit.features", "rnnkit.layers", "rnnkit.models")
# The registered classes; tests/utils/test_registration.py compares them with what the rooms do.
NAMES = (
    "AddNaive", "AddPresent", "AdditiveAttention", "AtLeast", "Audio", "AveragedAdam",
    "BagOfTokens", "BalancedCrossEntropy", "BesideWords", "CRF", "CRFLoss", "CTC", "CTCLoss",
    "Captioner", "CharacterFeatures", "Circulant", "Composer", "CountLevel", "CycleJumps",
    "DelayLine", "DelayLineFeedback", "Detection", "DistributionParameters", "ESN", "ESNCell",
    "EchoStateForecaster", "EchoStateNetwork", "EncoderDecoder", "EncoderLanguageModel",
    "EntityF1", "EventEmbedding", "Events", "Forecast", "ForecastBlend", "Forecaster",
    "FrameLogProbabilities", "FrameNetwork", "FullyConnected", "GRU", "Image", "ImageNetwork",
    "JointBinary", "KeyNats", "KeysAndEnd", "KnownErrors", "LSTM", "Label", "Labels",
    "LanguageModel", "ManyToMany", "ManyToOne", "MaskedConv1D", "MaskedMeanSquaredError",
    "MeanErrors", "MicroF1", "MissingToZero", "Model", "MultiplicativeAttention",
    "NegativeLogLikelihood", "Notes", "Nucleotides", "Number", "OfClasses", "OneToMany",
    "OneToOne", "OrderedClasses", "OrderedLabel", "Orthogonal", "OutputErrors", "PathMixture",
    "PianoRoll", "RandomConnectivity", "RandomDegree", "RecurrentStack", "ReferenceGRUCell",
    "ReferenceLSTMCell", "ReferenceSimpleRNNCell", "RelativeForecast", "RelativeLoss",
    "RepeatRows", "RidgeReadout", "Ring", "RunningScale", "SequencePooling", "Series", "SimpleRNN",
    "SmallWorld", "StepwiseDense", "Strand", "StreamMemory", "Strokes", "Style", "Subwords",
    "TagAccuracy", "TagCrossEntropy", "Tagger", "Tags", "TargetActivations", "TargetMetric",
    "Targets", "TargetsLoss", "Text", "TokenAccuracy", "TokenCrossEntropy", "TokenDropout",
    "ValueErrors", "ValuesAndEnd", "Vectors", "Video", "WordEmbedding", "Words",
)  # fmt: skip


class Placeholder:
    """Stands for a class of rnnkit until it is imported."""

    name = None

    @classmethod
    def from_config(cls, config, **options):
        """What the class itself makes of a configuration."""
        import keras

        for room in ROOMS:
            importlib.import_module(room)
        # Not by `get_registered_object`: while Keras loads, it has a copy of what was known before.
        return keras.saving.get_custom_objects()[f"rnnkit>{cls.name}"].from_config(
            config, **options
        )


def register_with_keras():
    """Registers placeholders, at once if Keras is imported, else as soon as it has been."""
    if "keras" in sys.modules:
        _register()
    elif not any(isinstance(each, _Finder) for each in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def _register():
    import keras

    known = keras.saving.get_custom_objects()
    for name in NAMES:
        known.setdefault(f"rnnkit>{name}", type(name, (Placeholder,), {"name": name}))


class _Finder(importlib.abc.MetaPathFinder):
    """Waits for the import of Keras, and is gone then.

    To be asked where Keras is, as TensorFlow asks, is no import.
    """

    def __init__(self):
        self._asking = False

    def find_spec(self, fullname, path=None, target=None):
        if fullname != "keras" or self._asking:
            return None
        self._asking = True
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._asking = False
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, self)
        return spec


class _Loader(importlib.abc.Loader):
    """Imports Keras as its own loader does, then registers."""

    def __init__(self, loader, finder):
        self._loader = loader
        self._finder = finder

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        module.__spec__.loader = module.__loader__ = self._loader
        if self._finder in sys.meta_path:
            sys.meta_path.remove(self._finder)
        self._loader.exec_module(module)
        _register()
