"""Models: one class for each task of an input-output pattern."""

from rnnkit.models.base import Model
from rnnkit.models.captioner import Captioner
from rnnkit.models.composer import Composer
from rnnkit.models.ctc import CTC
from rnnkit.models.echo_state import EchoStateNetwork
from rnnkit.models.echo_state_forecaster import EchoStateForecaster
from rnnkit.models.encoder_decoder import EncoderDecoder
from rnnkit.models.encoder_language_model import EncoderLanguageModel
from rnnkit.models.forecaster import Forecaster
from rnnkit.models.language_model import LanguageModel
from rnnkit.models.many_to_many import ManyToMany
from rnnkit.models.many_to_one import ManyToOne
from rnnkit.models.one_to_many import OneToMany
from rnnkit.models.one_to_one import OneToOne
from rnnkit.models.tagger import Tagger
from rnnkit.utils.lazy import listing

__all__ = [
    "CTC",
    "Captioner",
    "Composer",
    "EchoStateForecaster",
    "EchoStateNetwork",
    "EncoderDecoder",
    "EncoderLanguageModel",
    "Forecaster",
    "LanguageModel",
    "ManyToMany",
    "ManyToOne",
    "Model",
    "OneToMany",
    "OneToOne",
    "Tagger",
]
__dir__ = listing(__name__, __all__)
