"""Video labelling: what happens in every frame?

    rnnkit train video_labeling --out motions.keras
    rnnkit infer motions.keras clip.gif

A frame alone often cannot tell: whether something rests or moves, and where to, is in the frames
around it. Frames are pictures, of which a small convolutional network makes a vector each, or are
vectors already, such as the joints of a body; then recurrent layers read them in both directions.

Own data: a folder of csv files, one a sequence with a row a frame: a column with the label, and
columns of numbers, or a column `frame` with the names of pictures. Folders `train` and `test`, or
names such as `train_1.csv`, say what is for what. Or any TFDS dataset with a video and a sequence
of labels. `rnnkit infer` takes an animated GIF, or a csv file of vectors.

What matters most for own data:

- `window`: frames that are seen together in training. Long enough for what tells the labels apart.
- `units`, `dropout`: a few long sequences need a small network and much dropout.
- `centred`: whether vectors are taken relative to the mean of each sequence. It takes away where
  somebody stands; say False where that tells what happens.
- `smooth`: labels that go on for long are steadier where neighbours are chosen together.
"""

import rnnkit


class VideoLabeling(rnnkit.Recipe):
    # === Task ===

    name = "video_labeling"
    title = "Say what happens in every frame"
    pattern = "many_to_many"
    input = "video"
    output = "tags"
    cell = "lstm"

    # === Data ===

    dataset = "rnnkit_motions"
    card = "rnnkit.datasets.motions"
    data_types = ("frames", "tags")
    columns = {
        "input": ("frame", "path", "image", "every column of numbers"),
        "target": ("label", "phase", "tag", "state", "action", "activity", "class", "target", "y"),
    }

    def features(self, data, *, size=None, channels=None, centred=True):
        x, _ = data.train.element_spec
        if x.shape.rank == 4:
            frames = rnnkit.features.Video(size=size, channels=channels)
        else:
            columns = data.info.get("columns") or int(x.shape[-1])
            kind = rnnkit.features.Vectors if centred else rnnkit.features.Series
            frames = kind(columns)
        tags = rnnkit.features.Tags(scheme="plain")
        frames.adapt(data.train.map(lambda x, y: x))
        tags.adapt(data.train.map(lambda x, y: y))
        return frames, tags

    # === Model ===

    def build(
        self,
        frames,
        tags,
        *,
        cell="lstm",
        units=64,
        num_layers=1,
        bidirectional=True,
        window=64,
        smooth=False,
        dropout=0.2,
        output_dropout=0.2,
        frame_filters=(16, 32),
        frame_units=64,
        learning_rate=2e-3,
        seed=None,
    ):
        model = rnnkit.models.Tagger(
            frames,
            tags,
            cell=cell,
            units=units,
            num_layers=num_layers,
            bidirectional=bidirectional,
            window=window,
            crf=smooth,
            dropout=dropout,
            output_dropout=output_dropout,
            frame_filters=list(frame_filters),
            frame_units=frame_units,
            seed=seed,
            name=self.name,
        )
        # The average of the weights over about the last hundred steps labels better than any.
        optimizer = rnnkit.training.AveragedAdam(learning_rate, ema_momentum=0.99, clipnorm=1.0)
        model.compile(optimizer=optimizer)
        return model

    # === Scores and training ===

    scores = ("accuracy", "f1")
    training = {"epochs": 60, "batch_size": 8, "patience": 10, "monitor": "val_loss"}

    # === Search space ===

    def search_space(self, hp):
        return {
            "cell": hp.Choice("cell", ["lstm", "gru"]),
            "units": hp.Choice("units", [32, 64, 96, 128]),
            "window": hp.Choice("window", [32, 64, 128]),
            "dropout": hp.Float("dropout", 0.0, 0.5, step=0.1),
            "learning_rate": hp.Float("learning_rate", 5e-4, 5e-3, sampling="log"),
        }
