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
"""

import rnnkit


class VideoLabeling(rnnkit.Recipe):
    """Frames → a label each.

    Options:
        centred: Whether vectors are taken relative to the mean of each sequence. It takes away
            where somebody stands; say False where that tells what happens.
        network: It sees each frame alone, and not its change since the one before.
        smooth: Whether the labels of a sequence are chosen together: those that go on for long are
            steadier then.
        window: Long enough for what tells the labels apart.
        units, dropout: A few long sequences need a small network and much dropout.
    """

    # === Task ===

    name = "video_labeling"
    title = "Say what happens in every frame"
    pattern = "many_to_many"
    input, output = "video", "tags"
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
            feature = rnnkit.features.Vectors if centred else rnnkit.features.Series
            frames = feature(columns)
        return self.adapt_features(data, frames, rnnkit.features.Tags(scheme="plain"))

    # === Model ===

    model_class = "Tagger"
    defaults = {
        "bidirectional": True, "window": 64, "dropout": 0.2, "output_dropout": 0.2,
        "learning_rate": 2e-3,
    }  # fmt: skip
    unused = (
        *("washout", "crf", "embedding_size", "token_dropout"),
        *("character_embedding_size", "character_filters", "train_vectors", "vector_pull"),
    )
    # The average of the weights over about the last hundred steps labels better than any.
    ema_momentum = 0.99

    def build(self, frames, tags, *, smooth=False, **options):
        return super().build(frames, tags, crf=smooth, **options)

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
