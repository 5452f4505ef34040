"""Handwriting: what does a pen write?

    rnnkit train handwriting --out handwriting.keras
    rnnkit infer handwriting.keras "12 30 0;14 9 0;17 31 1;12 20 0;18 19 1"

Own data: a csv, tsv or jsonl file with the columns `points` and `word`, or a folder of splits.
Points are written `x y up;x y up;...`, y downwards, with `up` 1 at the last point of each stroke.

What matters most for own data:

- `spacing`: distance between the points that the network sees, in units of the writing's size.
  Larger is faster; smaller keeps small turns. 0 takes the points as they are.
- `subsampling`: points that become one frame. A text must not be longer than its frames: set 1 for
  words written with few points.
- `units`, `dropout`: thousands of words can feed a larger network; a few hundred need more dropout.
"""

import rnnkit


class Handwriting(rnnkit.Recipe):
    # === Task ===

    name = "handwriting"
    title = "Read handwriting from pen strokes"
    pattern = "ctc"
    input = "strokes"
    output = "text"
    cell = "lstm"

    # === Data ===

    dataset = "rnnkit_letters"
    card = "rnnkit.datasets.letters"
    data_types = ("strokes", "text")
    columns = {
        "input": ("points", "strokes", "ink", "input"),
        "target": ("text", "word", "transcript", "label", "target"),
    }

    def features(self, data, *, size="spread", spacing=0.2, max_points=2000):
        strokes = rnnkit.features.Strokes(unit=size, spacing=spacing or None, max_length=max_points)
        text = rnnkit.features.Text(level="character")
        strokes.adapt(data.train.map(lambda x, y: x))
        text.adapt(data.train.map(lambda x, y: y))
        return strokes, text

    # === Model ===

    def build(
        self,
        strokes,
        text,
        *,
        cell="lstm",
        units=64,
        num_layers=2,
        bidirectional=True,
        subsampling=2,
        filters=64,
        kernel_size=5,
        dropout=0.2,
        output_dropout=0.2,
        recurrent_dropout=0.0,
        impossible="raise",
        beam_size=10,
        learning_rate=4e-3,
        seed=None,
    ):
        model = rnnkit.models.CTC(
            strokes,
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

    scores = ("cer", "wer", "exact_match")
    training = {"epochs": 25, "batch_size": 32, "patience": 4, "monitor": "val_loss"}

    # === Search space ===

    def search_space(self, hp):
        return {
            "cell": hp.Choice("cell", ["lstm", "gru"]),
            "units": hp.Choice("units", [48, 64, 96, 128]),
            "spacing": hp.Choice("spacing", [0.15, 0.2, 0.3]),
            "subsampling": hp.Choice("subsampling", [1, 2]),
            "dropout": hp.Float("dropout", 0.0, 0.4, step=0.1),
            "learning_rate": hp.Float("learning_rate", 1e-3, 6e-3, sampling="log"),
        }
