"""How a generating model decodes, and what becomes of what it gives."""

from rnnkit.utils.checks import integer


class Decoding:
    """Decodes for a model, by functions that the model compiles once and keeps.

    There is one subclass for each head: `TokenDecoding`, `ValueDecoding` and `KeyDecoding`. They
    are made by `rnnkit.models.heads.base.Head.decoding`; a `Generating` model asks its own for all
    that depends on what its outputs are.

    Args:
        model: A `Generating` model.

    Attributes:
        names: The options of decoding that there are, of all of them.
    """

    names = (
        "beam_size", "n_best", "length_penalty", "sample", "temperature", "top_k", "top_p", "seed",
        "max_length",
    )  # fmt: skip

    def __init__(self, model):
        self.model = model

    def compiled(self, key, function):
        """The function that the model keeps under a key, compiled from the one given if new."""
        return self.model.compiled_functions.get(key, function)

    def limit(self, max_length=None):
        """Steps at most: those asked for, or the model's own."""
        if max_length is None:
            return int(self.model.default_max_length())
        return integer(max_length, "max_length")

    # === To define ===

    def predict(self, x, batch_size=None, verbose="auto", **options):
        """As `Generating.predict`."""
        raise NotImplementedError(f"{type(self).__name__} must define predict()")

    def infer(self, x, batch_size=None, details=False, verbose=0, **options):
        """As `Generating.infer`, for a list or dataset of inputs."""
        raise NotImplementedError(f"{type(self).__name__} must define infer()")

    def words_served(self, values):
        """As `Model.words_served`."""
        del values

    def serve(self, codes, words, seed):
        """As `Model.serve`."""
        raise NotImplementedError(f"{type(self).__name__} must define serve()")

    def score(self, x, y=None, names=None, batch_size=None, verbose=0, **options):
        """As `Generating.score`, of some names of scores; None for the defaults."""
        raise NotImplementedError(f"{type(self).__name__} must define score()")

    # === Of tokens, and in part of keys ===

    def prompts(self, values):
        """Encoded beginnings of outputs to go on from, ragged `[prompts, (time), ...]`."""
        raise self._tokens_only("prompt")

    def after(self, source, prompt):
        """A `Source` that has read the beginnings of outputs `[batch, time, ...]`, padded."""
        raise self._tokens_only("prompt")

    def log_likelihood(self, data, batch_size, verbose=0):
        """As `Conditional.log_likelihood`, of prepared data."""
        raise self._tokens_only("log_likelihood")

    def log_likelihoods(self, x, targets, batch_size, verbose=0):
        """As `Conditional.log_likelihoods`."""
        raise self._tokens_only("log_likelihoods")

    def _tokens_only(self, name):
        return ValueError(
            f"{name} is for models with an input whose outputs are tokens. Received: a model that "
            f"generates {type(self.model.output_feature).__name__}"
        )
