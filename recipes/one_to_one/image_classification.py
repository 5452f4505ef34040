"""Image classification: what is in a small picture?

    rnnkit train image_classification --out digits.keras
    rnnkit infer digits.keras picture.png

A dense network reads all pixels of a picture at once: no memory, and no notion of what lies beside
what. It suits small pictures of things in the middle, such as digits, letters or parts on a belt.
With `filters=[32, 64]` convolutions look at the parts of a picture first; `cell="lstm"` reads it
row by row. Photographs are read by a network that has learned from millions of them, which reads
each but once:

    rnnkit train image_classification --data photographs --set size=160 \\
        --set network=MobileNetV2 --set network_weights=imagenet --out photographs.keras

Own data: a folder with a folder of pictures a class (`cats/1.png`), split into `train` and `test`
before or not; a folder or zip file with pictures and a table with the columns `path` and `label`;
an npz file with `x_train`, `y_train`, `x_test`, `y_test`; or any TFDS dataset with images and a
label, such as `--data mnist`.
"""

import rnnkit

# Defaults of the dense network and of recurrent ones.
DENSE = {"units": [512, 512], "dropout": 0.3, "learning_rate": 1e-3}
RECURRENT = {"units": 128, "dropout": 0.1, "learning_rate": 2e-3}

LABELS = ("classes", "ordered", "labels")


class ImageClassification(rnnkit.Recipe):
    """Image → label.

    Options:
        size: A dense network has a weight for each pixel and unit, so that large pictures need
            many examples. A network with weights of ImageNet has learned on 224 x 224 pixels.
        channels: 1 where colours say nothing.
        units: By default [512, 512] of the dense network, and 128 of recurrent ones.
        augment: By default for labels, unless a network with weights of its own is not trained,
            which then reads each picture but once. A number may say where something is.
        dropout: By default 0.3 of the dense network, and 0.1 of recurrent ones.
        learning_rate: The highest, to which it rises at first and from which it falls to 0: by
            default 0.001 of the dense network, and 0.002 of recurrent ones.
        cell: A recurrent cell, such as lstm, reads a picture row by row, from the top.
    """

    # === Task ===

    name = "image_classification"
    title = "Tell what a small picture shows"
    pattern = "one_to_one"
    input, output = "image", "label"
    cell = "dense"

    # === Data ===

    dataset = "rnnkit_digits"
    card = "rnnkit.datasets.digits"
    data_types = ("image", "label")
    columns = {
        "input": ("path", "image", "file", "filename", "picture", "input"),
        "target": ("label", "class", "category", "target"),
    }

    def features(
        self, data, *, size=None, channels=None, fit="stretch", ordered=None, target_weights=None
    ):
        image = rnnkit.features.Image(size=size, channels=channels, fit=fit)
        return self.adapt_features(data, image, self.label_feature(data, ordered, target_weights))

    # === Model ===

    model_class = {"dense": "OneToOne", None: "ManyToOne"}
    defaults = {"units": None, "dropout": None, "learning_rate": None}
    ema_momentum = 0.99
    without = {
        "dense": (),
        None: (
            "filters",
            "activation",
            "augment",
            "network",
            "network_weights",
            "train_network",
        ),
    }
    unused = (
        *("token_dropout", "embedding_size", "bag_of_words", "train_vectors", "vector_pull"),
        "kernel_size",
    )

    def build(self, image, label, *, augment=None, **options):
        dense = options["cell"] == "dense"
        usual = DENSE if dense else RECURRENT
        options |= {name: each for name, each in usual.items() if options[name] is None}
        if not dense:
            del options["filters"]
        elif augment is None:
            trained = options["network_weights"] is None or bool(options["train_network"])
            augment = trained and label.target_type in LABELS
        return super().build(image, label, augment=augment, **options)

    # === Scores and training ===

    scores = ("accuracy", "f1", "mcc")
    training = {
        "epochs": 20, "batch_size": 64, "warmup": 200, "patience": 10, "monitor": "val_loss",
    }  # fmt: skip
    # Hundreds of pictures are but a few batches an epoch: too few updates.
    small = {"epochs": 60, "batch_size": 16}

    # === Search space ===

    def search_space(self, hp):
        return {
            "units": hp.Int("units", 64, 512, step=64),
            "dropout": hp.Float("dropout", 0.0, 0.5, step=0.1),
            "learning_rate": hp.Float("learning_rate", 3e-4, 3e-3, sampling="log"),
        }
