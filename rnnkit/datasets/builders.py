"""TFDS builders of the embedded datasets.

They make `tfds.load("rnnkit_reviews")` work as for any dataset of the catalogue, so that nothing
else has to know where the examples come from. Importing this module registers the builders;
preparing one runs its generator, in seconds and without a network.
"""

import dataclasses
from types import ModuleType

import numpy as np
import tensorflow_datasets as tfds

from rnnkit.datasets import (
    bulletins,
    cards,
    dialogues,
    digits,
    dynamics,
    letters,
    melodies,
    morse,
    motifs,
    motions,
    phrases,
    reviews,
    scenes,
    sms,
    stories,
    wordclasses,
)


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


class RnnkitMotifs(_TextLabelBuilder):
    """Synthetic DNA in which the order of two motifs decides; see `motifs.CARD`."""

    name = "rnnkit_motifs"
    source = motifs


class RnnkitCards(_TextLabelBuilder):
    """Synthetic histories of card payments, some of which end in fraud; see `cards.CARD`.

    A history is a text with a line an event; see `rnnkit.formats.event_text`.
    """

    name = "rnnkit_cards"
    source = cards


class RnnkitDigits(tfds.core.GeneratorBasedBuilder):
    """Pictures of digits, drawn and covered with noise; see `digits.CARD`."""

    name = "rnnkit_digits"
    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release."}

    def _info(self) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self,
            description=digits.CARD,
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(shape=(digits.SIDE, digits.SIDE, 1)),
                    "label": tfds.features.ClassLabel(names=list(digits.LABELS)),
                }
            ),
            supervised_keys=("image", "label"),
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager):
        return {split: self._generate_examples(split) for split in digits.SIZES}

    def _generate_examples(self, split):
        for index, (image, label) in enumerate(digits.generate(split)):
            yield index, {"image": image, "label": label}


class RnnkitMotions(tfds.core.GeneratorBasedBuilder):
    """Clips of shapes that move, with a label on every frame; see `motions.CARD`."""

    name = "rnnkit_motions"
    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release."}

    def _info(self) -> tfds.core.DatasetInfo:
        side = motions.SIDE
        label = tfds.features.ClassLabel(names=list(motions.LABELS))
        return tfds.core.DatasetInfo(
            builder=self,
            description=motions.CARD,
            features=tfds.features.FeaturesDict(
                {
                    "video": tfds.features.Tensor(
                        shape=(None, side, side, 1),
                        dtype=np.uint8,
                        encoding=tfds.features.Encoding.BYTES,
                    ),
                    "labels": tfds.features.Sequence(label),
                }
            ),
            supervised_keys=("video", "labels"),
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager):
        return {split: self._generate_examples(split) for split in motions.SIZES}

    def _generate_examples(self, split):
        for index, (video, labels) in enumerate(motions.generate(split)):
            yield index, {"video": video, "labels": list(labels)}


class _TranscriptBuilder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    """Builder of recordings with their texts; its module has `CARD`, `SIZES` and `generate`."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release."}

    source: ModuleType
    key: str  # what the recordings are called
    recording: tfds.features.FeatureConnector

    def _info(self) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self,
            description=self.source.CARD,
            features=tfds.features.FeaturesDict(
                {self.key: self.recording, "text": tfds.features.Text()}
            ),
            supervised_keys=(self.key, "text"),
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager):
        return {split: self._generate_examples(split) for split in self.source.SIZES}

    def _generate_examples(self, split):
        for index, (recording, text) in enumerate(self.source.generate(split)):
            yield index, {self.key: recording, "text": text}


class RnnkitMorse(_TranscriptBuilder):
    """Morse code as sound, the bytes of wav files, with its text; see `morse.CARD`."""

    VERSION = tfds.core.Version("1.1.0")
    RELEASE_NOTES = {"1.1.0": "Single letters to learn from.", "1.0.0": "First release."}

    name = "rnnkit_morse"
    source = morse
    key = "audio"
    recording = tfds.features.Tensor(shape=(), dtype=np.object_)


class RnnkitLetters(_TranscriptBuilder):
    """Handwritten words as pen strokes, with the word; see `letters.CARD`."""

    name = "rnnkit_letters"
    source = letters
    key = "strokes"
    recording = tfds.features.Tensor(shape=(None, 3), dtype=np.float32)


class RnnkitScenes(_TranscriptBuilder):
    """Scenes of coloured shapes with what can be said about them; see `scenes.CARD`.

    A caption is an example: the four of a picture follow each other.
    """

    name = "rnnkit_scenes"
    source = scenes
    key = "image"
    recording = tfds.features.Image(shape=(scenes.SIDE, scenes.SIDE, 3))


class _PairBuilder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    """Builder of pairs of texts whose module has `CARD`, `SIZES` and `generate`."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release."}

    source: ModuleType
    keys: tuple[str, str]

    def _features(self):
        return tfds.features.FeaturesDict({key: tfds.features.Text() for key in self.keys})

    def _info(self) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self,
            description=self.source.CARD,
            features=self._features(),
            supervised_keys=self.keys,
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager):
        return {split: self._generate_examples(split) for split in self.source.SIZES}

    def _generate_examples(self, split):
        for index, pair in enumerate(self.source.generate(split)):
            yield index, dict(zip(self.keys, pair, strict=True))


