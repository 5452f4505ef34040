"""The one-to-one pattern: a dense network without memory."""

import keras

from rnnkit.layers.pooling import SequencePooling
from rnnkit.layers.token_dropout import TokenDropout
from rnnkit.models.base import Model
from rnnkit.models.inputs import image_networks
from rnnkit.models.inputs.masks import present_steps
from rnnkit.models.inputs.sequences import token_embedding
from rnnkit.models.inputs.varied_images import varied
from rnnkit.models.outputs import check_features, output_layer
from rnnkit.utils.checks import integer
from rnnkit.utils.config import given
from rnnkit.utils.seeds import Seeds


@keras.saving.register_keras_serializable(package="rnnkit")
class OneToOne(Model):
    """One input → one output through dense layers: the network without memory (ANN).

    A text is taken as one thing, its bag of words or n-grams: the first dense layer is computed
    as the sum of one weight row per token, which equals a dense layer on the (multi-)hot vector
    and never makes that vector. Of a `Text` with word vectors it is the mean of the words' vectors,
    which are trained with the rest. The pixels of an image are laid out in one row;
    with `filters` convolutions look at the parts of it first, or a `network` of
    `keras.applications` reads it.

    Args:
        input_feature: Adapted `Text`, `Image` or `Number`.
        output_feature: Adapted `Label`, `OrderedLabel`, `Labels` (several) or `Number`; or
            `Targets`, several classes and numbers at once.
        units: Integer or list of integers: the sizes of the hidden layers, at least one.
        activation: Activation of the hidden layers.
        dropout: Fraction of hidden activations dropped in training.
        token_dropout: Fraction of the tokens of a text dropped in training.
        filters: List of the features of the convolutions over an image, each of 3 x 3 pixels and
            followed by halving height and width; empty for none. Refused with other inputs, and
            with a `network`.
        augment: Whether images are shifted and zoomed a little at random in training, by a tenth of
            their size at most. Refused with other inputs.
        network: Name of a network of `keras.applications` that reads images, of whose vectors the
            mean goes through the dense layers; see `rnnkit.layers.ImageNetwork`. None for none.
        network_weights: Name or path of the first weights of the network: `"imagenet"`, which
            Keras downloads once, or a file of that network without its top (`.weights.h5`, `.h5`,
            `.keras`); None for random ones. A saved model holds its weights itself. No effect with
            `network=None`.
        train_network: Whether the network is trained with the rest; by default only where its
            first weights are random. One that is not trained reads each image once, before the
            first epoch, and what it makes of them is kept in memory; with `augment` images are new
            in each epoch, and read each time. No effect with `network=None`.
        ensemble: Number of networks of this kind, trained one after the other from seeds that count
            up from `seed`, whose outputs are averaged; see `rnnkit.models.members.Ensemble`.
        seed: Integer that fixes weights, dropout and shuffling, or None.
        name: Name of the model.

    Example:

    >>> text = rnnkit.features.Text(ngrams=2, unique=True).adapt(texts)
    >>> label = rnnkit.features.Label().adapt(labels)
    >>> model = rnnkit.models.OneToOne(text, label, units=64)
    >>> model.fit(texts, labels, epochs=5)
    """

    def __init__(
        self,
        input_feature,
        output_feature,
        units=64,
        activation="relu",
        dropout=0.0,
        token_dropout=0.0,
        filters=(),
        augment=False,
        network=None,
        network_weights=None,
        train_network=None,
        ensemble=1,
        seed=None,
        name=None,
    ):
        # === Arguments ===
        arguments = given(locals())
        check_features(input_feature, output_feature)
        sizes = [units] if isinstance(units, int) else list(units)
        if not sizes or any(type(size) is not int or size < 1 for size in sizes):
            raise ValueError(
                f"units must be a positive integer or a list of them. Received: units={units!r}"
            )
        shape, width = input_feature.shape, input_feature.width
        if input_feature.vocabulary_size is None and (
            input_feature.sequence or not (shape or width)
        ):
            raise ValueError(
                "input_feature must give tokens, images or numbers, such as Text, Image or Number. "
                f"Received: {type(input_feature).__name__}"
            )
        filters = [integer(each, "filters") for each in filters]
        arguments["train_network"] = train = image_networks.checked(
            input_feature, network, network_weights, train_network
        )
        if filters and (not shape or network is not None):
            raise ValueError(
                "filters are of convolutions over images, where no network reads them. Received: "
                f"filters={filters}, network={network!r}, {type(input_feature).__name__}"
            )
        if augment and not shape:
            raise ValueError(
                "augment=True varies images, and needs inputs that are. Received: "
                f"{type(input_feature).__name__}"
            )
        arguments["filters"] = filters
        seeds = Seeds(seed)

        # === Functional model ===
        if input_feature.vocabulary_size is not None:
            inputs = keras.Input((None,), dtype="int32", name="tokens")  # [batch, tokens]
            x = TokenDropout(token_dropout, seed=seeds.next(), name="token_dropout")(inputs)
        if input_feature.vectors is not None:
            x = token_embedding(input_feature, None, seeds.next())(x)  # [batch, tokens, vector]
            x = SequencePooling("mean", name="mean")(x, mask=present_steps(inputs))
        elif input_feature.vocabulary_size is not None:
            x = keras.layers.Embedding(
                input_feature.vocabulary_size,
                sizes[0],
                embeddings_initializer=keras.initializers.GlorotUniform(seed=seeds.next()),
                mask_zero=True,
                name="bag",
            )(x)  # [batch, tokens, units]
            x = SequencePooling("sum", name="sum")(x, mask=present_steps(inputs))  # [batch, units]
            sizes = sizes[1:]
            x = keras.layers.Activation(activation, name="activation")(x)
            x = keras.layers.Dropout(dropout, seed=seeds.next(), name="dropout")(x)
        elif shape:
            x = inputs = keras.Input(shape, name="image")  # [batch, height, width, channels]
            x = varied(x, seeds) if augment else x
            for index, count in enumerate(filters):
                x = keras.layers.Conv2D(
                    count,
                    3,
                    padding="same",
                    activation=activation,
                    kernel_initializer=seeds.glorot(),
                    name=f"convolution_{index + 1}",
                )(x)  # [batch, height, width, count]
                x = keras.layers.MaxPooling2D(padding="same", name=f"pool_{index + 1}")(x)
            if network is not None:
                x = image_networks.read(
                    x, input_feature, network, network_weights, train, seeds, pooled=True
                )  # [batch, 1, 1, features]
            x = keras.layers.Flatten(name="pixels")(x)  # [batch, numbers]
        else:
            x = inputs = keras.Input((width,), name="numbers")  # [batch, width]
        for index, size in enumerate(sizes):
            initializer = keras.initializers.GlorotUniform(seed=seeds.next())
            x = keras.layers.Dense(
                size, activation, kernel_initializer=initializer, name=f"dense_{index + 1}"
            )(x)  # [batch, size]
            x = keras.layers.Dropout(dropout, seed=seeds.next(), name=f"dropout_{index + 1}")(x)
        outputs = output_layer(output_feature, seeds.next())(x)
        super().__init__(inputs, outputs, **arguments)
