"""From a picture, a class or numbers to a sequence, such as a caption."""

import keras

from rnnkit.data.pipeline import shared
from rnnkit.data.pipeline.given import is_lazy, read
from rnnkit.data.pipeline.shared import Shared
from rnnkit.features import Feature
from rnnkit.layers.image_network import NETWORKS
from rnnkit.models.generating.decoder import ATTENTIONS
from rnnkit.models.inputs import image_networks
from rnnkit.models.inputs.single import image_grid, vector
from rnnkit.models.one_to_many import Conditional
from rnnkit.models.outputs import check_features
from rnnkit.utils.checks import one_of
from rnnkit.utils.config import given


@keras.saving.register_keras_serializable(package="rnnkit")
class Captioner(Conditional):
    """One value → a sequence, generated step by step.

    A class, a number or a vector of numbers becomes a vector that makes the decoder's first states
    and is read again at every step. An image becomes a grid of vectors: the decoder attends to it,
    and its mean makes the first states. The decoder learns each token given the true ones before
    it (teacher forcing), the whole sequence in one call. A picture is read once for all of its
    texts.

    Args:
        input_feature: Adapted feature of the inputs: `Label`, `Number` or `Image`.
        output_feature: Adapted feature of the targets: one with tokens, such as `Text` or
            `Subwords`, or a sequence of numbers, `Series` or `Strokes`.
        cell: Name of a cell or a Keras RNN cell; see `rnnkit.layers.recurrent`.
        units: Size of the states.
        num_layers: Recurrent layers. With an image, the attention is above the first.
        attention: `"additive"`, `"multiplicative"` or None: how images are attended to. Other
            inputs have no parts.
        embedding_size: Size of the token vectors and of the vector of a class or numbers.
        tied_output: Whether the output layer's weights are those of the token vectors.
        network: What reads images: `"cnn"`, or the name of a network of `keras.applications` that
            `rnnkit.layers.ImageNetwork` has. Of inputs that are images alone.
        network_weights: Name or path of the first weights of such a network: `"imagenet"`, which
            Keras downloads once, or a file of that network without its top (`.weights.h5`, `.h5`,
            `.keras`); None for random ones. A saved model holds its weights itself. No effect with
            `network="cnn"`.
        train_network: Whether such a network is trained with the rest; by default only where its
            first weights are random. One that is not trained reads each image once, before the
            first epoch, and what it makes of them is kept in memory. With `augment` images are new
            each time, and it reads them in every epoch. No effect with `network="cnn"`.
        augment: Whether images are shifted and zoomed a little at random in training.
        flip: Whether half of them are seen in a mirror too. No effect with `augment=False`.
        auxiliary_loss: Weight of a further loss in training: an input alone, without the words
            before, has to tell which words its texts have; see `rnnkit.layers.BagOfTokens`. 0 for
            none.
        dropout: Fraction of the features below each recurrent layer, and of the output layer's
            inputs, dropped in training.
        recurrent_dropout: Fraction of the recurrent connections dropped in training; this loses the
            fused kernels.
        token_dropout: Fraction of the tokens read that become the unknown token in training.
        label_smoothing: Of the default loss; see `rnnkit.losses.tokens.TokenCrossEntropy`.
        sample: Whether `infer` samples unless it is told otherwise.
        beam_size: Hypotheses kept where nothing is sampled, unless said otherwise there. No effect
            with `sample=True`.
        length_penalty: Exponent of the length penalty in beam search. No effect with `beam_size=1`
            or `sample=True`.
        seed: Integer that fixes weights, dropout and shuffling, or None.
        name: Name of the model.

    Example:

    >>> image = rnnkit.features.Image().adapt(pictures)
    >>> text = rnnkit.features.Text().adapt(captions)
    >>> model = rnnkit.models.Captioner(image, text)
    >>> model.fit(pictures, captions, epochs=10)
    >>> model.infer(pictures[:1])
    ["two dogs in the snow"]

    References:
        Vinyals et al. 2015, "Show and tell", https://arxiv.org/abs/1411.4555; Xu et al. 2015,
        "Show, attend and tell", https://arxiv.org/abs/1502.03044.
    """

    def __init__(
        self,
        input_feature,
        output_feature,
        cell="lstm",
        units=512,
        num_layers=1,
        attention="additive",
        embedding_size=128,
        tied_output=True,
        network="cnn",
        network_weights=None,
        train_network=None,
        augment=False,
        flip=False,
        auxiliary_loss=0.0,
        dropout=0.0,
        recurrent_dropout=0.0,
        token_dropout=0.0,
        label_smoothing=0.0,
        sample=False,
        beam_size=1,
        length_penalty=1.0,
        seed=None,
        name=None,
    ):
        arguments = given(locals())
        check_features(input_feature, output_feature, Feature)
        one_of(attention, "attention", ATTENTIONS)
        picture = input_feature.shape is not None
        one_of(network, "network", ("cnn", *NETWORKS))
        arguments["train_network"] = train = image_networks.checked(
            input_feature, None if network == "cnn" else network, network_weights, train_network
        )

        def read(seeds):
            if picture:
                return image_grid(
                    input_feature, network, dropout, seeds, augment, flip, network_weights, train
                )
            return vector(input_feature, embedding_size, seeds)

        super().__init__(read, **{**arguments, "attention": attention if picture else None})
        self.attention, self.auxiliary_loss = attention, auxiliary_loss

    shares_inputs = True

    def prepare(self, x, y=None, sample_weight=None, targets=True):
        if isinstance(x, Shared):
            return x if targets else x.each()
        if is_lazy(x) and targets:
            x = read(x, [self.input_feature, self.output_feature])
        found = shared.prepare(self, x, y, sample_weight) if targets else None
        return super().prepare(x, y, sample_weight, targets) if found is None else found
