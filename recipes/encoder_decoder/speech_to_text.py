"""Speech to text: what is said, or keyed, in a sound?

    rnnkit train speech_to_text --out speech.keras
    rnnkit infer speech.keras clip.wav

Own data: a folder with wav files and a manifest (a csv, tsv or jsonl file with the columns `path`
and `text`; one a split, or one with a column `split`), a folder of wav files with a `.txt` beside
each, or any TFDS set of sounds with their texts (`--data spoken_digit`). Texts are learned in lower
case. `--skip-unreadable` leaves out wav files that cannot be read.
"""

import rnnkit


class SpeechToText(rnnkit.Recipe):
    """Audio → text, by connectionist temporal classification.

    Options:
        subsampling: Of spectra, one every 10 ms: 4 lets up to 25 characters a second through, 2
            takes faster speech, twice as long and is harder to learn.
        normalize: `"utterance"` takes loudness, microphone and room away; `"global"` keeps them,
            for clips from one room that are as short as a word.
        units, num_layers, dropout: Hours of speech can feed a larger network.
    """

    # === Task ===

    name = "speech_to_text"
    title = "Write down what a sound says"
    pattern = "ctc"
    input, output = "audio", "text"
    cell = "gru"

    # === Data ===

    dataset = "rnnkit_morse"
    card = "rnnkit.datasets.morse"
    data_types = ("audio", "text")
    columns = {
        "input": ("path", "audio", "wav", "file", "filename", "clip", "input"),
        "target": ("text", "transcript", "transcription", "sentence", "label", "target"),
    }

    def features(
        self, data, *, sampling_rate=None, window=0.025, hop=0.010, mels=40, stack=1,
        normalize="utterance", max_seconds=30.0,
    ):  # fmt: skip
        audio = rnnkit.features.Audio(
            sampling_rate=sampling_rate, window=window, hop=hop, mels=mels, stack=stack,
            normalize=normalize, max_seconds=max_seconds,
        )  # fmt: skip
        text = rnnkit.features.Text(level="character", standardize="lower")
        return self.adapt_features(data, audio, text)

    # === Model ===

    model_class = "CTC"
    defaults = {
        "units": 96, "subsampling": 4, "filters": 64, "kernel_size": 9, "dropout": 0.15,
        "output_dropout": 0.15, "impossible": "skip", "learning_rate": 4e-3,
    }  # fmt: skip
    unused = ("embedding_size", "token_dropout")
    # The average of the weights over about the last hundred steps reads better than any.
    ema_momentum = 0.99

    # === Scores and training ===

    scores = ("wer", "cer", "exact_match")
    training = {"epochs": 24, "batch_size": 32, "patience": 5, "monitor": "val_loss"}

    # === Search space ===

    def search_space(self, hp):
        return {
            "cell": hp.Choice("cell", ["gru", "lstm"]),
            "units": hp.Choice("units", [64, 96, 128]),
            "subsampling": hp.Choice("subsampling", [2, 4]),
            "mels": hp.Choice("mels", [24, 40]),
            "dropout": hp.Float("dropout", 0.0, 0.4, step=0.05),
            "learning_rate": hp.Float("learning_rate", 5e-4, 4e-3, sampling="log"),
        }
