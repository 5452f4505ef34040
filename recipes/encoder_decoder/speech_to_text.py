"""Speech to text: what is said, or keyed, in a sound?

    rnnkit train speech_to_text --out speech.keras
    rnnkit infer speech.keras clip.wav

Own data: a folder with wav files and a manifest (a csv, tsv or jsonl file with the columns `path`
and `text`; one a split, or one with a column `split`), a folder of wav files with a `.txt` beside
each, or any TFDS set of sounds with their texts (`--data spoken_digit`). Texts are learned in lower
case. `--skip-unreadable` leaves out wav files that cannot be read.

What matters most for own data:

- `subsampling`: spectra (one every 10 ms) that become one frame. A text must not be longer than its
  frames: 4 lets up to 25 characters a second through, 2 takes faster speech, twice as long and is
  harder to learn.
- `impossible`: `"skip"` leaves out clips whose text is too long for them, and says how many;
  `"raise"` refuses them.
- `mels`, `normalize`: `"utterance"` takes loudness, microphone and room away; `"global"` keeps
  them, for clips from one place that are as short as a word.
- `units`, `num_layers`, `dropout`: hours of speech can feed a larger network.
"""

import rnnkit


class SpeechToText(rnnkit.Recipe):
    # === Task ===

    name = "speech_to_text"
    title = "Write down what a sound says"
    pattern = "ctc"
    input = "audio"
    output = "text"
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
        self,
        data,
        *,
        sampling_rate=None,
        window=0.025,
        hop=0.010,
        mels=40,
        stack=1,
        normalize="utterance",
        max_seconds=30.0,
    ):
        audio = rnnkit.features.Audio(
            sampling_rate=sampling_rate,
            window=window,
            hop=hop,
            mels=mels,
            stack=stack,
            normalize=normalize,
            max_seconds=max_seconds,
        )
        text = rnnkit.features.Text(level="character", standardize="lower")
        audio.adapt(data.train.map(lambda x, y: x))
        text.adapt(data.train.map(lambda x, y: y))
        return audio, text

    # === Model ===

    def build(
        self,
        audio,
        text,
        *,
        cell="gru",
        units=96,
        num_layers=2,
        bidirectional=True,
        subsampling=4,
        filters=64,
        kernel_size=9,
        dropout=0.15,
        output_dropout=0.15,
        recurrent_dropout=0.0,
        impossible="skip",
        beam_size=10,
        learning_rate=4e-3,
        seed=None,
    ):
        model = rnnkit.models.CTC(
            audio,
            text,
            cell=cell,
            units=units,
            num_layers=num_layers,
            bidirectional=bidirectional,
            subsampling=subsampling,
            filters=filters,
            kernel_size=kernel_size,
            dropout=dropout,
            output_dropout=output_dropout,
            recurrent_dropout=recurrent_dropout,
            impossible=impossible,
            beam_size=beam_size,
            seed=seed,
            name=self.name,
        )
        # The average of the weights over about the last hundred steps reads better than any.
        optimizer = rnnkit.training.AveragedAdam(learning_rate, ema_momentum=0.99, clipnorm=1.0)
        model.compile(optimizer=optimizer)
        return model

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
            "dropout": hp.Float("dropout", 0.0, 0.4, step=0.1),
            "learning_rate": hp.Float("learning_rate", 5e-4, 4e-3, sampling="log"),
        }
