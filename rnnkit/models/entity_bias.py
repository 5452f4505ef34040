"""How readily a tagger finds entities, chosen on validation data."""

import numpy as np

from rnnkit.features.tags import UNLABELLED, UNSEEN
from rnnkit.metrics.tags import entity_f1

# What is tried, in nats.
BIASES = np.arange(-4, 17) / 4


def choose(feature, truth, best):
    """Sets `bias` of `Tags` to that of the highest F1 of entities.

    What is learned by likelihood finds too few entities: where it is unsure it says `O`, which most
    words are, and the more so the less the new names are like those of training.

    Args:
        feature: Adapted `Tags` that mark entities.
        truth: Ids of the tags `[sequences, time]`, -1 where not known and after the ends.
        best: Function without arguments that gives the ids `[sequences, time]` that are the best
            with the `bias` that the feature has.

    Returns:
        Why the bias stays, a sentence without its full stop, or None.
    """
    names = references(feature, truth)
    if not any(tag != "O" for row in names for tag in row):
        return (
            f"The bias of entities stays at {feature.bias:g}, as the validation data has no entity"
        )
    found = {}
    for bias in sorted(BIASES.tolist(), key=abs):  # of several the one nearest to 0
        feature.bias = bias
        found[bias] = entity_f1(names, hypotheses(feature, truth, best()))
    feature.bias = max(found, key=found.get)
    return None


def references(feature, truth):
    """The true tags of the steps that have one, as `usual`: a list of lists."""
    # A run of unseen ones is one stretch of a type that cannot be found.
    unseen = "[unseen]" if feature.scheme == "plain" else "I-[unseen]"
    names = {**dict(enumerate(feature.usual)), UNSEEN: unseen}
    return [[names[each] for each in row[row != UNLABELLED]] for row in truth]


def hypotheses(feature, truth, predicted):
    """The predicted tags of the steps whose true one is known, likewise."""
    return [
        [feature.usual[each] for each in row[true != UNLABELLED]]
        for true, row in zip(truth, predicted, strict=True)
    ]