class RnnkitPhrases(_PairBuilder):
    """English sentences with their French translations; see `phrases.CARD`."""

    name = "rnnkit_phrases"
    source = phrases
    keys = ("en", "fr")

    def _features(self):
        return tfds.features.Translation(languages=self.keys)


class RnnkitDialogues(_PairBuilder):
    """Prompts and replies of a small chatbot; see `dialogues.CARD`."""

    name = "rnnkit_dialogues"
    source = dialogues
    keys = ("prompt", "reply")


class RnnkitStories(tfds.core.GeneratorBasedBuilder):
    """Short stories whose ends depend on their beginnings; see `stories.CARD`."""

    name = "rnnkit_stories"
    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release."}

    def _info(self) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self,
            description=stories.CARD,
            features=tfds.features.FeaturesDict({"text": tfds.features.Text()}),
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager):
        return {split: self._generate_examples(split) for split in stories.SIZES}

    def _generate_examples(self, split):
        for index, text in enumerate(stories.generate(split)):
            yield index, {"text": text}


class RnnkitMelodies(tfds.core.GeneratorBasedBuilder):
    """Old melodies of several styles, as texts; see `melodies.CARD`."""

    name = "rnnkit_melodies"
    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release."}

    def _info(self) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self,
            description=melodies.CARD,
            features=tfds.features.FeaturesDict(
                {
                    "style": tfds.features.ClassLabel(names=list(melodies.LABELS)),
                    "melody": tfds.features.Text(),
                }
            ),
            supervised_keys=("style", "melody"),
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager):
        return {split: self._generate_examples(split) for split in melodies.SIZES}

    def _generate_examples(self, split):
        for index, (style, melody) in enumerate(melodies.generate(split)):
            yield index, {"style": style, "melody": melody}


class _TagsBuilder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    """Builder of tagged sentences; its module has `CARD`, `TAGS`, `SIZES` and `generate`."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release."}

    source: ModuleType

    def _info(self) -> tfds.core.DatasetInfo:
        tag = tfds.features.ClassLabel(names=list(self.source.TAGS))
        return tfds.core.DatasetInfo(
            builder=self,
            description=self.source.CARD,
            features=tfds.features.FeaturesDict(
                {
                    "words": tfds.features.Sequence(tfds.features.Text()),
                    "tags": tfds.features.Sequence(tag),
                }
            ),
            supervised_keys=("words", "tags"),
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager):
        return {split: self._generate_examples(split) for split in self.source.SIZES}

    def _generate_examples(self, split):
        for index, (words, tags) in enumerate(self.source.generate(split)):
            yield index, {"words": words, "tags": tags}


class RnnkitWordclasses(_TagsBuilder):
    """English sentences with the class of each word; see `wordclasses.CARD`."""

    name = "rnnkit_wordclasses"
    source = wordclasses


class RnnkitBulletins(_TagsBuilder):
    """Sentences of news with the names in them marked; see `bulletins.CARD`."""

    name = "rnnkit_bulletins"
    source = bulletins


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


class RnnkitSeries(tfds.core.GeneratorBasedBuilder):
    """Benchmark series, one configuration each; see `dynamics.CARD`.

    Each split is one example, `{"series": [rows, columns]}`, float64; validation goes on where
    train ends, and test where validation ends.
    """

    name = "rnnkit_series"
    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release."}
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

    def _info(self) -> tfds.core.DatasetInfo:
        series = tfds.features.Tensor(
            shape=(None, len(self.builder_config.columns)),
            dtype=np.float64,
            # As bytes, because a list of numbers in a TFRecord is always of single precision.
            encoding=tfds.features.Encoding.BYTES,
        )
        return tfds.core.DatasetInfo(
            builder=self,
            description=dynamics.CARD,
            features=tfds.features.FeaturesDict({"series": series}),
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager):
        pieces = dynamics.splits(self.builder_config.name)
        return {split: self._generate_examples(piece) for split, piece in pieces.items()}

    def _generate_examples(self, series):
        yield 0, {"series": series}
