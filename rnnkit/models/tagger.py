"""Tags of the steps of a sequence: parts of speech, entities, what happens in a frame."""

import keras
import numpy as np
import tensorflow as tf

from rnnkit import metrics
from rnnkit.data.pipeline.given import raw_tensor
from rnnkit.features import Tags, Words
from rnnkit.features.tagged import Tagged
from rnnkit.features.tags import UNLABELLED, UNSEEN
from rnnkit.layers.frame_network import FrameNetwork
from rnnkit.models.heads.steps import CRFTags, SoftmaxTags
from rnnkit.models.inputs import image_networks, sequences, words
from rnnkit.models.inputs.masks import present_steps
from rnnkit.models.many_to_many import ManyToMany
from rnnkit.models.outputs import check_features
from rnnkit.models.windows import as_ragged, read_in_pieces, stacked
from rnnkit.utils import replicas
from rnnkit.utils.config import given
from rnnkit.utils.digits import short, shortened
from rnnkit.utils.idle import origin

# Defaults of what reads frames.
FRAME_FILTERS, FRAME_UNITS = (16, 32), 64


@keras.saving.register_keras_serializable(package="rnnkit")
class Tagger(ManyToMany):
    """A sequence → a tag at each step: parts of speech, entities, phases of a movement.

    The graph gives probabilities `[batch, time, tags]`; with `crf=True` scores, of which the CRF
    makes probabilities (`predict`) or the best sequence (`infer`, `score`).

    Args:
        input_feature: Adapted feature of sequences: of words (`Words`), of tokens (`Text`), of
            numbers (`Series`, `Strokes`, ...) or of pictures (`Video`).
        output_feature: Adapted `Tags`.
        cell: Name of a cell (`"lstm"`, `"gru"`, `"simple_rnn"`, `"dense"`, `"esn"`, a reference
            cell) or a Keras RNN cell; see `rnnkit.layers.recurrent`. `"dense"` has no memory.
        units: Size of the state, in each direction.
        num_layers: Recurrent layers on top of each other.
        bidirectional: Whether the sequence is also read from its end.
        window: Steps of the pieces that long sequences are cut into, with which the network is
            trained and used; None takes sequences whole.
        washout: Steps at the start of each piece that warm the state up and do not count. Pieces
            overlap by them, so that every later step of a sequence counts exactly once.
        crf: Whether the tags of a sequence are chosen together, by a `rnnkit.layers.CRF` on top;
            entities are then never half. Otherwise each step has a softmax of its own.
        embedding_size: Size of the vectors of words or tokens.
        train_vectors: Whether the vectors of an `input_feature` with `vectors` are trained with the
            rest; if not, only words without a vector get one. With vectors, `embedding_size` is
            theirs.
        vector_pull: How strongly trained vectors are drawn to where they began; see
            `rnnkit.layers.WordEmbedding`. No effect with `train_vectors=False`.
        token_dropout: Fraction of the words read in training as if the data did not have them: as
            the unknown one, or where the `input_feature` has a vector for them as that.
        character_embedding_size: Size of the vectors of characters, of `Words`. No effect with
            `character_filters=0`.
        character_filters: Features of the characters of each word; 0 reads none.
        frame_filters: Features of the convolutions over each frame of a `Video`; see
            `rnnkit.layers.FrameNetwork`. Refused with other features, as is `frame_units`.
        frame_units: Numbers in the vector that becomes of each frame. A frame of a `Video` is read
            with its change since the one before, but not with the cell `"dense"`, which knows
            each frame alone.
        network: Name of a network of `keras.applications` that reads each frame of a `Video` on its
            own, of whose vectors the mean becomes the frame's through a dense layer of
            `frame_units`; see `rnnkit.layers.ImageNetwork`. Refused with `frame_filters`. None for
            the convolutions.
        network_weights: Name or path of the first weights of the network: `"imagenet"`, which
            Keras downloads once, or a file of that network without its top (`.weights.h5`, `.h5`,
            `.keras`); None for random ones. A saved model holds its weights itself. No effect with
            `network=None`.
        train_network: Whether the network is trained with the rest; by default only where its
            first weights are random. One that is not trained reads each frame once, before the
            first epoch, and what it makes of them is kept in memory. No effect with
            `network=None`.
        dropout: Fraction of the features below each recurrent layer dropped in training.
        output_dropout: Fraction of the states dropped in training.
        recurrent_dropout: Fraction of the recurrent connections dropped in training; this loses
            the fused kernels.
        ensemble: Number of networks of this kind, trained one after the other from seeds that count
            up from `seed`, whose outputs are averaged; see `rnnkit.models.members.Ensemble`.
        seed: Integer that fixes weights, dropout and shuffling, or None.
        name: Name of the model.

    Example:

    >>> words = rnnkit.features.Words().adapt(sentences)
    >>> tags = rnnkit.features.Tags().adapt(tags_of_sentences)
    >>> model = rnnkit.models.Tagger(words, tags, bidirectional=True, crf=True)
    >>> model.fit(sentences, tags_of_sentences, epochs=5)
    >>> model.infer("They can fish.")
    [('They', 'PRON'), ('can', 'AUX'), ('fish', 'VERB'), ('.', 'PUNCT')]
    """

    def __init__(
        self,
        input_feature,
        output_feature,
        cell="lstm",
        units=64,
        num_layers=1,
        bidirectional=False,
        window=None,
        washout=0,
        crf=False,
        embedding_size=128,
        train_vectors=True,
        vector_pull=0.0,
        token_dropout=0.0,
        character_embedding_size=32,
        character_filters=64,
        frame_filters=FRAME_FILTERS,
        frame_units=FRAME_UNITS,
        network=None,
        network_weights=None,
        train_network=None,
        dropout=0.0,
        output_dropout=0.0,
        recurrent_dropout=0.0,
        ensemble=1,
        seed=None,
        name=None,
    ):
        arguments = given(locals())
        check_features(input_feature, output_feature, (Tags,))
        _check_input(input_feature)
        sequences.check_vectors(input_feature, train_vectors, vector_pull)
        if input_feature.shape is None and origin.get() != "file":
            _refuse_frames(input_feature, frame_filters=frame_filters, frame_units=frame_units)
        arguments["train_network"] = train = image_networks.checked(
            input_feature, network, network_weights, train_network
        )
        if network is not None and origin.get() != "file" and tuple(frame_filters) != FRAME_FILTERS:
            raise ValueError(
                "frame_filters are of the convolutions that read frames where no network does. "
                f"Received: frame_filters={frame_filters!r}, network={network!r}"
            )

        def read(seeds):
            if input_feature.shape is not None:
                inputs = keras.Input((None, *input_feature.shape), name="frames")
                if network is not None:
                    x = image_networks.read(
                        inputs, input_feature, network, network_weights, train, seeds, pooled=True
                    )  # [batch, time, 1, 1, features]
                    return inputs, image_networks.frame_vectors(x, frame_units, seeds)
                convolutions = FrameNetwork(
                    frame_filters,
                    frame_units,
                    differences=cell != "dense",
                    seed=seeds.next(),
                    name="frame_network",
                )
                return inputs, convolutions(inputs)
            if input_feature.vocabulary_size is None:
                inputs, (x,) = sequences.numbers(input_feature, embedding_size, seeds)
                return inputs, x
            return words.read(
                input_feature,
                seeds,
                embedding_size,
                token_dropout,
                character_embedding_size,
                character_filters,
                train_vectors,
                vector_pull,
            )

        arguments["frame_filters"] = list(frame_filters)
        super().__init__(read, (CRFTags if crf else SoftmaxTags)(output_feature), **arguments)

    # === Training ===

    def compile(self, optimizer="auto", loss="auto", metrics="auto", **kwargs):
        """As `Model.compile`. By default the loss is the cross-entropy, or the negative
        log-likelihood of the CRF, in nats a step; the metrics are the accuracy, and the F1 of what
        the tags mark (`EntityF1`)."""
        super().compile(optimizer=optimizer, loss=loss, metrics=metrics, **kwargs)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        if not self.crf:
            return super().compute_loss(x, y, y_pred, sample_weight, training)
        present = present_steps(x)
        loss = self.head.negative_log_likelihood(y, y_pred, present, sample_weight)
        share = replicas.share(replicas.rows(y_pred)) / replicas.count()
        for each in self.losses:  # what layers add is a mean over the rows
            loss += share * tf.reduce_sum(each)
        return replicas.whole(loss)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        if self.crf:  # 1 for the tags of the best sequences
            best = self.head.best(y_pred, present_steps(x))
            y_pred = tf.one_hot(best, self.output_feature.size)
        return super().compute_metrics(x, y, y_pred, sample_weight)

    # === Data ===

    def _check(self, raw, encoded):
        super()._check(raw, encoded)
        if len(encoded) > 1:
            _check_lengths(raw, encoded)

    def _guard(self, encoded):
        encoded = super()._guard(encoded)
        if len(encoded) < 2:
            return encoded
        steps, tags = (as_ragged(part).row_lengths() for part in encoded[:2])
        test = tf.debugging.assert_equal(steps, tags, "A sequence and its tags differ in length")
        with tf.control_dependencies([test]):
            return (tf.identity(encoded[0]), *encoded[1:])

    # === Use ===

    def _outputs_of(self, pieces, batch_size, **kwargs):
        if not self.crf:
            return super()._outputs_of(pieces, batch_size, **kwargs)
        return self._decoded(pieces, self.head.probabilities, batch_size)

    def _decoded(self, pieces, method, batch_size=None):
        """What a method of the head makes of the outputs for cut data, padding included.

        Args:
            pieces: `rnnkit.models.windows.Windows`.
            method: `head.probabilities` or `head.best`.

        Returns:
            NumPy `[pieces, time, tags]` or `[pieces, time]`, in the order of the data.
        """

        def compute(inputs):
            return method(self(inputs, training=False), present_steps(inputs))

        function = self.compiled_functions.get(
            method.__name__,
            compute,
            input_signature=tuple(tf.TensorSpec(each.shape, each.dtype) for each in self.inputs),
            jit_compile=self.jit_compile is True,
        )
        size = self._batch_size(batch_size)
        blocks = self._each_batch(function, pieces, size, verbose=0)
        return pieces.restored(stacked([block.numpy() for block in blocks], 0), size)

    def _best(self, data, batch_size=None):
        """Ids of the best tags of prepared data, int32 `[sequences, time]`, -1 after the ends."""
        pieces = self.cut(type(data)(data.tensors[:1], data.padding))
        return pieces.joined(self._decoded(pieces, self.head.best, batch_size))

    def infer(self, x, batch_size=None, *, details=False):
        """Raw in, readable out: the tags of each sequence.

        Args:
            x: Raw sequences as in `fit`; for an input of words also one text alone, which is taken
                apart into words, or a string tensor `[words]` with the words of one sentence. A
                list of words is no list of sentences: see `rnnkit.features.Words`.
            batch_size: Sequences computed at a time; results do not depend on it.
            details: Whether to give a dict for each sequence: `"words"` (for inputs of words),
                `"tags"`, `"probabilities"` of the tags given, and where the tags mark stretches
                `"entities"`: dicts with `"type"`, `"start"` and `"end"` (numbers of steps, the end
                exclusive) and the `"text"` of its words.

        Returns:
            A list for each sequence, of pairs `(word, tag)` or for inputs that are no words of
            tags; for one sequence its result alone.
        """
        feature = self.input_feature
        x, single = self.given(x)
        if isinstance(x, list) and not x:
            return []
        data = sequences.in_memory(self.prepare(x, targets=False), "infer")
        ids = self._best(data, batch_size)
        lengths = as_ragged(data.tensors[0]).row_lengths().numpy()
        worded = isinstance(feature, Words)
        read = _words(feature, x) if worded else [None] * len(ids)
        if worded:  # an empty text has no words, but a step
            lengths = [min(length, len(each)) for length, each in zip(lengths, read, strict=True)]
        tags = [
            [self.output_feature.classes[each] for each in row[:length]]
            for row, length in zip(ids, lengths, strict=True)
        ]
        if details:
            found = self.predict(data, batch_size)  # [sequences, time, tags]
            results = [self._details(*each) for each in zip(read, tags, ids, found, strict=True)]
        elif worded:
            results = [Tagged(zip(*each, strict=True)) for each in zip(read, tags, strict=True)]
        else:
            results = tags
        return results[0] if single else results

    @property
    def beyond_network(self):
        return "crf=True chooses the tags of a sequence together, after it" if self.crf else None

    def words_served(self, values):
        feature = self.input_feature
        return feature.words_served(values) if isinstance(feature, Words) else None

    def serve(self, codes, words=None, seed=None):
        """As `Model.serve`: the best tags, their probabilities, and how many there are."""
        del seed
        lengths = tf.reduce_sum(tf.cast(present_steps(codes), tf.int64), axis=1)  # [batch]

        def compute(inputs):
            outputs, present = self(inputs, training=False), present_steps(inputs)
            best = self.head.best(outputs, present)  # [pieces, time]
            found = self.head.probabilities(outputs, present)
            return best, tf.gather(found, tf.maximum(best, 0), batch_dims=2)

        found = read_in_pieces(compute, codes, lengths, self.window, self.washout)
        ids, probabilities = (each.to_tensor(-1) for each in found)  # [batch, steps]
        result = {}
        if words is not None:
            # An empty sentence has no words, but a step.
            lengths = tf.minimum(lengths, tf.cast(words.row_lengths(), tf.int64))
            result["words"] = words.to_tensor("")
        inside = tf.sequence_mask(lengths, tf.reduce_max(lengths))  # [batch, steps]
        ids, probabilities = (each[:, : tf.shape(inside)[1]] for each in (ids, probabilities))
        return {
            **result,
            **self.output_feature.decode_graph(tf.where(inside, ids, UNLABELLED)),
            "probabilities": tf.where(inside, probabilities, 0.0),
            "lengths": tf.cast(lengths, tf.int32),
        }

    def _details(self, read, tags, ids, probabilities):
        """The dict that `infer` gives for a sequence; `read` are its words, or None."""
        result = {} if read is None else {"words": read}
        chosen = probabilities[np.arange(len(tags)), ids[: len(tags)]]
        result |= {"tags": tags, "probabilities": list(map(short, chosen))}
        if self.output_feature.scheme != "plain":
            result["entities"] = [
                {"type": name, "start": start, "end": end}
                | ({} if read is None else {"text": " ".join(read[start:end])})
                for name, start, end in self.output_feature.entities(tags)
            ]
        return result

    def score(self, x, y=None, batch_size=None, verbose=0):
        """Scores of the best tags against the true ones; see `rnnkit.metrics.tags`.

        Steps whose tag is not known are left out. A tag that training did not have is an error.
        """
        data = sequences.in_memory(self.prepare(x, y), "score")
        feature = self.output_feature
        truth = as_ragged(data.tensors[1]).to_tensor(UNLABELLED).numpy()  # [sequences, time]
        predicted = self._best(data, batch_size)
        # A run of them is one stretch of a type that cannot be found.
        unseen = "[unseen]" if feature.scheme == "plain" else "I-[unseen]"
        names = {**dict(enumerate(feature.usual)), UNSEEN: unseen}
        references, hypotheses = [], []
        for true, row in zip(truth, predicted, strict=True):
            known = np.flatnonzero(true != UNLABELLED)
            references.append([names[each] for each in true[known]])
            hypotheses.append([names[each] for each in row[known]])
        return shortened(metrics.scores(feature, references, hypotheses, self.score_names))


