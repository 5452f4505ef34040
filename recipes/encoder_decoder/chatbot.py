"""Chatbot: what to reply to a prompt?

    rnnkit train chatbot --out chatbot.keras
    rnnkit infer chatbot.keras

Without a text, the second line answers what is typed, line by line. Own data: a csv, tsv or jsonl
file with the columns `prompt` and `reply`, a folder of splits, or a pair of files whose lines
belong together (`--data prompts.txt,replies.txt`).
"""

import rnnkit


class Chatbot(rnnkit.Recipe):
    # === Task ===

    name = "chatbot"
    title = "Reply to what is said"
    pattern = "encoder_decoder"
    input, output = "text", "text"
    cell = "gru"

    # === Data ===

    dataset = "rnnkit_dialogues"
    card = "rnnkit.datasets.dialogues"
    data_types = ("text", "text")
    columns = {
        "input": ("prompt", "question", "input", "utterance", "source"),
        "target": ("reply", "answer", "response", "output", "target"),
    }

    def features(self, data, *, vocabulary_size=2000, max_length=64):
        # One vocabulary, as replies take up what was said.
        text = rnnkit.features.Subwords(
            vocabulary_size=vocabulary_size, model_type="bpe", max_length=max_length
        )
        return self.adapt_features(data, text, text)

    # === Model ===

    model_class = "EncoderDecoder"
    defaults = {
        "units": 256, "embedding_size": 128, "shared_embedding": True, "token_dropout": 0.05,
        "dropout": 0.2, "label_smoothing": 0.1, "beam_size": 3, "learning_rate": 2e-3,
    }  # fmt: skip
    unused = ("bidirectional", "train_vectors", "vector_pull")  # it always reads both ways
    # The average of the weights over the last few hundred steps generalises better than any.
    ema_momentum = 0.995

    # === Scores and training ===

    scores = ("exact_match", "bleu", "chrf")
    training = {"epochs": 20, "batch_size": 64, "patience": 3, "monitor": "val_loss"}

    # === Search space ===

    def search_space(self, hp):
        return {
            "cell": hp.Choice("cell", ["gru", "lstm"]),
            "units": hp.Choice("units", [128, 256, 512]),
            "attention": hp.Choice("attention", ["additive", "multiplicative"]),
            "dropout": hp.Float("dropout", 0.1, 0.5, step=0.1),
            "token_dropout": hp.Choice("token_dropout", [0.0, 0.05, 0.1]),
            "learning_rate": hp.Float("learning_rate", 5e-4, 4e-3, sampling="log"),
        }
