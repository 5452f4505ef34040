"""TFDS builders of the embedded datasets.

They make `tfds.load("rnnkit_reviews")` work as for any dataset of the catalogue, so that nothing
else has to know where the examples come from. Importing this module registers the builders;
using one imports its generator, `rnnkit.datasets.reviews`, and preparing it runs the generator, in
seconds and without a network.

A new dataset is a module with `CARD`, `SIZES` and `generate(split)`, and a row of `FEATURES`.
"""

import dataclasses
import functools
import importlib

import numpy as np
import tensorflow_datasets as tfds
from tensorflow_datasets.core import features as kit

from rnnkit.datasets import dynamics
from rnnkit.utils import progress


class _Builder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    """Builder of the dataset `rnnkit_NAME`, whose module has `CARD`, `SIZES` and `generate`."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release."}

    @functools.cached_property
    def source(self):
        """The module with the generator."""
        return importlib.import_module(f"rnnkit.datasets.{self.name.removeprefix('rnnkit_')}")

    def features(self):
        """Features by name, in the order in which `generate` gives them."""
        return FEATURES[self.name.removeprefix("rnnkit_")](self.source)

    def _info(self):
        features = self.features()
        return tfds.core.DatasetInfo(
            builder=self,
            description=self.source.CARD,
            features=kit.FeaturesDict(features) if isinstance(features, dict) else features,
            supervised_keys=tuple(features) if len(features) == 2 else None,
            # The generators mix the order themselves; keeping it makes preparing faster.
            disable_shuffling=True,
        )

    def download_and_prepare(self, **arguments):
        """As of any builder. Of several processes that prepare the same dataset at once each makes
        its own; that of the first to be ready is what all of them read."""
        try:
            super().download_and_prepare(**arguments)
        except OSError:
            if not self.is_prepared():
                raise
        # A builder learns about examples that were made elsewhere when it is made itself, or here.
        self.info.read_from_directory(self.data_path)

    def _split_generators(self, dl_manager):
        return {split: self._generate_examples(split) for split in self.source.SIZES}

    def _generate_examples(self, split):
        made = progress.told(
            self.source.generate(split), f"Making {self.name}, {split}", self.source.SIZES[split]
        )
        for index, values in enumerate(made):
            values = values if isinstance(values, tuple) else (values,)
            yield index, dict(zip(self.info.features, values, strict=True))


def _classes(names):
    return kit.ClassLabel(names=list(names))


def _text_and_label(source):
    return {"text": kit.Text(), "label": _classes(source.LABELS)}


def _words_and_tags(source):
    return {"words": kit.Sequence(kit.Text()), "tags": kit.Sequence(_classes(source.TAGS))}


def _video_and_labels(source):
    shape = (None, source.SIDE, source.SIDE, 1)
    video = kit.Tensor(shape=shape, dtype=np.uint8, encoding=kit.Encoding.BYTES)
    return {"video": video, "labels": kit.Sequence(_classes(source.LABELS))}


def _image(source, channels):
    return kit.Image(shape=(source.SIDE, source.SIDE, channels))


# For each dataset a function from its module to its features.
FEATURES = {
    "bulletins": _words_and_tags,
    # A history is a text with a line an event; see `rnnkit.formats.event_text`.
    "cards": _text_and_label,
    "dialogues": lambda _: {"prompt": kit.Text(), "reply": kit.Text()},
    "digits": lambda source: {"image": _image(source, 1), "label": _classes(source.LABELS)},
    "letters": lambda _: {
        "strokes": kit.Tensor(shape=(None, 3), dtype=np.float32),
        "text": kit.Text(),
    },
    "melodies": lambda source: {"style": _classes(source.LABELS), "melody": kit.Text()},
    # The bytes of wav files.
    "morse": lambda _: {"audio": kit.Tensor(shape=(), dtype=np.object_), "text": kit.Text()},
    "motifs": _text_and_label,
    "motions": _video_and_labels,
    "phrases": lambda _: kit.Translation(languages=("en", "fr")),
    "reviews": _text_and_label,
    # A caption is an example: the four of a picture follow each other.
    "scenes": lambda source: {"image": _image(source, 3), "text": kit.Text()},
    "sms": _text_and_label,
    "stories": lambda _: {"text": kit.Text()},
    "wordclasses": _words_and_tags,
}
# Of datasets that have changed since their first release.
RELEASES = {"morse": {"1.1.0": "Single letters to learn from.", "1.0.0": "First release."}}

for _name in FEATURES:
    _members = {"name": f"rnnkit_{_name}", "__module__": __name__}
    if _name in RELEASES:
        _members["VERSION"] = tfds.core.Version(next(iter(RELEASES[_name])))
        _members["RELEASE_NOTES"] = RELEASES[_name]
    type(f"Rnnkit{_name.title()}", (_Builder,), _members)  # registered by being made


@dataclasses.dataclass(eq=False)
class SeriesConfig(tfds.core.BuilderConfig):
    """Which of `dynamics.SETS`, with what a forecast has to know about it.

    Attributes:
        columns: Names of the columns.
        step: Time between two rows.
        lyapunov: Largest Lyapunov exponent per unit of time, or None where it is not chaotic.
    """

    columns: tuple[str, ...] = ()
    step: float = 1.0
    lyapunov: float | None = None


class RnnkitSeries(_Builder):
    """Benchmark series, one configuration each; see `dynamics.CARD`.

    Each split is one example, `{"series": [rows, columns]}`, float64; validation goes on where
    train ends, and test where validation ends.
    """

    name = "rnnkit_series"
    source = dynamics
    BUILDER_CONFIGS = [
        SeriesConfig(
            name=name,
            description=f"Columns {', '.join(chosen.columns)}; one row each {chosen.step:g}.",
            columns=chosen.columns,
            step=chosen.step,
            lyapunov=chosen.lyapunov,
        )
        for name, chosen in dynamics.SETS.items()
    ]

    def features(self):
        shape = (None, len(self.builder_config.columns))
        # As bytes, because a list of numbers in a TFRecord is always of single precision.
        return {"series": kit.Tensor(shape=shape, dtype=np.float64, encoding=kit.Encoding.BYTES)}

    def _split_generators(self, dl_manager):
        pieces = dynamics.splits(self.builder_config.name)
        return {split: self._generate_examples(piece) for split, piece in pieces.items()}

    def _generate_examples(self, series):
        yield 0, {"series": series}
