"""Parts of speech: of which class is each word?

    rnnkit train pos_tagging --out pos_tagging.keras
    rnnkit infer pos_tagging.keras "They can fish."

Own data: a file with a word and its tag a line, between tabs or spaces, and an empty line between
sentences (CoNLL; of several columns say which with `--target 2`), CoNLL-U, a csv, tsv or jsonl file
with the columns `words` and `tags`, words and tags with spaces between them, or a word a row and a
column such as `sentence_id` that is the same in the rows of a sentence, a folder of splits of
these, or a TFDS dataset (`--data conll2003 --target pos`).
"""

import rnnkit


class PosTagging(rnnkit.Recipe):
    """Words → a tag for each.

    Options:
        max_word_length: No effect with `character_filters=0`.
        character_filters, character_embedding_size: No effect with `max_word_length=0`.
    """

    # === Task ===

    name = "pos_tagging"
    title = "Tell the part of speech of each word"
    pattern = "many_to_many"
    input, output = "words", "tags"
    cell = "lstm"

    # === Data ===

    dataset = "rnnkit_wordclasses"
    card = "rnnkit.datasets.wordclasses"
    data_types = ("words", "tags")
    columns = {
        "input": ("words", "tokens", "word", "token", "form", "sentence", "text"),
        "target": ("tags", "upos", "pos", "tag", "labels", "label", "target"),
    }

    def features(self, data, *, min_count=1, max_word_length=20, vectors=None):
        words = rnnkit.features.Words(
            min_count=min_count, max_word_length=max_word_length, vectors=vectors
        )
        return self.adapt_features(data, words, rnnkit.features.Tags())

    # === Model ===

    model_class = "Tagger"
    defaults = {
        "units": 128, "bidirectional": True, "token_dropout": 0.25, "character_filters": 96,
        "dropout": 0.5, "output_dropout": 0.5, "learning_rate": 2e-3,
    }  # fmt: skip
    unused = (
        *("window", "washout", "frame_filters", "frame_units"),
        *("network", "network_weights", "train_network"),
    )
    # The average of the weights over some hundred steps tags better than any of them.
    ema_momentum = 0.998

    # === Scores and training ===

    scores = ("accuracy", "f1")
    # The loss has its least value epochs before the most tags are right.
    training = {"epochs": 30, "batch_size": 32, "patience": 3, "monitor": "val_accuracy"}
    # Few sentences: an epoch has few updates, and endings of words tell more than the words.
    small = {
        "units": 64, "character_filters": 192, "learning_rate": 5e-3, "epochs": 40,
        "batch_size": 8, "patience": 12,
    }  # fmt: skip

    # === Search space ===

    def search_space(self, hp):
        return {
            "cell": hp.Choice("cell", ["lstm", "gru"]),
            "units": hp.Choice("units", [64, 128, 192]),
            "token_dropout": hp.Float("token_dropout", 0.0, 0.3, step=0.05),
            "dropout": hp.Float("dropout", 0.1, 0.5, step=0.1),
            "learning_rate": hp.Float("learning_rate", 5e-4, 5e-3, sampling="log"),
        }