# === Checks ===


def _refuse_frames(feature, frame_filters, frame_units):
    """Refuses what is of frames alone."""
    if tuple(frame_filters) != FRAME_FILTERS or frame_units != FRAME_UNITS:
        raise ValueError(
            "frame_filters and frame_units are of frames of pictures, of a Video: with other "
            f"features they have no effect. Received: {type(feature).__name__}, "
            f"frame_filters={frame_filters!r}, frame_units={frame_units!r}"
        )


def _check_input(feature):
    """Raises a ValueError unless a feature gives sequences with a step for each tag."""
    numbers = feature.width is not None or feature.shape is not None
    if not feature.sequence or (feature.vocabulary_size is None and not numbers):
        raise ValueError(
            "input_feature must give sequences of words, tokens, numbers or pictures, such as "
            f"Words, Text, Series or Video. Received: {type(feature).__name__}"
        )
    if feature.max_length is not None:
        raise ValueError(
            "The max_length of an input feature must be None where every step has a tag. "
            f"Received: {type(feature).__name__} with max_length={feature.max_length}"
        )


def _check_lengths(raw, encoded):
    """Raises a ValueError where a sequence and its tags differ in length; names both."""
    worded = raw[0].dtype == tf.string and raw[0].shape.rank == 2
    steps = as_ragged(raw[0] if worded else encoded[0]).row_lengths().numpy()
    tags = as_ragged(encoded[1]).row_lengths().numpy()
    wrong = np.flatnonzero((steps != tags) | (steps == 0))
    if not len(wrong):
        return
    index = int(wrong[0])

    def brief(values):
        items = [each.decode("utf-8", "replace") for each in values[index].numpy().tolist()]
        return " ".join(items[:20]) + (" ..." if len(items) > 20 else "")

    shown = f"; the words are: {brief(raw[0])!r}" if worded else ""
    if raw[1].dtype == tf.string:
        shown += f"; the tags are: {brief(raw[1])!r}"
    raise ValueError(
        f"Each step must have a tag: in {len(wrong)} of {len(steps)} sequences they differ in "
        f"number. Received: {steps[index]} steps and {tags[index]} tags at position {index}{shown}"
    )


def _words(feature, x):
    """The words of raw sentences as `given` gives them: a list of lists."""
    if not isinstance(x, tf.data.Dataset):
        return feature.raw(x)
    rows = raw_tensor(x, feature).to_list()
    return [[each.decode("utf-8", "replace") for each in row] for row in rows]
