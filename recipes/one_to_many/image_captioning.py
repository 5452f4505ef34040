"""Image captioning: what does a picture show, in a sentence?

    rnnkit train image_captioning --out captions.keras
    rnnkit infer captions.keras picture.png

A convolutional network makes a grid of vectors of the picture. The decoder generates one word after
the other, and looks at the part of the grid that it needs for the next.

Own data: a folder or zip file with pictures and a table with the columns `path` and `caption`, a
row a caption: several of one picture stand in several rows. Pictures without a caption are left
out with a warning, a caption whose picture is missing is an error with its line. Or any TFDS
dataset with an image and a text.

Training ends with an epoch in which the model learns from the scores of captions that it generates
itself, `rnnkit train --reward-epochs`. It raises BLEU and makes captions more alike, more of them
still more so; with 0 it is left out. After `model.fit` the call is
`model.fine_tune(data.train, reward="bleu", epochs=1, validation_data=data.validation)`.

Scores compare with all captions of a picture: `bleu1` to `bleu4` (0 to 100), and `distinct`, the
number of different captions generated, as a fraction of all.
"""

import rnnkit


class ImageCaptioning(rnnkit.Recipe):
    """Image → text, with attention to the parts of the image.

    Options:
        min_count: What is seen once can hardly be learned.
        size: A network with weights of ImageNet has learned on 224 x 224 pixels.
        network: For photographs a network with weights, such as MobileNetV2 with
            `network_weights="imagenet"` and `size=160`, tells far more.
        augment: Whether pictures are varied in training; by default unless a network with weights
            of its own is not trained, which then reads each picture but once.
        flip: Whether half of the pictures are mirrored in training; by default unless captions
            often say left or right.
        auxiliary_loss: It teaches the network of the picture early.
        dropout: More where there are few pictures.
    """

    # === Task ===

    name = "image_captioning"
    title = "Say in a sentence what a picture shows"
    pattern = "one_to_many"
    input, output = "image", "text"
    cell = "lstm"

    # === Data ===

    dataset = "rnnkit_scenes"
    card = "rnnkit.datasets.scenes"
    data_types = ("image", "text")
    columns = {
        "input": ("path", "image", "file", "filename", "picture", "input"),
        "target": ("caption", "text", "sentence", "description", "target"),
    }

    def features(
        self, data, *, size=None, channels=None, fit="stretch", vocabulary_size=10_000, min_count=5,
        vectors=None,
    ):  # fmt: skip
        image = rnnkit.features.Image(size=size, channels=channels, fit=fit)
        text = rnnkit.features.Text(
            vocabulary_size=vocabulary_size,
            min_count=min_count,
            standardize="split_punctuation",
            vectors=vectors,
            vector_words=0,
        )
        return self.adapt_features(data, image, text)

    # === Model ===

    model_class = "Captioner"
    defaults = {
        "units": 256, "attention": "multiplicative", "auxiliary_loss": 0.1, "dropout": 0.3,
        "label_smoothing": 0.1, "beam_size": 5, "length_penalty": 0.3, "learning_rate": 2e-3,
    }  # fmt: skip
    # The average of the weights over the last few hundred steps is better than any.
    ema_momentum = 0.995

    def build(self, image, text, *, augment=None, flip=None, **options):
        if augment is None:
            augment = options["network_weights"] is None or bool(options["train_network"])
        if flip and not augment:
            raise ValueError(
                "flip is of pictures that are varied, and those of a network that is not trained "
                f"are not by default: give augment=True too. Received: flip={flip!r}"
            )
        if flip is None:  # in a mirror, captions that say left or right are wrong
            flip = not {"left", "right"}.intersection(text.vocabulary[:100])
        return super().build(image, text, augment=augment, flip=flip, **options)

    # === Scores and training ===

    scores = ("bleu4", "bleu1", "bleu2", "bleu3", "distinct")
    training = {
        "epochs": 20,
        "batch_size": 80,
        "patience": 3,
        "monitor": "val_loss",
        # Photographs allow many captions, of which the likely is not what scores best.
        "reward": "bleu",
        "reward_epochs": 1,
    }

    # === Search space ===

    def search_space(self, hp):
        return {
            "units": hp.Choice("units", [128, 256, 512]),
            "attention": hp.Choice("attention", ["multiplicative", "additive"]),
            "dropout": hp.Float("dropout", 0.0, 0.5, step=0.1),
            "label_smoothing": hp.Float("label_smoothing", 0.0, 0.2, step=0.05),
            "learning_rate": hp.Float("learning_rate", 5e-4, 4e-3, sampling="log"),
        }
