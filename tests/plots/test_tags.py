"""The scores of a conditional random field, from tag to tag."""

import matplotlib.figure
import numpy as np
import pytest

from rnnkit import plots
from rnnkit.features import Tags, Text
from rnnkit.layers import CRF
from rnnkit.models import Tagger

NAMES = ["B-person", "I-person", "O"]


def tagger(**options):
    return Tagger(Text().adapt(["Ann left"]), Tags(NAMES), units=2, seed=1, **options)


def test_scores_from_tag_to_tag():
    model = tagger(crf=True)
    (layer,) = (each for each in model.layers if isinstance(each, CRF))
    scores = np.arange(9, dtype="float32").reshape(3, 3) - 4
    layer.transitions.assign(scores)
    ax = matplotlib.figure.Figure().subplots()
    assert plots.transitions(model, ax=ax) is ax
    (image,) = ax.get_images()
    shown = image.get_array()
    hidden = np.zeros((3, 3), bool)
    hidden[2, 1] = True  # nothing goes on after O
    np.testing.assert_array_equal(shown.mask, hidden)
    np.testing.assert_array_equal(shown.data[~hidden], scores[~hidden])
    assert image.get_clim() == (-4, 4)  # 0 is white
    for axis in (ax.xaxis, ax.yaxis):
        assert [label.get_text() for label in axis.get_ticklabels()] == NAMES
    # Slanted labels end at their ticks.
    assert {label.get_horizontalalignment() for label in ax.get_xticklabels()} == {"right"}
    assert {label.get_rotation_mode() for label in ax.get_xticklabels()} == {"anchor"}


def test_a_model_without_a_crf():
    with pytest.raises(ValueError, match="needs a model with a CRF.*Received: Tagger"):
        plots.transitions(tagger())
    with pytest.raises(ValueError, match="needs a model with a CRF.*Received: int"):
        plots.transitions(3)
