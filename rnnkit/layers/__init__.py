"""Keras layers: the recurrent cells by name, the reference cells, and masked pooling.

Keras' own recurrent layers are exported beside ours, so that one import gives them all; `LSTM`,
`GRU` and `SimpleRNN` are Keras' with faster training on a CPU (see `handwritten_gradients`).
"""

from keras.layers import RNN, Bidirectional, GRUCell, LSTMCell, SimpleRNNCell

from rnnkit.layers.attention import AdditiveAttention, MultiplicativeAttention
from rnnkit.layers.crf import CRF
from rnnkit.layers.distributions import CountLevel, DistributionParameters
from rnnkit.layers.events import EventEmbedding, Strand
from rnnkit.layers.forecast_blend import ForecastBlend
from rnnkit.layers.frame_network import FrameNetwork
from rnnkit.layers.frames import FrameLogProbabilities, MaskedConv1D
from rnnkit.layers.gated import GRU, LSTM, SimpleRNN, handwritten_gradients
from rnnkit.layers.image_network import ImageNetwork
from rnnkit.layers.joint_binary import JointBinary
from rnnkit.layers.missing import AddPresent, AtLeast, KnownErrors, MissingToZero
from rnnkit.layers.mixture import PathMixture
from rnnkit.layers.ordered import OrderedClasses
from rnnkit.layers.pooling import SequencePooling
from rnnkit.layers.recurrent import cell_names, recurrent, register_cell
from rnnkit.layers.reference import (
    ReferenceGRUCell,
    ReferenceLSTMCell,
    ReferenceSimpleRNNCell,
)
from rnnkit.layers.relative import RelativeForecast
from rnnkit.layers.reservoir import ESN, ESNCell, StreamMemory
from rnnkit.layers.running_scale import AddNaive, RunningScale
from rnnkit.layers.sharing import BagOfTokens, RepeatRows
from rnnkit.layers.stack import RecurrentStack, StepwiseDense
from rnnkit.layers.targets import TargetActivations
from rnnkit.layers.token_dropout import TokenDropout
from rnnkit.layers.word_embedding import WordEmbedding
from rnnkit.utils.lazy import listing

__all__ = [
    "AddNaive",
    "AddPresent",
    "AtLeast",
    "AdditiveAttention",
    "BagOfTokens",
    "CRF",
    "CountLevel",
    "DistributionParameters",
    "ESN",
    "ESNCell",
    "GRU",
    "LSTM",
    "RNN",
    "Bidirectional",
    "EventEmbedding",
    "ForecastBlend",
    "FrameLogProbabilities",
    "FrameNetwork",
    "GRUCell",
    "LSTMCell",
    "ImageNetwork",
    "JointBinary",
    "KnownErrors",
    "MaskedConv1D",
    "MissingToZero",
    "MultiplicativeAttention",
    "OrderedClasses",
    "PathMixture",
    "RecurrentStack",
    "RepeatRows",
    "ReferenceGRUCell",
    "ReferenceLSTMCell",
    "ReferenceSimpleRNNCell",
    "RelativeForecast",
    "RunningScale",
    "SequencePooling",
    "SimpleRNN",
    "SimpleRNNCell",
    "StepwiseDense",
    "Strand",
    "StreamMemory",
    "TargetActivations",
    "TokenDropout",
    "WordEmbedding",
    "cell_names",
    "handwritten_gradients",
    "recurrent",
    "register_cell",
]
__dir__ = listing(__name__, __all__)
