"""Named entities: which words name a person, a place, ...?

    rnnkit train named_entities --out named_entities.keras
    rnnkit infer named_entities.keras "Jordan resigned as head of Ford on Friday."

Own data: a file with a word and its tag a line (`B-person`, `I-person`, `O`), between tabs or
spaces, and an empty line between sentences (CoNLL; of several columns the last is taken, or the one
you name with `--target 3`), a csv, tsv or jsonl file with the columns `words` and `tags`, words and
tags with spaces between them, or a word a row and a column such as `sentence_id` that is the same
in the rows of a sentence, a jsonl file with `text` and `entities` such as `[[0, 4, "person"]]`
(start, end and type, in characters), a folder of splits of these, or a TFDS
dataset (`--data conll2003`).

Tags may be written `B-person`, `B_person`, `person-B`, as BIO, BIOES or BILOU, or without marks
(`person`): then neighbours of one type are one entity.
"""

import rnnkit


class NamedEntities(rnnkit.Recipe):
    """Words → entities.

    Options:
        max_word_length: No effect with `character_filters=0`.
        character_filters, character_embedding_size: No effect with `max_word_length=0`.
        output_dropout: Fraction of the states dropped in training: by default .3 with `vectors`,
            which leave less to learn by heart, and .5 without.
        vector_pull: How strongly trained vectors are drawn to where they began, see
            `rnnkit.layers.WordEmbedding`: by default 1 with `vectors`, as most names in new texts
            are none of the data.
    """

    # === Task ===

    name = "named_entities"
    title = "Find the names in a text, and of what they are"
    pattern = "many_to_many"
    input, output = "words", "entities"
    cell = "lstm"

    # === Data ===

    dataset = "rnnkit_bulletins"
    card = "rnnkit.datasets.bulletins"
    data_types = ("words", "entities")
    columns = {
        "input": ("words", "tokens", "word", "token", "form", "sentence", "text"),
        "target": (
            "tags",
            "entities",
            "ner",
            "ner_tags",
            "tag",
            "labels",
            "label",
            "word_labels",
            "spans",
            "target",
        ),
    }

    def features(self, data, *, min_count=1, max_word_length=20, vectors=None):
        words = rnnkit.features.Words(
            min_count=min_count, max_word_length=max_word_length, vectors=vectors
        )
        return self.adapt_features(data, words, rnnkit.features.Tags(scheme="entities"))

    # === Model ===

    model_class = "Tagger"
    defaults = {
        "units": 128, "bidirectional": True, "crf": True, "token_dropout": 0.25,
        "character_filters": 96, "dropout": 0.5, "learning_rate": 2e-3,
    }  # fmt: skip
    unused = (
        *("window", "washout", "frame_filters", "frame_units"),
        *("network", "network_weights", "train_network"),
    )
    # The average of the weights over some hundred steps tags better than any of them.
    ema_momentum = 0.998

    def build(self, words, tags, *, output_dropout=None, vector_pull=None, **options):
        vectors = words.vectors is not None
        if output_dropout is None:
            output_dropout = 0.3 if vectors else 0.5
        if vector_pull is None:
            vector_pull = 1.0 if vectors and options["train_vectors"] else 0.0
        return super().build(
            words, tags, output_dropout=output_dropout, vector_pull=vector_pull, **options
        )

    # === Scores and training ===

    scores = ("entity_f1", "entity_precision", "entity_recall", "accuracy")
    # The loss has its least value epochs before the names are found best.
    training = {"epochs": 30, "batch_size": 32, "patience": 5, "monitor": "val_entity_f1"}
    # Few sentences: an epoch has few updates, and the first names are found after many.
    small = {
        "units": 64, "character_filters": 192, "learning_rate": 5e-3, "epochs": 40,
        "batch_size": 8, "patience": 12,
    }  # fmt: skip

    # === Search space ===

    def search_space(self, hp):
        return {
            "cell": hp.Choice("cell", ["lstm", "gru"]),
            "units": hp.Choice("units", [64, 128, 192]),
            "crf": hp.Boolean("crf"),
            "token_dropout": hp.Float("token_dropout", 0.0, 0.3, step=0.05),
            "dropout": hp.Float("dropout", 0.1, 0.6, step=0.1),
            "learning_rate": hp.Float("learning_rate", 5e-4, 5e-3, sampling="log"),
        }
