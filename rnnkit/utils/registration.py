"""Keras finds the classes that rnnkit's model files name, also where only rnnkit is imported.

Keras imports no module that a model file names: it finds what is registered, and rnnkit's classes
register themselves where they are defined, which takes seconds to import. So placeholders are
registered under their names as soon as Keras itself is imported, whether that is before rnnkit or
after. The first that Keras makes an object of imports the classes, which take the places of all.
"""

import contextlib
import importlib

from rnnkit.utils.imports import around

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
    if not around("keras", _registered):
        _register()


@contextlib.contextmanager
def _registered():
    yield
    _register()


def _register():
    import keras

    known = keras.saving.get_custom_objects()
    for name in NAMES:
        known.setdefault(f"rnnkit>{name}", type(name, (Placeholder,), {"name": name}))
