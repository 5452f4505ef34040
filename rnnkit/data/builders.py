"""TFDS builders of the embedded datasets.

They make `tfds.load("rnnkit_reviews")` work as for any dataset of the catalogue, so that nothing
else has to know where the examples come from. Importing this module registers the builders;
preparing one runs its generator, in seconds and without a network.
"""

from types import ModuleType

import tensorflow_datasets as tfds

from rnnkit.data import reviews, sms


class _TextLabelBuilder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    """Builder of a text dataset whose module has `CARD`, `LABELS`, `SIZES` and `generate`."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release."}

    source: ModuleType

    def _info(self) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self,
            description=self.source.CARD,
            features=tfds.features.FeaturesDict(
                {
                    "text": tfds.features.Text(),
                    "label": tfds.features.ClassLabel(names=list(self.source.LABELS)),
                }
            ),
            supervised_keys=("text", "label"),
            # The generators mix the order themselves; keeping it makes preparing faster.
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager):
        return {split: self._generate_examples(split) for split in self.source.SIZES}

    def _generate_examples(self, split):
        for index, (text, label) in enumerate(self.source.generate(split)):
            yield index, {"text": text, "label": label}


class RnnkitReviews(_TextLabelBuilder):
    """Synthetic film reviews in which the order of the words decides; see `reviews.CARD`."""

    name = "rnnkit_reviews"
    source = reviews


class RnnkitSms(_TextLabelBuilder):
    """Synthetic text messages, wanted and unwanted; see `sms.CARD`."""

    name = "rnnkit_sms"
    source = sms
