"""Scores: of classes, labels, numbers, tags, texts, forecasts, music, likelihoods and reservoirs.

Every score of `SCORES` can be had by its name, such as `rnnkit.metrics.bleu`. Where two types of
target have a score of the same name, this is that of classes or numbers; that of tags,
of ordered classes or of sequences of numbers is in `rnnkit.metrics.tags`, `ordered` or `values`.
"""

from rnnkit.metrics.registry import SCORES
from rnnkit.utils.lazy import attach, listing

_names = [each for scores in SCORES.values() for each in scores.values()]
__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        **{each.name: each.module for each in reversed(_names)},  # the first of a name counts
        "DEFAULTS": ".registry",
        "bleu_signature": ".texts",
        "by_type": ".tags",
        "classes": ".classes",
        "compute": ".registry",
        "direction": ".registry",
        "effective_spectral_radius": ".reservoirs",
        "labels": ".labels",
        "likelihood": ".likelihood",
        "memory_capacity": ".reservoirs",
        "music": ".music",
        "numbers": ".numbers",
        "ordered": ".ordered",
        "ranks": ".retrieval",
        "reservoirs": ".reservoirs",
        "retrieval": ".retrieval",
        "scores": ".registry",
        "tags": ".tags",
        "texts": ".texts",
        "values": ".values",
    },
)
__all__ += ["SCORES"]
__dir__ = listing(__name__, __all__)
