"""Image captioning: what does a picture show, in a sentence?

    rnnkit train image_captioning --out captions.keras
    rnnkit infer captions.keras picture.png

A convolutional network makes a grid of vectors of the picture. The decoder writes one word after
the other, and looks at the part of the grid that it needs for the next.

Own data: a folder or zip file with pictures and a table with the columns `path` and `caption`, a
row a caption: several of one picture stand in several rows. Pictures without a caption are left
out with a warning, a caption whose picture is missing is an error with its line. Or any TFDS
dataset with an image and a text.

What matters most for own data:

- `size`: height and width that pictures are resized to, in pixels; by default the most frequent
  size, at most 64.
- `min_count`: words that are rarer are not written; what is seen once can hardly be learned.
- `network`: `"cnn"`, or the name of a network of `keras.applications`, such as `"MobileNetV2"`.
  Nothing is downloaded: for weights that you have, call
  `model.get_layer("image_network").load_weights(path)` before `fit`.
- `augment`: pictures are shifted and zoomed a little in training, and half of them mirrored unless
  captions often say left or right; `flip` says it yourself.
- `foretell`: how much it counts in training that the picture alone tells which words its captions
  have. It teaches the network of the picture early; 0 for none.
- `dropout`: more where there are few pictures.
- Training ends with an epoch in which the model learns from the scores of captions that it writes
  itself, `rnnkit train --reward-epochs`. It raises BLEU and makes captions more alike, more of them
  still more so; with 0 it is left out. After `model.fit` the call is
  `model.fine_tune(data.train, reward="bleu", epochs=1, validation_data=data.validation)`.

Scores compare with all captions of a picture: `bleu1` to `bleu4` (0 to 100), and `distinct`, the
number of different captions written as a share of all.
"""

import rnnkit


class ImageCaptioning(rnnkit.Recipe):
    # === Task ===

    name = "image_captioning"
    title = "Say in a sentence what a picture shows"
    pattern = "one_to_many"
    input = "image"
    output = "text"
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
        self, data, *, size=None, channels=None, fit="stretch", vocabulary_size=10_000, min_count=5
    ):
        image = rnnkit.features.Image(size=size, channels=channels, fit=fit)
        text = rnnkit.features.Text(
            vocabulary_size=vocabulary_size, min_count=min_count, standardize="split_punctuation"
        )
        image.adapt(data.train.map(lambda x, y: x))
        text.adapt(data.train.map(lambda x, y: y))
        return image, text

    # === Model ===

    def build(
        self,
        image,
        text,
        *,
        cell="lstm",
        units=256,
        num_layers=1,
        attention="multiplicative",
        embedding_size=128,
        network="cnn",
        augment=True,
        flip=None,
        foretell=0.1,
        dropout=0.3,
        label_smoothing=0.1,
        beam_size=5,
        length_penalty=0.3,
        learning_rate=2e-3,
        seed=None,
    ):
        if flip is None:  # in a mirror, captions that say left or right are wrong
            flip = not {"left", "right"}.intersection(text.vocabulary[:100])
        model = rnnkit.models.OneToMany(
            image,
            text,
            cell=cell,
            units=units,
            num_layers=num_layers,
            attention=attention,
            embedding_size=embedding_size,
            network=network,
            augment=augment,
            flip=flip,
            foretell=foretell,
            dropout=dropout,
            label_smoothing=label_smoothing,
            beam_size=beam_size,
            length_penalty=length_penalty,
            seed=seed,
            name=self.name,
        )
        # The average of the weights over the last few hundred steps writes better than any.
        optimizer = rnnkit.training.AveragedAdam(learning_rate, ema_momentum=0.995, clipnorm=1.0)
        model.compile(optimizer=optimizer)
        return model

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
